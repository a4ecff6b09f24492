//! The resource of a function in `template.yaml`.

use std::fmt::Write;

use shared::domain::access::Access;
use shared::lambda::Function;

use super::{Mend, Missing, WiringError, read};
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
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    let mut text = format!(
        "  {}Function:\n    Type: AWS::Serverless::Function\n    Metadata: {{ BuildMethod: rust-cargolambda }}\n    Properties:\n      CodeUri: functions/{name}\n",
        words.collect::<String>()
    );
    let globals = &template["Globals"]["Function"]["Environment"]["Variables"];
    let mut variables = variables(function).await;
    variables.retain(|name| globals.get(name).is_none());
    if !variables.is_empty() {
        text += "      Environment:\n        Variables:\n";
    }
    for variable in &variables {
        let _ = writeln!(text, "          {variable}: {}", value_of(variable)?);
    }
    if variables.contains("USERS_TABLE") {
        text += &policies(function);
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

/// What a function may read: the public keys and, if it has a guard, users and their sessions, or
/// clients.
fn policies(function: &Function) -> String {
    match function.route.operations.first().map(|one| one.access) {
        Some(Access::ActiveUser(_) | Access::AnyUser(_)) => {
            POLICIES.replace("{keys}", r#"["user#*", "keys#public"]"#) + SESSIONS
        }
        Some(Access::Client(_)) => POLICIES.replace("{keys}", r#"["client#*", "keys#public"]"#),
        _ => POLICIES.replace("{keys}", r#"["keys#public"]"#),
    }
}

const POLICIES: &str = r#"      Policies:
        - Statement:
            - Effect: Allow
              Action: dynamodb:GetItem
              Resource: !Sub "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AWS::StackName}-users"
              Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": {keys} } }
"#;

const SESSIONS: &str = r#"            # With TokenCheck=session a user and a session at once.
            - Effect: Allow
              Action: dynamodb:BatchGetItem
              Resource: !Sub "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AWS::StackName}-users"
              Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["user#*", "session#*"] } }
"#;

/// The value that another resource gives to the variable. A new variable gets "", for you to fill
/// in.
fn value_of(variable: &str) -> Result<String, WiringError> {
    let template = read("template.yaml")?;
    let start = format!("{variable}: ");
    let mut lines = template.lines().map(str::trim);
    let line = lines.find_map(|line| line.strip_prefix(&start));
    Ok(line.unwrap_or("\"\"").to_owned())
}
