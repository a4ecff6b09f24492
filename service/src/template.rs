//! What `template.yaml` says of a function.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use shared::lambda::Function;

use crate::repository;

const FILE: &str = "template.yaml";

/// Why the template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("{FILE}: {0}")]
    File(#[from] std::io::Error),
    /// It is no YAML.
    #[error("{FILE}: {0}")]
    Yaml(#[from] serde_saphyr::Error),
}

/// The template, parsed: `!Ref X` is "X", `!GetAtt X.Y` is "X.Y".
pub fn read() -> Result<Value, TemplateError> {
    let text = fs::read_to_string(repository(FILE))?;
    Ok(serde_saphyr::from_str(&text)?)
}

/// The resources of the template.
pub fn resources(template: &Value) -> impl Iterator<Item = &Value> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources.map(|(_, resource)| resource)
}

/// The function's resource, if it has one.
#[must_use]
pub fn resource<'a>(template: &'a Value, function: &Function) -> Option<&'a Value> {
    let code = format!("functions/{}", function.name);
    resources(template).find(|resource| resource["Properties"]["CodeUri"] == code.as_str())
}

/// The names of the variables that a function's resource and `Globals` give it; `None` if it has no
/// resource.
#[must_use]
pub fn variables(template: &Value, function: &Function) -> Option<BTreeSet<String>> {
    let names = |part: &Value| {
        let variables = part["Environment"]["Variables"].as_object().into_iter();
        let names = variables.flat_map(|variables| variables.keys());
        names.cloned().collect::<BTreeSet<String>>()
    };
    let own = names(&resource(template, function)?["Properties"]);
    Some(&own | &names(&template["Globals"]["Function"]))
}

/// What the function's role allows: the statements of the policies that it names, and its own.
#[must_use]
pub fn statements<'a>(template: &'a Value, function: &Function) -> Vec<&'a Value> {
    let policies = resource(template, function).map(|resource| &resource["Properties"]["Policies"]);
    let policies = policies.and_then(Value::as_array).into_iter().flatten();
    let documents = policies.map(|policy| match policy.as_str() {
        Some(name) => &template["Resources"][name]["Properties"]["PolicyDocument"],
        None => policy,
    });
    let statements = documents.filter_map(|document| document["Statement"].as_array());
    statements.flatten().collect()
}

/// The function's memory in MB, by the defaults of the parameters.
#[must_use]
pub fn memory(template: &Value, function: &Function) -> Option<u64> {
    let own = &resource(template, function)?["Properties"]["MemorySize"];
    let size = match own {
        Value::Null => &template["Globals"]["Function"]["MemorySize"],
        size => size,
    };
    let parameter = |name: &str| template["Parameters"][name]["Default"].as_u64();
    size.as_u64().or_else(|| parameter(size.as_str()?))
}
