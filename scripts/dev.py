#!/usr/bin/env python3
"""Serve every function on http://127.0.0.1:PORT with `cargo lambda watch`: the work of `make dev`.

cargo-lambda emulates Lambda's APIs. This script does what it cannot: a save restarts only the functions
that it changes, requests reach them as AWS's gateway sends them, and nothing is left when it ends
(docs/adr/0005-front-of-make-dev.md).
"""
import asyncio
import contextlib
import json
import os
import re
import shlex
import signal
import socket
import string
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
CONCURRENCY = int(os.environ.get("CONCURRENCY") or 1)
WATCH_PORT = os.environ.get("WATCH_PORT")
DATABASE = Path(os.environ.get("DYNAMODB_FILE") or ROOT / ".dev/dynamodb.sqlite")
LOCAL_DYNAMODB = {
    "USERS_TABLE": "users",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}
LOCAL_PACKAGES = ["--package=tests", "--package=users"]

# JWT_ALGORITHM: with another one than HS256 a ring of keys signs, which `users keys` makes.
ALGORITHMS = ["RS256", "ES256", "EdDSA"]
KEYS_TABLE = "keys"
RING_PACKAGES = ["--package=users"]

# What the functions are made of; a save elsewhere restarts nothing.
SOURCES = ["functions", "service", "shared"]
MANIFESTS = ["Cargo.toml", "Cargo.lock"]

UNRESERVED = string.ascii_letters + string.digits + "-._~"
BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 25\r\nConnection: close\r\n\r\n"
    b'{"message":"Bad Request"}'
)

# Every process that was started. Each leads a session of its own: Ctrl-C reaches this script alone,
# which then ends what runs in those sessions.
children = []


class Failure(Exception):
    """Why `make dev` ends by itself."""


def main():
    front = listen(os.environ.get("PORT") or "9000")
    sys.exit(asyncio.run(until_stopped(front)))


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


async def until_stopped(front):
    """Builds and serves until a signal comes or something fails; returns the exit code."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    work = [asyncio.create_task(part) for part in (serve(front), stop.wait(), interrupted_make())]
    try:
        done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        done.pop().result()
        return 0
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        for part in work:
            part.cancel()
        while children:
            await end(list(children))


async def interrupted_make():
    """Returns once `make` was sent a SIGINT of its own. It then catches that signal no longer, tells
    nobody, and waits for this script."""
    make = os.getppid()
    if not catches_sigint(make):
        await asyncio.Event().wait()
    while catches_sigint(make):
        await asyncio.sleep(0.2)


def catches_sigint(pid):
    with contextlib.suppress(OSError):
        caught = re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        return bool(int(caught[1], 16) >> (signal.SIGINT - 1) & 1)


async def serve(front):
    variables, algorithm = environment(), ring_algorithm()
    local = variables["USER_STORE"] == "dynamodb" and ENDPOINT not in variables
    if local:
        variables = {**LOCAL_DYNAMODB, **variables, ENDPOINT: f"http://{HOST}:{kept_port()}"}
    if algorithm:
        variables = {**variables, **ring_variables(algorithm, variables)}
    announce_first_build(["token", *(["local-dynamodb", "users"] if local else ["users"] if algorithm else [])])
    functions = await first_build([])
    packages = LOCAL_PACKAGES if local else RING_PACKAGES if algorithm else []
    others = await first_build(packages) if packages else {}

    watch_port = int(WATCH_PORT or free_port())
    servers = {watch_port: start(emulator(watch_port), quiet(variables))}
    if local:
        port = variables[ENDPOINT].rpartition(":")[2]
        command = [others["local-dynamodb"], port, str(DATABASE), variables["USERS_TABLE"], KEYS_TABLE]
        servers[int(port)] = start(command, variables)
        await listens(int(port))
    if algorithm:
        generate_keys(others["users"], algorithm, variables)
    check_configuration(functions["token"], variables)
    built = asyncio.Event()
    await asyncio.start_server(lambda *streams: forward(*streams, watch_port, built), sock=front, limit=HEAD_LIMIT)
    await asyncio.gather(
        *(lives(server) for server in servers.values()),
        run_functions(functions, variables, watch_port, built, servers),
        announce(front.getsockname()[1], variables, others.get("users") if local else None, algorithm),
    )


def environment():
    """Development values, unless the environment says otherwise: a key, the tutorial's users, and no
    limit of logins, since many of the parity cases are logins that must fail."""
    defaults = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
    # The size of the function decides which hashes it takes.
    return {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", **defaults, **os.environ}


def ring_algorithm():
    """Returns the algorithm of the ring's keys; None if one shared key signs, with HS256."""
    algorithm = os.environ.get("JWT_ALGORITHM") or "HS256"
    if algorithm == "HS256":
        return None
    if algorithm not in ALGORITHMS:
        raise Failure(f"make dev: JWT_ALGORITHM={algorithm} is not known; it can be: HS256, {', '.join(ALGORITHMS)}")
    return algorithm


