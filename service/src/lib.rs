//! The one list of functions. `openapi` describes them, `not-found` knows their paths, and the tests
//! call each of them; so those two functions are not in it themselves.

use shared::lambda::{About, Function};

/// Every function of `functions/`, but for the two that read this list.
pub const FUNCTIONS: &[Function] = &[
    token::FUNCTION,
    users_me::FUNCTION,
    users_me_items::FUNCTION,
    status::FUNCTION,
    docs::FUNCTION,
];

/// What they say of themselves, so that whoever needs no more does not carry the functions along.
pub const ABOUT: [About; FUNCTIONS.len()] = {
    let mut all = [FUNCTIONS[0].about(); FUNCTIONS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = FUNCTIONS[at].about();
        at += 1;
    }
    all
};

/// Their paths alone.
pub const PATHS: [Option<&str>; FUNCTIONS.len()] = {
    let mut all = [None; FUNCTIONS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = ABOUT[at].route.path();
        at += 1;
    }
    all
};
