//! A method of a route, and what it requires.

use crate::domain::access::Access;

/// A method of a route, and what it requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// In capital letters (RFC 9110 9.1: methods are case-sensitive).
    pub method: &'static str,
    /// What a request must prove.
    pub access: Access,
}

impl Operation {
    /// A GET by an active user whose token has all of these scopes.
    #[must_use]
    pub const fn get(scopes: &'static [&'static str]) -> Self {
        Self::new("GET", Access::ActiveUser(scopes))
    }

    /// The same for POST.
    #[must_use]
    pub const fn post(scopes: &'static [&'static str]) -> Self {
        Self::new("POST", Access::ActiveUser(scopes))
    }

    /// The same for PUT.
    #[must_use]
    pub const fn put(scopes: &'static [&'static str]) -> Self {
        Self::new("PUT", Access::ActiveUser(scopes))
    }

    /// The same for PATCH.
    #[must_use]
    pub const fn patch(scopes: &'static [&'static str]) -> Self {
        Self::new("PATCH", Access::ActiveUser(scopes))
    }

    /// The same for DELETE.
    #[must_use]
    pub const fn delete(scopes: &'static [&'static str]) -> Self {
        Self::new("DELETE", Access::ActiveUser(scopes))
    }

    /// A method that everybody may use.
    #[must_use]
    pub const fn public(method: &'static str) -> Self {
        Self::new(method, Access::Public)
    }

    /// A method for clients whose own token has all of these scopes.
    #[must_use]
    pub const fn client(method: &'static str, scopes: &'static [&'static str]) -> Self {
        Self::new(method, Access::Client(scopes))
    }

    /// A method with any kind of access.
    #[must_use]
    pub const fn new(method: &'static str, access: Access) -> Self {
        Self { method, access }
    }
}