def ring_variables(algorithm, variables):
    """Where the ring is: in a second table, or in files under .dev/, one pair for each algorithm."""
    if variables["USER_STORE"] == "dynamodb":
        ring = {"SIGNING_KEYS": f"dynamodb:{KEYS_TABLE}"}
    else:
        file = ROOT / f".dev/keys-{algorithm}.json"
        ring = {"SIGNING_KEYS": f"file:{file}", "PUBLIC_KEYS": f"file:{file.with_suffix('.public.json')}"}
    # A shared key would win over the ring.
    return {"JWT_SECRET_KEY": "", **ring, **os.environ}


def generate_keys(users, algorithm, variables):
    """Makes the first key, unless there is one."""
    command = [users, "keys", "generate", "--algorithm", algorithm]
    made = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    if made.returncode:
        raise Failure(f"make dev: {made.stderr.strip()}")


def kept_port():
    """The local DynamoDB's port: that of the last run, so that what a terminal was told then still
    works; another one if it is in use."""
    file = DATABASE.with_suffix(".port")
    kept = file.read_text().strip() if file.exists() else ""
    port = free_port(int(kept) if kept.isdigit() else 0)
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{port}\n")
    return port


def free_port(wanted=0):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except (OSError, OverflowError):
            probe.bind((HOST, 0))
        return probe.getsockname()[1]


def announce_first_build(programs):
    """Says it before cargo begins: its progress is a count of crates, and downloads come first."""
    command = ["cargo", "metadata", "--no-deps", "--format-version=1"]
    metadata = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE)
    if metadata.returncode == 0:  # else cargo's error comes once more, from the build
        folder = Path(json.loads(metadata.stdout)["target_directory"], "release" if RELEASE else "debug")
        if not all((folder / program).exists() for program in programs):
            print("make dev: the first build takes some minutes", flush=True)


async def first_build(packages):
    programs = await build(packages)
    if programs is None:
        raise Failure("make dev: cargo could not build; its error is above")
    return programs


async def build(packages):
    """Builds the programs of these packages, or else the functions; returns the path of each program,
    or nothing if they do not compile."""
    command = ["cargo", "build", "--bins", "--message-format=json-render-diagnostics", *RELEASE, *packages]
    cargo = start(command, os.environ, stdout=subprocess.PIPE, text=True)
    output, _ = await asyncio.to_thread(cargo.communicate)
    children.remove(cargo)
    if cargo.returncode == 0:
        messages = [json.loads(line) for line in output.splitlines()]
        return {message["target"]["name"]: message["executable"] for message in messages if message.get("executable")}


def check_configuration(program, variables):
    """Outside Lambda a function reads its configuration and ends, so a mistake shows before the first request."""
    tried = subprocess.run([program], cwd=ROOT, env=variables, capture_output=True, text=True)
    if "the configuration is not valid" in tried.stderr:
        raise Failure(f"make dev: {tried.stderr.strip().removeprefix('Error: ')}")


def emulator(port):
    return ["cargo", "lambda", "watch", "--only-lambda-apis", "--invoke-address", HOST, "--invoke-port", str(port)]


def quiet(variables):
    """At `info`, cargo-lambda tells people to start the functions, which this script does."""
    return {"RUST_LOG": "cargo_lambda=warn,tokio_graceful_shutdown=error", **variables}


