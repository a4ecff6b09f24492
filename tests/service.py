"""Starts and ends `make dev` for the tests over HTTP."""
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def start(store="memory", **variables):
    """Starts it on a free port, with these variables; returns its process, its address and its output."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    database = tempfile.mkdtemp() + "/dynamodb.sqlite"
    environment = {**os.environ, "PORT": str(port), "USER_STORE": store, "DYNAMODB_FILE": database, **variables}
    path = ROOT / f"target/dev-{store}-{port}.log"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as log:
        dev = subprocess.Popen(["make", "dev"], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    last = {"memory": "Ready on", "dynamodb": "users list\n"}[store]
    while last not in path.read_text():
        if dev.poll() is not None:
            raise SystemExit(f"make dev ended by itself:\n{path.read_text()}")
        time.sleep(0.2)
    return dev, f"http://127.0.0.1:{port}", path.read_text()


def descendants(pid):
    """A process, those that it started, and those that they started."""
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True).stdout
    rows = [tuple(map(int, line.split())) for line in listing.splitlines()]
    found = {pid}
    while more := {child for child, parent in rows if parent in found} - found:
        found |= more
    return found


def stop(dev, url):
    """Sends Ctrl-C to every process, as a terminal does, while a client is connected; none may be left."""
    started = descendants(dev.pid)
    assert len(started) > 5, started
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):
        os.killpg(dev.pid, signal.SIGINT)
        dev.wait(timeout=30)
    left = [pid for pid in started if Path(f"/proc/{pid}").exists()]
    assert not left, f"make dev left processes behind: {left}"
    print(f"make dev: ended by Ctrl-C, none of its {len(started)} processes left")
