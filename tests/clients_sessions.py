"""Refreshes, revokes, introspects and asks for a client's own token, with Python's two libraries."""
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from requests_oauthlib import OAuth2Session as OauthlibSession

from clients_rows import Rows

# As in events/clients.json.
SERVICE, SECRET, APP = "c_example", "cs_for-development-only", "c_web"
USER = {"username": "johndoe", "password": "secret"}
EXPIRED = {"expires_in": -60, "expires_at": 1}


class Authlib:
    name = "authlib"
    error = staticmethod(lambda code: f"OAuthError {code}")

    def __init__(self, url):
        self.url = url

    def own_token(self, secret, method):
        session = AuthlibSession(SERVICE, secret, token_endpoint_auth_method=method)
        return session.fetch_token(f"{self.url}/token", grant_type="client_credentials", scope="items")

    def app(self, **more):
        return AuthlibSession(APP, token_endpoint_auth_method="none", **more)

    def login(self):
        return self.app().fetch_token(f"{self.url}/token", scope="me", **USER)

    def refresh(self, token):
        return self.app().refresh_token(f"{self.url}/token", refresh_token=token["refresh_token"])

    def refreshed_by_itself(self, token):
        return self.app(token={**token, **EXPIRED}, token_endpoint=f"{self.url}/token")

    def revoke(self, token):
        return self.app().revoke_token(f"{self.url}/revoke", token=token["refresh_token"])

    def introspect(self, token):
        session = AuthlibSession(SERVICE, SECRET)
        return session.introspect_token(f"{self.url}/introspect", token=token["access_token"])


class Oauthlib:
    name = "requests-oauthlib"
    error = staticmethod({
        "invalid_client": "InvalidClientError invalid_client",
        "invalid_grant": "InvalidGrantError invalid_grant",
    }.get)

    def __init__(self, url):
        self.url = url

    def own_token(self, secret, method):
        session = OauthlibSession(client=BackendApplicationClient(SERVICE, scope="items"))
        in_body = method == "client_secret_post"
        way = {"include_client_id": True} if in_body else {"auth": (SERVICE, secret)}
        return session.fetch_token(f"{self.url}/token", client_secret=secret, **way)

    def app(self, **more):
        return OauthlibSession(client=LegacyApplicationClient(APP, token=more.get("token")), **more)

    def login(self):
        session = OauthlibSession(client=LegacyApplicationClient(APP, scope="me"))
        # Without `auth` it sends the name and an empty secret in the header.
        return session.fetch_token(f"{self.url}/token", include_client_id=True, **USER)

    def refresh(self, token):
        return self.app(token=token).refresh_token(f"{self.url}/token", client_id=APP)

    def refreshed_by_itself(self, token):
        ways = {"auto_refresh_url": f"{self.url}/token", "auto_refresh_kwargs": {"client_id": APP}, "token_updater": lambda _: None}
        return self.app(token={**token, **EXPIRED}, **ways)

    # It has only oauthlib's preparation of this request, and nothing for introspection.
    def revoke(self, token):
        session = self.app(token=token)
        url, headers, body = session._client.prepare_token_revocation_request(f"{self.url}/revoke", token["refresh_token"])
        return session.post(url, data=f"{body}&client_id={APP}", headers=headers, withhold_token=True)

    introspect = None


def ask(url):
    """Prints a row for each case; returns how many are wrong."""
    return sum(ask_with(library(url)) for library in [Authlib, Oauthlib])


def ask_with(library):
    row = Rows(library.name)
    for method in ["client_secret_basic", "client_secret_post"]:
        row(f"own token, {method}", lambda: library.own_token(SECRET, method)["token_type"], "bearer")
        row(f"wrong secret, {method}", lambda: library.own_token("wrong", method), library.error("invalid_client"))
    first = library.login()
    second = library.refresh(first)
    row("refreshed", lambda: second["refresh_token"] != first["refresh_token"], "True")
    row("an access token that has expired is refreshed by itself", lambda: library.refreshed_by_itself(second).get(f"{library.url}/users/me/").status_code, "200")
    third = library.login()
    if library.introspect:
        row("introspected", lambda: library.introspect(third).json()["username"], "johndoe")
    row("revoked", lambda: library.revoke(third).status_code, "200")
    if library.introspect:
        row("introspected once more", lambda: library.introspect(third).json(), "{'active': False}")
    row("refreshed once more", lambda: library.refresh(third), library.error("invalid_grant"))
    return row.wrong
