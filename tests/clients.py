"""Asks `make dev` with four OAuth client libraries: the work of `make client-test`.

Each must raise the error that its users look for: a row of the output is a library, a case and what it
raised. The errors of logins and routes are those of API_DIALECT=rfc; refreshing, revoking,
introspecting and a client's own tokens are the same in both dialects. This file and
clients_sessions.py ask with Python's two libraries, tests/clients/*.mjs with JavaScript's.
"""
import os
import subprocess

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient, OAuth2Error
from requests import Response
from requests.utils import parse_dict_header
from requests_oauthlib import OAuth2Session as OauthlibSession

import clients_sessions
from clients_rows import Rows
from service import ROOT, start, stop

# How many logins may fail. A right login lets the service forget those before it, so the cases that
# have one wrong password do not add up.
LIMIT = 2
CLIENT = "a-client"
# `make dev` has no TLS, which oauthlib refuses unless it is told.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


class Authlib:
    name = "authlib"

    # It has one class for every code.
    error = staticmethod(lambda code: f"OAuthError {code}")

    def __init__(self, url):
        self.url = url

    def login(self, grant_type="password", **fields):
        session = AuthlibSession(CLIENT)
        session.fetch_token(f"{self.url}/token", grant_type=grant_type, **fields)
        return session

    def with_token(self, token):
        return AuthlibSession(CLIENT, token=token)


class Oauthlib:
    name = "requests-oauthlib"

    # It has a class for each code; of those for `invalid_request` it takes the first by name.
    error = staticmethod({
        "invalid_grant": "InvalidGrantError invalid_grant",
        "invalid_request": "InvalidClientIdError invalid_request",
        "invalid_scope": "InvalidScopeError invalid_scope",
        "unsupported_grant_type": "UnsupportedGrantTypeError unsupported_grant_type",
        "temporarily_unavailable": "TemporarilyUnavailableError temporarily_unavailable",
    }.get)

    def __init__(self, url):
        self.url = url

    def login(self, grant_type="password", scope=None, **fields):
        kind = {"password": LegacyApplicationClient, "client_credentials": BackendApplicationClient}[grant_type]
        # A scope that only the session has would be compared with the granted one, but not sent.
        session = OauthlibSession(client=kind(CLIENT, scope=scope))
        session.fetch_token(f"{self.url}/token", **fields)
        return session

    def with_token(self, token):
        return OauthlibSession(client=LegacyApplicationClient(CLIENT), token=token)


def describe(response):
    """Neither library raises an error for a resource: it returns requests' response, with the challenge as a text."""
    if not isinstance(response, Response):
        return "no error, a token"
    scheme, _, parameters = response.headers.get("WWW-Authenticate", "").partition(" ")
    found = parse_dict_header(parameters)
    challenge = f', {scheme} {found.get("error")}, scope "{found.get("scope")}"' if scheme else ""
    return f"no error, {response.status_code}{challenge}"


def ask(library):
    """Prints a row for each case; returns how many are wrong."""
    rows = Rows(library.name)

    def login(**fields):
        return library.login(**{"username": "johndoe", "password": "secret", **fields})

    def row(name, action, expected):
        rows(name, action, expected, describe)

    items, me = f"{library.url}/users/me/items/", f"{library.url}/users/me/"
    bad = {"access_token": "bad", "token_type": "bearer"}
    row("right login", lambda: login(scope="me items").get(items), "no error, 200")
    row("wrong password", lambda: login(password="wrong"), library.error("invalid_grant"))
    row("too little scope", lambda: login(scope="me").get(items), 'no error, 403, Bearer insufficient_scope, scope "items me"')
    row("bad token", lambda: library.with_token(bad).get(me), 'no error, 401, Bearer invalid_token, scope "me"')
    # Both libraries leave out a field that is empty.
    row("missing field", lambda: login(password=""), library.error("invalid_request"))
    row("another grant_type", lambda: library.login("client_credentials"), library.error("unsupported_grant_type"))
    row("scope that cannot be granted", lambda: login(scope="admin"), library.error("invalid_scope"))
    # A name of its own, so that nobody else has to wait. A name that does not exist counts as well.
    guess = {"username": f"nobody of {library.name}"}
    for _ in range(LIMIT):
        try:
            login(**guess)
        except (OAuthError, OAuth2Error):
            pass
    row("too many attempts", lambda: login(**guess), library.error("temporarily_unavailable"))
    return rows.wrong


def javascript(file, *arguments):
    return subprocess.run(["node", ROOT / "tests/clients" / file, *arguments]).returncode


def main():
    dev, url, _ = start(API_DIALECT="rfc", LOGIN_FAILURES_PER_ACCOUNT=str(LIMIT))
    try:
        wrong = ask(Authlib(url)) + ask(Oauthlib(url)) + javascript("clients.mjs", url, str(LIMIT))
    finally:
        stop(dev, url)
    for dialect in ["fastapi", "rfc"]:
        print(f"with sessions and clients, API_DIALECT={dialect}", flush=True)
        dev, url, _ = start("dynamodb", API_DIALECT=dialect, REFRESH_IDLE_DAYS="30", CLIENTS="check")
        try:
            wrong += clients_sessions.ask(url) + javascript("sessions.mjs", url)
        finally:
            stop(dev, url)
    assert not wrong, "see the rows that are WRONG"


if __name__ == "__main__":
    main()
