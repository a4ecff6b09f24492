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
    [ "$DEPLOYMENT" != failed ] || [ -e "$CALLS.deployed" ] || { echo "Error: Outputs do not exist" >&2; exit 1; }
    [ -e "$CALLS.deployed" ] || [ "$DEPLOYMENT" ] || { echo "Error: it does not exist" >&2; exit 1; }
    echo '[{"OutputKey": "ApiUrl", "OutputValue": "https://x.example.com"},
      {"OutputKey": "UsersTable", "OutputValue": "my-api-users"},
      {"OutputKey": "Deployment", "OutputValue": "'"$DEPLOYMENT"'"}]' ;;
esac
"#;

const CANARY: &str = "Canary10Percent5Minutes";

fn deploy(given: &[&str]) -> (Output, String) {
    let (output, calls, _) = deploy_again(given, "");
    (output, calls)
}

/// What it printed, the calls that it made, and the template that it deployed.
#[expect(
    clippy::disallowed_methods,
    reason = "the stand-ins come before what the machine has"
)]
fn deploy_again(given: &[&str], deployment: &str) -> (Output, String, String) {
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
    let path = env::var("PATH").unwrap();
    let mut folders = env::split_paths(&path).map(|folder| folder.join("make"));
    let make = folders.find(|make| make.exists()).expect("make");
    let makefile = "deploy:\n\t@python3 scripts/deploy.py\n";
    fs::write(folder.path().join("Makefile"), makefile).unwrap();
    let output = Command::new(make)
        .args(["--silent", "deploy"])
        .args(given)
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .env("CALLS", &calls)
        .env("BUILT", &built)
        .env("DEPLOYMENT", deployment)
        .env_remove("MAKEFLAGS")
        .output()
        .unwrap();
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    (output, read(&calls), read(&built))
}

#[test]
fn what_is_built_is_what_is_deployed() {
    for (given, architecture, more) in [
        ("", "x86_64", ""),
        ("ARCH=arm64", "arm64", ""),
        ("Clients=check", "x86_64", "Clients=\"check\" "),
        ("JwtSecretKey=", "x86_64", "JwtSecretKey=\"\" "),
        (
            "UsersFile=/opt/a b.json",
            "x86_64",
            "UsersFile=\"/opt/a b.json\" ",
        ),
        // make writes a dollar twice, and a shell would end at the quote.
        (
            "JwtSecretKey=a$b c'd#e",
            "x86_64",
            "JwtSecretKey=\"a$b c'd#e\" ",
        ),
    ] {
        let given = ["STACK=my-api", given];
        let given = &given[..if given[1].is_empty() { 1 } else { 2 }];
        let (output, calls) = deploy(given);
        assert!(output.status.success(), "{given:?}: {output:?}");
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
    let (output, calls, _) = deploy_again(&["STACK=my-api"], "denied");
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
    let canary = format!("Deployment={CANARY}");
    for (given, before, gradual) in [
        (None, "", false),
        (None, "failed", false),
        (None, "AllAtOnce", false),
        (None, CANARY, true),
        (Some(canary.as_str()), "", true),
        (Some(&canary), "AllAtOnce", true),
        (Some("Deployment=AllAtOnce"), CANARY, false),
    ] {
        let given: Vec<_> = ["STACK=my-api"].into_iter().chain(given).collect();
        let (output, _, template) = deploy_again(&given, before);
        assert!(output.status.success(), "{given:?}: {output:?}");
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
            "{given:?}, {before}: {function}"
        );
    }
}

#[test]
fn a_mistake_is_named_before_anything_is_built() {
    let too_long = format!("RouteScopes={}", "GET /reports:reports, ".repeat(150));
    for (given, expected) in [
        (&[][..], "STACK= is no name of a stack"),
        (&["STACK=my_api"], "STACK=my_api is no name"),
        (&["STACK=a", "ARCH=arm"], "it can be: x86_64, arm64"),
        (&["STACK=a", "Architecture=arm64"], "say ARCH=arm64"),
        (
            &["STACK=a", "RefreshIdelDays=1"],
            "no parameter RefreshIdelDays; it has: AcceptHs256Until, ",
        ),
        (
            &["STACK=a", r#"CorsOrigins=a\" Issuer=\"b"#],
            "CorsOrigins has a backslash or a line break",
        ),
        (
            &["STACK=a", &too_long],
            "RouteScopes is longer than 3000 bytes",
        ),
    ] {
        let (output, calls) = deploy(given);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && calls.is_empty(),
            "{given:?}: {calls}"
        );
        let own = said.lines().filter(|line| !line.contains(": *** "));
        assert!(
            said.contains(expected) && own.count() == 1,
            "{given:?}: {said}"
        );
    }
}
