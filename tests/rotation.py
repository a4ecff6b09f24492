"""Rotates and revokes keys under load, in real time: the work of `make rotation-test`, some 17 minutes.

`make dev USER_STORE=dynamodb JWT_ALGORITHM=RS256` answers logins and requests all the time, while the
`users` command changes its ring. No valid token may be refused, and those of a revoked key must be,
within the time in which functions read the ring again. tests/tokens.rs does the same with a clock
that it sets; here nothing is simulated.
"""
import collections
import json
import os
import re
import shlex
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import jwt

from service import start, stop

FORM = urllib.parse.urlencode({"username": "johndoe", "password": "secret", "scope": "me"}).encode()
# What shared/src/domain/tokens/keys/keyring.rs says, and a second for the request that comes next.
FRESH, PAUSE = 300 + 1, 30 + 1
READERS = 4


class Load:
    """Logs in once a second, and asks with the tokens that it has, those of each key in turn."""

    def __init__(self, url):
        self.url, self.stopped = url, False
        self.tokens = collections.defaultdict(list)  # by key
        self.refused = collections.defaultdict(list)  # by key: when
        self.accepted = collections.defaultdict(lambda: [0, 0.0])  # by key: how often, and when last
        self.logins = collections.Counter()  # by status
        self.threads = [threading.Thread(target=self.log_in)]
        self.threads += [threading.Thread(target=self.read) for _ in range(READERS)]
        for thread in self.threads:
            thread.start()

    def log_in(self):
        while not self.stopped:
            status, body = ask(f"{self.url}/token", data=FORM)
            self.logins[status] += 1
            if status == 200:
                token = json.loads(body)["access_token"]
                kept = self.tokens[jwt.get_unverified_header(token)["kid"]]
                kept.append(token)
                del kept[:-20]
            time.sleep(1)

    def read(self):
        while not self.stopped:
            for kid, tokens in list(self.tokens.items()):
                status, _ = ask(f"{self.url}/users/me/", headers={"Authorization": f"Bearer {tokens[-1]}"})
                if status == 200:
                    self.accepted[kid] = [self.accepted[kid][0] + 1, time.monotonic()]
                else:
                    assert status == 401, status
                    self.refused[kid].append(time.monotonic())
            time.sleep(0.02)

    def end(self):
        self.stopped = True
        for thread in self.threads:
            thread.join()


def ask(url, data=None, headers=()):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, dict(headers)), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def command(printed):
    """The `users` command as a second terminal has it."""
    [program] = shlex.split(re.search(r"^  (.+) list$", printed, re.MULTILINE)[1])
    variables = dict(re.findall(r"(AWS_ENDPOINT_URL_DYNAMODB|USERS_TABLE|SIGNING_KEYS)=(\S+)", printed))

    def keys(*arguments):
        done = subprocess.run([program, "keys", *arguments], env={**os.environ, **variables}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        print("$ users keys", *arguments, "\n" + done.stdout.strip(), flush=True)

    return keys


def wait_until(what, condition, at_most):
    """Waits, and says how long it took."""
    since = time.monotonic()
    while not condition():
        assert time.monotonic() < since + at_most, f"{what}: not in {at_most} s"
        time.sleep(0.2)
    print(f"{what}: after {time.monotonic() - since:.0f} s", flush=True)


def main():
    dev, url, printed = start("dynamodb", JWT_ALGORITHM="RS256", ISSUER="http://127.0.0.1:{port}")
    keys, load = command(printed), Load(url)
    try:
        wait_until("the first key's tokens are accepted", lambda: load.accepted, 30)
        [first] = load.tokens
        keys("rotate", "--now")
        wait_until("another key signs", lambda: len(load.tokens) == 2, FRESH + 60)
        [second] = load.tokens.keys() - {first}
        time.sleep(PAUSE)
        assert not load.refused, load.refused
        print(f"accepted while the ring rotated: {dict(load.accepted)}, refused: none")

        keys("revoke", first)
        revoked = time.monotonic()
        wait_until("the first token of the revoked key is refused", lambda: load.refused[first], FRESH)
        time.sleep(max(0.0, revoked + FRESH - time.monotonic()))
        late = load.accepted[first][1] - revoked
        print(f"the last one is accepted {late:.0f} s after `revoke`")
        assert late < FRESH and not load.refused[second], load.refused[second]

        keys("revoke", second)
        revoked = time.monotonic()
        wait_until("a third key signs", lambda: len(load.tokens) == 3, FRESH)
        [third] = load.tokens.keys() - {first, second}
        time.sleep(max(0.0, revoked + FRESH - time.monotonic()) + PAUSE)
        late = load.accepted[second][1] - revoked
        early = [at - revoked for at in load.refused[third]]
        print(f"of the second, the last is accepted {late:.0f} s after `revoke`; of the third, {len(early)} are refused")
        assert late < FRESH
        assert not early or max(early) - min(early) < PAUSE, early
        keys("list")
        print("logins by status:", dict(load.logins))
        print("accepted by key:", {kid: count for kid, (count, _) in load.accepted.items()})
        assert set(load.logins) == {200}
    finally:
        load.end()
        stop(dev, url)


if __name__ == "__main__":
    main()
