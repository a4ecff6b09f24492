//! The service answers as FastAPI does: every recorded case, in process.

use tests::{Gateway, KEY, parity, world};

const TIERS: &[&str] = &["core", "framework", "edge"];

/// Bodies as AWS sends them.
#[test]
fn answers_as_fastapi_does_to_bodies_in_base64() {
    let cases = parity::cases(TIERS);
    let passed = parity::run(&Gateway::new(world()), Some(KEY), &cases);
    assert_eq!(passed, 270);
}

/// Bodies as `sam local` sends them.
#[test]
fn answers_as_fastapi_does_to_bodies_as_text() {
    let mut gateway = Gateway::new(world());
    gateway.base64 = false;
    parity::run(&gateway, Some(KEY), &parity::cases(TIERS));
}
