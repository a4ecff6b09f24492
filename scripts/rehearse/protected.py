"""An API in other languages whose routes the authorizer opens, examples/protected-api: part of `make rehearse`, and
by itself `make example`, which stays until it is stopped."""
import json
import os
import secrets
import signal
import sys
import tempfile

import tokens
from deployable import functions, transformed, with_routes
from emulator import CREDENTIALS, Emulator, Failure
from samtranslator.yaml_helper import yaml_parse
from service import ROOT, Api, Users
from stack import Stack

EXAMPLE = ROOT / "examples/protected-api"
BUILD = ROOT / ".aws-sam/build"
LOG = ROOT / "target/example.log"
READER = "reader"
ROUTES = "GET /reports/{id}:items me, POST /orders:me"


def deployed(emulator, stack):
    """The example's stack, whose gateway asks the authorizer of the other one."""
    stack.update(RouteScopes=ROUTES)
    example = Stack(emulator, "reports", with_routes(transformed(EXAMPLE / "template.yaml"), slash=False))
    sam = functions(yaml_parse((EXAMPLE / "template.yaml").read_text()), "AWS::Serverless::Function")
    example.package(lambda name: EXAMPLE / sam[name]["CodeUri"])
    example.parameters = {"AuthorizerArn": stack.output("AuthorizerArn")}
    example.create()
    return example, Api(emulator, example.physical()["Api"])


def rehearsed(emulator, stack, api, users):
    """Both functions, with all scopes, with one, without a token, and with a user who is disabled."""
    example, reports = deployed(emulator, stack)
    users.run("add", READER, "--scopes", "me items", "--password-stdin", stdin=tokens.PASSWORD + "\n")
    me = api.log_in(READER, tokens.PASSWORD, "me")["access_token"]
    both = api.log_in(READER, tokens.PASSWORD, "me items")["access_token"]
    report = json.loads(reports.expect(200, "/reports/7", token=both).body)
    scopes = sorted(report.pop("scopes"))
    tokens.check((report, scopes) == ({"id": "7", "for": READER}, ["items", "me"]), f"the function was told {report}, {scopes}")
    reports.expect(403, "/reports/7", token=me)
    reports.expect(401, "/reports/7")
    reports.expect(403, "/reports/7", token=both + "x")
    order = reports.expect(201, "/orders", form={}, token=me)
    tokens.check(json.loads(order.body) == {"by": READER, "scopes": ["me"]}, f"the function was told {order.body}")
    users.run("disable", READER)
    reports.expect(403, "/orders", form={}, token=me)
    users.run("enable", READER)
    reports.expect(403, "/orders", form={}, token=me)  # the old tokens ended
    example.delete()
    return "examples/protected-api: 200 and 201 with all scopes, 403 with one or for a disabled user, 401 without a token"


def example(emulator):
    stack = Stack(emulator, "example", with_routes(transformed(BUILD / "template.yaml"), slash=False))
    stack.package(BUILD.joinpath)
    stack.create()
    _, reports = deployed(emulator, stack)
    api, users = Api(emulator, stack.physical()["Api"]), Users(emulator, "example")
    password = secrets.token_urlsafe(12)
    users.run("keys", "generate", "--issuer", stack.output("ApiUrl"))
    users.run("add", "jane", "--scopes", "me items", "--password-stdin", stdin=password + "\n")
    print(f"The routes of examples/protected-api and their scopes: {ROUTES}\n")
    for scope in ("me items", "me"):
        token = api.log_in("jane", password, scope)["access_token"]
        show(reports, f"a token with the scopes {scope}", token)
    show(reports, "no token", None)
    print(f"""
They are up until Ctrl-C. Log in, and read a report:
  TOKEN=$(curl -s '{api.url}/token' -d username=jane -d password={password} -d "scope=me items" | sed 's/.*"access_token":"\\([^"]*\\).*/\\1/')
  curl -i '{reports.url}/reports/7' -H "Authorization: Bearer $TOKEN\"""", flush=True)


def show(reports, what, token):
    answer = reports.ask("/reports/7", token=token)
    print(f"GET /reports/7 with {what}: {answer.status} {answer.body.decode()}", flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.environ.update(CREDENTIALS)
    LOG.parent.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as folder, Emulator(folder, LOG) as emulator:
            example(emulator)
            signal.pause()
    except Failure as failure:
        sys.exit(f"make example: {failure}\n  MiniStack's log is in {LOG.relative_to(ROOT)}")
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
