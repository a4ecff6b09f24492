//! What each function sees of the environment of `make dev`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::lambda::Function;

use super::functions::Variables;
use crate::template;
use crate::variables::{is_brought, variables};

/// The size of a function, which decides what hashes it takes. Lambda sets it.
const SIZE: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

/// Variables that `make dev` itself reads.
const OF_MAKE_DEV: [&str; 5] = [
    "CORS_ORIGINS",
    "DYNAMODB_FILE",
    "JWT_ALGORITHM",
    "JWT_SECRET_KEY",
    "PORT",
];

/// The variables that a function has where the template is deployed: those that its resource names, and those
/// that need no template. A function that has no resource yet gets what `make routes` would give it.
pub async fn of_function(
    template: &Value,
    function: &Function,
    environment: &Variables,
) -> Variables {
    let named = match template::variables(template, function) {
        Some(named) => named,
        None => variables(function).await,
    };
    let seen = |name: &String| named.contains(name) || is_brought(name);
    let mut seen: Variables = environment
        .iter()
        .filter(|(name, _)| seen(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let size = template::memory(template, function);
    if let (None, Some(size)) = (seen.get(SIZE), size) {
        seen.insert(SIZE.to_owned(), size.to_string());
    }
    seen
}

/// Variables of the environment that look like one of ours, misspelt: each with the right name.
pub async fn misspelt(environment: &Variables) -> Vec<(String, String)> {
    let mut ours: BTreeSet<String> = OF_MAKE_DEV.map(str::to_owned).into();
    for function in crate::all() {
        ours.extend(variables(function).await);
    }
    let unknown = environment
        .keys()
        .filter(|name| !ours.contains(*name) && !is_brought(name));
    let near = unknown.filter_map(|name| {
        let near = ours.iter().find(|known| is_misspelt(name, known));
        Some((name.clone(), near?.clone()))
    });
    near.collect()
}

/// True if there is a slip or two between the names, fewer in a short one.
fn is_misspelt(name: &str, known: &str) -> bool {
    let slips = match known.len() {
        0..6 => 0,
        6..12 => 1,
        _ => 2,
    };
    strsim::damerau_levenshtein(&name.to_uppercase(), known) <= slips
}

/// All problems of all functions, each once, with the functions that have it, unless they are many.
#[must_use]
pub fn together(problems: BTreeMap<String, Vec<&'static str>>) -> String {
    let lines = problems
        .into_iter()
        .map(|(problem, functions)| match functions.as_slice() {
            few @ ([_] | [_, _]) => format!("\n  {problem} ({})", few.join(", ")),
            _ => format!("\n  {problem}"),
        });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_noticed_and_another_programs_variable_is_not() {
        for (name, known, expected) in [
            ("REFRESH_IDLE_DAY", "REFRESH_IDLE_DAYS", true),
            ("REFRESHIDLEDAYS", "REFRESH_IDLE_DAYS", true),
            ("CLEINTS", "CLIENTS", true),
            ("refresh_idle_days", "REFRESH_IDLE_DAYS", true),
            ("JWT_SECRET", "JWT_SECRET_KEY", false),
            ("USER", "ISSUER", false),
            ("HOME", "PORT", false),
            ("LOGNAME", "CLIENTS", false),
        ] {
            assert_eq!(is_misspelt(name, known), expected, "{name}");
        }
    }
}
