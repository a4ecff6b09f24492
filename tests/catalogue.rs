//! Every function's `ROUTE` against all the places that must know it. A failure says what is
//! missing and where: follow it to add a route (CONTRIBUTING.md).

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use shared::Route;
use shared::route::{Access, without_slash};
use shared::scope::CATALOGUE;
use tests::document::DOCUMENT;
use tests::functions::{FUNCTIONS, Function};
use tests::{Client, Gateway, HttpRequest, app, read, repository};

/// Fails with all problems at once, a line each.
fn complete(problems: &[String]) {
    assert!(problems.is_empty(), "to do:\n  {}\n", problems.join("\n  "));
}

fn check(problem_of: impl Fn(&Function, &mut Vec<String>)) {
    let mut problems = Vec::new();
    for function in FUNCTIONS {
        problem_of(function, &mut problems);
    }
    complete(&problems);
}

fn folders() -> BTreeSet<String> {
    let entries = fs::read_dir(repository("functions")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// "GET /users/me/", "items me".
fn described(route: Route) -> Option<(String, String)> {
    let method_and_path = format!("{} {}", route.method()?, route.path()?);
    Some((method_and_path, route.scopes().join(" ")))
}

#[test]
fn every_folder_is_listed_for_the_tests() {
    let listed: BTreeSet<String> = FUNCTIONS
        .iter()
        .map(|function| function.name.into())
        .collect();
    let missing = folders().difference(&listed).cloned().collect::<Vec<_>>();
    let problems = missing.iter().map(|name| {
        format!("functions/{name} is not in tests/support/functions.rs: add it there, and to [dependencies] of tests/Cargo.toml")
    });
    complete(&problems.collect::<Vec<_>>());
    assert_eq!(listed, folders());
}

#[test]
fn every_route_is_known_to_the_fallback() {
    check(|Function { name, route, .. }, problems| {
        if route.path().is_some() && !not_found::ROUTES.contains(route) {
            problems.push(format!(
                "functions/{name}: add its ROUTE to ROUTES in functions/not-found/src/lib.rs, and the crate to its Cargo.toml"
            ));
        }
    });
    assert_eq!(
        not_found::ROUTES.len() + 1,
        FUNCTIONS.len(),
        "each route once"
    );
}

#[test]
fn no_two_functions_have_the_same_path() {
    let paths: BTreeSet<_> = FUNCTIONS
        .iter()
        .map(|function| function.route.path())
        .collect();
    assert_eq!(paths.len(), FUNCTIONS.len());
}

#[test]
fn every_scope_is_in_the_catalogue() {
    check(|Function { name, route, .. }, problems| {
        for scope in route.scopes() {
            if !CATALOGUE.iter().any(|(known, _)| known == scope) {
                problems.push(format!(
                    "functions/{name} requires the scope `{scope}`: add it with a description to CATALOGUE in shared/src/scope.rs"
                ));
            }
        }
    });
}

#[test]
fn every_function_says_what_it_does_in_its_first_line() {
    check(|Function { name, route, .. }, problems| {
        let Some((method_and_path, _)) = described(*route) else {
            return;
        };
        let source = read(&format!("functions/{name}/src/lib.rs"));
        let first = source.lines().next().unwrap_or_default();
        let scopes = route
            .scopes()
            .iter()
            .all(|scope| first.contains(&format!("`{scope}`")));
        if !first.starts_with(&format!("//! {method_and_path}: ")) || !scopes {
            problems.push(format!(
                "functions/{name}/src/lib.rs: begin its first line with `//! {method_and_path}: ` and name its scopes there"
            ));
        }
    });
}

#[test]
fn cargo_lambda_routes_both_spellings() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let router = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]
        .as_table()
        .unwrap();
    check(|Function { name, route, .. }, problems| {
        for path in spellings(*route) {
            if router.get(&path).and_then(toml::Value::as_str) != Some(name) {
                problems.push(format!(
                    "functions/{name}: add \"{path}\" = \"{name}\" to [workspace.metadata.lambda.watch.router] in Cargo.toml"
                ));
            }
        }
    });
    let known: BTreeSet<String> = FUNCTIONS
        .iter()
        .flat_map(|function| spellings(function.route))
        .collect();
    let paths: BTreeSet<String> = router.keys().cloned().collect();
    assert_eq!(
        paths, known,
        "the router in Cargo.toml has other paths than the functions"
    );
}

/// The router's keys are exact.
fn spellings(route: Route) -> Vec<String> {
    let Some(path) = route.path().map(without_slash) else {
        return vec!["/".to_owned(), "/{*path}".to_owned()];
    };
    let mut spellings = vec![path.to_owned(), format!("{path}/")];
    spellings.extend(route.below.then(|| format!("{path}/{{*path}}")));
    spellings
}

