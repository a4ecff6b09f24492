//! The resource of a function in `template.yaml`.

use std::fmt::Write;

use serde_json::Value;
use shared::domain::access::Access;
use shared::lambda::Function;

use super::{Mend, Missing, WiringError};
use crate::gateway::routing::gateway_paths;
use crate::template;
use crate::variables::variables;

/// The resource, if the template does not have it.
pub(super) async fn missing(function: &Function) -> Result<Option<Missing>, WiringError> {
    let template = template::read()?;
    if template::resource(&template, function).is_some() {
        return Ok(None);
    }
    let name = function.name;
    let mut text = format!(
        "  {}Function:\n    Type: AWS::Serverless::Function\n    Metadata: {{ BuildMethod: rust-cargolambda }}\n    Properties:\n      CodeUri: functions/{name}\n",
        capitalized(name, '-')
    );
    let globals = &template["Globals"]["Function"]["Environment"]["Variables"];
    let mut variables = variables(function).await;
    variables.retain(|name| globals.get(name).is_none());
    let values = variables.iter();
    let values = values.map(|name| format!("{name}: {}", value_of(&template, name)));
    let values = values.collect::<Vec<_>>().join(", ");
    if !values.is_empty() {
        let _ = writeln!(text, "      Environment: {{ Variables: {{ {values} }} }}");
    }
    if let Some(policies) = policies(function) {
        let _ = writeln!(text, "      Policies: [{policies}]");
    }
    text += "      Events:\n";
    for (event, path) in ["Exact", "Slash"].iter().zip(gateway_paths(function.route)) {
        let path = if path.contains('{') {
            format!("\"{path}\"")
        } else {
            path
        };
        let _ = writeln!(
            text,
            "        {event}: {{ Type: HttpApi, Properties: {{ ApiId: !Ref Api, Method: ANY, Path: {path} }} }}"
        );
    }
    Ok(Some(Missing {
        what: format!("no resource has CodeUri: functions/{name}"),
        file: "template.yaml".into(),
        mend: Mend::Before("  NotFoundFunction:", text + "\n"),
    }))
}

/// What the function of a protected route must be able to read: users and their sessions, or clients, and
/// the public keys.
fn policies(function: &Function) -> Option<&'static str> {
    match function.route.operations.first()?.access {
        Access::ActiveUser(_) | Access::AnyUser(_) => Some("!Ref CheckTokens, !Ref CheckSessions"),
        Access::Client(_) => Some("!Ref CheckClients"),
        Access::Public => None,
    }
}

/// The parameter of the variable's name. A variable without one gets "", for you to fill in.
fn value_of(template: &Value, variable: &str) -> String {
    let parameter = capitalized(variable, '_');
    match template["Parameters"].get(&parameter) {
        Some(_) => format!("!Ref {parameter}"),
        None => "\"\"".to_owned(),
    }
}

/// `UsersMe` of `users-me`, `JwtSecretKey` of `JWT_SECRET_KEY`.
fn capitalized(name: &str, separator: char) -> String {
    let words = name.split(separator).map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + &rest.to_lowercase()
    });
    words.collect()
}
