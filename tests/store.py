"""Runs the stores' contract against moto's DynamoDB, an implementation of its own: `make store-test`."""
import logging
import os
import subprocess
import sys
from pathlib import Path

from moto.server import ThreadedMotoServer

ROOT = Path(__file__).resolve().parent.parent

logging.getLogger("werkzeug").setLevel(logging.ERROR)  # or it writes a line for each request
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
try:
    test = "cargo test --package tests --test all store:: -- --ignored --nocapture".split()
    environment = {**os.environ, "DYNAMODB_URL": f"http://{host}:{port}"}
    sys.exit(subprocess.run(test, cwd=ROOT, env=environment).returncode)
finally:
    server.stop()
