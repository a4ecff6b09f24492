#!/usr/bin/env python3
"""Load and growth: the work of `make load`.

Load: `make dev`'s functions in release, four of each, for SECONDS (60) each way, on memory and on a
local DynamoDB. bench/src/bin/load.rs asks cargo-lambda's own port, since the front of `make dev` is a
proxy in Python; cargo-lambda still is an emulator, which is most of what is measured. An answer that is
no 200, or memory that grows, is a failure.

Growth: the store with 10, 10,000 and USERS users: import, look-up and login, on the functions alone.
"""
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from dev import HOST, LOCAL_DYNAMODB, ROOT, free_port

SECONDS = int(os.environ.get("SECONDS") or 60)
# Long enough for every process to have answered often.
WARM_UP = max(5, SECONDS // 4)
USERS = sorted({10, 10_000, int(os.environ.get("USERS") or 10)})
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "release"
FUNCTIONS = ["token", "users-me"]
LOGIN = {"username": "johndoe", "password": "secret", "scope": "me items"}
# A process may grow until it has settled; afterwards a request leaves nothing behind.
GROWTH_MIB = 1
ROUNDS = 7


def main():
    problems = []
    for store in ("memory", "dynamodb"):
        problems += load(store)
    growth()
    for problem in problems:
        print(f"make load: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


def load(store):
    """Serves the functions, warms them up and measures them; returns what went wrong."""
    with tempfile.TemporaryDirectory() as folder, serve(store, folder) as url:
        token = login(url)
        kinds = {
            "GET /users/me/": [get(url, token, 8)],
            "mix with logins": [get(url, token, 6), post(url, 2)],
        }
        run([get(url, token, 8), post(url, 2)], WARM_UP)
        problems = []
        for kind, requests in kinds.items():
            before = memory()
            answers = run(requests, SECONDS)
            after = memory()
            problems += report(f"{store}, {kind}", requests, answers, before, after)
        return problems


@contextlib.contextmanager
def serve(store, folder):
    """Starts `make dev` and waits until it answers; its log is shown only if it ends before."""
    port = free_port()
    settings = {
        "RELEASE": "1",
        "CONCURRENCY": "4",
        "PORT": str(free_port()),
        "WATCH_PORT": str(port),
        "USER_STORE": store,
        "DYNAMODB_FILE": f"{folder}/dynamodb.sqlite",
    }
    with open(f"{folder}/log", "w+") as log:
        command = [sys.executable, "scripts/dev.py"]
        service = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=log, stderr=log)
        try:
            url = f"http://{HOST}:{port}"
            wait(service, url, log)
            yield url
        finally:
            service.send_signal(signal.SIGINT)
            service.wait()


def wait(service, url, log):
    """Waits until every function is built and answers: the first build takes minutes."""
    for path, expected in (("/users/me/", 401), ("/token", 422)):
        while status(url + path, b"" if path == "/token" else None) != expected:
            if service.poll() is not None:
                log.seek(0)
                sys.exit(f"make load: make dev ended\n{log.read()[-4000:]}")
            time.sleep(0.5)


def status(url, body):
    try:
        return urllib.request.urlopen(url, body, timeout=600).status
    except urllib.error.HTTPError as answer:
        return answer.code
    except OSError:
        return None


def login(url):
    form = urllib.parse.urlencode(LOGIN).encode()
    return json.load(urllib.request.urlopen(f"{url}/token", form))["access_token"]


def get(url, token, connections):
    return ("GET", f"{url}/users/me/", connections, ["--header", f"authorization: Bearer {token}"])


def post(url, connections):
    return ("POST", f"{url}/token", connections, ["--form", urllib.parse.urlencode(LOGIN)])


def run(requests, seconds):
    """Runs a load of each kind of request, all at the same time; returns their reports."""
    running = []
    for _, url, connections, options in requests:
        command = [TARGET / "load", url, "--seconds", str(seconds), "--connections", str(connections), *options]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    return [json.loads(load.communicate()[0]) for load in running]


def report(title, requests, answers, before, after):
    """Prints a line for each kind of request; returns what went wrong."""
    problems = []
    for (method, _, connections, _), answer in zip(requests, answers):
        good = answer["statuses"].pop("200", 0)
        bad = {**answer["statuses"], **answer["errors"]}
        if bad or not good:
            problems.append(f"{title}: {method}: {good} answers, and instead of others {bad or 'nothing'}")
        if good:
            print(
                f"{title}: {method}, {connections} connections: {answer['per_second']:.0f}/s, {good} answers, "
                f"p50 {answer['p50_ms']:.2f} ms, p90 {answer['p90_ms']:.2f} ms, p99 {answer['p99_ms']:.2f} ms, "
                f"max {answer['max_ms']:.0f} ms, {sum(bad.values())} errors",
                flush=True,
            )
    for name in FUNCTIONS:
        first, last = max(before[name], default=0), max(after[name], default=0)
        print(f"{title}: {len(after[name])} processes of {name}, the largest {first:.1f} MiB before, {last:.1f} after", flush=True)
        if last > first + GROWTH_MIB:
            problems.append(f"{title}: {name} grew from {first:.1f} to {last:.1f} MiB")
    return problems


def memory():
    """For each function, the MiB in RAM of every process: heap and stacks, without the program's
    own pages, which are read in as they are used."""
    own = {name: [] for name in FUNCTIONS}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            program = Path(os.readlink(process / "exe"))
            if program.name in FUNCTIONS and TARGET.resolve() in program.parents:
                own[program.name].append(int(re.search(r"RssAnon:\s*(\d+) kB", (process / "status").read_text())[1]) / 1024)
    return own


def growth():
    """Fills stores of several sizes, then asks them in turn, so that what slows the machine slows all."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stores = {users: stack.enter_context(filled(users, folder)) for users in USERS}
        figures = {users: {name: [] for name in FUNCTIONS} for users in USERS}
        for _ in range(ROUNDS):
            for users, url in stores.items():
                for name, count in (("users-me", 500), ("token", 15)):
                    figures[users][name].append(drive(name, url, count))
        for users in USERS:
            cells = (f"{name} p50 {middle(figures[users][name])}" for name in ("users-me", "token"))
            print(f"{users} users: {', '.join(cells)}")


def middle(samples):
    return f"{statistics.median(samples) / 1e3:.2f} ms ({min(samples) / 1e3:.2f}-{max(samples) / 1e3:.2f})"


@contextlib.contextmanager
def filled(users, folder):
    """Starts a local DynamoDB with so many users besides the tutorial's two."""
    port, file = free_port(), f"{folder}/{users}"
    command = [TARGET / "local-dynamodb", str(port), f"{file}.sqlite", LOCAL_DYNAMODB["USERS_TABLE"], "keys"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        server.stdout.readline()
        url = f"http://{HOST}:{port}"
        write(f"{file}.jsonl", users)
        start = time.monotonic()
        imported = [TARGET / "users", "--table", LOCAL_DYNAMODB["USERS_TABLE"], "--endpoint-url", url, "import", f"{file}.jsonl"]
        subprocess.run(imported, check=True, stdout=subprocess.DEVNULL)
        took = time.monotonic() - start
        print(f"{users} users imported in {took:.1f} s: {users / took:.0f}/s", flush=True)
        yield url
    finally:
        server.terminate()
        server.wait()


def write(file, users):
    """Writes users who all have johndoe's hash: to make a million hashes would take hours."""
    johndoe = json.loads((ROOT / "shared/src/domain/users/tutorial.json").read_text())[0]
    with open(file, "w") as lines:
        for number in range(users):
            lines.write(json.dumps({**johndoe, "username": f"user{number}", "email": f"user{number}@example.com"}) + "\n")


def drive(name, url, invocations):
    """Sends warm requests of johndoe; returns the median of their microseconds."""
    event = {"users-me": "events/users-me.json", "token": "events/token.json"}[name]
    variables = {**LOCAL_DYNAMODB, "USER_STORE": "dynamodb", "AWS_ENDPOINT_URL_DYNAMODB": url}
    options = [f"--env={key}={value}" for key, value in variables.items()]
    bench = [TARGET / "bench", "drive", TARGET / name, "--event", event, "--env-file", "events/env.json", "--json"]
    bench += ["--rounds", "1", "--starts", "1", "--invocations", str(invocations), *options]
    output = subprocess.run(bench, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    figures = {line["figure"]: line["median"] for line in map(json.loads, output.splitlines())}
    return figures["warm_p50_us"]


if __name__ == "__main__":
    main()