def start(command, variables, **options):
    child = subprocess.Popen(command, cwd=ROOT, env=variables, start_new_session=True, **options)
    children.append(child)
    return child


async def lives(server):
    while server.poll() is None:
        await asyncio.sleep(0.2)
    raise Failure(f"make dev: `{shlex.join(server.args)}` ended by itself; what it said is above")


async def listens(port):
    while True:
        with contextlib.suppress(OSError):
            return socket.create_connection((HOST, port)).close()
        await asyncio.sleep(0.05)


async def run_functions(programs, variables, port, built, servers):
    """Runs every function; after a save, builds and starts those anew whose program is another one."""
    for server in servers:
        await listens(server)
    running, seen = {}, saved()
    while True:
        if programs:
            for name, program in programs.items():
                await run_function(running, name, program, variables, port)
            if saved() == seen:
                built.set()
        while saved() == seen:
            await asyncio.sleep(0.5)
            tell_ended(running)
        seen = saved()
        # What was saved must not be answered by what was there before: requests wait.
        built.clear()
        programs = await build([])


async def run_function(running, name, program, variables, port):
    """Starts a function, unless it runs and its program is the same."""
    version = os.stat(program).st_mtime_ns
    before, processes = running.get(name, (None, []))
    if version == before:
        return
    if processes:
        await end(processes)
    variables = {
        **variables,
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_RUNTIME_API": f"http://{HOST}:{port}/.rt/{name}",
    }
    running[name] = version, [start([program], variables) for _ in range(CONCURRENCY)]


def tell_ended(running):
    """A function that ended by itself would end again, so it is not started before something is saved."""
    for name, (version, processes) in running.items():
        ended = [process.returncode for process in processes if process.poll() is not None]
        if version and ended:
            print(f"make dev: {name} ended by itself (exit code {ended[0]}); it starts again after a save", file=sys.stderr)
            running[name] = None, processes


def saved():
    """When each source was saved, without files that editors hide."""
    files = [ROOT / name for name in MANIFESTS]
    for folder in SOURCES:
        files += (ROOT / folder).rglob("[!.]*.*")
    times = {}
    for file in files:
        with contextlib.suppress(OSError):  # it is being saved, or removed
            times[file] = file.stat().st_mtime_ns
    return times


async def announce(port, variables, users, algorithm):
    """Says how to try the service, once it answers."""
    url = f"http://{HOST}:{port}"
    while not await asyncio.to_thread(answers, f"{url}/status/"):
        await asyncio.sleep(0.2)
    published = f"Tokens are signed with {algorithm}; anybody can verify them by {url}/.well-known/jwks.json\n\n" if algorithm else ""
    print(
        f"\n{published}Ready on {url}; Ctrl-C ends it. Try:\n\n"
        f"  TOKEN=$(curl -s {url}/token -d 'username=johndoe&password=secret&scope=me items' | sed 's/.*\"access_token\":\"\\([^\"]*\\).*/\\1/')\n"
        f"  curl -i {url}/users/me/items/ -H \"Authorization: Bearer $TOKEN\"\n",
        flush=True,
    )
    if users:
        ring = f" SIGNING_KEYS={variables['SIGNING_KEYS']}" if algorithm else ""
        print(
            "The users are in DynamoDB. In another terminal:\n\n"
            f"  export {ENDPOINT}={variables[ENDPOINT]} USERS_TABLE={shlex.quote(variables['USERS_TABLE'])}{ring}\n"
            f"  {shlex.quote(users)} list\n",
            flush=True,
        )


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=5)
    except urllib.error.HTTPError:
        pass  # an answer, too
    except OSError:
        return False
    return True


