use proptest::prelude::*;

use super::*;

const ROUTE: Route = Protected::at("/users/me/", &[Operation::get(&["me"])]).route();
const ORDER: Route = Protected::at(
    "/users/me/orders/{order_id}",
    &[Operation::get(&["orders"]), Operation::delete(&["orders"])],
)
.route();

#[test]
fn answers_both_spellings_of_its_path_and_no_other() {
    for path in ["/users/me", "/users/me/"] {
        assert!(ROUTE.check("GET", path).is_ok(), "{path}");
    }
    for path in [
        "",
        "/",
        "/users",
        "/users/me//",
        "//users/me",
        "/users/me/items",
        "/users/ME/",
        "/users/me/x",
        "/users/mex",
        "/users/%6De/",
        "/users%2Fme/",
        "/users/me%",
        "users/me",
    ] {
        assert_eq!(
            ROUTE.check("GET", path),
            Err(RequestError::NotFound),
            "{path}"
        );
    }
}

#[test]
fn names_the_methods_that_are_allowed() {
    for method in [
        "POST", "HEAD", "OPTIONS", "DELETE", "get", "Get", "", "GET ",
    ] {
        let allowed = vec!["GET"];
        assert_eq!(
            ROUTE.check(method, "/users/me"),
            Err(RequestError::MethodNotAllowed { allowed }),
            "{method}"
        );
    }
    let access = Access::ActiveUser(&["orders"]);
    let parameters = vec![("order_id", "7".to_owned())];
    for method in ["GET", "DELETE"] {
        let checked = ORDER.check(method, "/users/me/orders/7");
        assert_eq!(checked, Ok((access, parameters.clone())), "{method}");
    }
}

#[test]
fn a_parameter_is_one_segment_as_the_gateway_sent_it() {
    for (path, expected) in [
        ("/users/me/orders/7", Some("7")),
        ("/users/me/orders/7/", Some("7")),
        ("/users/me/orders/a b", Some("a b")),
        ("/users/me/orders/é", Some("é")),
        ("/users/me/orders/x%41", Some("x%41")),
        ("/users/me/orders/c%2Fd", Some("c%2Fd")),
        ("/users/me/orders/100%", Some("100%")),
        ("/users/me/orders/{order_id}", Some("{order_id}")),
        ("/users/me/orders/..", Some("..")),
        ("/users/me/orders/", None),
        ("/users/me/orders//", None),
        ("/users/me/orders", None),
        ("/users/me/orders/7/x", None),
        ("/users/me/orders/7//", None),
        ("/users/other/orders/7", None),
    ] {
        let parameters = ORDER.parameters(path);
        let value = parameters.map(|mut parameters| parameters.remove(0).1);
        assert_eq!(value.as_deref(), expected, "{path}");
    }
    assert_eq!(ORDER.parameter_names().collect::<Vec<_>>(), ["order_id"]);
}

#[test]
fn files_are_below_their_path() {
    const DOCS: Public = Public::at("/docs", &[Operation::public("GET")]).and_below();
    let route = DOCS.route();
    for (path, expected) in [
        ("/docs", true),
        ("/docs/", true),
        ("/docs/a.css", true),
        ("/docs/a/b/", true),
        ("/docsa", false),
        ("/doc", false),
        ("/", false),
    ] {
        assert_eq!(route.has_path(path), expected, "{path}");
    }
}

#[test]
fn an_unknown_path_comes_before_a_wrong_method() {
    assert_eq!(ROUTE.check("POST", "/x"), Err(RequestError::NotFound));
}

#[test]
fn the_fallback_takes_everything() {
    let fallback = Public::fallback().route();
    assert!(fallback.check("PATCH", "/anything/").is_ok());
    assert!(!fallback.has_path("/"));
}

#[test]
fn is_written_as_people_write_it() {
    assert_eq!(ROUTE.to_string(), "GET /users/me/");
    assert_eq!(ORDER.to_string(), "GET,DELETE /users/me/orders/{order_id}");
    assert_eq!(Public::fallback().route().to_string(), "$default");
    assert_eq!(Route::AUTHORIZER.to_string(), "authorizer");
}

#[test]
fn a_route_presents_its_errors_in_each_dialect() {
    use Presentation::{Bearer, FastApi, OAuth};
    const POST: &[Operation] = &[Operation::public("POST")];
    for (route, in_fastapi, in_rfc) in [
        (ROUTE, FastApi, Bearer),
        (Route::AUTHORIZER, FastApi, Bearer),
        (Public::fallback().route(), FastApi, Bearer),
        (
            Public::at("/token", POST).token_endpoint().route(),
            FastApi,
            OAuth,
        ),
        (
            Public::at("/revoke", POST).oauth_endpoint().route(),
            OAuth,
            OAuth,
        ),
    ] {
        assert_eq!(route.presentation(Dialect::FastApi), in_fastapi, "{route}");
        assert_eq!(route.presentation(Dialect::Rfc), in_rfc, "{route}");
    }
}

proptest! {
    #[test]
    fn no_path_makes_it_panic(path in "\\PC{0,40}") {
        let _ = ORDER.parameters(&path);
        let _ = ROUTE.parameters(&path);
    }
}
