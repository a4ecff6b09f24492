//! `make dev` as people use it, beside its HTTP: a save, `make invoke`, and the `users` command in a second terminal.
//! `make live-test` starts it and says where it is.

use std::env;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tests::curl::Curl;
use tests::{Answer, Client, repository};

#[expect(
    clippy::disallowed_methods,
    reason = "these tests are told where the service is"
)]
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run make live-test"))
}

fn service() -> Curl {
    Curl {
        base_url: variable("API_URL"),
    }
}

/// By the README's command. The token of events/users-me.json has another key.
#[test]
#[ignore = "needs make dev"]
fn one_function_is_invoked() {
    let port = variable("API_URL").rsplit(':').next().unwrap().to_owned();
    for (arguments, expected) in [
        (&["F=token"][..], r#""statusCode":200,"#),
        (
            &["F=users-me", "E=events/users-me-no-token.json"],
            r#""statusCode":401,"#,
        ),
        (&["F=authorizer"], r#""isAuthorized":"#),
    ] {
        let mut make = Command::new("make");
        make.arg("invoke").args(arguments).env("PORT", &port);
        let output = make.current_dir(repository("")).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

/// Writes a file, and what was there before when it goes out of scope.
struct Source {
    path: PathBuf,
    before: String,
}

impl Source {
    fn open(path: &str) -> Self {
        let path = repository(path);
        let before = fs::read_to_string(&path).unwrap();
        Self { path, before }
    }

    fn save(&self, old: &str, new: &str) {
        assert!(self.before.contains(old), "{old}");
        fs::write(&self.path, self.before.replace(old, new)).unwrap();
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        fs::write(&self.path, &self.before).unwrap();
    }
}

/// 503 with cargo's error, or with the panic, and then what it was.
#[test]
#[ignore = "needs make dev"]
fn a_request_after_a_save_gets_the_answer_of_what_was_saved() {
    let source = Source::open("functions/well-known/src/lib.rs");
    let handle = source.before.find("pub async fn handle(").unwrap();
    let body = handle + source.before[handle..].find("{\n").unwrap() + 2;
    let handle = &source.before[handle..body];
    let start = source
        .before
        .lines()
        .find(|line| line.contains("start: "))
        .unwrap();
    for (old, new, status, said) in [
        (
            handle,
            format!("{handle}return shared::http::json(&7);"),
            200,
            "7",
        ),
        (
            handle,
            format!("{handle}let x: u8 = true;"),
            503,
            "error[E0308]: mismatched types",
        ),
        (
            start,
            r#"start: |_| panic!("at the start"),"#.to_owned(),
            503,
            "at the start",
        ),
        (handle, handle.to_owned(), 404, "Not Found"),
    ] {
        source.save(old, &new);
        let answer = service().get("/.well-known/jwks.json", None);
        println!(
            "a save, and at once a request: {} {:.120}",
            answer.status, answer.body
        );
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(said), "{}", answer.body);
    }
}

/// The `users` command in a second terminal: in another folder, and with what `make dev` printed.
fn users(arguments: &[&str], input: &str) {
    let mut command = Command::new(variable("USERS"));
    command
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success(), "users {arguments:?}");
}

const PASSWORD: &str = "correct horse battery staple\n";

fn log_in(name: &str) -> Answer {
    let form = format!("username={name}&password=correct+horse+battery+staple&scope=me");
    service().post_form("/token", &form)
}

fn reads(access_token: &str) -> u16 {
    service().get("/users/me/", Some(access_token)).status
}

/// Before each command somebody logs in; afterwards each token that was given so far works or does not.
#[test]
#[ignore = "needs make dev with DynamoDB"]
fn each_command_counts_at_once() {
    let add = &["add", "jane", "--scopes", "me items", "--password-stdin"][..];
    assert_eq!(log_in("jane").status, 400);
    users(add, PASSWORD);
    let mut tokens = Vec::new();
    for (arguments, expected) in [
        (&["disable", "jane"][..], "-"),
        (&["enable", "jane"], "--"),
        (&["set-scopes", "jane", "items"], "---"),
        (&["set-scopes", "jane", "me items"], "--+"),
        (&["set-password", "jane", "--password-stdin"], "----"),
        (&["logout", "jane"], "-----"),
        (&["remove", "jane", "--yes"], "------"),
        (add, "------"),
    ] {
        let answer = log_in("jane");
        if answer.status == 200 {
            tokens.push(answer.json()["access_token"].as_str().unwrap().to_owned());
        }
        users(arguments, PASSWORD);
        let sign = |token: &String| if reads(token) == 200 { '+' } else { '-' };
        let row: String = tokens.iter().map(sign).collect();
        println!("| {} | {row} |", arguments[0]);
        assert_eq!(row, expected, "{arguments:?}");
    }
}

/// What somebody's refresh token and access token get after each step.
#[test]
#[ignore = "needs make dev with DynamoDB and sessions"]
fn each_end_of_a_session_counts_at_once() {
    users(
        &["add", "joan", "--scopes", "me items", "--password-stdin"],
        PASSWORD,
    );
    for (step, expected) in [
        (&[][..], [200, 200]),
        (&["POST /revoke"], [400, 200]),
        (&["set-scopes", "joan", "me"], [200, 200]),
        (&["set-password", "joan", "--password-stdin"], [400, 401]),
        (&["logout", "joan"], [400, 401]),
        (&["disable", "joan"], [400, 401]),
    ] {
        let session = log_in("joan").json();
        let [refresh, access] =
            ["refresh_token", "access_token"].map(|name| session[name].as_str().unwrap());
        match step {
            [] => {}
            ["POST /revoke"] => {
                let revoked = service().post_form("/revoke", &format!("token={refresh}"));
                assert_eq!(revoked.status, 200);
            }
            command => users(command, PASSWORD),
        }
        let form = format!("grant_type=refresh_token&refresh_token={refresh}");
        let got = [service().post_form("/token", &form).status, reads(access)];
        println!(
            "| {step:?} | refresh {} | access token {} |",
            got[0], got[1]
        );
        assert_eq!(got, expected, "{step:?}");
    }
}
