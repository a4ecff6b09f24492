"""Runs the functions that `make build ARCH=arm64` built, on this machine: the work of `make arm64-test`.

qemu's user mode runs each bootstrap, and this file is its Runtime API. Each gets its event of events/; the token
that /token gives is what the protected functions get.
"""
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".aws-sam/build"
# Debian's qemu-user-static and libc6-arm64-cross.
QEMU = ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"]
# What the functions may need of glibc at most: provided.al2023 has 2.34.
GLIBC = (2, 34)
# `e_machine` in the head of an ELF file.
AARCH64 = 183
# What answers with something else than 200: nobody has these.
OTHERWISE = {"not-found": 404, "well-known": 404, "revoke": 404, "introspect": 404}


class RuntimeApi(ThreadingHTTPServer):
    """Gives one event after another to one function, and keeps its answers. A function waits for the next
    event for ever, and the thread that lets it ends with this program."""

    daemon_threads = True

    def handle_error(self, *_):
        """A function that is ended leaves its connection."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.events, self.answers = Queue(), Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def invoke(self, event):
        self.events.put(event)
        return self.answers.get(timeout=60)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        event = json.dumps(self.server.events.get()).encode()
        self.answer(200, event, {"Lambda-Runtime-Aws-Request-Id": "test", "Lambda-Runtime-Deadline-Ms": "4102444800000"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.answers.put(json.loads(body))
        self.answer(202, b"{}", {})

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    if not shutil.which(QEMU[0]) or not Path(QEMU[2]).exists():
        sys.exit("make arm64-test needs qemu's user mode and arm64's libc; on Debian: apt install qemu-user-static libc6-arm64-cross")
    token = None
    for folder in sorted((ROOT / "functions").iterdir(), key=lambda folder: folder.name != "token"):
        name = folder.name
        program = BUILD / (re.sub(r"(^|-)(.)", lambda found: found[2].upper(), name) + "Function") / "bootstrap"
        event = json.loads((ROOT / f"events/{name}.json").read_text())
        if token and "authorization" in event["headers"]:
            event["headers"]["authorization"] = f"Bearer {token}"
        answer = run(program, name, event)
        # An authorizer has a verdict, and no status.
        status = 200 if answer.get("isAuthorized") else answer.get("statusCode")
        expected = OTHERWISE.get(name, 200)
        print(f"{name}: {program.stat().st_size / 2**20:.2f} MiB, GLIBC_{'.'.join(map(str, glibc(program)))}, {status} {' '.join(body(answer).split()):.70}")
        assert status == expected, answer
        assert glibc(program) <= GLIBC, f"{name} needs a later glibc than provided.al2023 has"
        if name == "token":
            token = json.loads(body(answer))["access_token"]


def run(program, name, event):
    machine = int.from_bytes(program.read_bytes()[18:20], "little")
    assert machine == AARCH64, f"{program} was built for another machine; make arm64-test builds it for this one"
    api = RuntimeApi()
    variables = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
    variables |= {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}", "AWS_LAMBDA_FUNCTION_NAME": name}
    variables |= {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_VERSION": "1"}
    process = subprocess.Popen([*QEMU, program], env={"PATH": os.environ["PATH"], **variables}, stdout=subprocess.DEVNULL)
    try:
        return api.invoke(event)
    finally:
        process.kill()
        process.wait()


def body(answer):
    text = answer.get("body") or ""
    return base64.b64decode(text).decode(errors="replace") if answer.get("isBase64Encoded") else text


def glibc(program):
    """The latest version of glibc's symbols that it asks for."""
    versions = re.findall(rb"GLIBC_(\d+)\.(\d+)", program.read_bytes())
    return max((int(major), int(minor)) for major, minor in versions)


if __name__ == "__main__":
    main()
