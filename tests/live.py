"""Tests `make dev` over HTTP: the work of `make live-test`.

Starts it on a free port with a key of its own, runs tests/live.rs and every parity case against
it, exchanges tokens with a FastAPI app that shares the key, and ends it with Ctrl-C.
"""
import os
import secrets
import signal
import socket
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import httpx2 as httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm, SecurityScopes
from fastapi.testclient import TestClient

ROOT = Path(__file__).resolve().parent.parent
KEY = secrets.token_hex(32)

app = FastAPI()
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token", scopes={"me": "", "items": ""})


def current_user(security_scopes: SecurityScopes, token: Annotated[str, Depends(oauth2_scheme)]):
    """What a FastAPI service that shares the key does with a token; raises jwt's errors as they are."""
    claims = jwt.decode(token, KEY, algorithms=["HS256"])
    missing = set(security_scopes.scopes) - set(claims.get("scope", "").split(" "))
    if missing:
        raise HTTPException(401, f"Not enough permissions: {missing}")
    return claims["sub"]


@app.post("/token")
def login(form: Annotated[OAuth2PasswordRequestForm, Depends()], generation: str = "scope"):
    """A token of either generation of the page: `scope`, a text, or `scopes`, a list."""
    scopes = {"scope": " ".join(form.scopes), "scopes": form.scopes}[generation]
    expires = datetime.now(timezone.utc) + timedelta(minutes=30)
    return {"access_token": jwt.encode({"sub": form.username, generation: scopes, "exp": expires}, KEY, "HS256")}


@app.get("/status/")
def status(user: Annotated[str, Security(current_user)]):
    return user


@app.get("/users/me/")
def me(user: Annotated[str, Security(current_user, scopes=["me"])]):
    return user


@app.get("/users/me/items/")
def items(user: Annotated[str, Security(current_user, scopes=["me", "items"])]):
    return user


def exchange_tokens(service, fastapi):
    """Each side must judge the other's tokens as it judges its own."""
    expected = {"": [200, 401, 401], "me": [200, 200, 401], "items": [200, 401, 401], "items me": [200, 200, 200]}
    for scope, statuses in expected.items():
        form = {"username": "johndoe", "password": "secret", "scope": scope}
        issuers = {
            "this service": service.post("/token", data=form),
            "FastAPI": fastapi.post("/token", data=form),
            "an older FastAPI page": fastapi.post("/token?generation=scopes", data=form),
        }
        for issuer, answer in issuers.items():
            headers = {"Authorization": "Bearer " + answer.json()["access_token"]}
            verifiers = {"this service": service}
            if issuer != "an older FastAPI page":
                verifiers["FastAPI"] = fastapi
            for verifier, client in verifiers.items():
                got = [client.get(path, headers=headers).status_code for path in ("/status/", "/users/me/", "/users/me/items/")]
                assert got == statuses, (issuer, verifier, scope, got, statuses)
                print(f"a token of {issuer} with scope {scope!r} at {verifier}: {got}")


def start():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PORT": str(port), "JWT_SECRET_KEY": KEY}
    log = open(ROOT / "target/live-test.log", "w+")
    dev = subprocess.Popen(["make", "dev"], cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    while "Ready on" not in Path(log.name).read_text():
        if dev.poll() is not None:
            raise SystemExit(f"make dev ended by itself:\n{Path(log.name).read_text()}")
        time.sleep(0.2)
    return dev, f"http://127.0.0.1:{port}"


def stop(dev):
    """Ctrl-C: the terminal sends it to every process in the foreground."""
    os.killpg(dev.pid, signal.SIGINT)
    dev.wait(timeout=30)
    left = subprocess.run(["pgrep", "-fa", f"{ROOT}/target/debug/(token|users-me|status|not-found)"], capture_output=True, text=True)
    assert not left.stdout, f"make dev left processes behind:\n{left.stdout}"
    print("make dev: ended by Ctrl-C, no process left")


def main():
    (ROOT / "target").mkdir(exist_ok=True)
    dev, url = start()
    try:
        subprocess.run(
            "cargo test --package tests --test live -- --ignored --nocapture --test-threads 1".split(),
            cwd=ROOT, check=True,
            env={**os.environ, "API_URL": url, "JWT_SECRET_KEY": KEY, "PARITY_TIERS": "core,framework,edge"},
        )
        with httpx.Client(base_url=url) as service:
            exchange_tokens(service, TestClient(app))
    finally:
        stop(dev)


if __name__ == "__main__":
    main()
