#!/usr/bin/env python3
"""Transforms template.yaml as CloudFormation does, with its defaults and with everything switched on; then no resource
may need itself, and cfn-lint nothing to say. `sam validate --lint` sees the defaults alone, and not each circle."""
import json
import logging
import os
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import SimpleNamespace

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from deploy import gradually

ROOT = Path(__file__).resolve().parent.parent
TO = ROOT / "target" / "template"
EVERYTHING = {
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-4000-8000-000000000000",
    "CorsOrigins": "https://app.example.com,https://www.example.com",
    "Deployment": "Canary10Percent5Minutes",
    "DomainName": "auth.example.com",
    "ExecuteApi": "false",
    "HostedZoneId": "Z0123456789ABCDEFGHIJ",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000",
    "RouteScopes": "GET /reports/{id}:items me",
    "Tracing": "Active",
}
IGNORED = {
    "W1001": "FailuresAlarm has a condition that is true wherever gradual.yaml is added",
    "W1030": "Tracing=Disabled is nothing that Lambda knows, but what SAM leaves out",
    "W2001": "so it is not in the transform",
}


# samtranslator would ask AWS which managed policies there are; the template names none.
NO_POLICIES = SimpleNamespace(load=dict)


def transformed(text, values):
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    for name, value in values.items():
        template["Parameters"][name]["Default"] = value
    return transform(template, values, NO_POLICIES)


def needed(part):
    """The names in the Ref, Fn::GetAtt, Fn::Sub and DependsOn of a part of the template."""
    if isinstance(part, list):
        return set().union(*map(needed, part))
    if not isinstance(part, dict):
        return set()
    names = set().union(*map(needed, part.values()))
    for key, value in part.items():
        first = value[0] if isinstance(value, list) and value else value
        if key in ("Ref", "Fn::GetAtt"):
            names.add(first.split(".")[0])
        if key == "DependsOn":
            names |= {value} if isinstance(value, str) else set(value)
        if key == "Fn::Sub":
            names |= {one.split("}")[0].split(".")[0] for one in first.split("${")[1:]}
    return names


def circle(resources):
    """Resources that need each other, if there are any."""
    try:
        TopologicalSorter({name: needed(one) & resources.keys() for name, one in resources.items()}).prepare()
    except CycleError as error:
        return error.args[1]


def versions(template):
    return {name for name, one in template["Resources"].items() if one["Type"] == "AWS::Lambda::Version"}


def main():
    # samtranslator warns of what it could tell AWS.
    logging.disable(logging.WARNING)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    TO.mkdir(parents=True, exist_ok=True)
    text = (ROOT / "template.yaml").read_text()
    variants = {"default": (text, {}), "everything": (gradually(text, "now"), EVERYTHING)}
    for name, (variant, values) in variants.items():
        template = transformed(variant, values)
        if found := circle(template["Resources"]):
            sys.exit(f"template.yaml ({name}): these resources need each other: {' -> '.join(found)}")
        (TO / f"{name}.json").write_text(json.dumps(template, indent=1))
    if versions(template) & versions(transformed(gradually(text, "later"), EVERYTHING)):
        sys.exit("scripts/gradual.yaml: another deploy would publish no version, and its parameters would have no effect")
    files = [str(TO / f"{name}.json") for name in variants]
    sys.exit(subprocess.run(["cfn-lint", "--ignore-checks", *IGNORED, "--", *files]).returncode)


if __name__ == "__main__":
    main()
