//! The form in which a client names a token, to end it (RFC 7009 2.1) or to ask about it (RFC 7662 2.1).

use schemars::JsonSchema;

use super::fields::Fields;

/// A token, of either kind.
// A form cannot contain null, so in the schema an optional field is a plain string.
#[derive(JsonSchema)]
pub struct TokenForm<'a> {
    /// A refresh token, or an access token.
    #[schemars(length(min = 1))]
    pub token: &'a str,
    /// Not used.
    #[schemars(extend("type" = "string"))]
    pub token_type_hint: Option<&'a str>,
}

impl<'a> TokenForm<'a> {
    /// Reads the fields.
    pub fn read(fields: &mut Fields<'a>) -> Self {
        Self {
            token: fields.required("token"),
            token_type_hint: fields.optional("token_type_hint"),
        }
    }
}
