//! `make deploy` with another `sam` in its place: what it is told, and what a mistake is answered with.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use tests::repository;

/// Stands in for `sam` and for `make build`: writes down how it was called.
const STAND_IN: &str = r#"#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
[ "$1" != list ] || echo '[{"OutputKey": "ApiUrl", "OutputValue": "https://x.example.com"},
  {"OutputKey": "UsersTable", "OutputValue": "my-api-users"}]'
"#;

/// What it printed, and the calls that it made.
#[expect(
    clippy::disallowed_methods,
    reason = "the stand-ins come before what the machine has"
)]
fn deploy(given: &str) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["sam", "make"] {
        let file = folder.path().join(name);
        fs::write(&file, STAND_IN).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let calls = folder.path().join("calls");
    let path = format!("{}:{}", folder.path().display(), env::var("PATH").unwrap());
    let output = Command::new("python3")
        .arg(repository("scripts/deploy.py"))
        .env("PATH", path)
        .env("CALLS", &calls)
        .env("MAKEFLAGS", format!("s -- {given}"))
        .output()
        .unwrap();
    (output, fs::read_to_string(&calls).unwrap_or_default())
}

#[test]
fn what_is_built_is_what_is_deployed() {
    for (given, architecture, more) in [
        ("STACK=my-api", "x86_64", ""),
        ("ARCH=arm64 STACK=my-api", "arm64", ""),
        ("STACK=my-api Clients=check", "x86_64", "Clients=check "),
        (
            "STACK=my-api UsersFile=/opt/a\\ b.json",
            "x86_64",
            "UsersFile=/opt/a b.json ",
        ),
    ] {
        let (output, calls) = deploy(given);
        assert!(output.status.success(), "{given}: {output:?}");
        let deployed = format!("{more}Architecture={architecture}");
        assert_eq!(
            calls.lines().collect::<Vec<_>>(),
            [
                format!("make build ARCH={architecture}"),
                format!("sam deploy --stack-name my-api --parameter-overrides {deployed}"),
                "sam list stack-outputs --stack-name my-api --output json".to_owned(),
            ]
        );
        let told = String::from_utf8(output.stdout).unwrap();
        for next in [
            "https://x.example.com",
            "users --stack my-api keys generate --issuer https://x.example.com",
            "users --stack my-api add",
            "make smoke STACK=my-api",
        ] {
            assert!(told.contains(next), "{told}");
        }
    }
}

#[test]
fn a_mistake_is_named_before_anything_is_built() {
    for (given, expected) in [
        ("", "STACK= is no name of a stack"),
        ("STACK=my_api", "STACK=my_api is no name"),
        ("STACK=a ARCH=arm", "it can be: x86_64, arm64"),
        ("STACK=a Architecture=arm64", "say ARCH=arm64"),
        (
            "STACK=a RefreshIdelDays=1",
            "no parameter RefreshIdelDays; it has: AcceptHs256Until, ",
        ),
    ] {
        let (output, calls) = deploy(given);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && calls.is_empty(),
            "{given}: {calls}"
        );
        assert!(
            said.contains(expected) && said.lines().count() == 1,
            "{given}: {said}"
        );
    }
}
