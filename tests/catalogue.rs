//! Checks every function against all the places that must know it, and against what it says of
//! itself. `make routes` writes what is missing (CONTRIBUTING.md); any other failure says what to
//! do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use service::gateway::routing::gateway_paths;
use service::template::{self, resource};
use service::wiring::{event_files, methods_and_path, missing, router_table, scopes_of, spellings};
use service::{FUNCTIONS, all};
use shared::domain::access::Access;
use shared::domain::accounts::password::DEFAULT_FUNCTION;
use shared::http::without_slash;
use shared::lambda::Function;
use tests::{
    Client, Gateway, HttpRequest, block_on, keys, parsed_template, read, repository, world,
};

/// Functions that the API's document leaves out: descriptions, and the fallback.
const NOT_IN_THE_API: [&str; 4] = ["docs", "openapi", "not-found", "well-known"];

/// The variables that a function reads.
fn variables(function: &Function) -> BTreeSet<String> {
    block_on(service::variables::variables(function))
}

/// Fails with all problems at once, a line each.
fn complete(problems: &[String]) {
    assert!(problems.is_empty(), "to do:\n  {}\n", problems.join("\n  "));
}

fn check(problem_of: impl Fn(&Function, &mut Vec<String>)) {
    let mut problems = Vec::new();
    for function in all() {
        problem_of(function, &mut problems);
    }
    complete(&problems);
}

#[test]
fn every_folder_is_listed() {
    let entries = fs::read_dir(repository("functions")).unwrap();
    let folders: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed = all().map(|function| function.name.into());
    let listed: BTreeSet<String> = listed.collect();
    let missing = folders.difference(&listed).map(|name| {
        format!("functions/{name}: add it to FUNCTIONS in service/src/lib.rs, and to [dependencies] of service/Cargo.toml")
    });
    complete(&missing.collect::<Vec<_>>());
    assert_eq!(listed, folders, "a function's name is its folder's");
}

#[test]
fn nothing_is_missing_that_make_routes_writes() {
    let missing = block_on(missing()).unwrap();
    let missing = missing
        .iter()
        .map(|one| format!("{}: {}", one.file, one.what));
    let missing: Vec<String> = missing.collect();
    assert!(
        missing.is_empty(),
        "run `make routes`, which writes:\n  {}\n",
        missing.join("\n  ")
    );
}

#[test]
fn no_two_functions_have_the_same_path() {
    let paths = FUNCTIONS.iter().map(|function| {
        let path = function.route.path().map(without_slash);
        path.map(|path| {
            path.split('/')
                .map(|segment| {
                    if segment.starts_with('{') {
                        "{}"
                    } else {
                        segment
                    }
                })
                .collect::<Vec<_>>()
        })
    });
    assert_eq!(paths.collect::<BTreeSet<_>>().len(), FUNCTIONS.len());
}

#[test]
fn every_function_says_what_it_does_in_its_first_line() {
    check(|function, problems| {
        let Some(methods_and_path) = methods_and_path(function.route) else {
            return;
        };
        let file = format!("functions/{}/src/lib.rs", function.name);
        let source = read(&file);
        let first = source.lines().next().unwrap_or_default();
        let named = |scope: &&str| first.contains(&format!("`{scope}`"));
        let scopes = scopes_of(function.route).iter().all(named);
        if !first.starts_with(&format!("//! {methods_and_path}: ")) || !scopes {
            problems.push(format!(
                "{file}: begin its first line with `//! {methods_and_path}: ` and name its scopes there"
            ));
        }
    });
}

#[test]
fn every_operation_is_described() {
    check(|function, problems| {
        let described = function.description.len();
        let operations = function.route.operations.len();
        if described != operations && !NOT_IN_THE_API.contains(&function.name) {
            problems.push(format!(
                "functions/{}: {operations} operations and {described} descriptions in FUNCTION",
                function.name
            ));
        }
        let descriptions = function.description.iter();
        let parameters =
            descriptions.map(|one| one.parameters.iter().filter(|one| one.place == "path"));
        for described in parameters {
            let described: BTreeSet<&str> = described.map(|parameter| parameter.name).collect();
            let names: BTreeSet<&str> = function.route.parameter_names().collect();
            if described != names {
                problems.push(format!(
                    "functions/{}: the path has the parameters {names:?}, described are {described:?}",
                    function.name
                ));
            }
        }
    });
}

