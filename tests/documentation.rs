//! GET /openapi.json and GET /docs: what they say, and how they are sent. support/document.rs
//! checks every response of the other tests against the document.

use serde_json::{Map, Value, json};
use service::{FUNCTIONS, function};
use shared::domain::access::Access;
use shared::domain::scope::CATALOGUE;
use tests::document::DOCUMENT;
use tests::{Answer, Client, Gateway, HttpRequest, read, world};

fn gateway() -> Gateway {
    Gateway::new(world())
}

/// Method and path of each operation, with its security.
fn security(document: &Value) -> Map<String, Value> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| {
            let none = json!([]);
            let security = operation.get("security").unwrap_or(&none);
            (format!("{method} {path}"), security.clone())
        })
    });
    operations.collect()
}

#[test]
fn the_security_is_fastapis() {
    let fastapi: Value = serde_json::from_str(&read("tests/parity/openapi.json")).unwrap();
    let answer = gateway().get("/openapi.json", None);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let own = answer.json();
    assert_eq!(own["openapi"], fastapi["openapi"]);
    let operations = security(&own);
    for (operation, expected) in security(&fastapi) {
        assert_eq!(operations[&operation], expected, "{operation}");
    }
    let scheme = |document: &Value| {
        document["components"]["securitySchemes"]["OAuth2PasswordBearer"].clone()
    };
    let (mut own, mut fastapi) = (scheme(&own), scheme(&fastapi));
    let scopes = |scheme: &mut Value| scheme["flows"]["password"]["scopes"].take();
    let (own_scopes, fastapis_scopes) = (scopes(&mut own), scopes(&mut fastapi));
    assert_eq!(own, fastapi);
    for (scope, description) in fastapis_scopes.as_object().unwrap() {
        assert_eq!(&own_scopes[scope], description);
    }
}

/// Those of every route, also of routes that FastAPI's page does not have.
#[test]
fn every_routes_scopes_and_the_catalogue_are_described() {
    let operations = security(&DOCUMENT);
    for function in FUNCTIONS {
        for operation in function.route.operations {
            let path = function.route.path().unwrap();
            let method = operation.method.to_lowercase();
            let Some(described) = operations.get(&format!("{method} {path}")) else {
                continue; // tests/catalogue.rs says which must be there
            };
            let expected = match operation.access {
                // A client may prove who it is there, or here; none must.
                Access::Public => json!([
                    {"x-only-with": ["clients"]},
                    {"ClientSecretBasic": [], "x-only-with": ["clients"]},
                ]),
                access => json!([{"OAuth2PasswordBearer": access.scopes()}]),
            };
            assert_eq!(described, &expected, "{}", function.name);
        }
    }
    let scheme = &DOCUMENT["components"]["securitySchemes"]["OAuth2PasswordBearer"];
    let catalogue: Map<String, Value> = CATALOGUE
        .iter()
        .map(|(scope, description)| ((*scope).to_owned(), (*description).into()))
        .collect();
    assert_eq!(
        scheme["flows"]["password"]["scopes"],
        Value::from(catalogue)
    );
}

/// schemars would name a second type of the same name `Item2`, which tells nobody what it is.
#[test]
fn no_two_types_have_the_same_name() {
    for name in DOCUMENT["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(
            !name.ends_with(|last: char| last.is_ascii_digit()),
            "{name}: another function has a type of this name"
        );
    }
}

#[test]
fn what_fastapi_describes_is_described() {
    let fastapi: Value = serde_json::from_str(&read("tests/parity/openapi.json")).unwrap();
    let schema = |document: &Value, name: &str| {
        document["components"]["schemas"][name]["properties"]
            .as_object()
            .unwrap()
            .clone()
    };
    for (own, fastapis) in [
        ("LoginForm", "Body_login_for_access_token_token_post"),
        ("Token", "Token"),
        ("User", "User"),
        ("HTTPValidationError", "HTTPValidationError"),
        ("ValidationError", "ValidationError"),
    ] {
        let described = schema(&DOCUMENT, own);
        for property in schema(&fastapi, fastapis).keys() {
            assert!(described.contains_key(property), "{own} has no {property}");
        }
    }
}

/// Sends every described field twice. That is an error in each field that the login reads, so the
/// errors list those.
#[test]
fn the_form_is_what_the_login_reads() {
    let schema = &DOCUMENT["components"]["schemas"]["LoginForm"];
    let properties = schema["properties"].as_object().unwrap();
    let twice: Vec<String> = properties
        .keys()
        .map(|name| format!("{name}=a&{name}=a"))
        .collect();
    let details = gateway().post_form("/token", &twice.join("&")).detail();
    let details = details.as_array().unwrap();
    let mut read: Vec<&str> = details
        .iter()
        .map(|detail| detail["loc"][1].as_str().unwrap())
        .collect();
    read.sort_unstable();
    assert_eq!(read, properties.keys().collect::<Vec<_>>());

    let missing = gateway().post_form("/token", "").detail();
    let missing = missing.as_array().unwrap().iter();
    let missing: Vec<&Value> = missing.map(|detail| &detail["loc"][1]).collect();
    assert_eq!(json!(missing), schema["required"]);
    assert_eq!(properties["grant_type"]["pattern"], "^password$");
}

