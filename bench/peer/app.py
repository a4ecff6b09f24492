"""The peer of the benchmark: the four routes of FastAPI's page "OAuth2 scopes", on Lambda as one
deploys them in Python: FastAPI, Mangum, awslambdaric. It has the functions' key, users and
argon2 parameters, and does nothing that the page does not do."""
import json
import os
from datetime import datetime, timedelta, timezone
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Security, status
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm, SecurityScopes
from mangum import Mangum
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import BaseModel, ValidationError

KEY = os.environ["JWT_SECRET_KEY"]
LIFETIME = timedelta(minutes=30)
with open(os.environ["USERS_FILE"]) as file:
    USERS = {user["username"]: user for user in json.load(file)}
PASSWORDS = PasswordHash((Argon2Hasher(),))
# Verified for unknown names, so that they take as long as known ones. The page computes this hash at every start.
DUMMY = next(iter(USERS.values()))["password_hash"]


class Token(BaseModel):
    access_token: str
    token_type: str


class TokenData(BaseModel):
    username: str | None = None
    scopes: list[str] = []


class User(BaseModel):
    username: str
    email: str | None = None
    full_name: str | None = None
    disabled: bool | None = None


oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token", scopes={"me": "Read yourself.", "items": "Read items."})
# An HTTP API has no route that ends in a slash, so a redirect to such a path would not arrive here.
app = FastAPI(redirect_slashes=False)


def authenticate(username, password):
    user = USERS.get(username)
    matches = PASSWORDS.verify(password, user["password_hash"] if user else DUMMY)
    return user if user and matches else None


async def current_user(security_scopes: SecurityScopes, token: Annotated[str, Depends(oauth2_scheme)]):
    challenge = f'Bearer scope="{security_scopes.scope_str}"' if security_scopes.scopes else "Bearer"
    headers = {"WWW-Authenticate": challenge}
    invalid = HTTPException(status.HTTP_401_UNAUTHORIZED, "Could not validate credentials", headers)
    try:
        payload = jwt.decode(token, KEY, algorithms=["HS256"])
        data = TokenData(username=payload.get("sub"), scopes=payload.get("scope", "").split(" "))
    except (jwt.InvalidTokenError, ValidationError):
        raise invalid
    user = USERS.get(data.username)
    if user is None:
        raise invalid
    for scope in security_scopes.scopes:
        if scope not in data.scopes:
            raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Not enough permissions", headers)
    return User(**user)


async def active_user(user: Annotated[User, Security(current_user, scopes=["me"])]):
    if user.disabled:
        raise HTTPException(400, "Inactive user")
    return user


@app.post("/token")
async def login(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    user = authenticate(form.username, form.password)
    if not user:
        raise HTTPException(400, "Incorrect username or password")
    claims = {"sub": user["username"], "scope": " ".join(form.scopes), "exp": datetime.now(timezone.utc) + LIFETIME}
    return Token(access_token=jwt.encode(claims, KEY, algorithm="HS256"), token_type="bearer")


@app.get("/users/me")
async def me(user: Annotated[User, Depends(active_user)]) -> User:
    return user


@app.get("/users/me/items")
async def items(user: Annotated[User, Security(active_user, scopes=["items"])]):
    return [{"item_id": "Foo", "owner": user.username}]


@app.get("/status")
async def state(user: Annotated[User, Depends(current_user)]):
    return {"status": "ok"}


handler = Mangum(app, lifespan="off")
