"""Tests `make dev` over HTTP: the work of `make live-test`.

For each store: starts it on a free port with a key of its own, runs tests/live.rs and every parity
case against it, pastes README.md's "Try it", exchanges tokens with a FastAPI app that shares the key,
and ends it; then once more with sessions. In memory it also sends what is no right request, invokes functions
and saves a file; on DynamoDB it adds and changes a user meanwhile, with the `users` command.
"""
import os
import re
import secrets
import shlex
import socket
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


def chunked_bodies(url):
    """A body in chunks arrives whole; a bad chunk is the client's mistake, not a 500."""
    form = b"username=johndoe&password=secret"
    whole = b"5\r\nusern\r\n1b;x=y\r\n" + form[5:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
    for body, status in [
        (whole, 200),
        (b"zz\r\nusern\r\n0\r\n\r\n", 400),
        (b"0x5\r\nusern\r\n0\r\n\r\n", 400),
        (b"-5\r\nusern\r\n0\r\n\r\n", 400),
        (b"5\r\nusername\r\n0\r\n\r\n", 400),
    ]:
        answer = raw(url, b"POST /token HTTP/1.1", b"Content-Type: application/x-www-form-urlencoded", b"Transfer-Encoding: chunked", body=body)
        print("chunks", body, answer)
        assert answer == f"HTTP/1.1 {status}"


def request_targets(url):
    """What is no path is no request for a function."""
    for target, status in [(b"*", 400), (b"token", 400), (b"/lambda-url/", 404), (b"/lambda-url/users/", 404)]:
        answer = raw(url, b"OPTIONS " + target + b" HTTP/1.1")
        print("OPTIONS", target, answer)
        assert answer == f"HTTP/1.1 {status}"


def raw(url, *lines, body=b""):
    """Sends bytes as they are; returns the beginning of the status line."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(b"\r\n".join([*lines, b"Host: localhost", b"", body]))
        return connection.recv(12).decode()


def invoke(url):
    """One function, by the README's command; the token of events/users-me.json has another key."""
    port = url.rpartition(":")[2]
    for arguments, expected in [
        (["F=token"], '"statusCode":200,'),
        (["F=users-me", "E=events/users-me-no-token.json"], '"statusCode":401,'),
        (["F=authorizer"], '"isAuthorized":'),
    ]:
        environment = {**os.environ, "PORT": port}
        done = subprocess.run(["make", "invoke", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
        print("make invoke", *arguments, done.stdout.strip(), done.stderr)
        assert expected in done.stdout


SOURCE = ROOT / "functions/well-known/src/lib.rs"


def saves(url):
    """A request after a save gets the answer of what was saved: 503 with cargo's error, or the panic, and then what it was."""
    before = SOURCE.read_text()
    handle = re.search(r"^pub async fn handle\(.*?\{\n", before, re.MULTILINE | re.DOTALL)[0]
    start = re.search(r"start: .*,$", before, re.MULTILINE)[0]
    try:
        for old, new, status, said in [
            (handle, handle + "return shared::http::json(&7);", 200, "7"),
            (handle, handle + "let x: u8 = true;", 503, "error[E0308]: mismatched types"),
            (start, 'start: |_| panic!("at the start"),', 503, "at the start"),
            (handle, handle, 404, "Not Found"),
        ]:
            SOURCE.write_text(before.replace(old, new))
            answer = httpx.get(f"{url}/.well-known/jwks.json", timeout=120)
            print(f"a save, and at once a request: {answer.status_code}", answer.text[:160].replace("\n", " "))
            assert answer.status_code == status and said in answer.text, answer.text
    finally:
        SOURCE.write_text(before)


def users_command(printed):
    """The `users` command in a second terminal, while `make dev USER_STORE=dynamodb` runs: in another
    folder and with nothing but what was printed."""
    variables = dict(re.findall(r"(AWS_ENDPOINT_URL_DYNAMODB|USERS_TABLE)=(\S+)", printed))
    [program] = shlex.split(re.search(r"^  (.+) list$", printed, re.MULTILINE)[1])
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **variables}

    def users(*arguments, **options):
        done = subprocess.run([program, *arguments], cwd="/", env=environment, capture_output=True, text=True, **options)
        assert done.returncode == 0, done.stderr
        print("$ users", *arguments, "\n" + done.stdout.strip())

    return users


JANE = {"username": "jane", "password": "correct horse battery staple", "scope": "me"}


def two_terminals(service, users):
    """Somebody who is added meanwhile can log in, and each command counts at once."""
    assert service.post("/token", data=JANE).status_code == 400
    users("add", "jane", "--scopes", "me items", "--password-stdin", input=JANE["password"] + "\n")
    answer = service.post("/token", data=JANE)
    assert answer.status_code == 200, answer.text
    which_tokens_live(service, users, JANE)


def which_sessions_live(service, users):
    """Before each step somebody logs in; afterwards, what the refresh token and the access token get."""
    password = {"input": JANE["password"] + "\n"}

    def with_token(session):
        return {"headers": {"Authorization": "Bearer " + session["access_token"]}}

    def recreate(session):
        users("remove", "jane", "--yes")
        users("add", "jane", "--scopes", "me items", "--password-stdin", **password)

    for name, step, expected in [
        ("nothing", lambda session: None, [200, 200]),
        ("POST /revoke", lambda session: service.post("/revoke", data={"token": session["refresh_token"]}), [400, 200]),
        ("POST /users/me/logout", lambda session: service.post("/users/me/logout", **with_token(session)), [400, 401]),
        ("users set-scopes", lambda session: users("set-scopes", "jane", "me"), [200, 200]),
        ("users set-password", lambda session: users("set-password", "jane", "--password-stdin", **password), [400, 401]),
        ("users logout", lambda session: users("logout", "jane"), [400, 401]),
        ("users remove, users add", recreate, [400, 401]),
        ("users disable", lambda session: users("disable", "jane"), [400, 401]),
    ]:
        session = service.post("/token", data=JANE).json()
        step(session)
        refresh = {"grant_type": "refresh_token", "refresh_token": session["refresh_token"]}
        answers = service.post("/token", data=refresh), service.get("/users/me/", **with_token(session))
        got = [answer.status_code for answer in answers]
        print(f"| {name} | refresh {got[0]} | access token {got[1]} |")
        assert got == expected, (name, got)


def which_tokens_live(service, users, form):
    """Before each command somebody logs in; afterwards, what GET /users/me/ answers to each of the tokens."""
    add, password = ("add", "jane", "--scopes", "me items", "--password-stdin"), form["password"] + "\n"
    names, tokens, rows = "abcdefghi", {}, []
    for arguments, options, expected in [
        (("disable", "jane"), {}, "401"),
        (("enable", "jane"), {}, "401 401"),
        (("set-scopes", "jane", "items"), {}, "401 401 401"),
        (("set-scopes", "jane", "me items"), {}, "401 401 200"),
        (("set-password", "jane", "--password-stdin"), {"input": password}, "401 401 401 401"),
        (("logout", "jane"), {}, "401 401 401 401 401"),
        (("remove", "jane", "--yes"), {}, "401 401 401 401 401 401"),
        (add, {"input": password}, "401 401 401 401 401 401"),
    ]:
        answer = service.post("/token", data=form)
        if answer.status_code == 200:
            tokens[names[len(tokens)]] = answer.json()["access_token"]
        users(*arguments, **options)
        headers = [{"Authorization": f"Bearer {token}"} for token in tokens.values()]
        statuses = " ".join(str(service.get("/users/me/", headers=header).status_code) for header in headers)
        rows.append((" ".join(arguments[:2]), statuses))
        assert statuses == expected, (arguments, statuses)
    print("| after | tokens a, b, ... of before each command |\n|---|---|")
    for row in rows:
        print("| users", " | ".join(row), "|")


def with_sessions(store, database):
    """In memory too, since the functions of one process share a store."""
    dev, url, printed = start(store, JWT_SECRET_KEY=KEY, DYNAMODB_FILE=database, REFRESH_IDLE_DAYS="30")
    try:
        try_it(url, sessions=True)
        if store == "dynamodb":
            with httpx.Client(base_url=url, timeout=30) as service:
                which_sessions_live(service, users_command(printed))
    finally:
        stop(dev, url)


def main():
    with tempfile.TemporaryDirectory() as folder:
        database = f"{folder}/dynamodb.sqlite"
        for store, how in (("memory", "Ctrl-C"), ("dynamodb", "kill -TERM")):
            dev, url, printed = start(store, JWT_SECRET_KEY=KEY, DYNAMODB_FILE=database)
            print(f"make dev USER_STORE={store}: ready on {url}")
            try:
                subprocess.run(
                    "cargo test --package tests --test live -- --ignored --nocapture --test-threads 1".split(),
                    cwd=ROOT, check=True,
                    env={**os.environ, "API_URL": url, "JWT_SECRET_KEY": KEY, "PARITY_TIERS": "core,framework,edge"},
                )
                try_it(url)
                with httpx.Client(base_url=url, timeout=30) as service:
                    exchange_tokens(service, TestClient(app))
                    if store == "dynamodb":
                        two_terminals(service, users_command(printed))
                if store == "memory":
                    chunked_bodies(url)
                    request_targets(url)
                    invoke(url)
                    saves(url)
            finally:
                stop(dev, url, how)
        for store in ("memory", "dynamodb"):
            with_sessions(store, database)


if __name__ == "__main__":
    main()
