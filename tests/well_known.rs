//! GET /.well-known/…: what each document says, to whom, and when there is none.

use std::collections::BTreeSet;
use std::sync::Arc;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use shared::domain::scope::CATALOGUE;
use shared::domain::tokens::keys::key::ALGORITHMS;
use shared::domain::tokens::keys::{Issuer, Ring};
use tests::keys::{ISSUER, Shelf, key, ring};
use tests::world::Hands;
use tests::{Client, Gateway, HttpRequest, NOW, World, world};

const JWKS: &str = "/.well-known/jwks.json";
const SERVER: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const ALL: [&str; 4] = [JWKS, SERVER, OPENID, RESOURCE];

/// A world whose tokens are signed with this ring.
fn with_ring(ring: &Ring) -> World {
    world()
        .without("JWT_SECRET_KEY")
        .with("SIGNING_KEYS", ring.to_json().unwrap())
        .with("PUBLIC_KEYS", ring.public().to_json().unwrap())
}

fn gateway(algorithm: Algorithm) -> Gateway {
    Gateway::new(with_ring(&ring(algorithm)).with("ISSUER", ISSUER))
}

/// The names of the keys that are published.
fn kids(gateway: &Gateway) -> BTreeSet<String> {
    let published = gateway.get(JWKS, None).json();
    let keys = published["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn statuses(gateway: &Gateway) -> [u16; 4] {
    ALL.map(|path| gateway.get(path, None).status)
}

fn scopes() -> Vec<&'static str> {
    CATALOGUE.iter().map(|(scope, _)| *scope).collect()
}

fn server() -> Value {
    json!({
        "issuer": "https://api.example.com",
        "token_endpoint": "https://api.example.com/token",
        "jwks_uri": "https://api.example.com/.well-known/jwks.json",
        "scopes_supported": scopes(),
        "response_types_supported": ["none"],
        "grant_types_supported": ["password"],
        "token_endpoint_auth_methods_supported": ["none"],
    })
}

/// The endpoints that are off until they are asked for, once they are on.
#[test]
fn what_is_on_is_named() {
    let world = with_ring(&ring(Algorithm::ES256)).with("ISSUER", ISSUER);
    let with_secret = json!(["client_secret_basic", "client_secret_post"]);
    let either = json!(["none", "client_secret_basic", "client_secret_post"]);
    let sessions = [
        (
            "grant_types_supported",
            json!(["password", "refresh_token"]),
        ),
        (
            "revocation_endpoint",
            json!("https://api.example.com/revoke"),
        ),
        (
            "revocation_endpoint_auth_methods_supported",
            json!(["none"]),
        ),
    ];
    let clients = [
        (
            "grant_types_supported",
            json!(["password", "client_credentials"]),
        ),
        (
            "introspection_endpoint",
            json!("https://api.example.com/introspect"),
        ),
        ("introspection_endpoint_auth_methods_supported", with_secret),
        ("token_endpoint_auth_methods_supported", either),
    ];
    for (variable, value, members) in [
        ("REFRESH_IDLE_DAYS", "30", &sessions[..]),
        ("CLIENTS", "check", &clients),
    ] {
        let mut expected = server();
        for (name, value) in members {
            expected[*name] = value.clone();
        }
        let gateway = Gateway::new(world.clone().with(variable, value));
        assert_eq!(gateway.get(SERVER, None).json(), expected);
    }
}

fn resource() -> Value {
    json!({
        "resource": "https://api.example.com",
        "authorization_servers": ["https://api.example.com"],
        "scopes_supported": scopes(),
        "bearer_methods_supported": ["header"],
    })
}

#[test]
fn the_metadata_are_the_rfcs() {
    for (algorithm, name) in ALGORITHMS.into_iter().zip(["RS256", "ES256", "EdDSA"]) {
        let gateway = gateway(algorithm);
        let mut openid = server();
        openid["subject_types_supported"] = json!(["public"]);
        openid["id_token_signing_alg_values_supported"] = json!([name]);
        for (path, expected) in [(SERVER, server()), (OPENID, openid), (RESOURCE, resource())] {
            let answer = gateway.get(path, None);
            assert_eq!((answer.status, answer.json()), (200, expected), "{path}");
        }
    }
}

/// `key` says that a ring's kid is the thumbprint.
#[test]
fn a_key_has_the_members_of_its_type() {
    for (algorithm, fixed, numbers) in [
        (
            Algorithm::RS256,
            json!({"kty": "RSA", "alg": "RS256", "e": "AQAB"}),
            vec![("n", 342)],
        ),
        (
            Algorithm::ES256,
            json!({"kty": "EC", "alg": "ES256", "crv": "P-256"}),
            vec![("x", 43), ("y", 43)],
        ),
        (
            Algorithm::EdDSA,
            json!({"kty": "OKP", "alg": "EdDSA", "crv": "Ed25519"}),
            vec![("x", 43)],
        ),
    ] {
        let ring = ring(algorithm);
        let gateway = Gateway::new(with_ring(&ring));
        let mut published = gateway.get(JWKS, None).json()["keys"].take();
        let key = published[0].as_object_mut().unwrap();
        for (name, length) in numbers {
            let number = key.remove(name).unwrap();
            assert_eq!(number.as_str().unwrap().len(), length, "{name}");
        }
        let mut expected = fixed;
        expected["use"] = "sig".into();
        expected["kid"] = ring.keys[0].kid.clone().into();
        assert_eq!(published, json!([expected]));
    }
}

