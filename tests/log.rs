//! The queries of docs/operating.md and the template's alarms name what the functions write into the log.

use serde_json::{Value, json};
use tests::logs::logged;
use tests::stores::cheap;
use tests::world::Hands;
use tests::{Client, Gateway, World, parsed_template, read, world};

/// What Logs Insights' commands are called; other words of a query are fields.
const COMMANDS: [&str; 12] = [
    "filter", "and", "in", "stats", "count", "min", "max", "pct", "by", "fields", "sort", "desc",
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

/// A field of a line: `a.b` is the member of a member.
fn field<'a>(line: &'a Value, name: &str) -> &'a Value {
    name.split('.').fold(line, |value, name| &value[name])
}

/// The queries of docs/operating.md: indented blocks that begin with a filter.
fn queries() -> Vec<String> {
    let text = read("docs/operating.md");
    let blocks = text.split("\n\n");
    let queries = blocks.filter(|block| block.starts_with("    filter "));
    queries.map(str::to_owned).collect()
}

/// Each field that the text names, and each value in quotes, is in one of the lines: a name that no line has would
/// be an empty column, and a value that no line has an alarm that is silent.
fn known(text: &str, lines: &[Value]) {
    for (place, part) in text.split('"').enumerate() {
        if place % 2 == 1 {
            let is_there = lines
                .iter()
                .any(|line| line.to_string().contains(&format!("\"{part}\"")));
            assert!(is_there, "{text}\nno line has the value {part:?}");
            continue;
        }
        let words =
            part.split(|letter: char| !letter.is_ascii_alphanumeric() && !"._@".contains(letter));
        // `@timestamp` is CloudWatch's, and 99 a number.
        let words = words.map(|word| word.trim_start_matches('.'));
        let names =
            words.filter(|word| word.starts_with(|letter: char| letter.is_ascii_alphabetic()));
        for name in names.filter(|name| !COMMANDS.contains(name)) {
            let is_there = lines.iter().any(|line| !field(line, name).is_null());
            assert!(is_there, "{text}\nno line has {name}");
        }
    }
}

#[test]
fn each_field_and_value_that_a_query_names_is_in_a_line() {
    let (queries, lines) = (queries(), lines());
    assert_eq!(queries.len(), 6);
    for query in queries {
        known(&query, &lines);
    }
}

#[test]
fn each_field_and_value_that_an_alarm_counts_is_in_a_line() {
    let resources = &parsed_template()["Resources"];
    let mut lines = lines();
    // What Lambda writes of an invocation that failed.
    for status in ["timeout", "error", "failure"] {
        lines.push(
            json!({"type": "platform.report", "record": {"requestId": "1", "status": status}}),
        );
    }
    for filter in ["FailedLoginsFilter", "FailuresFilter"] {
        let pattern = &resources[filter]["Properties"]["FilterPattern"];
        known(pattern.as_str().unwrap(), &lines);
    }
}