#[test]
fn the_template_has_a_resource_with_both_spellings() {
    let template: Value = serde_saphyr::from_str(&read("template.yaml")).unwrap();
    let resources = template["Resources"].as_object().unwrap();
    let functions = resources
        .values()
        .filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    let functions: Vec<&Value> = functions.collect();
    check(|Function { name, route, .. }, problems| {
        let code = format!("functions/{name}");
        let Some(function) = functions
            .iter()
            .find(|function| function["Properties"]["CodeUri"] == code.as_str())
        else {
            return problems.push(format!(
                "{code}: add an AWS::Serverless::Function with CodeUri: {code} to template.yaml"
            ));
        };
        if function["Metadata"]["BuildMethod"] != "rust-cargolambda" {
            problems.push(format!("{code}: its resource in template.yaml lacks Metadata: {{ BuildMethod: rust-cargolambda }}"));
        }
        let events = function["Properties"]["Events"]
            .as_object()
            .into_iter()
            .flat_map(|events| events.values());
        let paths: BTreeSet<_> = events.map(event_path).collect();
        let expected = match route.path().map(without_slash) {
            Some(path) => {
                BTreeSet::from([Some(path.to_owned()), Some(format!("{path}/{{proxy+}}"))])
            }
            None => BTreeSet::from([None]),
        };
        if paths != expected {
            problems.push(format!(
                "{code}: its resource in template.yaml has the HttpApi events {paths:?}, but should have, with Method: ANY: {expected:?}"
            ));
        }
    });
    assert_eq!(
        functions.len(),
        FUNCTIONS.len(),
        "template.yaml has a function without a folder"
    );
}

/// The path of an event that takes every method; `None` for the `$default` route.
fn event_path(event: &Value) -> Option<String> {
    let (kind, properties) = (&event["Type"], &event["Properties"]);
    assert_eq!(
        (kind, &properties["ApiId"]),
        (&"HttpApi".into(), &"Api".into()),
        "{event}"
    );
    let path = properties["Path"].as_str()?;
    let method = &properties["Method"];
    Some(if method == "ANY" {
        path.to_owned()
    } else {
        format!("{method} {path}")
    })
}

#[test]
fn every_function_has_an_event() {
    check(|Function { name, route, .. }, problems| {
        let path = format!("events/{name}.json");
        let Ok(text) = fs::read_to_string(repository(&path)) else {
            return problems.push(format!("{path}: copy another event and change its path"));
        };
        let event: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let raw_path = event["rawPath"].as_str().unwrap_or_default();
        let http = &event["requestContext"]["http"];
        let fits = match route.method() {
            Some(method) => {
                route.has_path(raw_path) && http["method"] == method && http["path"] == raw_path
            }
            None => FUNCTIONS
                .iter()
                .all(|function| !function.route.has_path(raw_path)),
        };
        if !fits || event["version"] != "2.0" {
            problems.push(format!(
                "{path}: its rawPath, or requestContext.http, is not what functions/{name} answers"
            ));
        }
    });
}

#[test]
fn the_readmes_map_has_a_row() {
    let readme = read("README.md");
    check(|Function { name, route, .. }, problems| {
        let Some((method_and_path, scopes)) = described(*route) else {
            return;
        };
        let scopes = match route.access {
            Access::Public => "none, no token".to_owned(),
            Access::Token([]) => "none, but a token".to_owned(),
            Access::Token(_) => format!("`{scopes}`"),
        };
        let folder = format!("[functions/{name}](functions/{name}/src/lib.rs)");
        let event = format!("[events/{name}.json](events/{name}.json)");
        let row = format!("| `{method_and_path}` | {folder} | {scopes} | {event} |");
        if !readme.contains(&row) {
            problems.push(format!("README.md: add to the map: {row}"));
        }
    });
}

#[test]
fn every_route_of_the_api_is_described() {
    let described = &DOCUMENT["paths"];
    check(|Function { name, route, .. }, problems| {
        // The description itself is no part of what it describes.
        let (Some(path), false) = (route.path(), ["openapi", "docs"].contains(name)) else {
            return;
        };
        if described.get(path).is_none() {
            problems.push(format!(
                "functions/{name}: add its ROUTE and what it answers to operations() in functions/openapi/src/document.rs, and the crate to its Cargo.toml"
            ));
        }
    });
}

