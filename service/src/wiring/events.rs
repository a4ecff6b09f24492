//! The events of a function, as AWS sends them.

use jsonwebtoken::{EncodingKey, Header};
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Value, json};
use shared::domain::access::Access;
use shared::http::{JSON, Operation, Route, without_slash};
use shared::lambda::Function;

use super::{Mend, Missing, WiringError, read};
use crate::repository;

/// The files with a function's events: the first operation's has the function's name, the others'
/// its name and their method.
#[must_use]
pub fn event_files(function: &Function) -> Vec<(String, Option<Operation>)> {
    let name = function.name;
    if function.route == Route::AUTHORIZER {
        return Vec::new(); // its events are another gateway's: tests/authorizer.rs
    }
    let Some((first, others)) = function.route.operations.split_first() else {
        return vec![(format!("events/{name}.json"), None)];
    };
    let mut files = vec![(format!("events/{name}.json"), Some(*first))];
    files.extend(others.iter().map(|operation| {
        let method = operation.method.to_lowercase();
        (format!("events/{name}-{method}.json"), Some(*operation))
    }));
    files
}

/// The events that no file has.
pub(super) fn missing(function: &Function) -> Result<Vec<Missing>, WiringError> {
    let mut missing = Vec::new();
    for (at, (file, operation)) in event_files(function).into_iter().enumerate() {
        let (Some(operation), false) = (operation, repository(&file).exists()) else {
            continue;
        };
        missing.push(Missing {
            what: format!(
                "no event calls {} of functions/{}",
                operation.method, function.name
            ),
            file,
            mend: Mend::Write(event(function, at, operation)?),
        });
    }
    Ok(missing)
}

/// A request that the operation answers, as AWS sends it.
fn event(function: &Function, at: usize, operation: Operation) -> Result<String, WiringError> {
    let description = function.description.get(at);
    let mut generator = SchemaSettings::draft2020_12()
        .for_deserialize()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let mut path = without_slash(function.route.path().unwrap_or("/")).to_owned();
    let mut query = Vec::new();
    for parameter in description.into_iter().flat_map(|one| one.parameters) {
        let value = example(&json!((parameter.schema)(&mut generator)));
        let value = value.as_str().map_or(value.to_string(), str::to_owned);
        if parameter.place == "path" {
            path = path.replace(&format!("{{{}}}", parameter.name), &value);
        } else if parameter.required {
            query.push(format!("{}={value}", parameter.name));
        }
    }
    let body = description.and_then(|one| one.body);
    let body = body.filter(|(media_type, _)| *media_type == JSON);
    let body = body.map(|(_, schema)| example(&json!(schema(&mut generator))).to_string());
    let mut headers = vec![r#""accept": "*/*""#.to_owned()];
    let scopes = operation.access.scopes();
    match operation.access {
        Access::Public => {}
        Access::ActiveUser(_) | Access::AnyUser(_) => headers.push(bearer("johndoe", scopes)?),
        Access::Client(_) => headers.push(bearer("client:c_example", scopes)?),
    }
    let length = body.as_ref().map_or(0, String::len);
    headers.push(format!("\"content-length\": \"{length}\""));
    headers.extend(
        body.is_some()
            .then(|| format!("\"content-type\": \"{JSON}\"")),
    );
    let body = body.map(|body| format!("\n  \"body\": {},", json!(body)));
    Ok(TEMPLATE
        .replace("{query}", &query.join("&"))
        .replace("{headers}", &headers.join(",\n    "))
        .replace("{body}", &body.unwrap_or_default())
        .replace("{method}", operation.method)
        .replace(
            "{route}",
            without_slash(function.route.path().unwrap_or("/")),
        )
        .replace("{path}", &path))
}

/// A value that a schema allows: its example, its default, or the simplest of its type.
fn example(schema: &Value) -> Value {
    let given = [
        &schema["examples"][0],
        &schema["default"],
        &schema["enum"][0],
    ];
    if let Some(given) = given.into_iter().find(|value| !value.is_null()) {
        return given.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => schema["minimum"].as_u64().unwrap_or(1).max(1).into(),
        Some("boolean") => true.into(),
        Some("array") => json!([example(&schema["items"])]),
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let examples = properties.map(|(name, schema)| (name.clone(), example(schema)));
            Value::Object(examples.collect())
        }
        Some("string") => "text".into(),
        _ => Value::Null,
    }
}

/// The claims of an event's token.
#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    scope: String,
    scopes: &'a [&'a str],
    iat: u64,
    exp: u64,
    jti: &'a str,
}

/// The header with a token of this subject, signed with the development key and valid until 2100.
fn bearer(sub: &str, scopes: &[&str]) -> Result<String, WiringError> {
    let claims = Claims {
        sub,
        scope: scopes.join(" "),
        scopes,
        iat: 1_767_225_600,
        exp: 4_102_444_800,
        jti: "00000000-0000-4000-8000-000000000000",
    };
    let key = EncodingKey::from_secret(development_key()?.as_bytes());
    let token = jsonwebtoken::encode(&Header::default(), &claims, &key)?;
    Ok(format!("\"authorization\": \"Bearer {token}\""))
}

/// `JWT_SECRET_KEY` of the development values.
fn development_key() -> Result<String, WiringError> {
    let values = serde_json::from_str::<Value>(&read(VALUES)?);
    let values = values.map_err(|error| WiringError::Json(VALUES.to_owned(), error))?;
    let key = values["Parameters"]["JWT_SECRET_KEY"].as_str();
    Ok(key.unwrap_or_default().to_owned())
}

/// The development values, as `sam local` reads them.
const VALUES: &str = "events/env.json";

const TEMPLATE: &str = r#"{
  "version": "2.0",
  "routeKey": "ANY {route}",
  "rawPath": "{path}",
  "rawQueryString": "{query}",
  "headers": {
    {headers},
    "host": "abcdefghij.execute-api.eu-central-1.amazonaws.com",
    "user-agent": "curl/8.5.0",
    "x-amzn-trace-id": "Root=1-67449b80-0123456789abcdef01234567",
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https"
  },
  "requestContext": {
    "accountId": "123456789012",
    "apiId": "abcdefghij",
    "domainName": "abcdefghij.execute-api.eu-central-1.amazonaws.com",
    "domainPrefix": "abcdefghij",
    "http": {
      "method": "{method}",
      "path": "{path}",
      "protocol": "HTTP/1.1",
      "sourceIp": "203.0.113.7",
      "userAgent": "curl/8.5.0"
    },
    "requestId": "JKJaXmPLvHcESHA=",
    "routeKey": "ANY {route}",
    "stage": "$default",
    "time": "01/Jan/2026:00:00:00 +0000",
    "timeEpoch": 1767225600000
  },{body}
  "isBase64Encoded": false
}
"#;
