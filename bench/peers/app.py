"""POST /token and GET /users/me of FastAPI's page "OAuth2 scopes", on Lambda as one deploys them in Python: FastAPI,
Mangum, awslambdaric. It has the functions' key, users and argon2 parameters, and does nothing that the page does not do."""
import json
import os
from datetime import datetime, timedelta, timezone
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm, SecurityScopes
from mangum import Mangum
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import BaseModel, ValidationError

KEY = os.environ["JWT_SECRET_KEY"]
with open(os.environ["USERS_FILE"]) as file:
    USERS = {user["username"]: user for user in json.load(file)}
PASSWORDS = PasswordHash((Argon2Hasher(),))


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


async def current_user(security_scopes: SecurityScopes, token: Annotated[str, Depends(oauth2_scheme)]):
    headers = {"WWW-Authenticate": f'Bearer scope="{security_scopes.scope_str}"'}
    try:
        payload = jwt.decode(token, KEY, algorithms=["HS256"])
        data = TokenData(username=payload.get("sub"), scopes=payload.get("scope", "").split(" "))
    except (jwt.InvalidTokenError, ValidationError):
        raise HTTPException(401, "Could not validate credentials", headers)
    user = USERS.get(data.username)
    if user is None or not all(scope in data.scopes for scope in security_scopes.scopes):
        raise HTTPException(401, "Not enough permissions" if user else "Could not validate credentials", headers)
    return User(**user)


async def active_user(user: Annotated[User, Security(current_user, scopes=["me"])]):
    if user.disabled:
        raise HTTPException(400, "Inactive user")
    return user


@app.post("/token")
async def login(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    user = USERS.get(form.username)
    if not user or not PASSWORDS.verify(form.password, user["password_hash"]):
        raise HTTPException(400, "Incorrect username or password")
    end = datetime.now(timezone.utc) + timedelta(minutes=30)
    claims = {"sub": user["username"], "scope": " ".join(form.scopes), "exp": end}
    return Token(access_token=jwt.encode(claims, KEY, algorithm="HS256"), token_type="bearer")


@app.get("/users/me")
async def me(user: Annotated[User, Depends(active_user)]) -> User:
    return user


handler = Mangum(app, lifespan="off")
