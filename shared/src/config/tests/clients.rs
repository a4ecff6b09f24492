//! `CLIENTS` and `CLIENTS_FILE`.

use super::super::clients::ClientsConfig;
use super::*;
use crate::domain::clients::{Clients, is_id};

const TWICE: &str = r#"[{"id": "c_a"}, {"id": "c_a"}]"#;

fn clients(extra: &[(&str, &str)]) -> Result<ClientsConfig, Vec<String>> {
    let variables = [&GOOD, extra].concat();
    let lookup = |name: &str| {
        let last = variables.iter().rev().find(|(key, _)| *key == name);
        last.map(|(_, value)| (*value).to_owned())
    };
    Reader::read(&lookup, Clients::read).map_err(|ConfigError(problems)| problems)
}

#[test]
fn clients_are_ignored_unless_they_are_checked() {
    let table = [("USER_STORE", "dynamodb"), ("USERS_TABLE", "users")];
    for extra in [
        &[][..],
        &[("CLIENTS", "ignore")],
        &[("CLIENTS_FILE", "/nowhere")],
    ] {
        assert!(
            matches!(clients(extra), Ok(ClientsConfig::Ignored)),
            "{extra:?}"
        );
    }
    let check = [&table[..], &[("CLIENTS", "check")]].concat();
    assert!(matches!(clients(&check), Ok(ClientsConfig::Table(_))));
}

#[test]
fn what_is_wrong_with_clients_is_named() {
    let file = std::env::temp_dir().join(format!("clients-{}.json", std::process::id()));
    let path = file.to_str().unwrap();
    let problem = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let problems = clients(&[("CLIENTS", "check"), ("CLIENTS_FILE", path)]);
        let problem = problems.err().map(|problems| problems.join("; "));
        problem.unwrap_or_default()
    };
    for (text, expected) in [
        ("", "EOF"),
        ("{}", "invalid type: map"),
        (TWICE, "client \"c_a\" is there twice"),
        (r#"[{"id": ""}]"#, "\"\" cannot be a client's id"),
        (r#"[{"id": "default"}]"#, "cannot be a client's id"),
        (r#"[{"id": "c_\n"}]"#, "cannot be a client's id"),
        (
            r#"[{"id": "c_a", "scopes": ["admin"]}]"#,
            "unknown scope \"admin\"",
        ),
        (
            r#"[{"id": "c_a", "grants": ["implicit"]}]"#,
            "unknown variant `implicit`",
        ),
        (
            r#"[{"id": "c_a", "secret": "x"}]"#,
            "unknown field `secret`",
        ),
        (
            r#"[{"id": "c_a", "secrets": [{"sha256": "x", "created": 1}]}]"#,
            "base64url",
        ),
    ] {
        let problem = problem(text);
        assert!(
            problem.contains(expected) && problem.contains(path),
            "{text}: {problem}"
        );
    }
    assert_eq!(problem(r#"[{"id": "c_a"}]"#), "");
    std::fs::remove_file(&file).unwrap();
    let unset = clients(&[("CLIENTS", "check")]).unwrap_err().join("; ");
    assert!(unset.starts_with("CLIENTS_FILE: not set"), "{unset}");
    let unknown = clients(&[("CLIENTS", "yes")]).unwrap_err().join("; ");
    assert_eq!(
        unknown,
        "CLIENTS: unknown value \"yes\"; it can be: ignore, check"
    );
}

#[test]
fn an_id_is_visible_ascii() {
    for (id, expected) in [
        ("c_a", true),
        ("a b:%+", true),
        ("default", false),
        ("", false),
        ("a\tb", false),
        ("é", false),
        (&"x".repeat(256), false),
    ] {
        assert_eq!(is_id(id), expected, "{id:?}");
    }
}
