"""What people and programs do with a deployed service. Each returns what was seen, in a few words."""
import json
import time

from emulator import Failure
from service import kid

JANE, PASSWORD = "jane", "correct horse battery staple"
FORM = {"username": JANE, "password": PASSWORD, "scope": "me"}
# A key of `users keys rotate --now` signs a minute later.
SOON = 60 + 5


def first_key_and_user(api, users, url):
    """docs/operating.md's two commands; before them nobody can log in."""
    api.expect(400, "/token", form=FORM)
    users.run("add", JANE, "--scopes", "me items", "--password-stdin", stdin=PASSWORD + "\n")
    api.expect(503, "/token", form=FORM)
    users.run("keys", "generate", "--issuer", url)
    # A function that found no keys looks for them again after half a minute at most.
    wait(lambda: api.ask("/token", form=FORM).status == 200, 40, "POST /token is still not 200")
    return "a login is 400, after users add 503, after users keys generate 200"


def the_pages_flow(api):
    """FastAPI's page, over the gateway."""
    me = api.log_in(JANE, PASSWORD, "me")["access_token"]
    seen = api.expect(200, "/users/me", token=me)
    check(seen["username"] == JANE, "/users/me names somebody else")
    refused = api.expect(401, "/users/me/items", token=me).headers["WWW-Authenticate"]
    check(refused == 'Bearer scope="items me"', f"the challenge is {refused}")
    both = api.log_in(JANE, PASSWORD, "me items")["access_token"]
    api.expect(200, "/users/me/items", token=both)
    check(api.expect(401, "/status").headers["WWW-Authenticate"] == "Bearer", "/status has no challenge")
    status = api.expect(200, "/status/", token=me)
    check(status.redirected and status["status"] == "ok", "/status/ is not redirected")
    check(api.expect(404, "/nowhere")["detail"] == "Not Found", "the 404 is not the function's")
    return f"login, /users/me, /users/me/items (401 {refused}, then 200), /status/ (308, then 200), 404"


def refresh_and_logout(api):
    """A session goes on, ends with its own token, and all of them with one request."""
    first = api.log_in(JANE, PASSWORD, "me")
    refreshed = api.expect(200, "/token", form={"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    api.expect(200, "/users/me", token=refreshed["access_token"])
    other = api.log_in(JANE, PASSWORD, "me")
    api.expect(200, "/revoke", form={"token": other["refresh_token"]})
    again = api.ask("/token", form={"grant_type": "refresh_token", "refresh_token": other["refresh_token"]})
    check(again.status == 400, f"a revoked refresh token got {again.status}")
    api.expect(200, "/users/me/logout", token=refreshed["access_token"], method="POST")
    for token in (first["access_token"], refreshed["access_token"]):
        api.expect(401, "/users/me", token=token)
    return "refreshed, revoked (400), logged out everywhere (401)"


def own_client(api, users):
    """A client asks for tokens of its own, and about one of somebody else's."""
    client = users.run("clients", "add", "reports", "--scopes", "items", "--introspect")
    basic = (client["client_id"], client["client_secret"])
    own = api.expect(200, "/token", form={"grant_type": "client_credentials"}, basic=basic)
    check(own["scope"] == "items", f"its scope is {own['scope']}")
    token = api.log_in(JANE, PASSWORD, "me")["access_token"]
    asked = api.expect(200, "/introspect", form={"token": token}, basic=basic)
    check(asked["active"] and asked["username"] == JANE, "the user's token is not active")
    api.expect(401, "/token", form={"grant_type": "client_credentials"}, basic=(basic[0], "cs_wrong"))
    return "users clients add; client_credentials 200, a wrong secret 401, /introspect active"


def published_keys(api, token):
    """Whoever verifies tokens finds their key."""
    keys = json.loads(api.expect(200, "/.well-known/jwks.json").body)["keys"]
    kids = [key["kid"] for key in keys]
    check(kid(token) in kids, f"jwks.json has the keys {kids}")
    check(all("d" not in key for key in keys), "jwks.json has a private key")
    issuer = api.expect(200, "/.well-known/openid-configuration")["issuer"]
    return f"{len(kids)} keys, those of the tokens among them; the issuer is {issuer}"


def still_in(api, token):
    """An update logs nobody out."""
    check(not api.expect(200, "/users/me/", token=token).redirected, "/users/me/ is redirected")
    api.log_in(JANE, PASSWORD, "me")
    return "the token from before is valid, and its user can log in"


def rotated(api, token, since):
    """The key that was made `since` signs; the token of the one before is valid."""
    old = kid(token)

    def signed():
        return kid(api.log_in(JANE, PASSWORD, "me")["access_token"])

    time.sleep(max(0, since + SOON - time.monotonic()))
    wait(lambda: signed() != old, 10, "the new key does not sign")
    api.expect(200, "/users/me", token=api.log_in(JANE, PASSWORD, "me")["access_token"])
    api.expect(200, "/users/me", token=token)
    return f"{signed()[:8]} signs after {old[:8]}, whose tokens are valid"


def wait(happened, seconds, otherwise):
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise Failure(f"{otherwise} after {seconds} s")
        time.sleep(1)


def check(right, otherwise):
    if not right:
        raise Failure(otherwise)
