#!/usr/bin/env python3
"""`make new DIR=../my-api NAME=my-api`: a copy of this project, to build an API of your own on.

What only this project's own development needs is left out, the order routes of examples/ become functions, and
the files that name what is gone are edited. An edit whose text is no longer there fails, and so does a mention
that no edit reached: `make new-test` makes CI notice both.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OWN_NAME = "lambda-oauth2-scopes"
USAGE = "make new DIR=../my-api NAME=my-api"

# The beginnings of paths.
LEFT_OUT = (
    ".github/", "CHANGELOG.md", "bench/", "docs/adr/", "docs/authorize.png", "docs/performance.", "docs/upstream",
    "scripts/new.py", "scripts/new/",
)
# What .gitignore names, for a copy of this project that has no .git.
NEVER_COPIED = {".git", ".venv", ".aws-sam", ".dev", "__pycache__", "node_modules", "target"}

# The rules of the Makefile that go, by what their first line begins with.
RULES = (
    "bench:", "bench/peers/dist/ok:", "new:", "new-test:", "NEW_TESTS :=",
)
# Lines that go: each text is in exactly one line of its file.
LINES = {
    ".ci/run": ("--package bench", "make new-test"),
    ".gitignore": ("/bench/",),
    
    "Cargo.toml": ("# To be copied into functions/", 'exclude = ["examples"]'),
    "Makefile": ("RELEASE := ", "check-jsonschema --builtin-schema", "zizmor --offline"),
    "scripts/tools.mk": (
        "# What checks .github/workflows.", "PIP_workflows :=", "# The benchmark's peer", "PIP_peer :=",
    ),
}
# The file, a text that is there once, and what becomes of it.
EDITS = [
    ("CONTRIBUTING.md", " A decision worth remembering is ten lines in\n`docs/adr/`.", ""),
    (
        "CONTRIBUTING.md",
        "`examples/users-me-orders` has two methods, a query\n   and a JSON body, `examples/users-me-order` a path"
        " parameter; both work as they are, so begin with\n   `cp -r examples/users-me-order* functions/`."
        " From another function: the name in `Cargo.toml` and\n   `main.rs`, then",
        "`functions/users-me-orders` has two methods, a query\n   and a JSON body, `functions/users-me-order` a path"
        " parameter. Change the name in `Cargo.toml` and\n   `main.rs`, then",
    ),
    ("CONTRIBUTING.md", ", the benchmark `cargo test -p bench`", ""),
    ("CONTRIBUTING.md", "`tests/examples.rs`, `tests/routing.rs`", "`tests/orders.rs`, `tests/routing.rs`"),
    ("CONTRIBUTING.md", '"me items orders"', '"me items orders invoices"'),
    ("Cargo.toml", 'members = ["bench", "bench/floor", ', "members = ["),
    ("Cargo.toml", "# Only `make dev` and the benchmark use these.\n", ""),
    ("Cargo.toml", "# Only the benchmark and the tests use these.\n", "# Only the tests use these, for HTTP and TLS.\n"),
    ("Makefile", " bench new new-test ", " "),
    ("Makefile", " --exclude bench --exclude floor", ""),
    ("Makefile", "build bench: export", "build: export"),
    ("Makefile", " .venv/workflows/ok", ""),
    (
        "docs/deploying.md",
        "In a pipeline: [.github/workflows/deploy.yml](../.github/workflows/deploy.yml), with a role that GitHub assumes\n"
        "(OIDC) instead of keys",
        "In a pipeline: `.ci/run`, then `make deploy`, with a role that the pipeline assumes (OIDC) instead of keys",
    ),
    ("docs/deploying.md", "from [performance.md](performance.md) with its prices (", "by the project that this one was made from ("),
    ("docs/protecting.md", "computed as in [docs/performance.md](performance.md#cost): a", "computed: a"),
    ("docs/operating.md", ", as\n[performance.md](performance.md#cost) computes them:", ", computed:"),
    ("service/Cargo.toml", "well-known = {", 'users-me-order = { path = "../functions/users-me-order" }\n'
     'users-me-orders = { path = "../functions/users-me-orders" }\nwell-known = {'),
    ("service/src/lib.rs", "    status::FUNCTION,", "    users_me_orders::FUNCTION,\n    users_me_order::FUNCTION,\n    status::FUNCTION,"),
    ("tests/main.rs", "mod examples;\n", ""),
    ("tests/main.rs", "mod oauth2;\n", "mod oauth2;\nmod orders;\n"),
    ("tests/modules.rs", ', "bench/src"', ""),
    ("tests/live.rs", "what `docs/adr` could only assume", "what could only be assumed"),
    ("docs/fastapi.md", "; [examples](../examples) |", "; [users-me-orders](../functions/users-me-orders/src/lib.rs) |"),
]
# The same for tests/orders.rs, whose functions are in the service now.
ORDERS = [
    (
        "of `examples/`, which CONTRIBUTING.md tells people to copy: several methods, a\n//! query,",
        "of `functions/`: several methods, a query,",
    ),
    ('#[path = "../examples/users-me-order/src/lib.rs"]\nmod order;\n', ""),
    ('#[path = "../examples/users-me-orders/src/lib.rs"]\nmod orders;\n\n', ""),
    ("use std::sync::{Arc, LazyLock};", "use std::sync::Arc;"),
    ("use shared::lambda::Function;\n", ""),
    ("use shared::http::Dialect;\n", "use service::FUNCTIONS;\nuse shared::http::Dialect;\n"),
]
# A file that still says one of these names something that is gone.
GONE = re.compile(r"\bbench|examples/users-me|docs/adr|docs/upstream|performance\.md|CHANGELOG|\.github|scripts/new|make new DIR")


class Failure(Exception):
    """Why there is no copy, or an unfinished one."""


def main():
    folder, name = (sys.argv[1:] + ["", ""])[:2]
    try:
        check(folder, name)
        make(Path(folder).expanduser().resolve(), name)
    except Failure as failure:
        sys.exit(f"make new: {failure}")


def check(folder, name):
    if not folder or not name:
        raise Failure(f"say where it goes and what it is called: {USAGE}")
    if not re.fullmatch("[a-z][a-z0-9-]*", name):
        raise Failure(f"NAME={name} is no name; take small letters, digits and hyphens, a letter first: {USAGE}")
    path = Path(folder).expanduser()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise Failure(f"DIR={folder} exists and is not an empty folder; name one that does not exist: {USAGE}")


def make(to, name):
    origin = f"{OWN_NAME}, {commit()}"
    print("copying, and building the tool that wires the order routes: the first build takes some minutes", flush=True)
    copy(to)
    try:
        leave_out(to)
        add_orders(to)
        write_readme(to)
        rename(to, name)
        edit(to / "README.md", "{origin}", origin)
        routes(to)
        edit(to / "shared/src/domain/scope.rs", '"Use orders."', '"Read and place orders."')
        routes(to)  # the API's documents have that text
        nothing_gone_is_named(to)
    except Failure as failure:
        raise Failure(f"{failure}\n{to} is unfinished: remove it") from None
    print(f"{to} is {name}, made from {origin}: read its README.md, then run `make test` there")
    first_commit(to, origin)


def git(folder, *arguments):
    """What git prints, or None where it fails or there is none."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def commit():
    described = (ROOT / ".git").exists() and git(ROOT, "describe", "--always", "--dirty", "--abbrev=12")
    return f"commit {described.strip()}" if described else "of a copy without its history"


