//! For whom a route is, as a type: it decides what the route's handler is given.

use super::operation::Operation;
use crate::domain::access::Access;

/// For whom a route is.
pub trait Audience {
    /// The proof that its operations require.
    const REQUIRED: Proof;
}

/// A proof that an operation requires of a request.
#[derive(Debug, Clone, Copy)]
pub enum Proof {
    /// No proof.
    Nothing,
    /// A user's token.
    User,
    /// A client's own token.
    Client,
}

impl Proof {
    /// True if all operations require this proof and no other.
    pub(super) const fn is_required_by(self, operations: &[Operation]) -> bool {
        let Some((first, others)) = operations.split_first() else {
            return true;
        };
        let required = matches!(
            (self, first.access),
            (Self::Nothing, Access::Public)
                | (Self::User, Access::ActiveUser(_) | Access::AnyUser(_))
                | (Self::Client, Access::Client(_))
        );
        required && self.is_required_by(others)
    }
}

/// Any audience: it is not known any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Any;

/// Everybody.
#[derive(Debug, Clone, Copy)]
pub struct Anyone;

/// Users, with a token.
#[derive(Debug, Clone, Copy)]
pub struct Users;

/// Clients, with a token of their own.
#[derive(Debug, Clone, Copy)]
pub struct Clients;

impl Audience for Anyone {
    const REQUIRED: Proof = Proof::Nothing;
}

impl Audience for Users {
    const REQUIRED: Proof = Proof::User;
}

impl Audience for Clients {
    const REQUIRED: Proof = Proof::Client;
}
