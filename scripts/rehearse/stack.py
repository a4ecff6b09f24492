"""A CloudFormation stack: made, updated, deleted."""
import io
import json
import time
import zipfile

from deployable import functions
from emulator import BUCKET, Failure

PATIENCE = 180
TEMPLATE = "template.json"


class Stack:
    """The stack, and the parameters that it was last deployed with."""

    def __init__(self, emulator, name, template):
        self.name, self.template, self.parameters = name, template, {}
        self.cloudformation, self.s3, self.aws_lambda = map(emulator.client, ("cloudformation", "s3", "lambda"))

    def package(self, folder):
        """Puts every function's code, which `folder` finds by its logical id, where the template looks for it, as
        `sam package` does."""
        for name in functions(self.template):
            files = [file for file in folder(name).rglob("*") if file.is_file()]
            if not files:
                raise Failure(f"there is no code in {folder(name)}")
            code = io.BytesIO()
            with zipfile.ZipFile(code, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for file in files:
                    archive.write(file, file.relative_to(folder(name)))
            self.s3.put_object(Bucket=BUCKET, Key=f"{name}.zip", Body=code.getvalue())

    def create(self):
        self.cloudformation.create_stack(**self.described())
        self.wait_for("CREATE_COMPLETE")

    def update(self, template=None, **parameters):
        """Deploys again with these parameters changed, or with another template."""
        self.template = template or self.template
        self.parameters |= parameters
        self.cloudformation.update_stack(**self.described())
        self.wait_for("UPDATE_COMPLETE")

    def delete(self):
        identifier = self.stack()["StackId"]  # a deleted stack has no name any more
        self.cloudformation.delete_stack(StackName=self.name)
        self.wait_for("DELETE_COMPLETE", identifier)

    def described(self):
        """In a bucket, since CloudFormation takes no template over 51,200 bytes from a request."""
        self.s3.put_object(Bucket=BUCKET, Key=TEMPLATE, Body=json.dumps(self.template))
        url = f"{self.s3.meta.endpoint_url}/{BUCKET}/{TEMPLATE}"
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        return {"StackName": self.name, "TemplateURL": url, "Parameters": parameters, "Capabilities": ["CAPABILITY_IAM"]}

    def stack(self, name=None):
        return self.cloudformation.describe_stacks(StackName=name or self.name)["Stacks"][0]

    def wait_for(self, wanted, name=None):
        deadline = time.monotonic() + PATIENCE
        while (status := self.stack(name)["StackStatus"]) != wanted:
            if not status.endswith("_IN_PROGRESS") or time.monotonic() > deadline:
                raise Failure(f"the stack is {status}, not {wanted}: {self.reason(name)}")
            time.sleep(0.2)

    def reason(self, name):
        """What CloudFormation says of the first resource that failed."""
        events = self.cloudformation.describe_stack_events(StackName=name or self.name)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        first = failed[-1] if failed else {}
        return f"{first.get('LogicalResourceId')} {first.get('ResourceStatusReason', 'no reason is given')}"

    def physical(self):
        """The physical id of each resource, by its logical id."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}

    def output(self, name):
        [value] = [output["OutputValue"] for output in self.stack()["Outputs"] if output["OutputKey"] == name]
        return value

    def variable(self, function, name):
        """The value of a function's variable, as deployed."""
        described = self.aws_lambda.get_function_configuration(FunctionName=self.physical()[function])
        return described["Environment"]["Variables"][name]
