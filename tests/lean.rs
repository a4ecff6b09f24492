//! What would make a function large or slow without breaking it: its dependencies, and the settings
//! that every build of it needs. Nothing is measured here: `docs/adr` says why each is needed, and
//! what it gained.

use std::collections::BTreeSet;
use std::process::Command;

use service::all;
use tests::{read, repository};

/// Packages that no function may depend on, and why.
const BANNED: &[(&str, &str)] = &[
    (
        "aws-config",
        "1 MiB of ways to find credentials: shared/src/config/aws.rs reads the three variables",
    ),
    ("native-tls", "a second TLS stack"),
    ("openssl-sys", "a second TLS stack"),
    ("s2n-tls", "a second TLS stack"),
    ("ring", "a second TLS stack: rustls runs on aws-lc"),
    ("rayon", "a thread pool: 128 MB have 7 % of one CPU"),
    ("regex", "a regex engine: log levels need none"),
    (
        "service",
        "the whole service: the other functions, the gateway, `make dev`",
    ),
    ("zxcvbn", "for the `users` command"),
];

/// Packages that a function may have in one version only: two would be twice the code.
const ONCE: &[&str] = &[
    "aws-lc-rs",
    "h2",
    "http",
    "hyper",
    "rustls",
    "sha2",
    "tokio",
];

/// Packages that answer requests or hash passwords, which are built for speed and not for size.
const FAST: &[&str] = &[
    "argon2",
    "blake2",
    "hmac",
    "hyper",
    "jsonwebtoken",
    "serde_json",
    "sha2",
    "shared",
    "tokio",
];

fn complete(problems: &[String]) {
    assert!(problems.is_empty(), "to do:\n  {}\n", problems.join("\n  "));
}

/// The lines of `cargo tree` for a function as it is deployed: built by itself.
fn tree(function: &str, arguments: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "normal"])
        .args(["--package", function])
        .args(arguments)
        .current_dir(repository("."))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree: {errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A function's packages as "name v1.2.3", each once.
fn packages(function: &str) -> BTreeSet<String> {
    let lines = tree(
        function,
        &["--prefix", "none", "--no-dedupe", "--format", "{p}"],
    );
    let name_and_version =
        |line: &String| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
    lines.iter().map(name_and_version).collect()
}

/// The dependencies through which a package comes into a function.
fn path(function: &str, package: &str) -> String {
    let package = package.replace(" v", "@");
    tree(function, &["--invert", &package]).join("\n    ")
}

#[test]
fn no_function_brings_more_than_it_needs() {
    let mut problems = Vec::new();
    for function in all() {
        let name = function.name;
        let packages = packages(name);
        let versions = |wanted: &str| {
            let of = |package: &&String| {
                package
                    .split_once(" v")
                    .is_some_and(|(name, _)| name == wanted)
            };
            packages.iter().filter(of).cloned().collect::<Vec<_>>()
        };
        for (banned, why) in BANNED {
            for found in versions(banned) {
                problems.push(format!(
                    "functions/{name} has {banned} ({why}), through:\n    {}",
                    path(name, &found)
                ));
            }
        }
        for once in ONCE {
            let found = versions(once);
            if found.len() > 1 {
                let paths: Vec<_> = found.iter().map(|found| path(name, found)).collect();
                problems.push(format!(
                    "functions/{name} has {once} {} times, through:\n    {}",
                    found.len(),
                    paths.join("\n    ")
                ));
            }
        }
        assert!(
            versions("shared").len() == 1,
            "functions/{name}: cargo tree is read wrongly"
        );
    }
    complete(&problems);
}

/// `lambda_runtime` enables tokio's threads, but no function may start them.
#[test]
fn no_function_runs_more_than_one_thread() {
    let mut problems = Vec::new();
    for function in all() {
        let main = format!("functions/{}/src/main.rs", function.name);
        if !read(&main).contains("#[tokio::main(flavor = \"current_thread\")]") {
            problems.push(format!("{main}: write #[tokio::main(flavor = \"current_thread\")]; the default's threads double the CPU of a request"));
        }
    }
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    if features(&manifest, "tokio").contains(&"rt-multi-thread".into()) {
        problems.push(
            "Cargo.toml: tokio without rt-multi-thread; a crate that needs it asks for itself"
                .to_owned(),
        );
    }
    complete(&problems);
}

fn features<'a>(manifest: &'a toml::Table, dependency: &str) -> &'a Vec<toml::Value> {
    let dependency = &manifest["workspace"]["dependencies"][dependency];
    dependency["features"].as_array().unwrap()
}

#[test]
fn what_is_logged_at_debug_is_not_built_in() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    assert!(
        features(&manifest, "tracing").contains(&"release_max_level_info".into()),
        "Cargo.toml: tracing with release_max_level_info: half a MiB of other crates' debug lines"
    );
}

#[test]
fn jitter_entropy_is_off() {
    let config: toml::Table = read(".cargo/config.toml").parse().unwrap();
    let name = "AWS_LC_SYS_NO_JITTER_ENTROPY";
    assert_eq!(
        config["env"][name].as_str(),
        Some("1"),
        ".cargo/config.toml"
    );
    let here = option_env!("AWS_LC_SYS_NO_JITTER_ENTROPY");
    assert_eq!(here, Some("1"), "this build was told otherwise: {name}");
}

fn release_profile() -> toml::Value {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    manifest["profile"]["release"].clone()
}

#[test]
fn a_release_is_optimised_as_a_whole_and_stripped() {
    let profile = release_profile();
    for (name, expected) in [
        ("opt-level", toml::Value::Integer(3)),
        ("lto", "fat".into()),
        ("codegen-units", toml::Value::Integer(1)),
        ("panic", "abort".into()),
        ("strip", true.into()),
    ] {
        assert_eq!(
            profile.get(name),
            Some(&expected),
            "Cargo.toml: profile.release.{name}"
        );
    }
}

#[test]
fn what_answers_and_what_hashes_is_not_built_for_size() {
    let profile = release_profile();
    let for_size = profile["package"].as_table().unwrap();
    for fast in FAST {
        assert!(
            !for_size.contains_key(*fast),
            "Cargo.toml: profile.release.package.{fast} makes every request slower"
        );
    }
    assert!(
        !for_size.contains_key("*"),
        "Cargo.toml: name what is built for size"
    );
}
