//! The variables that a function reads.

use std::cell::RefCell;
use std::collections::BTreeSet;

use shared::config::Parts;
use shared::lambda::{ColdStart, Function};

/// What a deployed stack has in the item of its public keys, where `users keys` writes it.
const IN_THE_RING: [&str; 3] = ["PUBLIC_KEYS", "ISSUER", "AUDIENCE"];

/// The variables that a function's `main` reads, whichever store is chosen. Left out are those that
/// Lambda sets or AWS's SDKs define: nobody writes them into a template.
pub async fn variables(function: &Function) -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    for store in ["memory", "dynamodb"] {
        let lookup = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            (name == "USER_STORE").then(|| store.to_owned())
        };
        // Nearly every variable is missing, so the start fails before it opens anything, but not
        // before it has asked for all of them.
        let start = ColdStart::new(&lookup, Parts::default());
        let _incomplete = (function.start)(start).await;
    }
    let asked = asked.into_inner().into_iter();
    asked.filter(|name| !is_brought(name)).collect()
}

/// True if a function has the variable, or what it would say, without the template: Lambda sets it, AWS's
/// SDKs define it, or it is public and a deployed stack has it in its ring.
#[must_use]
pub fn is_brought(name: &str) -> bool {
    name.starts_with("AWS_") || name == "SSL_CERT_FILE" || IN_THE_RING.contains(&name)
}