/// A handler that forgot to ask for the user would answer.
#[test]
fn every_route_checks_its_method_its_token_and_its_scopes() {
    let gateway = Gateway::new(app());
    let none = gateway.login("");
    check(|Function { name, route, .. }, problems| {
        let (Some(method), Some(path)) = (route.method(), route.path()) else {
            return;
        };
        let wrong = gateway.send(&HttpRequest::new("PURGE", path));
        if (wrong.status, wrong.header("allow")) != (405, Some(method)) {
            problems.push(format!("functions/{name} answers PURGE with {wrong:?}"));
        }
        let Access::Token(scopes) = route.access else {
            return;
        };
        let challenge = match scopes {
            [] => "Bearer".to_owned(),
            scopes => format!("Bearer scope=\"{}\"", scopes.join(" ")),
        };
        let mut tokens = vec![(None, "Bearer"), (Some("garbage"), challenge.as_str())];
        if !scopes.is_empty() {
            tokens.push((Some(&none), &challenge));
        }
        for (token, challenge) in tokens {
            let answer = gateway.send(&HttpRequest::new(method, path).bearer(token));
            if (answer.status, answer.header("www-authenticate")) != (401, Some(challenge)) {
                problems.push(format!("functions/{name}: its handle must ask auth for the user: {token:?} got {answer:?}"));
            }
        }
    });
}

/// What nobody should deploy by accident.
#[test]
fn the_template_is_safe_by_default() {
    let template: Value = serde_saphyr::from_str(&read("template.yaml")).unwrap();
    let parameters = &template["Parameters"];
    assert_eq!(parameters["TutorialUsers"]["Default"], "false");
    assert_eq!(parameters["UserStore"]["Default"], "dynamodb");
    let key = &parameters["JwtSecretKey"];
    assert_eq!(
        (&key["NoEcho"], &key["Default"], &key["MinLength"]),
        (&true.into(), &Value::Null, &32.into())
    );
    let api = &template["Resources"]["Api"]["Properties"];
    assert_eq!(
        (&api["FailOnWarnings"], &api["StageName"]),
        (&true.into(), &"$default".into())
    );
    let table = &template["Resources"]["Users"];
    assert_eq!(
        (
            &table["DeletionPolicy"],
            &table["Properties"]["DeletionProtectionEnabled"]
        ),
        (&"Retain".into(), &true.into())
    );
    assert_eq!(
        table["Properties"]["TimeToLiveSpecification"]["AttributeName"],
        "expires"
    );
    let table = &table["Properties"];
    assert_eq!(
        table["TableName"], "${AWS::StackName}-users",
        "as the users command's --stack names it"
    );
    assert_eq!(
        table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
        true
    );
    assert_eq!(table["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(table["TimeToLiveSpecification"]["Enabled"], true);
    assert_eq!(
        table["OnDemandThroughput"]["MaxReadRequestUnits"],
        "TableMaxRequestUnits"
    );
    for route in ["ANY /token", "ANY /token/{proxy+}"] {
        assert_eq!(
            api["RouteSettings"][route]["ThrottlingRateLimit"],
            "TokenThrottleRate"
        );
    }
    assert_eq!(parameters["TokenReservedConcurrency"]["Default"], 0, "off");
    for without_key in ["NotFoundFunction", "OpenapiFunction", "DocsFunction"] {
        let function = &template["Resources"][without_key]["Properties"];
        let variables = &function["Environment"]["Variables"];
        assert_eq!(
            variables["JWT_SECRET_KEY"], "",
            "{without_key} needs no key"
        );
        let documents = variables.get("DOCS_ENABLED").map(Value::to_string);
        let expected = (without_key != "NotFoundFunction").then(|| "\"DocsEnabled\"".to_owned());
        assert_eq!(documents, expected, "{without_key}");
    }
}

/// A misspelled variable would leave its default, or stop every function.
#[test]
fn the_template_sets_only_variables_that_are_read() {
    let template: Value = serde_saphyr::from_str(&read("template.yaml")).unwrap();
    let globals = [&template["Globals"]["Function"]];
    let resources = template["Resources"].as_object().unwrap().values();
    let functions = globals
        .into_iter()
        .chain(resources.map(|resource| &resource["Properties"]));
    let variables =
        functions.filter_map(|function| function["Environment"]["Variables"].as_object());
    let names: BTreeSet<&String> = variables.flat_map(|variables| variables.keys()).collect();
    let config = read("shared/src/config.rs");
    for name in &names {
        assert!(config.contains(&format!("\"{name}\"")), "{name}");
    }
    for name in ["JWT_SECRET_KEY", "USERS_TABLE", "DOCS_ENABLED"] {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
}

#[test]
fn the_build_settings_that_the_code_relies_on() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    assert_eq!(
        manifest["profile"]["release"]["panic"].as_str(),
        Some("abort")
    );
    let watch = &manifest["workspace"]["metadata"]["lambda"]["watch"];
    assert_eq!(
        watch["disable_cors"].as_bool(),
        Some(true),
        "OPTIONS is the function's to answer"
    );
}