/// A disabled user is refused exactly where the document says so.
#[test]
fn inactive_users_are_described_where_they_are_refused() {
    let gateway = Gateway::new(world().with("REFRESH_IDLE_DAYS", 30));
    let login = gateway.post_form(
        "/token",
        "username=alice&password=secretalice&scope=me+items",
    );
    let token = login.json()["access_token"].as_str().unwrap().to_owned();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        let Some(operation) = item.get("get") else {
            continue;
        };
        let status = gateway.get(path, Some(&token)).status;
        if status == 401 {
            continue; // alice does not hold its scopes
        }
        assert_eq!(
            operation["responses"].get("400").is_some(),
            status == 400,
            "{path}"
        );
    }
}

#[test]
fn every_error_is_described_with_its_body_and_headers() {
    let responses = |path: &str, method: &str| &DOCUMENT["paths"][path][method]["responses"];
    let unauthorized = &responses("/users/me/items/", "get")["401"];
    assert_eq!(
        unauthorized["headers"]["www-authenticate"]["required"],
        true
    );
    assert_eq!(
        unauthorized["content"]["application/json"]["examples"],
        json!({
            "insufficient_scope": {"value": {"detail": "Not enough permissions"}},
            "invalid_token": {"value": {"detail": "Could not validate credentials"}},
            "not_authenticated": {"value": {"detail": "Not authenticated"}},
        })
    );
    let statuses = responses("/token", "post").as_object().unwrap();
    assert_eq!(
        statuses.keys().collect::<Vec<_>>(),
        ["200", "400", "401", "413", "422", "429", "500", "503"]
    );
    for status in ["429", "503"] {
        assert_eq!(
            statuses[status]["headers"]["retry-after"]["schema"]["type"],
            "integer"
        );
    }
    let status = responses("/status/", "get").as_object().unwrap();
    assert_eq!(
        status.keys().collect::<Vec<_>>(),
        ["200", "401", "500", "503"]
    );
}

/// Method and path of what a configuration offers, in the document's order.
fn offered(sessions: bool, clients: bool) -> Vec<&'static str> {
    let page = [
        "/token",
        "/users/me/",
        "/users/me/items/",
        "/status/",
        "/users/me/logout",
    ];
    let of_sessions = ["/users/me/sessions/", "/users/me/sessions/{sid}", "/revoke"];
    let mut paths = page.to_vec();
    paths.extend(of_sessions.iter().filter(|_| sessions));
    paths.extend(clients.then_some("/introspect"));
    paths
}

/// What is off is not in it: no operation, form, way to a token, client's proof, error or schema.
#[test]
fn every_configuration_has_its_document() {
    for dialect in ["fastapi", "rfc"] {
        for (sessions, clients) in [(false, false), (false, true), (true, false), (true, true)] {
            let gateway = Gateway::new(
                world()
                    .with("API_DIALECT", dialect)
                    .with("REFRESH_IDLE_DAYS", if sessions { 14 } else { 0 })
                    .with("CLIENTS", if clients { "check" } else { "ignore" }),
            );
            let text = gateway.get("/openapi.json", None).body;
            let document: Value = serde_json::from_str(&text).unwrap();
            let about = format!("{dialect}, sessions {sessions}, clients {clients}");
            let mut paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
            paths.sort_by_key(|path| text.find(&format!("\"{path}\":{{")));
            // Without routes of one's own.
            paths.retain(|path| offered(true, true).contains(&path.as_str()));
            assert_eq!(paths, offered(sessions, clients), "{about}");
            for (word, there) in [
                ("refreshUrl", sessions),
                ("RefreshForm", sessions),
                ("invalid_grant", sessions || dialect == "rfc"),
                ("clientCredentials", clients),
                ("ClientForm", clients),
                ("ClientSecretBasic", clients),
                ("invalid_client", clients),
                ("TokenForm", sessions || clients),
                ("\"Introspection\"", clients),
                ("\"Session\"", sessions),
                ("x-only-with", false),
                ("servers", false),
            ] {
                assert_eq!(text.contains(word), there, "{about}: {word}");
            }
            let forms =
                "/paths/~1token/post/requestBody/content/application~1x-www-form-urlencoded/schema";
            let forms = document.pointer(forms).unwrap();
            let several = forms["oneOf"].as_array().map_or(1, Vec::len);
            assert_eq!(
                several,
                1 + usize::from(sessions) + usize::from(clients),
                "{about}"
            );
            let required = &document["components"]["schemas"]["LoginForm"]["required"];
            let named = required.as_array().unwrap().contains(&json!("grant_type"));
            assert_eq!(named, dialect == "rfc", "{about}");
        }
    }
}

