#!/usr/bin/env python3
"""Tests a deployed stack, with a user whom it makes and removes: the work of `make smoke STACK=name`."""
import os
import secrets
import subprocess
import sys

from deploy import ROOT, outputs

USERS = ["cargo", "run", "--quiet", "--locked", "--package", "users", "--", "--stack"]
TESTS = ["cargo", "test", "--quiet", "--package", "tests", "--test", "live", "--"]
# Those that need no user of the tutorial.
FLOW = ["the_pages_flow", "what_the_gateway_does"]


def main():
    stack = os.environ["STACK"]
    url = outputs(stack, "smoke").get("ApiUrl")
    if not url:
        sys.exit(f"make smoke: there is no stack {stack} in this region and account")
    name, password = f"smoke-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    add = ["add", name, "--scopes", "me items", "--password-stdin"]
    if subprocess.run([*USERS, stack, *add], cwd=ROOT, input=password, text=True).returncode:
        sys.exit("make smoke: no user could be made; what `users` said is above")
    try:
        environment = {**os.environ, "API_URL": url, "SMOKE_USER": name, "SMOKE_PASSWORD": password}
        command = [*TESTS, "--ignored", "--nocapture", "--test-threads", "1", *FLOW]
        passed = subprocess.run(command, cwd=ROOT, env=environment).returncode == 0
    finally:
        removed = subprocess.run([*USERS, stack, "remove", name, "--yes"], cwd=ROOT).returncode == 0
    if not removed:
        sys.exit(f"make smoke: {name} is still there: users --stack {stack} remove {name}")
    sys.exit(not passed)


if __name__ == "__main__":
    main()
