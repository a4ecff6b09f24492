"""Each function's role, tried against DynamoDB: it may do exactly what its policy says."""
import json
import re

from botocore.exceptions import ClientError

from deployable import functions
from emulator import Failure

TABLES = ("users", "keys")
INDEX = "users/index/sessions-by-user"
KEY = {"pk": {"S": "rehearsal"}}
IN_TABLE = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": KEY["pk"]}}
# Per action: how boto3 calls it, and the request. TransactWriteItems is no action of IAM: each of its items
# asks for its own, and those that do not write ask for ConditionCheckItem.
ACTIONS = {
    "GetItem": ("get_item", lambda table: {"TableName": table, "Key": KEY}),
    "BatchGetItem": ("batch_get_item", lambda table: {"RequestItems": {table: {"Keys": [KEY]}}}),
    "BatchWriteItem": ("batch_write_item", lambda table: {"RequestItems": {table: [{"PutRequest": {"Item": KEY}}]}}),
    "PutItem": ("put_item", lambda table: {"TableName": table, "Item": KEY}),
    "UpdateItem": ("update_item", lambda table: {"TableName": table, "Key": KEY}),
    "DeleteItem": ("delete_item", lambda table: {"TableName": table, "Key": KEY}),
    "Query": ("query", lambda table: {"TableName": table, **IN_TABLE}),
    "Scan": ("scan", lambda table: {"TableName": table, "Limit": 1}),
    "ConditionCheckItem": ("transact_write_items", lambda table: {"TransactItems": [{"ConditionCheck": {
        "TableName": table, "Key": KEY, "ConditionExpression": "attribute_not_exists(pk)"}}]}),
}
# What an index can be asked.
OF_INDEX = {
    "Query": {"KeyConditionExpression": "#user = :user", "ExpressionAttributeNames": {"#user": "user"},
              "ExpressionAttributeValues": {":user": KEY["pk"]}},
    "Scan": {"Limit": 1},
}
SHOWN = {"ConditionCheckItem": "TransactWriteItems"}


def try_all(emulator, stack):
    """Returns the rows of a table: function, what its role may do, what was tried and refused."""
    physical, iam = stack.physical(), emulator.client("iam")
    everything = {(action, table) for action in ACTIONS for table in TABLES} | {(action, INDEX) for action in OF_INDEX}
    rows = []
    for function, properties in sorted(functions(stack.template).items()):
        [role, _] = properties["Role"]["Fn::GetAtt"]
        allowed = policy(stack.template["Resources"], role)
        dynamodb = as_role(emulator, iam, physical[role])
        done = {(action, table) for action, table in everything if may(dynamodb, action, f"{stack.name}-{table}")}
        if done != allowed:
            wrong = ", ".join(f"{action} on {table}" for action, table in sorted(done ^ allowed))
            raise Failure(f"the role of {function} and its policy in template.yaml differ in: {wrong}")
        rows.append((function, words(done), words(everything - done)))
    forget(emulator, stack)
    return rows


def policy(resources, role):
    """Which action on which table the role's policies allow, for some keys at least."""
    role = resources[role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
    managed = [arn["Ref"] for arn in role.get("ManagedPolicyArns", []) if "Ref" in arn]
    documents += [resources[name]["Properties"]["PolicyDocument"] for name in managed]
    statements = [statement for document in documents for statement in document["Statement"]]
    return {(statement["Action"].removeprefix("dynamodb:"), table(statement["Resource"])) for statement in statements}


def table(resource):
    """`users` of `arn:...:table/${AWS::StackName}-users`, and what follows it."""
    return re.search(r"table/\$\{AWS::StackName\}-([\w/-]+)$", resource["Fn::Sub"])[1]


def as_role(emulator, iam, role):
    """DynamoDB with the role's own credentials. Its trust policy lets nobody but Lambda in, so the
    account is let in for this moment; what the role may do stays as it is."""
    described = iam.get_role(RoleName=role)["Role"]
    trust = described["AssumeRolePolicyDocument"]
    account = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": described["Arn"].split(":")[4]}}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps({**trust, "Statement": [*trust["Statement"], account]}))
    got = emulator.client("sts").assume_role(RoleArn=described["Arn"], RoleSessionName="rehearsal")["Credentials"]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    keys = {"aws_access_key_id": got["AccessKeyId"], "aws_secret_access_key": got["SecretAccessKey"]}
    return emulator.client("dynamodb", **keys, aws_session_token=got["SessionToken"])


def may(dynamodb, action, table):
    """Tries it; any other error than a refusal ends the rehearsal."""
    call, request = ACTIONS[action]
    table, _, index = table.partition("/index/")
    request = {"TableName": table, "IndexName": index, **OF_INDEX[action]} if index else request(table)
    try:
        getattr(dynamodb, call)(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
    return True


def forget(emulator, stack):
    """Removes the item that a role which may write has written."""
    for table in TABLES:
        emulator.client("dynamodb").delete_item(TableName=f"{stack.name}-{table}", Key=KEY)


def words(pairs):
    """`GetItem, PutItem on users; all on keys`."""
    texts = []
    for table in (*TABLES, INDEX):
        actions = [SHOWN.get(action, action) for action in ACTIONS if (action, table) in pairs]
        which = "all" if len(actions) == len(ACTIONS) else ", ".join(actions)
        texts += [f"{which} on {table}"] if actions else []
    return "; ".join(texts) or "nothing"