#[test]
fn the_router_has_no_other_paths() {
    for (path, name) in router_table().unwrap() {
        let function = FUNCTIONS
            .iter()
            .find(|function| name.as_str() == Some(function.name));
        let function = function.unwrap_or_else(|| panic!("Cargo.toml: {path} goes to {name:?}"));
        assert!(
            spellings(function.route).contains(&path),
            "Cargo.toml: {path} = {name:?}"
        );
    }
}

#[test]
fn every_resource_has_its_events_and_is_built_by_cargo_lambda() {
    let template = parsed_template();
    check(|function, problems| {
        let Some(resource) = resource(template, function) else {
            return; // `make routes` writes it
        };
        let name = function.name;
        if resource["Metadata"]["BuildMethod"] != "rust-cargolambda" {
            problems.push(format!("functions/{name}: its resource in template.yaml lacks Metadata: {{ BuildMethod: rust-cargolambda }}"));
        }
        let events = resource["Properties"]["Events"].as_object().into_iter();
        let events = events.flat_map(|events| events.values());
        let paths: BTreeSet<_> = events.filter_map(event_path).collect();
        let expected = gateway_paths(function.route).into_iter().collect();
        if paths != expected {
            problems.push(format!(
                "functions/{name}: its resource in template.yaml has the HttpApi events {paths:?}, but should have, with Method: ANY: {expected:?}"
            ));
        }
    });
    let resources = template["Resources"].as_object().unwrap().values();
    let functions = resources.filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    assert_eq!(
        functions.count(),
        all().count(),
        "template.yaml has a function without a folder"
    );
}

/// The path of an event, after its method if that is not ANY; `None` for the `$default` route.
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

/// A cold start shows what a function reads. Without one of these variables it would not start. What it has of
/// its own and does not read may be a secret in the wrong place; what all have must be none.
#[test]
fn every_resource_has_the_variables_that_its_function_reads_and_no_other_secret() {
    let template = parsed_template();
    let globals = &template["Globals"]["Function"];
    let values = globals["Environment"]["Variables"].as_object().unwrap();
    for (name, value) in values {
        let parameter = &template["Parameters"][value.as_str().unwrap()];
        assert!(parameter["NoEcho"] != true, "{name} is no key for all");
    }
    let globals: BTreeSet<String> = values.keys().cloned().collect();
    check(|function, problems| {
        let resource = resource(template, function).unwrap_or(&Value::Null);
        let own = resource["Properties"]["Environment"]["Variables"].as_object();
        let own: BTreeSet<String> = own
            .into_iter()
            .flat_map(|own| own.keys().cloned())
            .collect();
        let read = variables(function);
        let (lacks, idle) = (&(&read - &own) - &globals, &own - &read);
        if !lacks.is_empty() || !idle.is_empty() {
            problems.push(format!(
                "functions/{}: in template.yaml it lacks {lacks:?}, and does not read {idle:?}",
                function.name
            ));
        }
    });
}

/// A limit must not get the value of another.
#[test]
fn every_variable_has_the_parameter_of_its_name() {
    let template = parsed_template();
    let camel = |name: &str| -> String {
        let words = name.split('_');
        words
            .map(|word| word[..1].to_owned() + &word[1..].to_lowercase())
            .collect()
    };
    let functions = service::all().filter_map(|function| resource(template, function));
    let own = functions.map(|resource| &resource["Properties"]);
    let all = own.chain([&template["Globals"]["Function"]]);
    for properties in all {
        let variables = properties["Environment"]["Variables"].as_object();
        for (name, value) in variables.into_iter().flatten() {
            let expected = match name.as_str() {
                "USERS_TABLE" => "${AWS::StackName}-users".to_owned(),
                "SIGNING_KEYS" => "dynamodb:${AWS::StackName}-keys".to_owned(),
                name => camel(name),
            };
            assert_eq!(
                *value, expected,
                "template.yaml: {name} should be !Ref {expected}"
            );
        }
    }
}

/// config/tests.rs checks the program's.
#[test]
fn the_defaults_of_logins_are_the_programs() {
    let parameters = &parsed_template()["Parameters"];
    for (name, default) in [
        ("LoginFailuresPerAccount", 10),
        ("LoginFailuresPerAddress", 100),
        ("PasswordHashMemoryKib", 19_456),
        ("PasswordHashIterations", 2),
        ("PasswordHashParallelism", 1),
        ("AccessTokenExpireMinutes", 30),
        ("RefreshDays", 90),
        ("RefreshGraceSeconds", 60),
    ] {
        assert_eq!(parameters[name]["Default"], default, "{name}");
    }
    let size = &parameters["TokenMemorySize"]["Default"];
    assert_eq!(*size, DEFAULT_FUNCTION, "TokenMemorySize");
}

