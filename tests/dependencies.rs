//! What would make a function large or slow without breaking it: its dependencies, and threads.

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
    complete(&problems);
}