#[test]
fn a_stage_before_the_path_changes_nothing() {
    let mut event: Value = serde_json::from_str(&read("events/openapi.json")).unwrap();
    event["requestContext"]["stage"] = "prod".into();
    for path in ["/prod/openapi.json", "/openapi.json"] {
        event["rawPath"] = path.into();
        let answer = gateway().invoke_function(function("openapi").unwrap(), &event);
        assert_eq!(
            (answer.status, answer.json()),
            (200, gateway().get("/openapi.json", None).json()),
            "{path}"
        );
    }
}

fn ask(path: &str, name: &str, value: &str) -> Answer {
    gateway().send(&HttpRequest::new("GET", path).header(name, value))
}

#[test]
fn both_are_compressed_cached_and_revalidated() {
    for path in ["/openapi.json", "/docs", "/docs/swagger-ui.css"] {
        let plain = gateway().get(path, None);
        let small = ask(path, "accept-encoding", "gzip, deflate");
        assert_eq!(
            (plain.status, plain.header("content-encoding")),
            (200, None),
            "{path}"
        );
        assert_eq!(
            (small.status, small.header("content-encoding")),
            (200, Some("gzip")),
            "{path}"
        );
        assert_eq!(small.body, plain.body, "{path}");
        let again = ask(path, "if-none-match", plain.header("etag").unwrap());
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        for answer in [&plain, &small, &again] {
            assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
            assert_eq!(answer.header("vary"), Some("accept-encoding"));
            assert_eq!(answer.header("etag"), plain.header("etag"));
        }
        for answer in [&plain, &small] {
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        }
    }
}

/// What the page is made of, below `/docs`, with its type.
const FILES: [(&str, &str); 8] = [
    ("", "text/html; charset=utf-8"),
    ("/", "text/html; charset=utf-8"),
    ("/swagger-ui.css", "text/css; charset=utf-8"),
    ("/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("/start.js", "text/javascript; charset=utf-8"),
    ("/favicon-32x32.png", "image/png"),
    ("/oauth2-redirect", "text/html; charset=utf-8"),
    ("/oauth2-redirect.js", "text/javascript; charset=utf-8"),
];

#[test]
fn every_file_of_the_page_is_there_and_has_its_type() {
    let gateway = gateway();
    for (file, kind) in FILES {
        let answer = gateway.get(&format!("/docs{file}"), None);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some(kind)),
            "{file}"
        );
    }
}

#[test]
fn a_browser_may_load_nothing_from_elsewhere_and_tells_nobody_where_it_was() {
    let gateway = gateway();
    for (file, _) in FILES {
        let answer = gateway.get(&format!("/docs{file}"), None);
        assert_eq!(
            answer.header("content-security-policy"),
            Some(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                 connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            "{file}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{file}"
        );
    }
}

/// The links are relative, so they start from `/` on `/docs`, and from `/docs/` on `/docs/` (RFC
/// 3986 5.2).
#[test]
fn the_page_links_to_its_own_files_and_no_others() {
    for (path, docs) in [("/docs", "docs/"), ("/docs/", "")] {
        let page = gateway().get(path, None).body;
        for name in [
            "favicon-32x32.png",
            "swagger-ui.css",
            "swagger-ui-bundle.js",
            "start.js",
        ] {
            assert!(page.contains(&format!("=\"{docs}{name}\"")), "{page}");
        }
        assert_eq!(
            page.matches("href=").count() + page.matches("src=").count(),
            4,
            "{page}"
        );
    }
}

#[test]
fn the_redirect_page_loads_its_own_script() {
    let page = gateway().get("/docs/oauth2-redirect", None).body;
    assert!(page.contains("src=\"oauth2-redirect.js\""), "{page}");
}

#[test]
fn the_page_keeps_no_token() {
    let start = gateway().get("/docs/start.js", None).body;
    assert!(!start.contains("persistAuthorization:"), "{start}");
}

#[test]
fn what_is_not_there_is_404() {
    for path in [
        "/docs/x",
        "/docs/swagger-ui.css/",
        "/docs//",
        "/docs/../token",
        "/docs/%2e%2e",
        "/openapi.json/x",
        "/docsx",
    ] {
        let answer = gateway().get(path, None);
        assert_eq!(
            (answer.status, answer.detail()),
            (404, json!("Not Found")),
            "{path}"
        );
    }
}

#[test]
fn switched_off_they_are_404() {
    let gateway = Gateway::new(world().with("DOCS_ENABLED", false));
    for path in ["/docs", "/docs/", "/docs/swagger-ui.css", "/openapi.json"] {
        let answer = gateway.get(path, None);
        assert_eq!(
            (answer.status, answer.detail()),
            (404, json!("Not Found")),
            "{path}"
        );
    }
}