/// Only the functions that check tokens or sign them.
#[test]
fn only_the_functions_that_need_the_key_have_it() {
    check(|function, problems| {
        let mut operations = function.route.operations.iter();
        let protected = operations.any(|operation| operation.access != Access::Public);
        let needs_key =
            protected || ["token", "revoke", "introspect", "authorizer"].contains(&function.name);
        if variables(function).contains("JWT_SECRET_KEY") != needs_key {
            problems.push(format!(
                "functions/{}: needs the key: {needs_key}, looks it up: {}",
                function.name, !needs_key
            ));
        }
    });
}

/// Whoever can read the key before could sign tokens, too; a function that signs needs only its own.
#[test]
fn only_the_functions_that_check_tokens_have_the_key_before() {
    check(|function, problems| {
        let mut operations = function.route.operations.iter();
        let protected = operations.any(|operation| operation.access != Access::Public);
        let checks = protected || ["revoke", "introspect", "authorizer"].contains(&function.name);
        if variables(function).contains("JWT_SECRET_KEY_PREVIOUS") != checks {
            problems.push(format!(
                "functions/{}: checks tokens: {checks}",
                function.name
            ));
        }
    });
}

/// So `sam local invoke` and `cargo lambda invoke` show an answer, and not a refusal. Their tokens
/// are signed with the shared key; a ring is there for who publishes it, sessions for who ends them,
/// clients for who asks.
#[test]
fn every_functions_events_are_answered() {
    let ring = keys::ring(Algorithm::ES256).public().to_json().unwrap();
    let world = world()
        .with("PUBLIC_KEYS", ring)
        .with("REFRESH_IDLE_DAYS", 30)
        .checking_clients();
    check(|function, problems| {
        for (file, operation) in event_files(function) {
            let Ok(text) = fs::read_to_string(repository(&file)) else {
                continue; // `make routes` writes it
            };
            let event: Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
            let raw_path = event["rawPath"].as_str().unwrap_or_default();
            let http = &event["requestContext"]["http"];
            let answer = Gateway::new(world.clone()).invoke_function(function, &event);
            let status = answer.status;
            let fits = match operation {
                Some(operation) => {
                    function.route.has_path(raw_path) && http["method"] == operation.method
                }
                None => FUNCTIONS
                    .iter()
                    .all(|other| !other.route.has_path(raw_path)),
            };
            // The route is there, but what the path's parameter names is not.
            let not_this_one = status == 404 && answer.detail() != "Not Found";
            let expected = if operation.is_some() {
                status < 400 || not_this_one
            } else {
                status == 404
            };
            if !fits || http["path"] != raw_path || event["version"] != "2.0" || !expected {
                problems.push(format!(
                    "{file}: its rawPath, or requestContext.http, is not what functions/{} answers ({status})",
                    function.name
                ));
            }
        }
    });
}

/// All three are checked before the handler runs, in this order.
#[test]
fn every_route_checks_its_method_its_token_and_its_scopes() {
    let gateway = Gateway::new(world().with("REFRESH_IDLE_DAYS", 30));
    let none = gateway.login("");
    check(|function, problems| {
        let Some(path) = function.route.path() else {
            return;
        };
        let path = path.replace(['{', '}'], "");
        let operations = function.route.operations;
        let methods: Vec<&str> = function.route.methods().collect();
        let wrong = gateway.send(&HttpRequest::new("PURGE", &path));
        if (wrong.status, wrong.header("allow")) != (405, Some(&methods.join(", "))) {
            problems.push(format!(
                "functions/{} answers PURGE with {wrong:?}",
                function.name
            ));
        }
        for operation in operations.iter().filter(|one| one.access != Access::Public) {
            let scopes = operation.access.scopes();
            let challenge = match scopes {
                [] => "Bearer".to_owned(),
                scopes => format!("Bearer scope=\"{}\"", scopes.join(" ")),
            };
            let mut tokens = vec![(None, "Bearer"), (Some("garbage"), challenge.as_str())];
            if !scopes.is_empty() {
                tokens.push((Some(&none), &challenge));
            }
            for (token, challenge) in tokens {
                let answer = gateway.send(&HttpRequest::new(operation.method, &path).bearer(token));
                if (answer.status, answer.header("www-authenticate")) != (401, Some(challenge)) {
                    problems.push(format!(
                        "functions/{}: {token:?} got {answer:?}",
                        function.name
                    ));
                }
            }
        }
    });
}