/// Even if the store gives the function private keys.
#[test]
fn nothing_private_is_published() {
    for algorithm in ALGORITHMS {
        let ring = ring(algorithm);
        let mut world = with_ring(&ring).with("ISSUER", ISSUER);
        world.keys = Some(Shelf::with(ring));
        let gateway = Gateway::new(world);
        for path in ALL {
            let answer = gateway.get(path, None);
            assert_eq!(answer.status, 200, "{path}");
            for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "der"] {
                let member = format!("\"{private}\":");
                assert!(!answer.body.contains(&member), "{path}: {}", answer.body);
            }
        }
    }
}

#[test]
fn keys_are_published_from_before_they_sign_until_their_last_token_has_expired() {
    let at = |seconds: i64| key(Algorithm::ES256, u64::try_from(-seconds).unwrap_or(0));
    let (mut revoked, old, active, mut next) = (at(-7200), at(-3600), at(-600), at(0));
    revoked.revoked = true;
    next.sign_from = std::time::Duration::from_secs(NOW + 3600);
    let names = [&old, &active, &next].map(|key| key.kid.clone());
    let ring = Ring {
        issuer: None,
        keys: vec![next, revoked, active, old],
    };
    let hands = Hands::at_now();
    let mut world = with_ring(&ring);
    world.clock = hands.clone();
    let gateway = Gateway::new(world);
    // A token is valid for 30 minutes, and clocks may differ by 5.
    for (seconds, published) in [
        (0, 0..3),
        (1499, 0..3),
        (1500, 1..3),
        (3599, 1..3),
        (3600, 1..3),
        (5699, 1..3),
        (5700, 2..3),
        (1_000_000, 2..3),
    ] {
        hands.set(seconds);
        let expected = names[published].iter().cloned().collect();
        assert_eq!(kids(&gateway), expected, "after {seconds} s");
    }
}

#[test]
fn every_algorithm_of_the_keys_is_named_once() {
    let mut ring = ring(Algorithm::ES256);
    ring.keys.push(key(Algorithm::ES256, 60));
    ring.keys.push(key(Algorithm::EdDSA, 30));
    let gateway = Gateway::new(with_ring(&ring).with("ISSUER", ISSUER));
    let openid = gateway.get(OPENID, None).json();
    let algorithms = &openid["id_token_signing_alg_values_supported"];
    assert_eq!(algorithms, &json!(["ES256", "EdDSA"]));
}

/// As a client does it that knows nothing but the issuer.
#[test]
fn a_token_is_verified_by_what_the_documents_say() {
    for algorithm in ALGORITHMS {
        let gateway = gateway(algorithm);
        let metadata = gateway.get(SERVER, None).json();
        let path = |name: &str| metadata[name].as_str().unwrap().replace(ISSUER, "");
        let form = "grant_type=password&username=johndoe&password=secret&scope=me";
        let answer = gateway.post_form(&path("token_endpoint"), form).json();
        let token = answer["access_token"].as_str().unwrap();
        let keys: JwkSet =
            serde_json::from_value(gateway.get(&path("jwks_uri"), None).json()).unwrap();
        let kid = decode_header(token).unwrap().kid.unwrap();
        let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false; // it was issued at NOW
        validation.set_issuer(&[&metadata["issuer"].as_str().unwrap()]);
        validation.set_audience(&[ISSUER]);
        let claims = decode::<Value>(token, &key, &validation).unwrap().claims;
        assert_eq!(claims["sub"], "johndoe");
    }
}

/// The variables win; an audience that is no address is no `resource`.
#[test]
fn the_issuer_is_the_rings_or_the_variables() {
    let mut ring = ring(Algorithm::EdDSA);
    let other = "https://login.example.com";
    ring.issuer = Some(Issuer::new(other, Some("urn:orders")).unwrap());
    let of = |world: World| {
        let gateway = Gateway::new(world);
        let resource = gateway.get(RESOURCE, None).json();
        let issuers = [SERVER, OPENID].map(|path| gateway.get(path, None).json()["issuer"].take());
        (resource["resource"].clone(), issuers)
    };
    let expected = |issuer: &str| (json!(issuer), [json!(issuer), json!(issuer)]);
    assert_eq!(of(with_ring(&ring)), expected(other));
    let world = with_ring(&ring).with("ISSUER", ISSUER);
    assert_eq!(of(world), expected(ISSUER));
}

