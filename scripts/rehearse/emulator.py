"""MiniStack, an emulator of AWS, on a free port of the loopback interface."""
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

HOST = "127.0.0.1"
# Where the code and templates of stacks are.
BUCKET = "code"
REGION = "us-east-1"
# MiniStack's root user: the only one whose key it knows without being told.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}


class Failure(Exception):
    """Why the rehearsal ends: for people, in one or two lines."""


class Emulator:
    """Runs until the `with` block ends, and what it started with it."""

    def __init__(self, folder, log):
        self.port, self.log = free_port(), log
        self.url = f"http://{HOST}:{self.port}"
        self.environment = {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": self.url, **CREDENTIALS}
        # By its own `ministack` command it would listen on every interface, and reap containers of others.
        self.command = [sys.executable, "-m", "hypercorn", "ministack.app:app", "--bind", f"{HOST}:{self.port}"]
        self.settings = {"AUTH": "true", "GATEWAY_PORT": str(self.port), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0",
                         "DOCKER_HOST": f"unix://{folder}/no-docker", "HOME": folder, "TMPDIR": folder}

    def __enter__(self):
        with open(self.log, "w") as log:
            # A session of its own: the functions that it starts end with it.
            self.process = subprocess.Popen(self.command, env={**self.environment, **self.settings}, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        try:
            self.wait_until_it_listens()
        except BaseException:
            self.end()
            raise
        self.client("s3").create_bucket(Bucket=BUCKET)
        return self

    def __exit__(self, *_):
        self.end()

    def wait_until_it_listens(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((HOST, self.port)):
                return
            time.sleep(0.1)
        raise Failure(f"MiniStack does not listen; {self.log} says why")

    def end(self):
        """Ends the session, functions too; by force whoever is still there after five seconds."""
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, ending)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)

    def client(self, service, **credentials):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", **credentials}
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)


def emulate(verb, log, work):
    """What `work` returns, which is given an emulator. What goes wrong is said for people, in one or two lines."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(1))
    os.environ.update(CREDENTIALS)
    log.parent.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as folder, Emulator(folder, log) as emulator:
            return work(emulator)
    except Failure as failure:
        why = str(failure)
    except (ClientError, BotoCoreError) as error:
        why = str(error)[:300]  # some repeat the request
    except KeyboardInterrupt:
        sys.exit(f"make {verb}: stopped")
    sys.exit(f"make {verb}: {why}\n  MiniStack's log is in {os.path.relpath(log)}")


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