#[test]
fn the_tutorials_users_are_not_deployed_by_default() {
    let parameters = &parsed_template()["Parameters"];
    assert_eq!(parameters["TutorialUsers"]["Default"], "false");
    assert_eq!(parameters["UserStore"]["Default"], "dynamodb");
}

#[test]
fn a_key_is_long_and_shown_to_nobody() {
    let parameters = &parsed_template()["Parameters"];
    for name in ["JwtSecretKey", "JwtSecretKeyPrevious"] {
        let key = &parameters[name];
        let expected = (&json!(true), &json!("|[!-~]{32,}"));
        assert_eq!((&key["NoEcho"], &key["AllowedPattern"]), expected, "{name}");
    }
}

/// Unless somebody shares a key with other services, whoever reads the configuration of a function
/// reads no secret; and of all functions only one can read the private keys.
#[test]
fn a_deployed_function_holds_no_secret() {
    let template = parsed_template();
    let parameters = template["Parameters"].as_object().unwrap();
    let secret = |name: &str| parameters[name]["NoEcho"] == true;
    check(|function, problems| {
        let resource = resource(template, function).unwrap_or_default();
        let variables = resource["Properties"]["Environment"]["Variables"].as_object();
        for (variable, value) in variables.into_iter().flatten() {
            let name = value.as_str().unwrap();
            let given = parameters.contains_key(name) && secret(name);
            if given && parameters[name]["Default"] != "" {
                problems.push(format!(
                    "functions/{}: {variable} is a secret",
                    function.name
                ));
            }
        }
        let of_keys = |statement: &&Value| {
            let table = statement["Resource"].as_str().unwrap();
            table.contains("table/${AWS::StackName}-keys")
        };
        let reads = template::statements(template, function).iter().any(of_keys);
        if reads != (function.name == "token") {
            problems.push(format!(
                "functions/{}: reads private keys: {reads}",
                function.name
            ));
        }
    });
}

#[test]
fn the_table_outlives_the_stack_and_every_mistake() {
    let resources = &parsed_template()["Resources"];
    let table = &resources["Users"];
    assert_eq!(table["DeletionPolicy"], "Retain");
    for table in ["Users", "Keys"] {
        assert_eq!(
            resources[table]["Condition"], "OnDynamoDb",
            "made where it is used"
        );
    }
    let table = &table["Properties"];
    assert_eq!(table["DeletionProtectionEnabled"], true);
    let recovery = &table["PointInTimeRecoverySpecification"];
    assert_eq!(recovery["PointInTimeRecoveryEnabled"], true);
    let [_, own_key, default] = table["SSESpecification"].as_array().unwrap().as_slice() else {
        panic!("with a key of one's own, or without");
    };
    assert_eq!(
        (&own_key["SSEEnabled"], &own_key["KMSMasterKeyId"]),
        (&json!(true), &json!("KmsKeyArn"))
    );
    assert_eq!(default["SSEEnabled"], true);
}

#[test]
fn the_table_deletes_what_has_expired() {
    let table = &parsed_template()["Resources"]["Users"]["Properties"];
    let expected = json!({"AttributeName": "expires", "Enabled": true});
    assert_eq!(table["TimeToLiveSpecification"], expected);
}

#[test]
fn the_table_is_named_as_the_users_commands_stack_names_it() {
    let table = &parsed_template()["Resources"]["Users"]["Properties"];
    assert_eq!(table["TableName"], "${AWS::StackName}-users");
}

#[test]
fn what_strangers_can_cost_is_limited() {
    let template = parsed_template();
    let api = &template["Resources"]["Api"]["Properties"];
    for route in ["ANY /token", "ANY /token/{proxy+}"] {
        assert_eq!(
            api["RouteSettings"][route]["ThrottlingRateLimit"],
            "TokenThrottleRate"
        );
    }
    let table = &template["Resources"]["Users"]["Properties"];
    let units = &table["OnDemandThroughput"]["MaxReadRequestUnits"];
    assert_eq!(units, "TableMaxRequestUnits");
    let concurrency = &template["Parameters"]["TokenReservedConcurrency"];
    assert_eq!(concurrency["Default"], 0, "off: small accounts have none");
}

