//! The one list of functions. `openapi` describes them, `not-found` knows their paths, and the tests
//! call each of them; so those two functions are not in it themselves.

use shared::lambda::Function;

/// Every function of `functions/`, but for the two that read this list.
pub const FUNCTIONS: &[Function] = &[
    token::FUNCTION,
    users_me::FUNCTION,
    users_me_items::FUNCTION,
    status::FUNCTION,
    docs::FUNCTION,
];

/// Their paths alone, so that whoever needs no more does not carry the functions along.
pub const PATHS: [&str; FUNCTIONS.len()] = {
    let mut paths = [""; FUNCTIONS.len()];
    let mut at = 0;
    while at < paths.len() {
        if let Some(path) = FUNCTIONS[at].route.path() {
            paths[at] = path;
        }
        at += 1;
    }
    paths
};
