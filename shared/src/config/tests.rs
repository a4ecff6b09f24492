//! The messages about wrong values, and what right values become.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::login::LoginConfig;
use super::shared_key::Key;
use super::token::{SignerConfig, Signs};
use super::*;
use crate::aws::{Aws, ROOTS};
use crate::domain::access::Guard;
use crate::domain::login::Login;
use crate::domain::login::attempt::Limits;
use crate::domain::tokens::Signer;

mod clients;
mod keys;

const KEY: (&str, &str) = ("JWT_SECRET_KEY", "0123456789abcdef0123456789abcdef");
const GOOD: [(&str, &str); 6] = [
    ("USER_STORE", "memory"),
    ("TUTORIAL_USERS", "true"),
    KEY,
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "a secret access key"),
];

/// What POST /token reads: every variable but `DOCS_ENABLED`.
struct Config {
    login: LoginConfig,
    signer: SignerConfig,
}

impl Config {
    fn key(&self) -> &Key {
        let Signs::Shared(key) = &self.signer.signs else {
            panic!("a ring signs")
        };
        key
    }
}

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let lookup = |name: &str| {
        let last = variables.iter().rev().find(|(key, _)| *key == name);
        last.map(|(_, value)| (*value).to_owned())
    };
    Reader::read(&lookup, |reader| {
        dialect(reader);
        let login = Login::read(reader);
        let signer = Signer::read(reader);
        Config { login, signer }
    })
}

fn problems(extra: &[(&str, &str)]) -> Vec<String> {
    let dynamodb = [("USER_STORE", "dynamodb"), ("USERS_TABLE", "users")];
    let aws = extra
        .iter()
        .any(|(name, _)| name.starts_with("AWS_") || name.starts_with("SSL_"));
    let store = if aws { &dynamodb[..] } else { &[] };
    read(&[&GOOD, store, extra].concat())
        .err()
        .map_or_else(Vec::new, |ConfigError(problems)| problems)
}

#[test]
fn has_defaults() {
    let config = read(&GOOD).unwrap();
    let StoreConfig::Memory {
        users,
        tutorial_deployed,
    } = &config.login.store
    else {
        panic!("not in memory")
    };
    assert_eq!((users.len(), *tutorial_deployed), (2, false));
    assert_eq!(
        config.login.limits,
        Limits {
            per_account: 10,
            per_address: 100
        }
    );
    let policy = &config.login.policy;
    assert_eq!(
        (policy.m_cost(), policy.t_cost(), policy.p_cost()),
        (19_456, 2, 1)
    );
    assert_eq!(config.signer.lifetime, Duration::from_mins(30));
    assert_eq!(config.key().secret.expose_secret(), KEY.1);
}

