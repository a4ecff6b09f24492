//! Which log lines a filter selects: as much of the languages of Logs Insights and of metric filters as
//! docs/operating.md and `template.yaml` use.

use serde_json::Value;

/// `filter a = "x" and b in ["y", "z"]`, the first line of a query of Logs Insights.
pub fn selects(filter: &str, line: &Value) -> bool {
    let conditions = filter.strip_prefix("filter ").unwrap();
    conditions.split(" and ").all(|condition| {
        let (name, allowed) = match condition.split_once(" in ") {
            Some((name, list)) => (name, serde_json::from_str(list).unwrap()),
            None => equality(condition),
        };
        allowed.iter().any(|text| field(line, name) == text)
    })
}

/// `{ $.a = "x" || $.b = "y" }`, the pattern of a metric filter.
pub fn matches(pattern: &str, line: &Value) -> bool {
    let alternatives = pattern.strip_prefix("{ $.").unwrap();
    let alternatives = alternatives.strip_suffix(" }").unwrap();
    alternatives.split(" || $.").any(|alternative| {
        let (name, allowed) = equality(alternative);
        field(line, name) == &allowed[0]
    })
}

fn equality(text: &str) -> (&str, Vec<Value>) {
    let (name, value) = text.split_once(" = ").unwrap();
    (name, vec![serde_json::from_str(value).unwrap()])
}

/// A field of a line; both languages write `a.b` for the member of a member.
pub fn field<'a>(line: &'a Value, name: &str) -> &'a Value {
    name.split('.').fold(line, |value, name| &value[name])
}
