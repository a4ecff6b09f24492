"""Tests `make dev` over HTTP: the work of `make live-test`.

For each store: starts it on a free port with a key of its own, runs tests/live.rs and every parity
case against it, exchanges tokens with a FastAPI app that shares the key, and ends it with Ctrl-C.
On DynamoDB it also adds and changes a user meanwhile, with the `users` command.
"""
import os
import re
import secrets
import subprocess
from datetime import datetime, timedelta, timezone
from typing import Annotated

import httpx2 as httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm, SecurityScopes
from fastapi.testclient import TestClient

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


def two_terminals(service, log):
    """While `make dev USER_STORE=dynamodb` runs, somebody works with the `users` command."""
    variables = dict(re.findall(r"(AWS_ENDPOINT_URL_DYNAMODB|USERS_TABLE)=(\S+)", log))
    program = re.search(r"^  (\S+) list$", log, re.MULTILINE)[1]

    def users(*arguments, **options):
        done = subprocess.run([program, *arguments], cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, **options)
        assert done.returncode == 0, done.stderr
        print("$ users", *arguments, "\n" + done.stdout.strip())

    form = {"username": "jane", "password": "correct horse battery staple", "scope": "me"}
    assert service.post("/token", data=form).status_code == 400
    users("add", "jane", "--scopes", "me items", "--password-stdin", input=form["password"] + "\n")
    answer = service.post("/token", data=form)
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": "Bearer " + answer.json()["access_token"]}
    for arguments, status in [((), 200), (("disable", "jane"), 400), (("enable", "jane"), 200), (("set-scopes", "jane", "items"), 401), (("remove", "jane", "--yes"), 401)]:
        if arguments:
            users(*arguments)
        answer = service.get("/users/me/", headers=headers)
        print("GET /users/me/ as jane:", answer.status_code, answer.text)
        assert answer.status_code == status


def main():
    for store in ("memory", "dynamodb"):
        dev, url, log = start(store, JWT_SECRET_KEY=KEY)
        print(f"make dev USER_STORE={store}: ready on {url}")
        try:
            subprocess.run(
                "cargo test --package tests --test live -- --ignored --nocapture --test-threads 1".split(),
                cwd=ROOT, check=True,
                env={**os.environ, "API_URL": url, "JWT_SECRET_KEY": KEY, "PARITY_TIERS": "core,framework,edge"},
            )
            with httpx.Client(base_url=url, timeout=30) as service:
                exchange_tokens(service, TestClient(app))
                if store == "dynamodb":
                    two_terminals(service, log)
        finally:
            stop(dev, url)


if __name__ == "__main__":
    main()
