//! Forged tokens of every kind. FastAPI's own answers to tokens are in `tests/parity`.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::accounts::UserId;
use crate::domain::clock::Clock;

mod ring;
mod wycheproof;

const KEY: &str = "a key of the tests, 32 bytes or more";
const NOW: Duration = Duration::from_secs(1_700_000_000);
const GOOD: &str = r#"{"sub":"johndoe","scope":"me items","exp":1700001800}"#;
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// A clock that stands still.
struct Stopped(Duration);

impl Clock for Stopped {
    fn now(&self) -> Duration {
        self.0
    }
}

/// A verifier at this time, which accepts tokens of this key.
fn verifier_at(key: &str, now: Duration) -> Verifier {
    Verifier::new(Published {
        keyring: None,
        issuer: None,
        lifetime: Duration::from_mins(30),
        clock: Arc::new(Stopped(now)),
    })
    .or(&key.into())
}

/// What is awaited, if it is there at once.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn verify_by(verifier: &Verifier, token: &str) -> Result<Claims, InvalidToken> {
    at_once(verifier.verify(token)).map_err(|error| match error {
        Unverified::InvalidToken(reason) => reason,
        Unverified::Keys(error) => panic!("{error}"),
    })
}

/// A token as this service issues them.
fn issue(username: &str, scopes: &Scopes, now: Duration) -> String {
    issue_to(&user(username, None), scopes, now)
}

fn issue_to(user: &User, scopes: &Scopes, now: Duration) -> String {
    let signer = Signer::shared(&KEY.into(), None, Duration::from_mins(30));
    at_once(signer.sign(&NewToken::of_user(user, scopes), now)).unwrap()
}

fn user(username: &str, stamp: Option<Stamp>) -> User {
    User {
        id: UserId::from(username),
        username: username.to_owned(),
        scopes: Scopes::default(),
        disabled: false,
        email: None,
        full_name: None,
        stamp,
    }
}

fn sign(message: &str, key: &str) -> String {
    jsonwebtoken::crypto::sign(
        message.as_bytes(),
        &EncodingKey::from_secret(key.as_bytes()),
        Algorithm::HS256,
    )
    .unwrap()
}

fn encode(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// A token with this header and payload, signed with the right key.
fn mint(header: &str, payload: impl AsRef<[u8]>) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = sign(&message, KEY);
    format!("{message}.{signature}")
}

fn verify_at(token: &str, now: Duration) -> Result<Claims, InvalidToken> {
    verify_by(&verifier_at(KEY, now), token)
}

fn verify(token: &str) -> Result<Claims, InvalidToken> {
    verify_at(token, NOW)
}

