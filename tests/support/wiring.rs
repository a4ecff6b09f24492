//! Every place that must know a function, and what is missing there: `tests/catalogue.rs` fails if
//! something is, and `make routes` writes it. What is there already is never changed, but for files that
//! nobody edits: the API's documents, and the paths that `functions/not-found` knows.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use service::gateway::routing::gateway_paths;
use service::template::resource;
use service::{FUNCTIONS, all as all_functions};
use shared::domain::access::Access;
use shared::domain::scope::CATALOGUE;
use shared::http::{Dialect, JSON, Operation, Route, without_slash};
use shared::lambda::Function;

use crate::{KEY, block_on, parity, parsed_template, read, repository};

/// Something that is missing, and where it goes.
pub struct Missing {
    /// What is missing, for people.
    pub what: String,
    pub file: String,
    pub mend: Mend,
}

/// How it gets there.
pub enum Mend {
    /// Writes a file with this text.
    Write(String),
    /// Inserts lines (the second text) before the line that begins with the first text.
    Before(&'static str, String),
    /// Replaces the first text by the second wherever it stands; the second is the first and more.
    Grow(String, String),
}

/// All that is missing.
pub fn missing() -> Vec<Missing> {
    let mut all = Vec::new();
    for function in all_functions() {
        scopes(function, &mut all);
        router(function, &mut all);
        template(function, &mut all);
        events(function, &mut all);
        readme(function, &mut all);
    }
    paths(&mut all);
    documents(&mut all);
    all
}

impl Missing {
    /// Writes it.
    pub fn mend(&self) {
        let path = repository(&self.file);
        let text = match &self.mend {
            Mend::Write(text) => text.clone(),
            Mend::Before(start, lines) => {
                let text = read(&self.file);
                let at = if text.starts_with(start) {
                    0
                } else {
                    let found = text.find(&format!("\n{start}"));
                    found.unwrap_or_else(|| panic!("{}: no line begins {start}", self.file)) + 1
                };
                format!("{}{lines}{}", &text[..at], &text[at..])
            }
            Mend::Grow(old, new) => read(&self.file).replace(old, new),
        };
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// `GET, POST /users/me/orders/`, as the first line of `lib.rs` and the README say it.
pub fn methods_and_path(route: Route) -> Option<String> {
    let methods: Vec<&str> = route.methods().collect();
    Some(format!("{} {}", methods.join(", "), route.path()?))
}

/// All scopes that any of its operations asks for, each once.
pub fn scopes_of(route: Route) -> BTreeSet<&'static str> {
    let operations = route.operations.iter();
    operations
        .flat_map(|operation| operation.access.scopes())
        .copied()
        .collect()
}

fn scopes(function: &Function, all: &mut Vec<Missing>) {
    for scope in scopes_of(function.route) {
        if CATALOGUE.iter().any(|(known, _)| *known == scope) {
            continue;
        }
        let what = format!("the catalogue does not have the scope `{scope}`");
        if all.iter().any(|other| other.what == what) {
            continue;
        }
        let line = format!("    (\"{scope}\", \"Use {scope}.\"),\n");
        all.push(Missing {
            what,
            file: "shared/src/domain/scope.rs".into(),
            mend: Mend::Before("];", line),
        });
        let two = "\"scopes\": [\"me\", \"items\"";
        all.push(Missing {
            what: format!("the tutorial's users do not have the scope `{scope}`"),
            file: "shared/src/domain/users/tutorial.json".into(),
            mend: Mend::Grow(two.into(), format!("{two}, \"{scope}\"")),
        });
    }
}

/// The paths that the router must know. It compares them exactly, so each spelling needs a key.
pub fn spellings(route: Route) -> Vec<String> {
    if route.is_fallback() {
        return vec!["/".to_owned(), "/{*path}".to_owned()];
    }
    let Some(path) = route.path().map(without_slash) else {
        return Vec::new();
    };
    let mut spellings = vec![path.to_owned(), format!("{path}/")];
    spellings.extend(route.below.then(|| format!("{path}/{{*path}}")));
    spellings
}

/// The router of `cargo lambda watch`: paths, and the functions that they go to.
pub fn router_table() -> toml::Table {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let watch = &manifest["workspace"]["metadata"]["lambda"]["watch"];
    watch["router"].as_table().unwrap().clone()
}

fn router(function: &Function, all: &mut Vec<Missing>) {
    let router = router_table();
    for path in spellings(function.route) {
        if !router.contains_key(&path) {
            let line = format!("\"{path}\" = \"{}\"\n", function.name);
            all.push(Missing {
                what: format!("the router does not know {path}"),
                file: "Cargo.toml".into(),
                mend: Mend::Before("\"/\" = ", line),
            });
        }
    }
}

/// What a deployed stack has in the item of its public keys, where `users keys` writes it.
const IN_THE_RING: [&str; 3] = ["PUBLIC_KEYS", "ISSUER", "AUDIENCE"];

/// The variables that a function's `main` reads, whichever store is chosen. Left out are those that
/// Lambda sets or AWS's SDKs define: nobody writes them into a template.
pub fn variables(function: &Function) -> BTreeSet<String> {
    let asked = std::cell::RefCell::new(BTreeSet::new());
    for store in ["memory", "dynamodb"] {
        let lookup = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            (name == "USER_STORE").then(|| store.to_owned())
        };
        // Nearly every variable is missing, so the start fails before it opens anything, but not
        // before it has asked for all of them.
        let start = shared::lambda::ColdStart::new(&lookup, shared::config::Parts::default());
        let _incomplete = block_on((function.start)(start));
    }
    let brought = |name: &String| {
        name.starts_with("AWS_") || name == "SSL_CERT_FILE" || IN_THE_RING.contains(&name.as_str())
    };
    let asked = asked.into_inner().into_iter();
    asked.filter(|name| !brought(name)).collect()
}

fn template(function: &Function, all: &mut Vec<Missing>) {
    let template = parsed_template();
    if resource(template, function).is_some() {
        return;
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
    let mut variables = variables(function);
    variables.retain(|name| globals.get(name).is_none());
    if !variables.is_empty() {
        text += "      Environment:\n        Variables:\n";
    }
    for variable in &variables {
        let _ = writeln!(text, "          {variable}: {}", value_of(variable));
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
    all.push(Missing {
        what: format!("no resource has CodeUri: functions/{name}"),
        file: "template.yaml".into(),
        mend: Mend::Before("  NotFoundFunction:", text + "\n"),
    });
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
fn value_of(variable: &str) -> String {
    let template = read("template.yaml");
    let start = format!("{variable}: ");
    let mut lines = template.lines().map(str::trim);
    let line = lines.find_map(|line| line.strip_prefix(&start));
    line.map_or_else(|| "\"\"".to_owned(), str::to_owned)
}

/// The files with a function's events: the first operation's has the function's name, the others'
/// its name and their method.
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

fn events(function: &Function, all: &mut Vec<Missing>) {
    for (at, (file, operation)) in event_files(function).into_iter().enumerate() {
        let (Some(operation), false) = (operation, repository(&file).exists()) else {
            continue;
        };
        all.push(Missing {
            what: format!(
                "no event calls {} of functions/{}",
                operation.method, function.name
            ),
            file,
            mend: Mend::Write(event(function, at, operation)),
        });
    }
}

/// A request that the operation answers, as AWS sends it.
fn event(function: &Function, at: usize, operation: Operation) -> String {
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
        Access::ActiveUser(_) | Access::AnyUser(_) => headers.push(bearer("johndoe", scopes)),
        Access::Client(_) => headers.push(bearer("client:c_example", scopes)),
    }
    let length = body.as_ref().map_or(0, String::len);
    headers.push(format!("\"content-length\": \"{length}\""));
    headers.extend(
        body.is_some()
            .then(|| format!("\"content-type\": \"{JSON}\"")),
    );
    let body = body.map(|body| format!("\n  \"body\": {},", json!(body)));
    TEMPLATE
        .replace("{query}", &query.join("&"))
        .replace("{headers}", &headers.join(",\n    "))
        .replace("{body}", &body.unwrap_or_default())
        .replace("{method}", operation.method)
        .replace(
            "{route}",
            without_slash(function.route.path().unwrap_or("/")),
        )
        .replace("{path}", &path)
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

/// The header with a token of this subject, signed with the development key and valid until 2100.
fn bearer(sub: &str, scopes: &[&str]) -> String {
    let header = r#"{"typ":"JWT","alg":"HS256"}"#;
    let payload = format!(
        r#"{{"sub":"{sub}","scope":"{}","scopes":{},"iat":1767225600,"exp":4102444800,"jti":"00000000-0000-4000-8000-000000000000"}}"#,
        scopes.join(" "),
        json!(scopes)
    );
    let message = format!("{}.{}", parity::encode(header), parity::encode(&payload));
    let signature = parity::sign("HS256", KEY, &message);
    format!("\"authorization\": \"Bearer {message}.{signature}\"")
}

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

/// The function's row in the README's map.
pub fn row(function: &Function) -> Option<String> {
    let route = function.route;
    let scopes = |access: Access| match access {
        Access::Public => "none, no token".to_owned(),
        Access::ActiveUser([]) | Access::AnyUser([]) => "none, but a token".to_owned(),
        Access::Client([]) => "none, but a client's token".to_owned(),
        Access::ActiveUser(scopes) | Access::AnyUser(scopes) => format!("`{}`", scopes.join(" ")),
        Access::Client(scopes) => format!("`{}`, for clients", scopes.join(" ")),
    };
    let first = route.operations.first()?;
    let alike = |operation: &Operation| scopes(operation.access) == scopes(first.access);
    let scopes = if route.operations.iter().all(alike) {
        scopes(first.access)
    } else {
        let each = route.operations.iter();
        let each = each.map(|one| format!("{} {}", one.method, scopes(one.access)));
        each.collect::<Vec<_>>().join(", ")
    };
    let name = function.name;
    Some(format!(
        "| `{}` | [functions/{name}](functions/{name}/src/lib.rs) | {scopes} | [events/{name}.json](events/{name}.json) |",
        methods_and_path(route)?
    ))
}

fn readme(function: &Function, all: &mut Vec<Missing>) {
    let Some(row) = row(function) else { return };
    if !read("README.md").contains(&row) {
        all.push(Missing {
            what: format!("the map does not have the row {row}"),
            file: "README.md".into(),
            mend: Mend::Before("| everything else ", row + "\n"),
        });
    }
}

/// The paths from which `functions/not-found` takes a slash: those of all other functions.
fn paths(all: &mut Vec<Missing>) {
    let routes = FUNCTIONS
        .iter()
        .filter_map(|function| function.route.path());
    let lines = routes.map(|path| format!("    \"{}\",\n", without_slash(path)));
    written(
        all,
        "functions/not-found/src/paths.rs",
        format!(
            "//! The paths of the other functions; `make routes` writes them.\n\n/// Without a slash at the end.\npub const PATHS: &[&str] = &[\n{}];\n",
            lines.collect::<String>()
        ),
    );
}

/// A file that nobody edits.
fn written(all: &mut Vec<Missing>, file: &str, text: String) {
    if read(file) != text {
        all.push(Missing {
            what: "what the functions say of themselves now".to_owned(),
            file: file.to_owned(),
            mend: Mend::Write(text),
        });
    }
}

/// The documents that `functions/openapi` serves: what the functions say of themselves.
fn documents(all: &mut Vec<Missing>) {
    for (name, dialect) in [("fastapi", Dialect::FastApi), ("rfc", Dialect::Rfc)] {
        let file = format!("functions/openapi/documents/{name}.json");
        let text = format!("{:#}\n", service::document(FUNCTIONS, dialect));
        written(all, &file, text);
    }
}
