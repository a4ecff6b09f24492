#!/usr/bin/env python3
"""Deploys the stack STACK: the work of `make deploy STACK=name`.

`make deploy STACK=name Parameter=value` changes a parameter of the template; those that are not named
stay as they are. Nothing is asked, so that a pipeline can do it, too.
"""
import json
import os
import re
import subprocess
import sys
import textwrap
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What is no parameter of the template.
OWN = {"STACK", "ARCH"}
# Of the 4 KB that Lambda takes for all variables of a function, the authorizer's others may need the rest.
MOST_ROUTE_SCOPES = 3000


def main():
    given = given_to_make()
    stack, parameters = check(given)
    # What is built and what is deployed agree, whatever the stack was before.
    parameters["Architecture"] = architecture = given.get("ARCH", "x86_64")
    # As it is said, or as it was; a new stack has nothing to move.
    deployment = parameters.get("Deployment") or outputs(stack, "deploy").get("Deployment", "AllAtOnce")
    run("make", "build", f"ARCH={architecture}")
    if deployment != "AllAtOnce":
        built = ROOT / ".aws-sam/build/template.yaml"
        built.write_text(gradually(built.read_text(), f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"))
    overrides = [override(name, value) for name, value in parameters.items()]
    run("sam", "deploy", "--stack-name", stack, "--parameter-overrides", *overrides)
    tell(stack, outputs(stack, "deploy"))


def override(name, value):
    """sam would refuse an empty value without quotes, and cut one at its first space."""
    quoted = value.replace('"', '\\"')
    return f'{name}="{quoted}"'


def gradually(template, release):
    """The template with an alias that moves gradually; `release` makes this deploy's versions new ones."""
    lines = (ROOT / "scripts/gradual.yaml").read_text().replace("{release}", release)
    start = "\nGlobals:\n  Function:\n"
    if start not in template:
        sys.exit("make deploy: the built template has no Globals.Function where the alias could go, so nothing was deployed")
    return template.replace(start, start + textwrap.indent(lines, "    "), 1)


def given_to_make():
    """The variables of make's command line, which it hands on behind the options: with a backslash before each
    blank and backslash, and with each dollar twice."""
    _, _, given = os.environ.get("MAKEFLAGS", "").partition("-- ")
    words = re.findall(r"(?:\\.|[^\\\s])+", given)
    words = (re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in words)
    return dict(word.split("=", 1) for word in words if "=" in word)


def check(given):
    """Ends with what is wrong, before anything is built."""
    stack = given.get("STACK", "")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", stack):
        sys.exit(f"make deploy: STACK={stack} is no name of a stack; try: make deploy STACK=my-api")
    if given.get("ARCH", "x86_64") not in ("x86_64", "arm64"):
        sys.exit(f"make deploy: ARCH={given['ARCH']} is not known; it can be: x86_64, arm64")
    parameters = {name: value for name, value in given.items() if name not in OWN}
    if "Architecture" in parameters:
        sys.exit("make deploy: say ARCH=arm64, which is also what is built")
    unknown = sorted(set(parameters) - known())
    if unknown:
        sys.exit(f"make deploy: template.yaml has no parameter {', '.join(unknown)}; it has: {', '.join(sorted(known()))}")
    for name, value in parameters.items():
        # sam has no way to write them: it would cut the value there, or take what follows for another parameter.
        if re.search(r"[\\\r\n]", value):
            sys.exit(f"make deploy: {name} has a backslash or a line break, which sam cannot hand on; leave it out")
    if len(parameters.get("RouteScopes", "").encode()) > MOST_ROUTE_SCOPES:
        sys.exit(f"make deploy: RouteScopes is longer than {MOST_ROUTE_SCOPES} bytes; Lambda takes 4,096 for all of a function's variables; deploy a second authorizer for the other routes")
    return stack, parameters


def known():
    """The template's parameters: the names at the first level below `Parameters:`."""
    section = (ROOT / "template.yaml").read_text().partition("\nParameters:\n")[2]
    section = re.split(r"^\S", section, maxsplit=1, flags=re.MULTILINE)[0]
    return set(re.findall(r"^  (\w+):$", section, re.MULTILINE))


def run(*command):
    done = subprocess.run(command, cwd=ROOT)
    if done.returncode:
        sys.exit(f"make deploy: `{command[0]} {command[1]}` failed; what it said is above")


def outputs(stack, verb):
    """What the stack says of itself, to this verb; nothing if there is no such stack, or if its first deploy failed."""
    command = ["sam", "list", "stack-outputs", "--stack-name", stack, "--output", "json"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if re.search(r"do(es)? not exist", listed.stderr):
        return {}
    if listed.returncode:
        sys.exit(f"make {verb}: the outputs of {stack} cannot be read: {listed.stderr.strip()}")
    return {one["OutputKey"]: one["OutputValue"] for one in json.loads(listed.stdout)}


def tell(stack, outputs):
    url = outputs["ApiUrl"]
    print(f"\n{stack} answers at {url}")
    if "UsersTable" not in outputs:
        print(f"try it: make smoke API_URL={url}")
        return
    print(f"its tables: {outputs['UsersTable']}, {stack}-keys; they stay when the stack is deleted")
    print("next, if it is new (cargo install --locked --path cli):")
    print(f"    users --stack {stack} keys generate --issuer {url}")
    print(f'    users --stack {stack} add NAME --scopes "me items"')
    print(f"    make smoke STACK={stack}")


if __name__ == "__main__":
    main()