/// All that is not needed for an answer, and that somebody may not want to pay for.
#[test]
fn what_costs_is_made_where_it_is_asked_for() {
    let template = parsed_template();
    for (name, default) in [
        ("AlarmTopicArn", ""),
        ("Deployment", "AllAtOnce"),
        ("DomainName", ""),
        ("HostedZoneId", ""),
        ("RouteScopes", ""),
        ("KmsKeyArn", ""),
        ("Tracing", "Disabled"),
    ] {
        assert_eq!(template["Parameters"][name]["Default"], default, "{name}");
    }
    for (name, resource) in template["Resources"].as_object().unwrap() {
        let condition = match resource["Type"].as_str().unwrap() {
            _ if name == "AuthorizerFunction" => &["HasRouteScopes"][..],
            "AWS::Serverless::HttpApi"
            | "AWS::Serverless::Function"
            | "AWS::IAM::ManagedPolicy"
            | "AWS::Logs::LogGroup" => &[],
            "AWS::DynamoDB::Table" => &["OnDynamoDb"],
            "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::Dashboard" | "AWS::Logs::MetricFilter" => {
                &["Watched", "WatchedOnDynamoDb", "FailuresWatched"]
            }
            "AWS::Route53::RecordSet" => &["HasHostedZone"],
            _ => &["HasDomain"],
        };
        let given: Vec<_> = resource["Condition"].as_str().into_iter().collect();
        let known = given.iter().all(|one| condition.contains(one));
        assert!(
            known && given.is_empty() == condition.is_empty(),
            "{name}: {given:?}"
        );
    }
}

/// An alarm that tells nobody, or that goes off at night when nobody calls, is worse than none.
#[test]
fn every_alarm_tells_the_topic_and_is_silent_while_nobody_calls() {
    let template = parsed_template();
    let resources = template["Resources"].as_object().unwrap().iter();
    let alarms = resources.filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Alarm");
    let operating = read("docs/operating.md");
    for (name, alarm) in alarms {
        let alarm = &alarm["Properties"];
        for actions in ["AlarmActions", "OKActions"] {
            let actions = alarm[actions].to_string();
            assert!(actions.contains("AlarmTopicArn"), "{name}: {actions}");
        }
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{name}");
        assert!(
            operating.contains(&format!("| `{name}` |")),
            "{name} is not in docs/operating.md"
        );
    }
}

/// Without them a page in a browser learns neither what scope it lacks nor when to try again.
#[test]
fn pages_of_other_origins_see_the_challenge_and_the_wait() {
    let api = &parsed_template()["Resources"]["Api"]["Properties"];
    let exposed = &api["CorsConfiguration"][1]["ExposeHeaders"];
    assert_eq!(*exposed, json!(["retry-after", "www-authenticate"]));
}

#[test]
fn the_api_has_no_stage_in_its_paths_and_drops_no_route_silently() {
    let api = &parsed_template()["Resources"]["Api"]["Properties"];
    let expected = (&json!(true), &json!("$default"));
    assert_eq!((&api["FailOnWarnings"], &api["StageName"]), expected);
}

#[test]
fn a_panic_ends_a_released_function() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let panic = &manifest["profile"]["release"]["panic"];
    assert_eq!(panic.as_str(), Some("abort"));
}

/// `make dev` and `cargo lambda watch` read one file, `sam local` the other.
#[test]
fn the_development_values_are_the_same_everywhere() {
    let values: Value = serde_json::from_str(&read("events/env.json")).unwrap();
    let values = values["Parameters"].as_object().unwrap().iter();
    let values = values.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let text = read("events/dev.env");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once('=').unwrap());
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()));
    let expected: BTreeMap<String, String> = values.collect();
    assert_eq!(pairs.collect::<BTreeMap<_, _>>(), expected);
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let watch = &manifest["workspace"]["metadata"]["lambda"]["watch"];
    assert_eq!(watch["env_file"].as_str(), Some("events/dev.env"));
}

#[test]
fn cargo_lambda_leaves_options_to_the_functions() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let watch = &manifest["workspace"]["metadata"]["lambda"]["watch"];
    assert_eq!(watch["disable_cors"].as_bool(), Some(true));
}
