//! Forms, which are `application/x-www-form-urlencoded` bodies, and queries, which have the same
//! syntax.

use lambda_http::Request;
use lambda_http::http::header::CONTENT_TYPE;

use super::error::RequestError;
use super::fields::Fields;

/// The most fields that a form may have; FastAPI reads as many.
pub const MAX_FIELDS: usize = 1000;

/// The media type of a form.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a form, or the parameters of a query.
#[derive(Debug)]
pub struct Form {
    place: &'static str,
    fields: Vec<(String, String)>,
}

/// The query of a request, as it was sent.
#[derive(Debug, Clone)]
pub(super) struct RawQuery(pub(super) String);

impl Form {
    /// The form in the body. A body of another content type is a form without fields, as in
    /// FastAPI.
    pub fn of_body(request: &Request) -> Result<Self, RequestError> {
        let content_type = request
            .headers()
            .get(CONTENT_TYPE)
            .map_or(&b""[..], |value| value.as_bytes());
        let media_type = content_type
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default();
        let is_form = media_type
            .trim_ascii()
            .eq_ignore_ascii_case(FORM.as_bytes());
        let body: &[u8] = if is_form { request.body() } else { b"" };
        Self::parse("body", body)
    }

    /// The parameters of the query.
    pub fn of_query(request: &Request) -> Result<Self, RequestError> {
        let query = request.extensions().get::<RawQuery>();
        let query = query.map_or("", |RawQuery(query)| query);
        Self::parse("query", query.as_bytes())
    }

    /// Returns what `read` makes of the fields, or everything that is wrong with them.
    pub fn read<'a, T>(
        &'a self,
        read: impl FnOnce(&mut Fields<'a>) -> T,
    ) -> Result<T, RequestError> {
        Fields::read(self.place, &self.fields, read)
    }

    fn parse(place: &'static str, text: &[u8]) -> Result<Self, RequestError> {
        let fields: Vec<(String, String)> = form_urlencoded::parse(text)
            .take(MAX_FIELDS + 1)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        if fields.len() > MAX_FIELDS {
            return Err(RequestError::TooManyFields { most: MAX_FIELDS });
        }
        Ok(Self { place, fields })
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use proptest::prelude::*;

    use super::*;

    fn form(body: &str) -> Form {
        Form::parse("body", body.as_bytes()).unwrap()
    }

    fn optional(body: &str) -> Option<String> {
        let form = form(body);
        form.read(|fields| fields.optional("scope").map(str::to_owned))
            .unwrap()
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
    fn what_is_not_utf8_makes_no_two_fields_one() {
        let form = form("username=x&other=1&%ff=%ff&%fe=%fe");
        let read = form.read(|fields| fields.required("username").to_owned());
        assert_eq!(read.unwrap(), "x");
        for body in [
            "username=%ff%fe",
            "username=x%EF%BF%BD",
            "username=x&user%6Eame=x",
        ] {
            let form = Form::parse("body", body.as_bytes()).unwrap();
            assert!(
                form.read(|fields| fields.required("username").len())
                    .is_err()
            );
        }
    }

    #[test]
    fn refuses_too_many_fields() {
        assert_eq!(form(&"a=b&".repeat(1000)).fields.len(), 1000);
        for count in [1001, 10_000] {
            let body = "a=b&".repeat(count);
            assert!(matches!(
                Form::parse("body", body.as_bytes()),
                Err(RequestError::TooManyFields { most: 1000 })
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
                Form::of_body(&request).unwrap().fields.len(),
                fields,
                "{content_type}"
            );
        }
        assert_eq!(
            Form::of_body(&Request::new(Body::from("a=b")))
                .unwrap()
                .fields
                .len(),
            0
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Form::parse("body", &body);
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
