//! The questions that docs/operating.md asks the log, and what the template's alarms count: each tried
//! on lines that the functions write.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::insights::{field, matches, selects};
use tests::logs::logged;
use tests::stores::cheap;
use tests::world::Hands;
use tests::{Client, Gateway, World, parsed_template, read, world};

/// What Logs Insights' commands are called; other words of a query are fields.
const COMMANDS: [&str; 9] = [
    "stats", "count", "min", "max", "pct", "by", "fields", "sort", "desc",
];

/// The lines of an eventful morning: jane mistypes and works, and her refresh token is stolen; somebody guesses at
/// johndoe's password; the store fails.
fn lines() -> Vec<Value> {
    let clock = Hands::at_now();
    let world = world().memory(cheap(&["jane", "johndoe"])).limits(3, 8);
    let world = world
        .with("REFRESH_IDLE_DAYS", 30)
        .with("PASSWORD_HASH_MEMORY_KIB", 8)
        .with("PASSWORD_HASH_ITERATIONS", 1);
    let gateway = Gateway::new(World {
        clock: clock.clone(),
        ..world.clone()
    });
    let jane = "username=jane&password=secret&scope=me";
    logged(|| {
        gateway.post_form("/token", "username=jane&password=secert");
        let tokens = gateway.post_form("/token", jane).json();
        let access = tokens["access_token"].as_str();
        gateway.get("/users/me/", access);
        gateway.get("/users/me/", Some("garbage"));
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let refresh = format!("grant_type=refresh_token&refresh_token={refresh}");
        gateway.post_form("/token", &refresh);
        clock.advance(60);
        gateway.post_form("/token", &refresh);
        for _ in 0..4 {
            gateway.post_form("/token", "username=johndoe&password=wrong");
        }
        Gateway::new(world.dead()).get("/users/me/", access);
    })
}

/// A line in short: its route, and how the request ended.
fn short(line: &Value) -> String {
    let end = ["outcome", "message"].map(|name| line[name].as_str());
    let [outcome, message] = end;
    let route = line["span"]["route"].as_str().unwrap_or_default();
    format!("{route}: {}", outcome.or(message).unwrap_or_default())
}

/// The queries of docs/operating.md: indented blocks that begin with a filter.
fn queries() -> Vec<String> {
    let text = read("docs/operating.md");
    let blocks = text.split("\n\n");
    let queries = blocks.filter(|block| block.starts_with("    filter "));
    queries.map(str::to_owned).collect()
}

#[test]
fn each_question_to_the_log_selects_its_lines() {
    let reused = "refresh_token_reused: its session is ended";
    let token = |outcome: &str| format!("POST /token: {outcome}");
    let me = |outcome: &str| format!("GET /users/me/: {outcome}");
    let (wrong, many) = (token("incorrect_password"), token("too_many_attempts"));
    let jane = [wrong.clone(), token("ok"), me("ok"), token("ok")];
    let guesses = vec![wrong.clone(), wrong.clone(), wrong.clone(), many];
    let mut answered = jane.to_vec();
    answered.insert(3, me("invalid_token"));
    answered.push(token("invalid_grant"));
    answered.extend(guesses.clone());
    answered.push(me("unavailable"));
    let expected = [
        (r#"level = "ERROR""#, vec![me("unavailable")]),
        (r#"message = "answered""#, answered),
        (
            r#"message = "answered" and span.sub = "jane""#,
            jane.to_vec(),
        ),
        (r#"outcome = "invalid_token""#, vec![me("invalid_token")]),
        (
            r#"message = "refresh_token_reused: its session is ended""#,
            vec![token(reused)],
        ),
        (
            r#"outcome in ["incorrect_password", "too_many_attempts"]"#,
            [vec![wrong], guesses].concat(),
        ),
    ];
    let expected = expected.map(|(filter, lines)| (format!("filter {filter}"), lines));
    let lines = lines();
    let selected = queries().into_iter().map(|query| {
        let filter = query.lines().next().unwrap().trim();
        let lines = lines.iter().filter(|line| selects(filter, line));
        (filter.to_owned(), lines.map(short).collect())
    });
    assert_eq!(selected.collect::<BTreeMap<_, Vec<_>>>(), expected.into());
}

/// A name that no line has would be an empty column.
#[test]
fn every_field_of_a_question_is_in_a_line_that_it_selects() {
    let lines = lines();
    for query in queries() {
        let (filter, rest) = query.split_once('\n').unwrap();
        let selected: Vec<_> = lines
            .iter()
            .filter(|line| selects(filter.trim(), line))
            .collect();
        let words =
            rest.split(|letter: char| !letter.is_ascii_alphanumeric() && !"._@".contains(letter));
        // `@timestamp` is CloudWatch's, and 99 a number.
        let names =
            words.filter(|word| word.starts_with(|letter: char| letter.is_ascii_alphabetic()));
        for name in names.filter(|name| !COMMANDS.contains(name)) {
            let known = selected.iter().any(|line| !field(line, name).is_null());
            assert!(known, "{query}\nno line has {name}");
        }
    }
}

/// The alarms, which would stay silent if they counted nothing.
#[test]
fn the_alarms_count_failures_and_failed_logins() {
    let resources = &parsed_template()["Resources"];
    let pattern = |filter: &str| {
        resources[filter]["Properties"]["FilterPattern"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let count = |filter: &str, lines: &[Value]| {
        let pattern = pattern(filter);
        lines.iter().filter(|line| matches(&pattern, line)).count()
    };
    let lines = lines();
    assert_eq!(count("FailedLoginsFilter", &lines), 5);
    assert_eq!(count("FailuresFilter", &lines), 1);
    // What Lambda writes of an invocation, and of one that took too long.
    let report = |status: &str| json!({"type": "platform.report", "record": {"requestId": "1", "status": status}});
    let reports = ["success", "timeout", "error", "failure"].map(report);
    assert_eq!(count("FailuresFilter", &reports), 3);
}
