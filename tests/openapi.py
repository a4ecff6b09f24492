"""Tests `make dev` against the document that it serves: the work of `make openapi-test`.

The document is valid OpenAPI, and schemathesis finds no request that is answered otherwise than it says.
"""
import gzip
import json
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

from openapi_spec_validator import validate
from service import ROOT, start, stop

SCHEMATHESIS = Path(sys.executable).parent / "st"
LOGOUT = "/users/me/logout"


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return answer.read()


def login(url):
    form = {"username": "johndoe", "password": "secret", "scope": "me items"}
    with urllib.request.urlopen(f"{url}/token", urllib.parse.urlencode(form).encode()) as answer:
        return json.load(answer)["access_token"]


def sizes(url):
    """Prints how large the files are that a browser loads, plain and compressed as it asks for them."""
    for path in ("/openapi.json", "/docs", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"):
        plain = get(url + path)
        small = get(url + path, **{"Accept-Encoding": "gzip"})
        assert gzip.decompress(small) == plain, path
        print(f"{path}: {len(plain)} bytes, {len(small)} with gzip")


def schemathesis(url):
    """Twice, since a logout ends the token that the others need. Runs in target/, since it writes files."""
    for only in (["--exclude-path", LOGOUT], ["--include-path", LOGOUT]):
        subprocess.run(
            [SCHEMATHESIS, "--config-file", ROOT / "tests/schemathesis.toml", "run", f"{url}/openapi.json", *only,
             "--header", f"Authorization: Bearer {login(url)}", "--max-examples", "200", "--generation-deterministic"],
            cwd=ROOT / "target", check=True,
        )


def main():
    dev, url, _ = start(JWT_ALGORITHM="ES256", ISSUER="http://127.0.0.1:{port}", REFRESH_IDLE_DAYS="30", CLIENTS="check")
    try:
        validate(json.loads(get(f"{url}/openapi.json")))
        print(f"openapi-spec-validator: {url}/openapi.json is valid")
        sizes(url)
        schemathesis(url)
    finally:
        stop(dev, url)


if __name__ == "__main__":
    main()
