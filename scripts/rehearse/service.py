"""What talks to the deployed service: HTTP over the gateway, the `users` command, and the tests of `make smoke`."""
import base64
import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from emulator import Failure

ROOT = Path(__file__).resolve().parents[2]


class Answer:
    def __init__(self, response, path):
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        self.redirected = not response.url.endswith(path)

    def __getitem__(self, name):
        return json.loads(self.body)[name]


class Api:
    """The deployed API, at the path where MiniStack serves it."""

    def __init__(self, emulator, api):
        self.url = f"{emulator.url}/_aws/execute-api/{api}/$default"

    def ask(self, path, form=None, token=None, basic=None, method=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer, path)
        except urllib.error.HTTPError as error:
            return Answer(error, path)

    def expect(self, status, path, **options):
        answer = self.ask(path, **options)
        if answer.status != status:
            raise Failure(f"{path} answered {answer.status}, not {status}: {answer.body[:200].decode(errors='replace')}")
        return answer

    def log_in(self, username, password, scope, **options):
        """Returns the answer: access_token, refresh_token."""
        form = {"username": username, "password": password, "scope": scope}
        return self.expect(200, "/token", form=form, **options)


def kid(token):
    """The key that signed the token, as its header says."""
    header = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]


class Users:
    """The `users` command, with this stack."""

    def __init__(self, emulator, stack):
        build = ["cargo", "build", "--quiet", "--package", "users", "--message-format", "json-render-diagnostics"]
        built = subprocess.run(build, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        if built.returncode:
            raise Failure("cargo could not build the users command; its error is above")
        [program] = re.findall(r'"executable":"([^"]+)"', built.stdout)
        self.command, self.environment = [program, "--json", "--stack", stack], emulator.environment

    def run(self, *arguments, stdin=None):
        """Returns what it prints, as JSON."""
        done = subprocess.run([*self.command, *arguments], env=self.environment, input=stdin, capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"users {' '.join(arguments)}: {done.stderr.strip()}")
        return json.loads(done.stdout)


def smoke(api, key=""):
    """Runs tests of `make smoke`; returns the line that says how many of FastAPI's answers were right.
    With a shared key the tests can sign tokens, too. An OPTIONS does not reach a function in MiniStack, which
    answers it with 403 where an API has no CORS."""
    command = "cargo test --quiet --package tests --test live -- --ignored --nocapture --test-threads 1 --exact"
    tests = "the_pages_flow answers_as_fastapi_does"
    variables = {"API_URL": api.url, "JWT_SECRET_KEY": key, "SMOKE_USER": "", "PARITY_WITHOUT": "method_OPTIONS", "RUST_BACKTRACE": "0"}
    done = subprocess.run([*command.split(), *tests.split()], cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True)
    if done.returncode:
        raise Failure("make smoke failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-30:]))
    return re.search(r"^.*parity .*$", done.stdout, re.MULTILINE)[0]