fn with_claim(claim: &str) -> String {
    format!(r#"{{"sub":"johndoe","scope":"me items","exp":1700001800,{claim}}}"#)
}

#[test]
fn what_is_signed_is_verified() {
    let scopes = Scopes::parse("me items").unwrap();
    let token = issue("johndoe", &scopes, NOW);
    let claims = verify(&token).unwrap();
    assert!(claims.jti.is_some());
    let expected = Claims {
        sub: "johndoe".into(),
        username: None,
        scopes,
        stamp: None,
        sid: None,
        client: None,
        exp: NOW.as_secs() + 1800,
        iat: Some(NOW.as_secs()),
        jti: claims.jti.clone(),
        own: false,
    };
    assert_eq!(claims, expected);
    let other = verifier_at("another key, which is as long as that", NOW);
    assert_eq!(verify_by(&other, &token), Err(InvalidToken::Signature));
}

/// While the key is being changed, both are valid, and nothing else is.
#[test]
fn a_token_of_the_key_before_is_valid_too() {
    let token = issue("johndoe", &Scopes::default(), NOW);
    let [new, third] = [
        "the new key, which is as long as that",
        "a third, which is as long as that",
    ];
    let changing = verifier_at(new, NOW).or(&KEY.into());
    assert!(verify_by(&changing, &token).is_ok());
    assert!(verify_by(&verifier_at(KEY, NOW).or(&new.into()), &token).is_ok());
    let gone = verifier_at(new, NOW).or(&third.into());
    for (verifier, token, reason) in [
        (gone, &token, InvalidToken::Signature),
        (changing, &mint(HEADER, "{}"), InvalidToken::Malformed),
    ] {
        assert_eq!(verify_by(&verifier, token), Err(reason));
    }
    let later = verifier_at(new, NOW + Duration::from_mins(30)).or(&KEY.into());
    assert_eq!(verify_by(&later, &token), Err(InvalidToken::Expired));
}

#[test]
fn a_token_carries_its_users_stamp() {
    let stamp = Some(Stamp::random());
    let token = issue_to(&user("johndoe", stamp.clone()), &Scopes::default(), NOW);
    assert_eq!(verify(&token).unwrap().stamp, stamp);
    for stamp in ["null", "1", "[]"] {
        let token = mint(HEADER, with_claim(&format!(r#""stamp":{stamp}"#)));
        assert_eq!(verify(&token), Err(InvalidToken::Malformed), "{stamp}");
    }
}

#[test]
fn a_token_carries_both_spellings_of_the_scopes_and_its_dates() {
    let scopes = Scopes::parse("me items").unwrap();
    let claims = |token: &str| -> Value {
        let payload = URL_SAFE_NO_PAD
            .decode(token.split('.').nth(1).unwrap())
            .unwrap();
        serde_json::from_slice(&payload).unwrap()
    };
    let (one, two) = (issue("j", &scopes, NOW), issue("j", &scopes, NOW));
    let mut first = claims(&one);
    let jti = first.as_object_mut().unwrap().remove("jti").unwrap();
    assert_ne!(jti, claims(&two)["jti"], "each token has its own jti");
    assert_eq!(
        first,
        serde_json::json!({"sub": "j", "scope": "me items", "scopes": ["me", "items"],
            "iat": 1_700_000_000, "exp": 1_700_001_800})
    );
    assert!(one.starts_with(&format!("{}.", encode(r#"{"typ":"JWT","alg":"HS256"}"#))));
}

#[test]
fn it_expires_to_the_second() {
    let token = issue("johndoe", &Scopes::default(), NOW);
    for (seconds, expected) in [
        (1799, None),
        (1800, Some(InvalidToken::Expired)),
        (1801, Some(InvalidToken::Expired)),
    ] {
        let result = verify_at(&token, NOW + Duration::from_secs(seconds));
        assert_eq!(result.err(), expected, "{seconds}");
    }
}

#[test]
fn both_generations_of_the_page_are_read() {
    for (scopes, expected) in [
        (r#""scope":"items me""#, "items me"),
        (r#""scopes":["items","me"]"#, "items me"),
        (r#""scope":"me","scopes":["items"]"#, "me"),
        (r#""scopes":["me items"]"#, ""),
        (r#""scopes":[]"#, ""),
        (r#""x":1"#, ""),
    ] {
        let payload = format!(r#"{{"sub":"johndoe","exp":1700001800,{scopes}}}"#);
        let claims = verify(&mint(HEADER, &payload)).unwrap();
        assert_eq!(claims.scopes.to_string(), expected, "{scopes}");
    }
}

#[test]
fn accepts_what_changes_nothing() {
    for header in [
        HEADER,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","kid":"k1","x":{"y":[]}}"#,
    ] {
        assert!(verify(&mint(header, GOOD)).is_ok(), "{header}");
    }
    for claim in [
        r#""iss":"https://issuer.example""#,
        r#""jti":"abc""#,
        r#""iat":1700000000"#,
        r#""iat":1699999999.5"#,
        r#""iat":1700000005"#,
        r#""nbf":1700000005"#,
        r#""nbf":1700000000"#,
        r#""x":null"#,
    ] {
        assert!(verify(&mint(HEADER, with_claim(claim))).is_ok(), "{claim}");
    }
    // A NumericDate may have a fraction (RFC 7519 2); only whole seconds are compared.
    let half_past = NOW + Duration::from_millis(500);
    let float = with_claim(r#""nbf":1700000000.9"#).replace("1700001800", "1700000001.5");
    assert!(verify_at(&mint(HEADER, float), half_past).is_ok());
}

#[test]
fn refuses_other_headers() {
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"NONE","typ":"JWT"}"#,
        r#"{"alg":"nOnE"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":" HS256"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":""}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":"exp"}"#,
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#,
        r#"{"alg":"HS256","kid":1}"#,
        r#"{"alg":"HS256","kid":null}"#,
        r#"{"alg":"HS256","crit":null}"#,
        r#"{"alg":"HS256","x":1,"x":2}"#,
        r#"["HS256"]"#,
        "not json",
        "",
        "\"HS256\"",
        r#"{"alg":"HS256"} {}"#,
    ] {
        assert!(verify(&mint(header, GOOD)).is_err(), "{header}");
    }
}

#[test]
fn refuses_other_claims() {
    for claim in [
        r#""nbf":1700000006"#,
        r#""nbf":"1""#,
        r#""nbf":null"#,
        r#""iat":1700000006"#,
        r#""iat":"x""#,
        r#""iat":true"#,
        r#""iat":null"#,
        r#""jti":1"#,
        r#""jti":null"#,
        r#""aud":"someone""#,
        r#""aud":["a","b"]"#,
        r#""aud":null"#,
        r#""aud":1"#,
        r#""scopes":null"#,
        r#""scopes":"me""#,
        r#""scopes":[1]"#,
        r#""scopes":{"me":true}"#,
        r#""sub":"alice""#,
        r#""scope":"me""#,
        r#""exp":1800000000"#,
        r#""x":1,"x":1"#,
        r#""\u0073ub":"alice""#,
    ] {
        assert!(verify(&mint(HEADER, with_claim(claim))).is_err(), "{claim}");
    }
    for payload in [
        r#"{"scope":"me","exp":1700001800}"#,
        r#"{"sub":null,"exp":1700001800}"#,
        r#"{"sub":1,"exp":1700001800}"#,
        r#"{"sub":["johndoe"],"exp":1700001800}"#,
        r#"{"sub":"johndoe"}"#,
        r#"{"sub":"johndoe","exp":null}"#,
        r#"{"sub":"johndoe","exp":"1700001800"}"#,
        r#"{"sub":"johndoe","exp":true}"#,
        r#"{"sub":"johndoe","exp":[1700001800]}"#,
        r#"{"sub":"johndoe","exp":Infinity}"#,
        r#"{"sub":"johndoe","exp":1e999}"#,
        r#"{"sub":"johndoe","exp":-1}"#,
        r#"{"sub":"johndoe","exp":0}"#,
        r#"{"sub":"johndoe","exp":1700000000}"#,
        r#"{"sub":"johndoe","exp":1700000000.9}"#,
        r#"{"sub":"johndoe","scope":null,"exp":1700001800}"#,
        r#"{"sub":"johndoe","scope":1,"exp":1700001800}"#,
        r#"{"sub":"johndoe","scope":["me"],"exp":1700001800}"#,
        r#"{"sub":"johndoe","scope":{"me":true},"exp":1700001800}"#,
        r#"{"sub":"johndoe","scope":"me \ud800","exp":1700001800}"#,
        r#"["johndoe"]"#,
        r#""johndoe""#,
        "null",
        "",
        "{",
        r#"{"sub":"johndoe","exp":1700001800"#,
        r#"{"sub":"johndoe","exp":1700001800} {}"#,
    ] {
        assert!(verify(&mint(HEADER, payload)).is_err(), "{payload}");
    }
    assert!(
        verify(&mint(HEADER, b"{\"sub\":\"\xff\",\"exp\":1700001800}")).is_err(),
        "not UTF-8"
    );
}

#[test]
fn refuses_other_signatures_and_shapes() {
    let good = mint(HEADER, GOOD);
    assert!(verify(&good).is_ok());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let foreign = sign(message, "another key of the tests, no shorter");
    let other_payload = encode(with_claim(r#""x":1"#));
    for bad in [
        format!("{message}."),
        message.to_owned(),
        format!("{message}.{foreign}"),
        format!("{message}.{}", sign(message, "")),
        format!("{message}.{}", &signature[..signature.len() - 4]),
        format!("{message}.{signature}="),
        format!("{message}.{signature}!!!!"),
        format!("{message}.{signature}AAAA"),
        format!("{message}.{signature}."),
        format!("{message}.{signature}.extra"),
        format!(".{good}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{other_payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{message} .{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("\"{good}\""),
        String::new(),
        "...".into(),
        "a.b.c".into(),
        "é.è.ÿ".into(),
        "\0".into(),
        "a".repeat(65_536),
        "a.".repeat(32_768),
    ] {
        assert!(verify(&bad).is_err(), "{bad:.80}");
    }
    // The last base64 character of 32 bytes has two unused bits. They must be zero (RFC 4648 3.5).
    let abc = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = abc.find(good.chars().last().unwrap()).unwrap();
    let twin = format!("{}{}", &good[..good.len() - 1], &abc[last + 1..last + 2]);
    assert!(verify(&twin).is_err());
    // Padding is refused in the signed parts, too (RFC 7515 2).
    let padded = format!("{}==.{}", encode(HEADER), encode(GOOD));
    assert!(verify(&format!("{padded}.{}", sign(&padded, KEY))).is_err());
}

#[test]
fn deep_nesting_is_refused_and_harms_nothing() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        assert!(verify(&mint(HEADER, with_claim(&format!(r#""x":{deep}"#)))).is_err());
        assert!(verify(&mint(&format!(r#"{{"alg":"HS256","x":{deep}}}"#), GOOD)).is_err());
        assert!(verify(&mint(HEADER, deep)).is_err());
    }
}

#[test]
fn the_reason_is_for_the_log() {
    for (token, reason) in [
        (mint(HEADER, r#"{"sub":"j","exp":1}"#), "expired"),
        (
            mint(HEADER, with_claim(r#""nbf":1800000000"#)),
            "not yet valid",
        ),
        (mint(HEADER, r#"{"exp":1700001800}"#), "malformed"),
        (mint(HEADER, with_claim(r#""aud":"x""#)), "audience"),
        (mint(r#"{"alg":"HS512"}"#, GOOD), "algorithm"),
        ("nonsense".to_owned(), "malformed"),
    ] {
        assert_eq!(verify(&token).unwrap_err().to_string(), reason);
    }
}

proptest! {
    #[test]
    fn no_text_is_a_token(text in "\\PC{0,200}") {
        prop_assert!(verify(&text).is_err());
    }

    #[test]
    fn no_payload_makes_it_panic(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = verify(&mint(HEADER, payload));
    }

    #[test]
    fn no_header_makes_it_panic(header in "\\PC{0,100}") {
        let _ = verify(&mint(&header, GOOD));
    }

    /// One changed character anywhere makes another token, and no other token is valid.
    #[test]
    fn no_changed_character_is_overlooked(at in 0usize..160, to in "[A-Za-z0-9_.=-]") {
        let good = mint(HEADER, GOOD);
        let at = at % good.len();
        let mut bad = good.clone();
        bad.replace_range(at..=at, &to);
        prop_assert_eq!(verify(&bad).is_ok(), bad == good);
    }

    #[test]
    fn what_is_signed_reads_back(sub in "\\PC{0,40}", scope in "[a-z :/]{0,40}", at in 0u64..4_000_000_000) {
        let (scopes, now) = (Scopes::parse(&scope).unwrap(), Duration::from_secs(at));
        let token = issue(&sub, &scopes, now);
        let claims = verify_at(&token, now).unwrap();
        prop_assert_eq!((claims.sub, claims.scopes, claims.iat), (sub, scopes, Some(at)));
    }
}
