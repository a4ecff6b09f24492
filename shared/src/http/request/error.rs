//! What can be wrong with a request, whoever sends it.

use super::problem::Problem;

/// What is wrong with a request, no matter who sends it.
#[derive(Debug, PartialEq)]
pub enum RequestError {
    /// No route has this path.
    NotFound,
    /// The route does not have this method.
    MethodNotAllowed {
        /// The methods that it has.
        allowed: Vec<&'static str>,
    },
    /// The body is not valid base64, although the event says so, or its JSON is not UTF-8.
    MalformedBody,
    /// The body is larger than this API reads.
    ContentTooLarge,
    /// The form has more fields than this API reads.
    TooManyFields {
        /// The most fields that it reads.
        most: usize,
    },
    /// Parameters, fields or members are missing or wrong.
    Invalid(Vec<Problem>),
}
