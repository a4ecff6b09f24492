//! `make deploy` with another `sam` in its place: what it is told, and what a mistake is answered with.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::Value;
use tests::repository;

/// Stands in for `sam` and for `make build`: writes down how it was called. The stack is there, with
/// the Deployment that the variable says; without one it is new.
const STAND_IN: &str = r#"#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$1" in
  build) printf 'Parameters: {}\nGlobals:\n  Function:\n    Handler: bootstrap\n' > "$BUILT" ;;
  deploy) touch "$CALLS.deployed" ;;
  list)
    [ "$DEPLOYMENT" != denied ] || { echo "Error: AccessDenied" >&2; exit 1; }
    [ -e "$CALLS.deployed" ] || [ "$DEPLOYMENT" ] || { echo "Error: it does not exist" >&2; exit 1; }
    echo '[{"OutputKey": "ApiUrl", "OutputValue": "https://x.example.com"},
      {"OutputKey": "UsersTable", "OutputValue": "my-api-users"},
      {"OutputKey": "Deployment", "OutputValue": "'"$DEPLOYMENT"'"}]' ;;
esac
"#;

const CANARY: &str = "Canary10Percent5Minutes";

fn deploy(given: &str) -> (Output, String) {
    let (output, calls, _) = deploy_again(given, "");
    (output, calls)
}

/// What it printed, the calls that it made, and the template that it deployed.
#[expect(
    clippy::disallowed_methods,
    reason = "the stand-ins come before what the machine has"
)]
fn deploy_again(given: &str, deployment: &str) -> (Output, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["template.yaml", "scripts/deploy.py", "scripts/gradual.yaml"] {
        fs::create_dir_all(folder.path().join("scripts")).unwrap();
        fs::copy(repository(name), folder.path().join(name)).unwrap();
    }
    let built = folder.path().join(".aws-sam/build/template.yaml");
    fs::create_dir_all(built.parent().unwrap()).unwrap();
    for name in ["sam", "make"] {
        let file = folder.path().join(name);
        fs::write(&file, STAND_IN).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let calls = folder.path().join("calls");
    let path = format!("{}:{}", folder.path().display(), env::var("PATH").unwrap());
    let output = Command::new("python3")
        .arg(folder.path().join("scripts/deploy.py"))
        .env("PATH", path)
        .env("CALLS", &calls)
        .env("BUILT", &built)
        .env("DEPLOYMENT", deployment)
        .env("MAKEFLAGS", format!("s -- {given}"))
        .output()
        .unwrap();
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    (output, read(&calls), read(&built))
}

#[test]
fn what_is_built_is_what_is_deployed() {
    for (given, architecture, more) in [
        ("STACK=my-api", "x86_64", ""),
        ("ARCH=arm64 STACK=my-api", "arm64", ""),
        ("STACK=my-api Clients=check", "x86_64", "Clients=\"check\" "),
        ("STACK=my-api JwtSecretKey=", "x86_64", "JwtSecretKey=\"\" "),
        (
            "STACK=my-api UsersFile=/opt/a\\ b.json",
            "x86_64",
            "UsersFile=\"/opt/a b.json\" ",
        ),
    ] {
        let (output, calls) = deploy(given);
        assert!(output.status.success(), "{given}: {output:?}");
        let list = "sam list stack-outputs --stack-name my-api --output json";
        let deployed = format!("{more}Architecture=\"{architecture}\"");
        assert_eq!(
            calls.lines().collect::<Vec<_>>(),
            [
                list.to_owned(),
                format!("make build ARCH={architecture}"),
                format!("sam deploy --stack-name my-api --parameter-overrides {deployed}"),
                list.to_owned(),
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

/// Or the next deploy of a gradual stack could be one at once.
#[test]
fn a_stack_that_cannot_be_read_is_not_deployed() {
    let (output, calls, _) = deploy_again("STACK=my-api", "denied");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("Error: AccessDenied"),
        "{said}"
    );
    assert_eq!(calls.lines().count(), 1, "{calls}");
}

/// SAM would make no version of a parameter's new value, so the alias goes with something that is new.
#[test]
fn only_a_gradual_deployment_has_an_alias_and_the_stack_remembers_it() {
    let given = format!("STACK=my-api Deployment={CANARY}");
    for (given, before, gradual) in [
        ("STACK=my-api", "", false),
        ("STACK=my-api", "AllAtOnce", false),
        ("STACK=my-api", CANARY, true),
        (&given, "", true),
        (&given, "AllAtOnce", true),
        ("STACK=my-api Deployment=AllAtOnce", CANARY, false),
    ] {
        let (output, _, template) = deploy_again(given, before);
        assert!(output.status.success(), "{given}: {output:?}");
        let template: Value = serde_saphyr::from_str(&template).unwrap();
        let function = &template["Globals"]["Function"];
        assert_eq!(function["Handler"], "bootstrap");
        let alias = function["AutoPublishAlias"] == "live";
        let all = function["AutoPublishAliasAllProperties"] == true;
        let release = function["Description"].as_str().unwrap_or_default();
        let new = release.starts_with("20") && release.ends_with('Z');
        assert_eq!(
            (alias, all, new),
            (gradual, gradual, gradual),
            "{given}, {before}: {function}"
        );
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