#[test]
fn a_document_is_there_if_what_it_needs_is() {
    let ring = with_ring(&ring(Algorithm::ES256));
    let issuer = world().with("ISSUER", ISSUER);
    for (world, expected) in [
        (world(), [404, 404, 404, 404]),
        (ring.clone(), [200, 404, 404, 404]),
        (issuer.clone(), [404, 200, 404, 200]),
        (ring.with("ISSUER", ISSUER), [200; 4]),
    ] {
        assert_eq!(statuses(&Gateway::new(world)), expected);
    }
    let mut expected = server();
    expected.as_object_mut().unwrap().remove("jwks_uri");
    assert_eq!(Gateway::new(issuer).get(SERVER, None).json(), expected);
}

#[test]
fn what_is_no_document_is_like_every_path_that_is_not_there() {
    let nowhere = gateway(Algorithm::ES256).get("/nowhere", None);
    let nothing = Gateway::new(world());
    for path in ALL.into_iter().chain(["/.well-known/x", "/.well-known"]) {
        let answer = nothing.get(path, None);
        assert_eq!(
            (answer.status, &answer.body),
            (404, &nowhere.body),
            "{path}"
        );
        assert_eq!(answer.headers, nowhere.headers, "{path}");
    }
    let gateway = gateway(Algorithm::ES256);
    for path in [
        "/.well-known",
        "/.well-known/",
        "/.well-known/jwks",
        "/.well-known/JWKS.json",
        "/.well-known/jwks.json/x",
        "/.well-known/jwks.json//",
        "/.well-known/security.txt",
        "/.well-known/oauth-authorization-server/prod",
        "/.well-known/%2e%2e",
        "/.well-known/%ff",
        "/.well-known/ ",
    ] {
        let answer = gateway.get(path, None);
        assert_eq!(
            (answer.status, &answer.body),
            (404, &nowhere.body),
            "{path}"
        );
    }
}

#[test]
fn only_get_is_allowed() {
    let gateway = gateway(Algorithm::ES256);
    for method in ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = gateway.send(&HttpRequest::new(method, JWKS));
        let expected = (405, Some("GET"));
        assert_eq!(
            (answer.status, answer.header("allow")),
            expected,
            "{method}"
        );
    }
}

#[test]
fn every_cache_and_every_origin_may_keep_them() {
    let gateway = gateway(Algorithm::RS256);
    for path in ALL {
        let ask = |path: &str, name: &str, value: &str| {
            gateway.send(&HttpRequest::new("GET", path).header(name, value))
        };
        let plain = gateway.get(path, None);
        let small = ask(path, "accept-encoding", "gzip");
        let slash = gateway.get(&format!("{path}/"), None);
        let etag = plain.header("etag").unwrap();
        let again = ask(path, "if-none-match", etag);
        assert_eq!(small.header("content-encoding"), Some("gzip"), "{path}");
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        for answer in [&plain, &small, &slash] {
            assert_eq!((answer.status, &answer.body), (200, &plain.body), "{path}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        let max_age = if path == JWKS { 900 } else { 3600 };
        let cached = format!("public, max-age={max_age}");
        for answer in [&plain, &small, &slash, &again] {
            assert_eq!(
                answer.header("cache-control"),
                Some(cached.as_str()),
                "{path}"
            );
            assert_eq!(answer.header("etag"), Some(etag), "{path}");
            assert_eq!(answer.header("vary"), Some("accept-encoding"), "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        }
    }
}

#[test]
fn another_key_is_another_etag() {
    let etag = |algorithm| {
        let answer = gateway(algorithm).get(JWKS, None);
        answer.header("etag").unwrap().to_owned()
    };
    assert_ne!(etag(Algorithm::ES256), etag(Algorithm::ES256));
}

/// What an unknown issuer or unknown keys would make false is not said.
#[test]
fn a_ring_that_cannot_be_read_is_a_503() {
    let ring = ring(Algorithm::ES256);
    let shelf = Shelf::with(ring.clone());
    let started = |world: World| {
        let mut world = world;
        world.keys = Some(Arc::clone(&shelf) as _);
        Gateway::new(world)
    };
    *shelf.dead.lock().unwrap() = true;
    let dead = started(with_ring(&ring));
    assert_eq!(statuses(&dead), [503; 4]);
    assert_eq!(
        dead.get(JWKS, None).header("cache-control"),
        Some("no-store")
    );
    let named = started(with_ring(&ring).with("ISSUER", ISSUER));
    assert_eq!(statuses(&named), [503; 4]);
    *shelf.dead.lock().unwrap() = false;
    assert_eq!(statuses(&named), [200; 4]);
}

/// In a table that has no ring, or none yet: a stranger's request must not look like a fault.
#[test]
fn without_a_ring_nothing_is_published() {
    let shelf = Arc::new(Shelf::default());
    let mut world = with_ring(&ring(Algorithm::ES256));
    world.keys = Some(shelf);
    assert_eq!(statuses(&Gateway::new(world.clone())), [404; 4]);
    let gateway = Gateway::new(world.with("ISSUER", ISSUER));
    assert_eq!(statuses(&gateway), [404, 200, 404, 200]);
    let metadata = gateway.get("/.well-known/oauth-authorization-server", None);
    assert_eq!(metadata.json().get("jwks_uri"), None);
}
