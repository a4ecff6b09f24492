//! Forms: `application/x-www-form-urlencoded` bodies.

use lambda_http::Request;
use lambda_http::http::header::CONTENT_TYPE;

use super::{ApiError, FieldError};

/// As many as FastAPI reads.
pub const MAX_FIELDS: usize = 1000;

/// The fields of a form.
#[derive(Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body. Another content type is a form without fields, as in FastAPI.
    pub fn from_request(request: &Request) -> Result<Self, ApiError> {
        let content_type = request
            .headers()
            .get(CONTENT_TYPE)
            .map_or(&b""[..], |value| value.as_bytes());
        let media_type = content_type
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default();
        if media_type
            .trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
        {
            Self::parse(request.body())
        } else {
            Ok(Self(Vec::new()))
        }
    }

    fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let fields: Vec<(String, String)> = form_urlencoded::parse(body)
            .take(MAX_FIELDS + 1)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        if fields.len() > MAX_FIELDS {
            return Err(ApiError::TooManyFields { most: MAX_FIELDS });
        }
        Ok(Self(fields))
    }

    /// A field's value; `None` without one, since a parameter without a value counts as omitted
    /// (RFC 6749 3.1). A field that is there twice is an error (RFC 6749 3.2).
    pub fn optional(&self, name: &'static str) -> Result<Option<&str>, FieldError> {
        let mut values = self.0.iter().filter(|(field, _)| field == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(FieldError::Repeated { name });
        }
        match first.filter(|value| !value.is_empty()) {
            // The parser puts U+FFFD for bytes that are not UTF-8: two names would become one.
            Some(value) if value.contains(char::REPLACEMENT_CHARACTER) => {
                Err(FieldError::NotUtf8 { name })
            }
            value => Ok(value),
        }
    }

    /// The value of a field that must be there.
    pub fn required(&self, name: &'static str) -> Result<&str, FieldError> {
        self.optional(name)?.ok_or(FieldError::Missing { name })
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use proptest::prelude::*;

    use super::*;

    fn form(body: &str) -> Form {
        Form::parse(body.as_bytes()).unwrap()
    }

    fn optional(body: &str) -> Option<String> {
        form(body).optional("scope").unwrap().map(str::to_owned)
    }

    #[test]
    fn reads_fields() {
        for (body, value) in [
            ("scope=me+items", Some("me items")),
            ("scope=me%20items", Some("me items")),
            ("sc%6Fpe=me", Some("me")),
            ("&&a=b&scope=me&", Some("me")),
            ("scope=a=b", Some("a=b")),
            ("scope=%", Some("%")),
            ("scope=%zz", Some("%zz")),
            ("scope=%C3%A9", Some("é")),
            ("scope=é", Some("é")),
            ("scope=", None),
            ("scope", None),
            ("SCOPE=me", None),
            ("", None),
            ("=me", None),
        ] {
            assert_eq!(optional(body).as_deref(), value, "{body}");
        }
    }

    #[test]
    fn a_field_is_there_once_or_wrong() {
        let name = "username";
        for (body, expected) in [
            ("a=b", Err(FieldError::Missing { name })),
            ("username=", Err(FieldError::Missing { name })),
            ("username=x&username=y", Err(FieldError::Repeated { name })),
            ("username=&username=", Err(FieldError::Repeated { name })),
            (
                "username=x&user%6Eame=x",
                Err(FieldError::Repeated { name }),
            ),
            ("username=%ff%fe", Err(FieldError::NotUtf8 { name })),
            ("username=x%EF%BF%BD", Err(FieldError::NotUtf8 { name })),
            ("username=x&other=1&other=2&%ff=%ff", Ok("x")),
        ] {
            assert_eq!(form(body).required(name), expected, "{body}");
        }
    }

    #[test]
    fn refuses_too_many_fields() {
        assert_eq!(form(&"a=b&".repeat(1000)).0.len(), 1000);
        for count in [1001, 10_000] {
            let body = "a=b&".repeat(count);
            assert!(matches!(
                Form::parse(body.as_bytes()),
                Err(ApiError::TooManyFields { most: 1000 })
            ));
        }
    }

    #[test]
    fn another_content_type_is_a_form_without_fields() {
        for (content_type, fields) in [
            ("application/x-www-form-urlencoded", 1),
            ("Application/X-WWW-Form-Urlencoded ; charset=utf-8", 1),
            ("application/json", 0),
            ("multipart/form-data; boundary=x", 0),
            ("application/x-www-form-urlencoded-x", 0),
            ("text/plain; application/x-www-form-urlencoded", 0),
            ("", 0),
        ] {
            let mut request = Request::new(Body::from("a=b"));
            request
                .headers_mut()
                .insert(CONTENT_TYPE, content_type.parse().unwrap());
            assert_eq!(
                Form::from_request(&request).unwrap().0.len(),
                fields,
                "{content_type}"
            );
        }
        assert_eq!(
            Form::from_request(&Request::new(Body::from("a=b")))
                .unwrap()
                .0
                .len(),
            0
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Form::parse(&body);
        }

        #[test]
        fn what_a_client_encodes_is_what_is_read(value in "\\PC{1,40}", noise in "[a-z&=%+]{0,20}") {
            prop_assume!(!value.contains('\u{fffd}'));
            let body = form_urlencoded::Serializer::new(String::new()).append_pair("scope", &value).finish();
            prop_assume!(!noise.contains("scope"));
            prop_assert_eq!(optional(&format!("{noise}&{body}")), Some(value));
        }
    }
}
