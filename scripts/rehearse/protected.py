"""An API in other languages whose routes the authorizer opens, examples/protected-api: part of `make rehearse`, and
by itself `make example`, which stays until it is stopped, and takes an API of one's own."""
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import tokens
from deployable import code_of, transformed, with_routes
from emulator import emulate
from service import ROOT, Api, Users
from stack import Stack

EXAMPLE = ROOT / "examples/protected-api"
LOG = ROOT / "target/example.log"
READER = "reader"
ROUTES = "GET /reports/{id}:items me, POST /orders:me"


def deployed(emulator, stack, folder, routes):
    """The stack of the API in this folder, whose gateway asks the authorizer of the other stack."""
    file = folder / "template.yaml"
    example = Stack(emulator, "reports", with_routes(transformed(file), slash=False))
    stack.update(RouteScopes=routes)
    code = code_of(file)
    example.package(lambda name: folder / code[name])
    example.parameters = {"AuthorizerArn": stack.output("AuthorizerArn")}
    example.create()
    return example, Api(emulator, example.physical()["Api"])


def rehearsed(emulator, stack, api, users):
    """Both functions, with all scopes, with one, without a token, and with a user who is disabled."""
    example, reports = deployed(emulator, stack, EXAMPLE, ROUTES)
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


def example(emulator, folder, routes):
    template = ROOT / "template.yaml"
    code = code_of(template)
    stack = Stack(emulator, "example", with_routes(transformed(template), slash=False))
    stack.package(lambda name: stripped(Path(code[name]).name))
    stack.create()
    _, reports = deployed(emulator, stack, folder, routes)
    api, users = Api(emulator, stack.physical()["Api"]), Users(emulator, "example")
    users.run("keys", "generate", "--issuer", stack.output("ApiUrl"))
    users.run("add", tokens.JANE, "--scopes", "me items", "--password-stdin", stdin=tokens.PASSWORD + "\n")
    print(f"The routes of {folder}, and the scopes that each needs: {routes}\n")
    if folder == EXAMPLE:
        for scope in ("me items", "me"):
            show(reports, f"a token with the scopes {scope}", api.log_in(tokens.JANE, tokens.PASSWORD, scope)["access_token"])
        show(reports, "no token", None)
    method, path = routes.split(":")[0].split()
    url = reports.url + re.sub("{[^}]*}", "7", path)
    print(f"""
They are up until Ctrl-C. Log in, and send a request:
  TOKEN=$(curl -s '{api.url}/token' -d username={tokens.JANE} -d 'password={tokens.PASSWORD}' -d 'scope=me items' | sed 's/.*"access_token":"\\([^"]*\\).*/\\1/')
  curl -i -X {method} '{url}' -H "Authorization: Bearer $TOKEN\"""", flush=True)


def stripped(function):
    """A folder with the function as `cargo build` made it: the emulator runs it on this machine, so it need not be
    built as it is deployed, which takes much longer."""
    folder = ROOT / "target/example" / function
    folder.mkdir(parents=True, exist_ok=True)
    built = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "debug" / function
    subprocess.run(["strip", "-o", folder / "bootstrap", built], check=True)
    return folder


def show(reports, what, token):
    answer = reports.ask("/reports/7", token=token)
    print(f"GET /reports/7 with {what}: {answer.status} {answer.body.decode()}", flush=True)


def main():
    folder = Path(os.environ.get("DIR") or EXAMPLE).resolve()
    routes = os.environ.get("RouteScopes") or (ROUTES if folder == EXAMPLE else "")
    if not routes:
        sys.exit('make example: say which scopes the routes need: RouteScopes="GET /reports/{id}:items me"')

    def until_stopped(emulator):
        example(emulator, folder, routes)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()

    emulate("example", LOG, until_stopped)


if __name__ == "__main__":
    main()
