//! The paths of the other functions; `make routes` writes them.

/// Without a slash at the end.
pub const PATHS: &[&str] = &[
    "/token",
    "/users/me",
    "/users/me/items",
    "/status",
    "/users/me/logout",
    "/users/me/sessions",
    "/users/me/sessions/{sid}",
    "/revoke",
    "/introspect",
    "/openapi.json",
    "/docs",
    "/.well-known/{document}",
];
