"""Pastes the README's commands into one shell, block by block: part of `make live-test`.

Beside a running `make dev` also by hand: python3 tests/readme.py http://127.0.0.1:9000
With sessions on, those of docs/configuration.md: python3 tests/readme.py http://127.0.0.1:9000 sessions
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRINTED = "http://127.0.0.1:9000"
END_OF_BLOCK = "\x1e\n"


def steps(path):
    """Each ```sh block of the file, with what it must print: the next ```json or ```http block before another ```sh."""
    found = []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL):
        if language == "sh":
            found.append([block, ""])
        elif found and language in ("json", "http"):
            found[-1][1] = block
    return found


def paste(blocks):
    """Runs the blocks in one bash, as somebody pastes them; returns what each printed."""
    script = "".join(f"{block}printf '\\x1e\\n'\n" for block in blocks)
    bash = subprocess.run(["bash"], input=script, capture_output=True, text=True, timeout=120)
    assert not bash.stderr, bash.stderr
    return bash.stdout.replace("\r", "").split(END_OF_BLOCK)[:-1]


def try_it(url, sessions=False):
    path = ROOT / ("docs/configuration.md" if sessions else "README.md")
    expected = steps(path)
    assert PRINTED in expected[0][0] and sum(bool(output) for _, output in expected) >= (2 if sessions else 3), expected
    printed = paste([block.replace(PRINTED, url) for block, _ in expected])
    assert len(printed) == len(expected), printed
    for (block, output), got in zip(expected, printed):
        assert got.strip() == output.strip(), f"{path.name} says that\n{block}prints\n{output}but it prints\n{got}"
    print(f"the {len(expected)} blocks of {path.name} print what it says")


if __name__ == "__main__":
    try_it(sys.argv[1], "sessions" in sys.argv[2:])
