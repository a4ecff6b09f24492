"""Starts and ends `make dev` for the tests over HTTP."""
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(store="memory", **variables):
    """Starts it on a free port, with these variables, in which `{port}` is that port; returns its process,
    its address and its output."""
    port = free_port()
    variables = {name: value.replace("{port}", str(port)) for name, value in variables.items()}
    database = tempfile.mkdtemp() + "/dynamodb.sqlite"
    environment = {**os.environ, "PORT": str(port), "USER_STORE": store, "DYNAMODB_FILE": database, **variables}
    url = f"http://127.0.0.1:{port}"
    path = log(url)
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as output:
        dev = subprocess.Popen(
            ["make", "dev"], cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True, preexec_fn=as_a_terminal_does
        )
    while "Ready on" not in path.read_text():
        if dev.poll() is not None:
            raise SystemExit(f"make dev ended by itself:\n{path.read_text()}")
        time.sleep(0.2)
    return dev, url, path.read_text()


def log(url):
    """The file of its output, to which it writes as long as it runs."""
    return ROOT / f"target/dev-{url.rpartition(':')[2]}.log"


def as_a_terminal_does():
    """A shell's background job, which these tests may be, has SIGINT ignored, and would hand that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def descendants(pid):
    """A process, those that it started, and those that they started."""
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True).stdout
    rows = [tuple(map(int, line.split())) for line in listing.splitlines()]
    found = {pid}
    while more := {child for child, parent in rows if parent in found} - found:
        found |= more
    return found


def in_sessions(sessions):
    listing = subprocess.run(["ps", "-eo", "sess=,stat=,pid=,args="], capture_output=True, text=True).stdout
    rows = (line.split(maxsplit=2) for line in listing.splitlines())
    return [process for session, state, process in rows if int(session) in sessions and not state.startswith("Z")]


def stop(dev, url, how="Ctrl-C"):
    """Ends it while a client is connected; nothing may be left in the sessions that it started. Ctrl-C, as
    a terminal sends it, reaches every process; `kill` reaches make alone."""
    started = descendants(dev.pid)
    assert len(started) > 2, started
    sessions = {os.getsid(pid) for pid in started}
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):
        if how == "Ctrl-C":
            os.killpg(dev.pid, signal.SIGINT)
        else:
            os.kill(dev.pid, signal.SIGTERM)
        dev.wait(timeout=30)
    left = in_sessions(sessions)
    assert not left, f"make dev left processes behind: {left}"
    assert "Traceback" not in log(url).read_text(), log(url)
    print(f"make dev: ended by {how}, none of its {len(started)} processes left")
