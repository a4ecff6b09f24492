//! What is wrong with an input: with a form's field, a parameter, or a member of a JSON body.

use std::borrow::Cow;

use serde_json::Value;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The way from `body`, `query` or `path` down to the value.
    pub location: Vec<Step>,
    /// What is wrong.
    pub kind: Kind,
    /// What the client sent; `Null` if it may be a secret, or if nothing was sent.
    pub input: Value,
}

/// A step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a field or a member.
    Name(Cow<'static, str>),
    /// Into an element of a list.
    Index(usize),
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It is not there, but must be.
    Missing,
    /// It is there more than once (RFC 6749 3.2).
    Repeated,
    /// Its value is not UTF-8.
    NotUtf8,
    /// It does not match this regular expression.
    Mismatch(&'static str),
    /// It is not of this type.
    Not(Type),
    /// It is a text that cannot be read as this type.
    Unparsable(Type),
    /// It is less than this.
    TooSmall(i64),
    /// It is more than this.
    TooLarge(u64),
    /// It is not one of these.
    NotOneOf(Vec<String>),
    /// It is a member that does not exist.
    Unknown,
    /// It is not JSON, for this reason.
    NotJson(String),
    /// Something else, which this sentence says.
    Other(String),
}

/// Types of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list.
    List,
    /// An object.
    Object,
    /// `null`.
    Null,
}

impl Problem {
    /// A problem of a field or parameter. It does not contain what the client sent.
    #[must_use]
    pub fn of_field(place: &'static str, name: &'static str, kind: Kind) -> Self {
        Self {
            location: vec![Step::Name(place.into()), Step::Name(name.into())],
            kind,
            input: Value::Null,
        }
    }

    /// A problem of the body as a whole.
    #[must_use]
    pub fn of_body(kind: Kind) -> Self {
        Self {
            location: vec![Step::Name("body".into())],
            kind,
            input: Value::Null,
        }
    }
}