#[test]
fn lambdas_own_variables_reach_the_client() {
    let table = [("USER_STORE", "dynamodb"), ("USERS_TABLE", "users")];
    let aws = |more: &[(&str, &str)]| -> Aws {
        let config = read(&[&GOOD, &table[..], more].concat()).unwrap();
        let StoreConfig::DynamoDb { aws, .. } = config.login.store else {
            panic!("not in DynamoDB")
        };
        aws
    };
    let found = aws(&[("AWS_SESSION_TOKEN", "a session token")]);
    assert_eq!(found.region, "eu-west-1");
    assert_eq!(found.credentials.access_key_id(), "AKIDEXAMPLE");
    assert_eq!(found.credentials.secret_access_key(), "a secret access key");
    assert_eq!(found.credentials.session_token(), Some("a session token"));
    assert_eq!(
        (found.endpoint, found.fips, found.dual_stack),
        (None, false, false)
    );
    assert_eq!(found.roots, ROOTS);

    let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/src/aws/amazon-roots.pem");
    let found = aws(&[
        ("AWS_ENDPOINT_URL", "http://one"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://two"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("SSL_CERT_FILE", certificate),
    ]);
    assert_eq!(
        (found.endpoint, found.fips, found.dual_stack),
        (Some("http://two".to_owned()), true, true)
    );
    assert_eq!(found.roots, ROOTS);
    let one = aws(&[("AWS_ENDPOINT_URL", "http://one")]).endpoint;
    assert_eq!(one.as_deref(), Some("http://one"));
}

#[test]
fn the_docs_are_on_unless_switched_off() {
    for (value, expected) in [
        (None, Ok(true)),
        (Some(""), Ok(true)),
        (Some("true"), Ok(true)),
        (Some("false"), Ok(false)),
        (
            Some("off"),
            Err(ConfigError(vec![
                "DOCS_ENABLED: \"off\" is neither true nor false".to_owned(),
            ])),
        ),
    ] {
        let lookup = |_: &str| value.map(str::to_owned);
        assert_eq!(Reader::read(&lookup, docs_enabled), expected);
    }
}

#[test]
fn names_the_variable_and_the_way_out() {
    for (variable, value, expected) in [
        (
            "USER_STORE",
            "",
            "USER_STORE: not set; it can be: memory, dynamodb",
        ),
        (
            "USER_STORE",
            "redis",
            "USER_STORE: unknown store \"redis\"; it can be: memory, dynamodb",
        ),
        (
            "TUTORIAL_USERS",
            "yes",
            "TUTORIAL_USERS: \"yes\" is neither true nor false",
        ),
        (
            "USERS_FILE",
            "no/such.json",
            "USERS_FILE: no/such.json: No such file or directory (os error 2)",
        ),
        (
            "USERS_FILE",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            concat!(
                "USERS_FILE: ",
                env!("CARGO_MANIFEST_DIR"),
                "/Cargo.toml: expected value at line 1 column 2"
            ),
        ),
        (
            "TUTORIAL_USERS",
            "false",
            "USERS_FILE: not set, so nobody could log in; name a JSON file of users, or set TUTORIAL_USERS=true for the tutorial's two",
        ),
        (
            "JWT_SECRET_KEY",
            "",
            "JWT_SECRET_KEY: not set; make one with: openssl rand -hex 32, or name a ring of keys in SIGNING_KEYS",
        ),
        (
            "JWT_SECRET_KEY",
            "short",
            "JWT_SECRET_KEY: 5 bytes, but HS256 needs 32 or more; make one with: openssl rand -hex 32",
        ),
        (
            "JWT_SECRET_KEY",
            "kéy kéy kéy kéy kéy kéy kéy kéy kéy",
            "JWT_SECRET_KEY: a character that is not visible ASCII; make one with: openssl rand -hex 32",
        ),
        (
            "USER_STORE",
            "dynamodb",
            "USERS_TABLE: not set; USER_STORE=dynamodb needs the table's name",
        ),
        (
            "AWS_REGION",
            "",
            "AWS_REGION: not set; Lambda sets it, elsewhere: aws configure export-credentials --format env, and a region",
        ),
        (
            "SSL_CERT_FILE",
            "no/such.pem",
            "SSL_CERT_FILE: no/such.pem: No such file or directory (os error 2)",
        ),
        (
            "SSL_CERT_FILE",
            "Cargo.toml",
            "SSL_CERT_FILE: Cargo.toml: no certificate in PEM is in it",
        ),
        (
            "AWS_USE_FIPS_ENDPOINT",
            "1",
            "AWS_USE_FIPS_ENDPOINT: \"1\" is neither true nor false",
        ),
        (
            "API_DIALECT",
            "RFC",
            "API_DIALECT: unknown dialect \"RFC\"; it can be: fastapi, rfc",
        ),
    ] {
        assert_eq!(
            problems(&[(variable, value)]),
            [expected],
            "{variable}={value}"
        );
    }
}

#[test]
fn numbers_have_a_least_value() {
    for (variable, least) in [
        ("ACCESS_TOKEN_EXPIRE_MINUTES", 1_i64),
        ("LOGIN_FAILURES_PER_ACCOUNT", 0),
        ("LOGIN_FAILURES_PER_ADDRESS", 0),
        ("PASSWORD_HASH_MEMORY_KIB", 8),
        ("PASSWORD_HASH_ITERATIONS", 1),
        ("PASSWORD_HASH_PARALLELISM", 1),
    ] {
        assert!(problems(&[(variable, &least.to_string())]).is_empty());
        let too_small = (least - 1).to_string();
        for wrong in [&too_small, "many", "1.5", " 1", "99999999999"] {
            let expected = format!("{variable}: not a whole number from {least} up");
            assert_eq!(problems(&[(variable, wrong)]), [expected], "{wrong}");
        }
    }
    assert_eq!(
        problems(&[("PASSWORD_HASH_PARALLELISM", "10000")]),
        [
            "PASSWORD_HASH_MEMORY_KIB: argon2 needs 8 KiB for each of PASSWORD_HASH_PARALLELISM's lanes (memory cost is too small)"
        ]
    );
}

/// Two parts of a function may read the same variable.
#[test]
fn says_each_problem_once() {
    let lookup = |_: &str| None;
    let error = Reader::read(&lookup, |reader| {
        (Signer::read(reader), Signer::read(reader))
    });
    assert_eq!(error.err().unwrap().0.len(), 1);
}

const FASTAPI_HASH: &str = "$argon2id$v=19$m=65536,t=3,p=4$wagCPXjifgvUFBzq4hqe3w$CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc";

/// What is read with a users file that holds johndoe with this hash.
fn with_users_file(hash: &str, extra: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = users_file(&folder, hash);
    read(&[&GOOD[..], &[("USERS_FILE", file.as_str())], extra].concat())
}

fn users_file(folder: &tempfile::TempDir, hash: &str) -> String {
    let file = folder.path().join("users.json");
    let text =
        format!(r#"[{{"username": "johndoe", "password_hash": "{hash}", "scopes": ["me"]}}]"#);
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn the_files_record_of_a_user_counts() {
    let config = with_users_file(FASTAPI_HASH, &[]).unwrap();
    let StoreConfig::Memory { users, .. } = config.login.store else {
        panic!("not in memory")
    };
    assert_eq!(users.len(), 2);
    assert_eq!(users["johndoe"].user.scopes.to_string(), "me");
}

#[test]
fn a_hash_that_the_function_cannot_compute_stops_it() {
    let dear = FASTAPI_HASH.replace("m=65536,t=3", "m=262144,t=12");
    let small = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")];
    let ConfigError(problems) = with_users_file(&dear, &small).err().unwrap();
    let [problem] = &problems[..] else {
        panic!("{problems:?}")
    };
    let figure = "the password_hash of \"johndoe\": 262144 KiB and 12 passes are more than a function of 128 MB can hash";
    assert!(problem.contains(figure), "{problem}");
    let large = [("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "640")];
    assert!(with_users_file(&dear, &large).is_ok());
}

/// Only POST /token hashes; the others may be smaller than it.
#[test]
fn a_function_that_only_checks_tokens_takes_any_hash() {
    let dear = FASTAPI_HASH.replace("m=65536,t=3", "m=262144,t=12");
    let folder = tempfile::tempdir().unwrap();
    let file = users_file(&folder, &dear);
    let variables = [&GOOD[..], &[("USERS_FILE", file.as_str())]].concat();
    let lookup = |name: &str| {
        let last = variables.iter().rev().find(|(key, _)| *key == name);
        last.map(|(_, value)| (*value).to_owned())
    };
    assert!(Reader::read(&lookup, Guard::read).is_ok());
}

#[test]
fn a_policy_that_the_function_cannot_compute_stops_it() {
    let dear = ("PASSWORD_HASH_MEMORY_KIB", "120000");
    let problem = "PASSWORD_HASH_MEMORY_KIB: 120000 KiB and 2 passes are more than a function of 128 MB can hash: at most 114688 KiB, and 384000 KiB times passes";
    let small = ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128");
    assert_eq!(problems(&[dear, small]), [problem]);
    let large = ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256");
    assert!(read(&[&GOOD[..], &[dear, large]].concat()).is_ok());
}

/// A function that only checks tokens.
fn read_guard(variables: &[(&str, &str)]) -> Result<Option<String>, ConfigError> {
    let lookup = |name: &str| {
        let last = variables.iter().rev().find(|(key, _)| *key == name);
        last.map(|(_, value)| (*value).to_owned())
    };
    let (verifier, ..) = Reader::read(&lookup, Guard::read)?;
    Ok(verifier
        .previous
        .map(|key| key.secret.expose_secret().to_owned()))
}

#[test]
fn the_key_before_is_checked_as_the_key_is() {
    let with = |previous| [&GOOD[..], &[("JWT_SECRET_KEY_PREVIOUS", previous)]].concat();
    assert_eq!(read_guard(&GOOD).unwrap(), None);
    assert_eq!(
        read_guard(&with("")).unwrap(),
        None,
        "as the template gives it"
    );
    let good = "fedcba9876543210fedcba9876543210";
    assert_eq!(read_guard(&with(good)).unwrap().as_deref(), Some(good));
    let ConfigError(problems) = read_guard(&with("short")).unwrap_err();
    let [problem] = &problems[..] else {
        panic!("{problems:?}");
    };
    assert!(problem.starts_with("JWT_SECRET_KEY_PREVIOUS: 5 bytes, but HS256 needs 32"));
}

#[test]
fn a_key_of_32_bytes_is_enough() {
    assert!(problems(&[("JWT_SECRET_KEY", &"k".repeat(32))]).is_empty());
    assert_eq!(problems(&[("JWT_SECRET_KEY", &"k".repeat(31))]).len(), 1);
}

#[test]
fn reports_everything_at_once_and_shows_no_key() {
    let error = read(&[
        ("JWT_SECRET_KEY", "my secret"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "soon"),
    ])
    .err()
    .unwrap();
    assert_eq!(error.0.len(), 3);
    let text = format!("{error:?}");
    for name in [
        "USER_STORE",
        "JWT_SECRET_KEY",
        "ACCESS_TOKEN_EXPIRE_MINUTES",
    ] {
        assert!(text.contains(name), "{text}");
    }
    assert!(!text.contains("my secret"), "{text}");
    assert!(!format!("{:?}", read(&GOOD).unwrap().key()).contains(KEY.1));
}

#[test]
fn a_key_that_everybody_can_guess_is_for_development() {
    let public = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";
    let repeated = "a".repeat(64);
    let real = [("USER_STORE", "dynamodb"), ("USERS_TABLE", "users")];
    let deployed = [("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/token")];
    for (key, weakness) in [
        (public, "the key of FastAPI's page, which everybody knows"),
        (&repeated, "one character, repeated"),
    ] {
        let with_key = [("JWT_SECRET_KEY", key)];
        let remedy = "make one with: openssl rand -hex 32";
        let problem = format!("JWT_SECRET_KEY: {weakness}; {remedy}");
        let refused = read(&[&GOOD[..], &real, &with_key].concat()).err();
        assert_eq!(
            refused.map(|ConfigError(problems)| problems),
            Some(vec![problem])
        );
        for endpoint in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"] {
            let local = [(endpoint, "http://127.0.0.1:8000")];
            assert!(read(&[&GOOD[..], &real, &local, &with_key].concat()).is_ok());
        }
        let in_memory = read(&[&GOOD[..], &with_key].concat()).unwrap();
        assert_eq!(in_memory.key().weakness, None, "no warning in `make dev`");
        let warned = read(&[&GOOD[..], &with_key, &deployed].concat()).unwrap();
        assert_eq!(warned.key().weakness, Some(weakness));
    }
    let good = read(&[&GOOD[..], &deployed].concat()).unwrap();
    assert_eq!(good.key().weakness, None);
}
