//! The one list of functions. [`document()`] describes them, `not-found` knows their paths, and the tests
//! call them. `not-found` depends on this list, so it cannot be in it.

mod document;

pub use document::document;
use shared::http::Route;
use shared::lambda::Function;

/// Every function of `functions/`, but for the one that reads this list.
pub const FUNCTIONS: &[Function] = &[
    token::FUNCTION,
    revoke::FUNCTION,
    introspect::FUNCTION,
    users_me::FUNCTION,
    users_me_items::FUNCTION,
    users_me_sessions::FUNCTION,
    users_me_session::FUNCTION,
    users_me_logout::FUNCTION,
    status::FUNCTION,
    openapi::FUNCTION,
    docs::FUNCTION,
    well_known::FUNCTION,
];

/// The routes of the functions. A program that uses only this does not link their code.
pub const ROUTES: [Route; FUNCTIONS.len()] = {
    let mut all = [FUNCTIONS[0].route; FUNCTIONS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = FUNCTIONS[at].route;
        at += 1;
    }
    all
};
