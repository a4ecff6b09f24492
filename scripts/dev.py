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


def main():
    port = os.environ.get("PORT") or "9000"
    if not port.isdigit() or not 0 < int(port) < 65536:
        sys.exit(f"make dev: PORT={port} is no port; choose one from 1 to 65535")
    if in_use(int(port)):
        sys.exit(f"make dev: port {port} is in use; stop what listens there, or choose another: make dev PORT=9001")
    build = subprocess.run(["cargo", "build", "--workspace", "--bins"], cwd=ROOT)
    if build.returncode:
        sys.exit(build.returncode)
    # Outside Lambda a function reads its configuration and ends: better here than at a request.
    start = subprocess.run(["cargo", "run", "--quiet", "--bin", "token"], cwd=ROOT, env=environment(), capture_output=True, text=True)
    if "configuration" in start.stderr:
        sys.exit(f"make dev: {start.stderr.strip().removeprefix('Error: ')}")
    sys.exit(asyncio.run(serve(int(port))))


def in_use(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def environment():
    """The development key and the tutorial's users, unless the environment says otherwise."""
    defaults = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
    return {"USER_STORE": "memory", **defaults, **os.environ}


async def serve(port):
    watch_port = free_port()
    # A session of its own: Ctrl-C reaches this process alone, which then stops the others.
    watch = await asyncio.create_subprocess_exec(
        "cargo", "lambda", "watch", "--invoke-address", HOST, "--invoke-port", str(watch_port),
        cwd=ROOT, env=environment(), start_new_session=True,
    )
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    front = await asyncio.start_server(
        lambda reader, writer: forward(reader, writer, watch_port), HOST, port, limit=HEAD_LIMIT
    )
    async with front:
        tasks = [asyncio.create_task(task) for task in (watch.wait(), stop.wait(), announce(port))]
        await asyncio.wait(tasks[:2], return_when=asyncio.FIRST_COMPLETED)
        tasks[2].cancel()
    await end(watch)
    return 0 if stop.is_set() else watch.returncode or 1


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


async def announce(port):
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


def status(url):
    try:
        return urllib.request.urlopen(url, timeout=300).status
    except urllib.error.HTTPError as answer:
        return answer.code
    except OSError:
        return None


async def forward(reader, writer, port):
    """One request, one connection: the head is made UTF-8, everything else passes as it is."""
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


async def end(watch):
    """Stops cargo-lambda and what it started: all processes of its session."""
    for kind in (signal.SIGINT, signal.SIGKILL):
        for pid in session(watch.pid):
            try:
                os.kill(pid, kind)
            except ProcessLookupError:
                pass
        for _ in range(50):
            if not session(watch.pid):
                break
            await asyncio.sleep(0.1)
    await watch.wait()


def session(leader):
    """The processes of a session that still run."""
    listing = subprocess.run(["ps", "-eo", "pid=,sess=,stat="], capture_output=True, text=True)
    rows = (line.split() for line in listing.stdout.splitlines())
    return [int(pid) for pid, sess, state in rows if int(sess) == leader and not state.startswith("Z")]


if __name__ == "__main__":
    main()
