#!/usr/bin/env python3
"""Serve every function on http://127.0.0.1:PORT with `cargo lambda watch`: the work of `make dev`.

Why a script: it says which port is in use, waits until the service answers, stops everything at
Ctrl-C, and stands in front of cargo-lambda, whose emulator answers 500 to a header that is not
UTF-8 before any function sees it (docs/adr/0005-front-of-make-dev.md).
"""
import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent
HEAD_LIMIT = 1 << 20

# With USER_STORE=dynamodb a local server keeps the users in a file, unless ENDPOINT names another.
ENDPOINT = "AWS_ENDPOINT_URL_DYNAMODB"
# For `make load`: release builds, so many processes of each function, cargo-lambda on a known port.
RELEASE = ["--release"] if os.environ.get("RELEASE") else []
CONCURRENCY = ["--concurrency", os.environ["CONCURRENCY"]] if os.environ.get("CONCURRENCY") else []
WATCH_PORT = os.environ.get("WATCH_PORT")
DATABASE = Path(os.environ.get("DYNAMODB_FILE") or ROOT / ".dev/dynamodb.sqlite")
LOCAL_DYNAMODB = {
    "USERS_TABLE": "users",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}


def main():
    front = listen(os.environ.get("PORT") or "9000")
    variables = environment()
    local = variables["USER_STORE"] == "dynamodb" and ENDPOINT not in variables
    if local:
        variables = {**LOCAL_DYNAMODB, **variables, ENDPOINT: f"http://{HOST}:{free_port()}"}
    programs = build([])
    if local:
        programs |= build(["--package=tests", "--package=users"])
    # Outside Lambda a function reads its configuration and ends, so a mistake shows before the first request.
    start = subprocess.run([programs["token"]], cwd=ROOT, env=variables, capture_output=True, text=True)
    if "the configuration is not valid" in start.stderr:
        sys.exit(f"make dev: {start.stderr.strip().removeprefix('Error: ')}")
    sys.exit(asyncio.run(serve(front, variables, programs if local else None)))


def listen(port):
    """Takes the port before anything is built or started."""
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        sys.exit(f"make dev: PORT={port} is no port; choose one from 1 to 65535")
    front = socket.socket()
    front.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        front.bind((HOST, int(port)))
        front.listen()
    except OSError as error:
        sys.exit(f"make dev: port {port}: {error.strerror}; stop what listens there, or choose another: make dev PORT=9001")
    return front


def build(packages):
    """Builds the programs of these packages, or else the functions; returns the path of each program."""
    command = ["cargo", "build", "--bins", "--message-format=json-render-diagnostics", *RELEASE, *packages]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    built = [message for message in messages if message.get("executable")]
    return {message["target"]["name"]: os.path.relpath(message["executable"], ROOT) for message in built}


def environment():
    """Development values, unless the environment says otherwise: a key, the tutorial's users, and no
    limit of logins, since many of the parity cases are logins that must fail."""
    defaults = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
    return {**defaults, **os.environ}


async def serve(front, variables, local):
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    watch_port = int(WATCH_PORT or free_port())
    watch = ["cargo", "lambda", "watch", "--invoke-address", HOST, "--invoke-port", str(watch_port)]
    commands = [[*watch, *RELEASE, *CONCURRENCY]]
    if local:
        DATABASE.parent.mkdir(exist_ok=True)
        arguments = [variables[ENDPOINT].rpartition(":")[2], str(DATABASE), variables["USERS_TABLE"]]
        commands.append([local["local-dynamodb"], *arguments])
    children = []
    try:
        for command in commands:
            # A session of its own: Ctrl-C reaches this process alone, which then stops the others.
            children.append(
                await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=variables, start_new_session=True)
            )
        await asyncio.start_server(lambda *streams: forward(*streams, watch_port), sock=front, limit=HEAD_LIMIT)
        announcing = asyncio.create_task(announce(front.getsockname()[1], variables, local))
        ends = [asyncio.create_task(end) for end in (stop.wait(), *(child.wait() for child in children))]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        announcing.cancel()
    finally:
        for child in children:
            await end(child)
    return 0 if stop.is_set() else 1


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


async def announce(port, variables, local):
    """Says how to try the service, once it answers."""
    url = f"http://{HOST}:{port}"
    while await asyncio.to_thread(status, f"{url}/status/") != 401:
        await asyncio.sleep(0.2)
    print(
        f"\nReady on {url}; Ctrl-C ends it. Try:\n\n"
        f"  TOKEN=$(curl -s {url}/token -d 'username=johndoe&password=secret&scope=me items' | sed 's/.*\"access_token\":\"\\([^\"]*\\).*/\\1/')\n"
        f"  curl -i {url}/users/me/items/ -H \"Authorization: Bearer $TOKEN\"\n",
        flush=True,
    )
    if local:
        print(
            "The users are in DynamoDB. In another terminal:\n\n"
            f"  export {ENDPOINT}={variables[ENDPOINT]} USERS_TABLE={variables['USERS_TABLE']}\n"
            f"  {local['users']} list\n",
            flush=True,
        )


def status(url):
    try:
        return urllib.request.urlopen(url, timeout=300).status
    except urllib.error.HTTPError as answer:
        return answer.code
    except OSError:
        return None


async def forward(reader, writer, port):
    """Passes on one request a connection, with its head as UTF-8 and everything else as it is."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        upstream_reader, upstream_writer = await asyncio.open_connection(HOST, port)
        upstream_writer.write(as_utf8(head))
        sending = asyncio.create_task(pipe(reader, upstream_writer))
        await pipe(upstream_reader, writer)
        sending.cancel()
        upstream_writer.close()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        pass
    finally:
        writer.close()


def as_utf8(head):
    """The bytes of a header are Latin-1 where they are not UTF-8 (RFC 9110 5.5)."""
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    first, rest = text.split("\r\n", 1)
    rest = re.sub(r"(?im)^(connection|keep-alive):.*\r\n", "", rest)
    return f"{first}\r\nConnection: close\r\n{rest}".encode()


async def pipe(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        pass


async def end(child):
    """Stops a child and all processes of its session. cargo-lambda starts each function in another
    session, and ends them itself when it is interrupted."""
    for kind in (signal.SIGINT, signal.SIGKILL):
        for pid in session(child.pid):
            try:
                os.kill(pid, kind)
            except ProcessLookupError:
                pass
        for _ in range(50):
            if not session(child.pid):
                break
            await asyncio.sleep(0.1)
    await child.wait()


def session(leader):
    """The processes of a session that still run."""
    listing = subprocess.run(["ps", "-eo", "pid=,sess=,stat="], capture_output=True, text=True)
    rows = (line.split() for line in listing.stdout.splitlines())
    return [int(pid) for pid, sess, state in rows if int(sess) == leader and not state.startswith("Z")]


if __name__ == "__main__":
    main()