def files():
    """The files that git knows; without git, all but what builds and tools write."""
    listed = (ROOT / ".git").exists() and git(ROOT, "ls-files", "-z")
    if listed:
        return [name for name in listed.split("\0") if name and (ROOT / name).exists()]
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [path.as_posix() for path in found if not NEVER_COPIED.intersection(path.parts)]


def copy(to):
    for name in files():
        if not name.startswith(LEFT_OUT):
            target = to / re.sub("^examples/users-me", "functions/users-me", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)


def leave_out(to):
    for file, texts in LINES.items():
        for text in texts:
            drop(to / file, "\n", lambda line: text in line, text)
    for rule in RULES:
        drop(to / "Makefile", "\n\n", lambda part: f"\n{rule}" in f"\n{part}", rule)
    for file, old, new in EDITS:
        edit(to / file, old, new)
    for path in texts_in(to):
        # A reference to a decision ends its sentence, if need be on a comment line of its own.
        text = path.read_text()
        path.write_text(re.sub(r"(\s|//[/!]?)*\(docs/adr/[^)]*\)", "", text))


def add_orders(to):
    (to / "tests/examples.rs").rename(to / "tests/orders.rs")
    for old, new in ORDERS:
        edit(to / "tests/orders.rs", old, new)
    text = (to / "tests/orders.rs").read_text()
    functions = re.findall(r"static FUNCTIONS: .*?\n}\);\n\n", text, re.DOTALL)
    once(to / "tests/orders.rs", "static FUNCTIONS", len(functions))
    edit(to / "tests/orders.rs", functions[0], "")


