//! The body of a 422, as Pydantic words it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::request::problem::{Kind, Problem, Step, Type};

/// The body of a 422.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HTTPValidationError")]
pub struct HttpValidationError {
    /// An entry for each value that is missing or wrong.
    detail: Vec<ValidationError>,
}

impl HttpValidationError {
    pub(super) fn of(problems: &[Problem]) -> Self {
        Self {
            detail: problems.iter().map(entry).collect(),
        }
    }
}

/// What is wrong with a value.
#[derive(Serialize, JsonSchema)]
struct ValidationError {
    /// The kind of error, for programs.
    r#type: &'static str,
    /// `body`, `query` or `path`, and the way from there to the value.
    loc: Vec<Location>,
    /// The kind of error, for people.
    msg: String,
    /// What came, where it is no secret.
    input: Value,
    /// What was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Map<String, Value>")]
    ctx: Option<Value>,
}

/// A name, or a place in a list.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Location {
    Name(String),
    Index(usize),
}

/// An entry of FastAPI's `detail`.
fn entry(problem: &Problem) -> ValidationError {
    let location = |step: &Step| match step {
        Step::Name(name) => Location::Name(name.clone().into_owned()),
        Step::Index(index) => Location::Index(*index),
    };
    let (r#type, msg, ctx) = words(&problem.kind);
    ValidationError {
        r#type,
        loc: problem.location.iter().map(location).collect(),
        msg,
        input: problem.input.clone(),
        ctx,
    }
}

/// Pydantic's type, message and context of a problem.
fn words(kind: &Kind) -> (&'static str, String, Option<Value>) {
    let bare = |r#type, msg: &str| (r#type, msg.to_owned(), None);
    let with = |r#type, msg: String, ctx| (r#type, msg, Some(ctx));
    match kind {
        Kind::Missing => bare("missing", "Field required"),
        Kind::Repeated | Kind::Not(Type::Text) => {
            bare("string_type", "Input should be a valid string")
        }
        Kind::NotUtf8 => bare(
            "string_unicode",
            "Input should be a valid string, unable to parse raw data as a unicode string",
        ),
        Kind::Mismatch(pattern) => with(
            "string_pattern_mismatch",
            format!("String should match pattern '{pattern}'"),
            json!({"pattern": pattern}),
        ),
        Kind::Not(Type::Integer) => bare("int_type", "Input should be a valid integer"),
        Kind::Not(Type::Number) => bare("float_type", "Input should be a valid number"),
        Kind::Not(Type::Boolean) => bare("bool_type", "Input should be a valid boolean"),
        Kind::Not(Type::List) => bare("list_type", "Input should be a valid list"),
        Kind::Not(Type::Null) => bare("none_required", "Input should be None"),
        Kind::Not(Type::Object) => bare(
            "model_attributes_type",
            "Input should be a valid dictionary or object to extract fields from",
        ),
        Kind::Unparsable(Type::Boolean) => bare(
            "bool_parsing",
            "Input should be a valid boolean, unable to interpret input",
        ),
        Kind::Unparsable(Type::Number) => bare(
            "float_parsing",
            "Input should be a valid number, unable to parse string as a number",
        ),
        Kind::Unparsable(_) => bare(
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        Kind::TooSmall(least) => with(
            "greater_than_equal",
            format!("Input should be greater than or equal to {least}"),
            json!({"ge": least}),
        ),
        Kind::TooLarge(most) => with(
            "less_than_equal",
            format!("Input should be less than or equal to {most}"),
            json!({"le": most}),
        ),
        Kind::NotOneOf(values) => {
            let expected = one_of(values);
            let msg = format!("Input should be {expected}");
            with("enum", msg, json!({"expected": expected}))
        }
        Kind::Unknown => bare("extra_forbidden", "Extra inputs are not permitted"),
        Kind::NotJson(error) => with(
            "json_invalid",
            "JSON decode error".to_owned(),
            json!({"error": error}),
        ),
        Kind::Other(sentence) => with(
            "value_error",
            format!("Value error, {sentence}"),
            json!({"error": {}}),
        ),
    }
}

/// Values as Pydantic lists them: `'a', 'b' or 'c'`.
fn one_of(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_values() {
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let kind = |list: &[&str]| words(&Kind::NotOneOf(values(list))).1;
        assert_eq!(kind(&["a"]), "Input should be 'a'");
        assert_eq!(kind(&["a", "b", "c"]), "Input should be 'a', 'b' or 'c'");
    }
}
