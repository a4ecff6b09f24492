"""Pastes README.md's "Try it" into one shell, block by block: part of `make live-test`.

Beside a running `make dev` also by hand: python3 tests/readme.py http://127.0.0.1:9000
Its last part needs sessions: python3 tests/readme.py http://127.0.0.1:9000 sessions
"""
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
PRINTED = "http://127.0.0.1:9000"
END_OF_BLOCK = "\x1e\n"


def steps(text, sessions):
    """Each ```sh block of the section, with what it must print: the ```json or ```http block that comes next, or nothing."""
    section = text.split("\n## Try it\n")[1].split("\n## ")[0]
    if not sessions:
        section = section.split("\n### A login that lasts\n")[0]
    found = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        if language == "sh":
            found.append([block, ""])
        elif language in ("json", "http"):
            found[-1][1] = block
    return found


def paste(blocks):
    """Runs the blocks in one bash, as somebody pastes them; returns what each printed."""
    script = "".join(f"{block}printf '\\x1e\\n'\n" for block in blocks)
    bash = subprocess.run(["bash"], input=script, capture_output=True, text=True, timeout=120)
    assert not bash.stderr, bash.stderr
    return bash.stdout.replace("\r", "").split(END_OF_BLOCK)[:-1]


def try_it(url, sessions=False):
    expected = steps(README.read_text(), sessions)
    assert PRINTED in expected[0][0] and sum(bool(output) for _, output in expected) >= (5 if sessions else 3), expected
    printed = paste([block.replace(PRINTED, url) for block, _ in expected])
    assert len(printed) == len(expected), printed
    for (block, output), got in zip(expected, printed):
        assert got.strip() == output.strip(), f"README.md says that\n{block}prints\n{output}but it prints\n{got}"
    print(f"README.md's {len(expected)} blocks of Try it print what it says")


if __name__ == "__main__":
    try_it(sys.argv[1], "sessions" in sys.argv[2:])
