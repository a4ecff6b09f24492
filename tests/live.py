"""Tests `make dev` over HTTP: the work of `make live-test`.

For each store: starts it on a free port with a key of its own, runs tests/live.rs, every parity case and
tests/make_dev.rs against it, pastes README.md's "Try it", exchanges tokens with a FastAPI app that shares the
key, and ends it; then once more with sessions.
"""
import os
import re
import secrets
import shlex
import subprocess
import tempfile
from datetime import datetime, timedelta, timezone
from typing import Annotated

import httpx2 as httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm, SecurityScopes
from fastapi.testclient import TestClient

from readme import try_it
from service import ROOT, start, stop

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
    """A token as either version of the page makes it: with `scope`, a text, or with `scopes`, a list."""
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


def cargo_test(program, url, *names, **variables):
    command = f"cargo test --package tests --test {program} -- --ignored --nocapture --test-threads 1".split()
    subprocess.run([*command, *names], cwd=ROOT, check=True, env={**os.environ, "API_URL": url, **variables})


def second_terminal(printed):
    """What `make dev USER_STORE=dynamodb` printed for the `users` command."""
    variables = dict(re.findall(r"(AWS_ENDPOINT_URL_DYNAMODB|USERS_TABLE)=(\S+)", printed))
    [program] = shlex.split(re.search(r"^  (.+) list$", printed, re.MULTILINE)[1])
    return {"USERS": program, **variables}


def with_sessions(store, database):
    """In memory too, since the functions of one process share a store."""
    dev, url, printed = start(store, JWT_SECRET_KEY=KEY, DYNAMODB_FILE=database, REFRESH_IDLE_DAYS="30")
    try:
        try_it(url, sessions=True)
        if store == "dynamodb":
            cargo_test("make-dev", url, "each_end_of_a_session", **second_terminal(printed))
    finally:
        stop(dev, url)


def main():
    with tempfile.TemporaryDirectory() as folder:
        database = f"{folder}/dynamodb.sqlite"
        for store, how in (("memory", "Ctrl-C"), ("dynamodb", "kill -TERM")):
            dev, url, printed = start(store, JWT_SECRET_KEY=KEY, DYNAMODB_FILE=database)
            print(f"make dev USER_STORE={store}: ready on {url}")
            try:
                cargo_test("live", url, JWT_SECRET_KEY=KEY, PARITY_TIERS="core,framework,edge")
                try_it(url)
                with httpx.Client(base_url=url, timeout=30) as service:
                    exchange_tokens(service, TestClient(app))
                if store == "dynamodb":
                    cargo_test("make-dev", url, "each_command", **second_terminal(printed))
                else:
                    cargo_test("make-dev", url, "invoked", "after_a_save")
            finally:
                stop(dev, url, how)
        for store in ("memory", "dynamodb"):
            with_sessions(store, database)


if __name__ == "__main__":
    main()
