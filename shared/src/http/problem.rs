//! What is wrong with an input: a form's field, a parameter, a member of a JSON body.

use std::borrow::Cow;

use serde_json::Value;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// From `body`, `query` or `path` down to the value.
    pub location: Vec<Step>,
    /// What is wrong.
    pub kind: Kind,
    /// What came; `Null` where it may be a secret, or nothing came.
    pub input: Value,
}

/// A step of the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a field or a member.
    Name(Cow<'static, str>),
    /// Into an element of a list.
    Index(usize),
}

/// The kinds of what can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It must be there.
    Missing,
    /// It is there more than once (RFC 6749 3.2).
    Repeated,
    /// Its value is not UTF-8.
    NotUtf8,
    /// It must match this regular expression.
    Mismatch(&'static str),
    /// It must be of another type.
    Not(Type),
    /// A text that is no value of this type.
    Unparsable(Type),
    /// It must be no less.
    TooSmall(i64),
    /// It must be no more.
    TooLarge(u64),
    /// It must be one of these.
    NotOneOf(Vec<String>),
    /// There is no such member.
    Unknown,
    /// The text is not JSON.
    NotJson(String),
    /// Something else, in a sentence.
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
    /// Of a field or parameter; what came is not shown.
    #[must_use]
    pub fn of_field(place: &'static str, name: &'static str, kind: Kind) -> Self {
        Self {
            location: vec![Step::Name(place.into()), Step::Name(name.into())],
            kind,
            input: Value::Null,
        }
    }

    /// Of the body as a whole.
    #[must_use]
    pub fn of_body(kind: Kind) -> Self {
        Self {
            location: vec![Step::Name("body".into())],
            kind,
            input: Value::Null,
        }
    }
}
