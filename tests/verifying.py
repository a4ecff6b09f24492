"""Runs the servers of docs/verifying.md against `make dev JWT_ALGORITHM=RS256`: the work of `make verifying-test`.

Each block of the page is run as it stands there, but for its issuer and its port, and must judge the
same tokens alike. The parity cases run against the same service, which has an issuer.
"""
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import jwt
from jwt.utils import base64url_encode

from service import ROOT, free_port, start, stop

ISSUER = "https://api.example.com"
NODE_MODULES = ROOT / "tests/clients/node_modules"
MANIFEST = '[package]\nname = "verifying"\nversion = "0.0.0"\nedition = "2024"\n\n'


def blocks(issuer):
    """The page's blocks by their language."""
    text = (ROOT / "docs/verifying.md").read_text()
    assert ISSUER in text
    found = dict(re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    return {language: block.replace(ISSUER, issuer) for language, block in found.items()}


def fastapi(block, folder, port):
    (folder / "server.py").write_text(block["python"])
    return [sys.executable, "-m", "uvicorn", "server:app", "--log-level", "warning", "--port", str(port)]


def express(block, folder, port):
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "server.mjs").write_text(block["js"].replace("3000", str(port)))
    return ["node", "server.mjs"]


def rust(block, folder, port):
    """Built beside this project's own dependencies, in the versions of its lock file where it has them."""
    (folder / "src").mkdir()
    (folder / "Cargo.toml").write_text(MANIFEST + block["toml"])
    (folder / "src/main.rs").write_text(block["rust"].replace("3000", str(port)))
    shutil.copy(ROOT / "Cargo.lock", folder)
    target = ROOT / "target/verifying"
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    subprocess.run(["cargo", "build", "--quiet"], cwd=folder, env=environment, check=True)
    return [str(target / "debug/verifying")]


def ask(url, token=None, form=None):
    """Status and body of an answer."""
    request = urllib.request.Request(url, data=form and urllib.parse.urlencode(form).encode())
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def log_in(issuer, scope):
    form = {"username": "johndoe", "password": "secret", "scope": scope}
    return json.loads(ask(f"{issuer}/token", form=form)[1])["access_token"]


def encode(part):
    return base64url_encode(json.dumps(part).encode()).decode()


def tokens(issuer):
    """Tokens, and what a route that asks for `items` answers to each."""
    good = log_in(issuer, "me items")
    keys = ask(f"{issuer}/.well-known/jwks.json")[1]
    header, claims = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    print("a token's header:", header)
    print("its claims:", claims)
    print("the keys:", keys.decode())
    head, payload, signature = good.split(".")
    alice = encode({**claims, "sub": "alice"})
    # By hand, since PyJWT refuses a public key as a secret.
    message = f'{encode({**header, "alg": "HS256"})}.{payload}'
    mac = base64url_encode(hmac.digest(keys, message.encode(), "sha256")).decode()
    own = {"grant_type": "client_credentials", "client_id": "c_example", "client_secret": "cs_for-development-only"}
    return [
        ("a client's own", json.loads(ask(f"{issuer}/token", form=own)[1])["access_token"], 401),
        ("with the scope", good, 200),
        ("with another scope", log_in(issuer, "me"), 403),
        ("without a token", None, 401),
        ("another user's name in it", f"{head}.{alice}.{signature}", 401),
        ("signed with the public keys as a secret", f"{message}.{mac}", 401),
        ("without a signature", f'{encode({**header, "alg": "none"})}.{payload}.', 401),
        ("no JWT", "nonsense", 401),
    ]


def judge(name, command, folder, port, expected):
    """Starts a server and asks it with each token."""
    server = subprocess.Popen(command, cwd=folder)
    url = f"http://127.0.0.1:{port}/orders/"
    try:
        for _ in range(300):
            try:
                ask(url)
                break
            except urllib.error.URLError:
                assert server.poll() is None, f"{name} ended by itself"
                time.sleep(0.1)
        for what, token, status in expected:
            got, body = ask(url, token)
            print(f"{name} | {what} | {got} {body.decode() if got == 200 else ''}", flush=True)
            assert got == status, (name, what, got, body)
            assert status != 200 or json.loads(body) == {"owner": "johndoe"}, body
    finally:
        server.terminate()
        server.wait()


def main():
    dev, issuer, printed = start(JWT_ALGORITHM="RS256", ISSUER="http://127.0.0.1:{port}", CLIENTS="check")
    print(printed[printed.index("Tokens are signed"):].strip())
    try:
        subprocess.run(
            "cargo test --quiet --package tests --test live -- --ignored --nocapture --test-threads 1".split(),
            cwd=ROOT, check=True, env={**os.environ, "API_URL": issuer, "PARITY_TIERS": "core,framework,edge"},
        )
        block, expected = blocks(issuer), tokens(issuer)
        for make in (fastapi, express, rust):
            with tempfile.TemporaryDirectory() as folder:
                port = free_port()
                judge(make.__name__, make(block, Path(folder), port), folder, port, expected)
    finally:
        stop(dev, issuer)


if __name__ == "__main__":
    main()
