//! The paths of the other functions; `make routes` writes them.

/// Without a slash at the end.
pub const PATHS: &[&str] = &[
    "/token",
    "/revoke",
    "/introspect",
    "/users/me",
    "/users/me/items",
    "/users/me/sessions",
    "/users/me/sessions/{sid}",
    "/users/me/logout",
    "/status",
    "/openapi.json",
    "/docs",
    "/.well-known/{document}",
];