def write_readme(to):
    """The README of the copy has the routes of this project's."""
    tables = re.findall(r"^\| route \|.*?(?=\n\n)", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    once(ROOT / "README.md", "| route |", len(tables))
    shutil.copy2(ROOT / "scripts/new/README.md", to / "README.md")
    edit(to / "README.md", "{map}", tables[0])


def rename(to, name):
    for path in texts_in(to):
        text = path.read_text()
        if OWN_NAME in text and not path.name.startswith("LICENSE"):
            path.write_text(text.replace(OWN_NAME, name))


def routes(to):
    """The project's own tool wires the order routes. It is built in the copy, whose tests use what was built: in this
    project's folder the crates of both would be taken for each other, since their names are the same."""
    if subprocess.run(["make", "routes"], cwd=to, stdout=subprocess.DEVNULL).returncode:
        raise Failure("`make routes` failed there; it needs Rust and a C compiler")


def nothing_gone_is_named(to):
    problems = []
    for path in texts_in(to):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", line) if path.suffix == ".md" else []
            dangling = [link for link in links if not (path.parent / link).exists()]
            if GONE.search(line) or dangling:
                problems.append(f"{path.relative_to(to)}:{number}: {line.strip()}")
    if problems:
        raise Failure("these lines name what is not in the copy; add them to scripts/new.py:\n" + "\n".join(problems))


def first_commit(to, origin):
    if git(to, "init", "--quiet") is None:
        return
    git(to, "add", "--all")
    if git(to, "commit", "--quiet", "--message", f"A copy of {origin}") is None:
        print('git has no commit yet: set user.name and user.email, then `git commit -m "First commit"` there')


def texts_in(folder):
    """The copy's files that hold text, but for what package managers lock, and what `routes` has built."""
    built = folder / "target"
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and built not in path.parents)
    paths = (path for path in paths if "lock" not in path.name)
    return [path for path in paths if b"\0" not in path.read_bytes()]


def edit(path, old, new):
    text = path.read_text()
    once(path, old, text.count(old))
    path.write_text(text.replace(old, new))


def drop(path, separator, is_it, what):
    """Leaves out the one line, or paragraph, that it is."""
    parts = path.read_text().split(separator)
    kept = [part for part in parts if not is_it(part)]
    once(path, what, len(parts) - len(kept))
    path.write_text(separator.join(kept))


def once(path, text, times):
    if times != 1:
        raise Failure(f"{path} has {times} times what scripts/new.py edits: {text!r}")


if __name__ == "__main__":
    main()