async def forward(reader, writer, port, built):
    """Passes on one request a connection, its head as the gateway would, everything else as it is."""
    try:
        first, fields = head(await reader.readuntil(b"\r\n\r\n"))
        body = await unchunked(fields, reader, writer)
        while not built.is_set():
            await built.wait()
        if reader.at_eof():
            return  # the client did not wait; a function would log an error when it answers nobody
        upstream_reader, upstream_writer = await asyncio.open_connection(HOST, port)
        lines = [f"{name} {value}\r\n" for name, values in fields.items() for value in values]
        upstream_writer.write(f"{first}\r\n{''.join(lines)}\r\n".encode() + body)
        sending = asyncio.create_task(pipe(reader, upstream_writer))
        await pipe(upstream_reader, writer)
        sending.cancel()
        upstream_writer.close()
    except (ValueError, asyncio.IncompleteReadError):
        writer.write(BAD_REQUEST)
    except (asyncio.LimitOverrunError, OSError):
        pass
    except asyncio.CancelledError:
        pass  # the end of `make dev`, of which Python 3.11 would print a traceback
    finally:
        writer.close()


def head(received):
    """The request line, and the values of each header. `connection: close` makes it one request."""
    first, *lines = text(received).removesuffix("\r\n\r\n").split("\r\n")
    fields = {}
    for line in lines:
        # A line without a colon is passed on, and refused there.
        name, colon, value = line.partition(":")
        fields.setdefault(name.lower() + colon, []).append(value.strip(" \t"))
    # The gateway joins the lines of a header. cargo-lambda would pass on the first alone.
    for name, values in fields.items():
        if name not in ("cookie:", "set-cookie:"):
            values[:] = [",".join(values)]
    fields.pop("keep-alive:", None)
    fields["connection:"] = ["close"]
    return request_line(first), fields


def text(received):
    """The bytes of a header are Latin-1 where they are not UTF-8 (RFC 9110 5.5). cargo-lambda would
    answer 500."""
    try:
        return received.decode()
    except UnicodeDecodeError:
        return received.decode("latin-1")


def request_line(line):
    """Decodes in the path what needs no encoding (RFC 3986 6.2.2.2): cargo-lambda would not find the route."""
    method, _, rest = line.partition(" ")
    target, space, version = rest.partition(" ")
    target = re.sub("^https?://[^/?]*", "", target, flags=re.IGNORECASE)
    if not target.startswith("/"):
        raise ValueError("cargo-lambda would wait for a function without a name")
    path, mark, query = target.partition("?")
    path = re.sub("%([0-9A-Fa-f]{2})", unreserved, path)
    if path.startswith("/lambda-url"):  # a path of cargo-lambda, and none of this service
        path = f"/lambda-url/not-found{path}"
    return f"{method} {path}{mark}{query}{space}{version}"


def unreserved(encoded):
    character = chr(int(encoded[1], 16))
    return character if character in UNRESERVED else encoded[0]


async def unchunked(fields, reader, writer):
    """Reads a chunked body (RFC 9112 7.1), which is then sent with its length: cargo-lambda answers a bad
    chunk with 500. Another body is not read here."""
    if [value.lower() for value in fields.get("transfer-encoding:", [])] != ["chunked"]:
        return b""
    if fields.pop("expect:", None):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = b""
    while size := await chunk_size(reader):
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise ValueError("a chunk is longer than it said")
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # the gateway has no place for trailers
    del fields["transfer-encoding:"]
    fields["content-length:"] = [str(len(body))]
    return body


async def chunk_size(reader):
    line = re.fullmatch(rb"([0-9A-Fa-f]+)[ \t]*(;.*)?\r\n", await reader.readuntil(b"\r\n"))
    if not line:
        raise ValueError("not the size of a chunk")
    return int(line[1], 16)


async def pipe(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        pass


async def end(processes):
    """Ends these and everything in their sessions."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        for pid in in_sessions(processes):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, kind)
        for _ in range(50):
            if not in_sessions(processes):
                break
            await asyncio.sleep(0.1)
    children[:] = [child for child in children if child not in processes]


def in_sessions(processes):
    """What still runs in the sessions of these processes."""
    leaders = {process.pid for process in processes}
    listing = subprocess.run(["ps", "-eo", "pid=,sess=,stat="], capture_output=True, text=True)
    rows = (line.split() for line in listing.stdout.splitlines())
    return [int(pid) for pid, session, state in rows if int(session) in leaders and not state.startswith("Z")]


if __name__ == "__main__":
    main()
