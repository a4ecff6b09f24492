//! The one list of functions. `openapi` describes them, `not-found` knows their paths, and the
//! tests call them. `openapi` and `not-found` depend on this list, so they cannot be in it.

use shared::lambda::{About, Function};

/// Every function of `functions/`, but for the two that read this list.
pub const FUNCTIONS: &[Function] = &[
    token::FUNCTION,
    users_me::FUNCTION,
    users_me_items::FUNCTION,
    status::FUNCTION,
    docs::FUNCTION,
];

/// What the functions say about themselves. A program that uses only this does not link their code.
pub const ABOUT: [About; FUNCTIONS.len()] = {
    let mut all = [FUNCTIONS[0].about(); FUNCTIONS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = FUNCTIONS[at].about();
        at += 1;
    }
    all
};

/// The paths of the functions.
pub const PATHS: [Option<&str>; FUNCTIONS.len()] = {
    let mut all = [None; FUNCTIONS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = ABOUT[at].route.path();
        at += 1;
    }
    all
};
