import json


def handler(event, _context):
    """The authorizer has seen that the token and its user have all of the route's scopes."""
    who = event["requestContext"]["authorizer"]["lambda"]
    report = {"id": event["pathParameters"]["id"], "for": who["sub"], "scopes": who["scope"].split()}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(report)}
