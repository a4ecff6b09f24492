"""Deploys the template to MiniStack, an emulator of AWS on loopback, and tries the stack: `make rehearse`.

The functions are those that `make build` built, IAM is enforced with each function's own role, and nothing
of it needs an account or Docker. What MiniStack does not have is said at the end.
"""
import json
import secrets
import sys
import time

import protected
import roles
import tokens
from deployable import functions, transformed, with_routes
from emulator import emulate
from service import ROOT, Api, Users, smoke
from stack import Stack

NAME = "rehearsal"
BUILD = ROOT / ".aws-sam/build"
LOG = ROOT / "target/rehearse.log"
ROUTE = "AWS::ApiGatewayV2::Route"
NOT_TRIED = """\
Not tried, since MiniStack does not have it:
  the conditions of the policies, dynamodb:LeadingKeys and dynamodb:Attributes: tests/wire.rs has them
  OPTIONS: without CORS, MiniStack answers it itself
  throttling; expiry, backups and encryption of the tables; the order of an HTTP API's routes: tests/routing.rs"""

started = time.monotonic()


def step(name, seen):
    print(f"{time.monotonic() - started:6.1f} s  {name:<20}  {seen}", flush=True)


def rehearse(emulator):
    template = transformed(BUILD / "template.yaml")
    stack = Stack(emulator, NAME, with_routes(template, slash=False))
    stack.package(BUILD.joinpath)
    stack.create()
    step("deployed", f"CREATE_COMPLETE, {len(functions(stack.template).keys() & stack.physical().keys())} functions, {len(functions(stack.template, ROUTE))} routes")
    api, users = Api(emulator, stack.physical()["Api"]), Users(emulator, NAME)
    step("first key and user", tokens.first_key_and_user(api, users, stack.output("ApiUrl")))
    step("the page's flow", tokens.the_pages_flow(api))
    step("sessions", tokens.refresh_and_logout(api))
    token = api.log_in(tokens.JANE, tokens.PASSWORD, "me items")["access_token"]
    users.run("keys", "rotate", "--now")
    since = time.monotonic()
    step("a rotation", "users keys rotate --now: another key signs in a minute")
    # What FastAPI's answers need: no slash is redirected, and logins may fail as often as they like.
    stack.update(with_routes(template, slash=True), LoginFailuresPerAccount="0", LoginFailuresPerAddress="0")
    tokens.check(stack.variable("TokenFunction", "LOGIN_FAILURES_PER_ACCOUNT") == "0", "the variable did not change")
    step("an update", f"UPDATE_COMPLETE, a variable is another; {tokens.still_in(api, token)}")
    users.run("import", "-", stdin=tutorial())
    step("FastAPI's answers", smoke(api))
    key = secrets.token_hex(32)
    stack.update(JwtSecretKey=key)
    step("with a shared key", smoke(api, key))
    step("an authorizer", protected.rehearsed(emulator, stack, api, users))
    table = roles.try_all(emulator, stack)
    step("roles", f"{len(table)}, each tried with {len(roles.ACTIONS)} actions on both tables: as their policies say")
    stack.update(JwtSecretKey="", Clients="check")
    step("clients", f"UPDATE_COMPLETE; {tokens.own_client(api, users)}")
    step("keys", tokens.published_keys(api, token))
    step("rotated", tokens.rotated(api, token, since))
    step("deleted", deletion(emulator, stack))
    return table


def tutorial():
    """The page's users, whose passwords `users add` would refuse, as `users import` reads them."""
    users = json.loads((ROOT / "shared/src/domain/accounts/tutorial.json").read_text())
    return "".join(json.dumps(user) + "\n" for user in users)


def deletion(emulator, stack):
    """The stack goes; its tables stay, protected, and with what is in them."""
    tables = [stack.physical()[name] for name in ("Users", "Keys")]
    stack.delete()
    dynamodb = emulator.client("dynamodb")
    for table in tables:
        described = dynamodb.describe_table(TableName=table)["Table"]
        items = dynamodb.scan(TableName=table, Select="COUNT")["Count"]
        tokens.check(described["DeletionProtectionEnabled"] and items, f"{table} is not protected, or empty")
    return f"DELETE_COMPLETE; {' and '.join(tables)} are there, protected against deletion"


def main():
    if sys.platform != "linux":
        sys.exit("make rehearse: the functions are built for Linux, so this needs Linux")
    table = emulate("rehearse", LOG, rehearse)
    print("\n| function | may | tried and refused |\n|---|---|---|")
    for row in table:
        print("|", " | ".join(row), "|")
    print(f"\n{NOT_TRIED}\n\nrehearsed in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
