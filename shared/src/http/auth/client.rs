//! Which client sends a form, and its proof (RFC 6749 2.3.1).

use lambda_http::Request;
use lambda_http::http::HeaderMap;

use super::authorization::{self, Authorization};
use crate::domain::clients::{Client, ClientError, Clients, Credentials};
use crate::http::request::form::Form;
use crate::http::response::error::ApiError;

/// What a client can be, one after the other: the same header may be read in two ways.
type Readings = Vec<Credentials>;

/// The client that sends a form. Whoever names none is this service's own application, and so is
/// everybody where clients are not checked.
pub async fn client(clients: &Clients, request: &Request, form: &Form) -> Result<Client, ApiError> {
    if !clients.are_checked() {
        return Ok(Client::own());
    }
    let (id, secret) = form.read(|fields| {
        fields.one_line(&["client_id", "client_secret"]);
        (
            fields.optional("client_id"),
            fields.optional("client_secret"),
        )
    })?;
    match (in_header(request.headers())?, id) {
        (None, None) if secret.is_none() => Ok(Client::own()),
        (None, Some(id)) => {
            let credentials = Credentials::new(id, secret.unwrap_or_default());
            first(clients, &[credentials], request.headers()).await
        }
        // RFC 6749 2.3: a client must not use more than one method. Its id may be there twice.
        (Some(readings), id) if secret.is_none() && id.is_none_or(|id| names(&readings, id)) => {
            first(clients, &readings, request.headers()).await
        }
        _ => Err(ApiError::MalformedClient),
    }
}

/// The same, but the client must have proved who it is, with a secret.
pub async fn confidential_client(
    clients: &Clients,
    request: &Request,
    form: &Form,
) -> Result<Client, ApiError> {
    let client = client(clients, request, form).await?;
    if client.is_public() {
        let reason = "a client without a secret";
        return Err(invalid(request.headers(), reason));
    }
    Ok(client)
}

/// What may be wrong with a client, for `/openapi.json`.
#[must_use]
pub fn client_refusals() -> [ApiError; 3] {
    let invalid = |basic| ApiError::InvalidClient { basic, reason: "" };
    [ApiError::MalformedClient, invalid(false), invalid(true)]
}

fn names(readings: &Readings, id: &str) -> bool {
    readings.iter().any(|reading| reading.id == id)
}

/// The client of the first reading that is one.
async fn first(
    clients: &Clients,
    readings: &[Credentials],
    headers: &HeaderMap,
) -> Result<Client, ApiError> {
    let mut reason = "no credentials";
    for reading in readings {
        match clients.authenticate(reading).await {
            Ok(client) => return Ok(client),
            Err(ClientError::Invalid(why)) => reason = why,
            Err(ClientError::Store(error)) => return Err(error.into()),
        }
    }
    Err(invalid(headers, reason))
}

fn invalid(headers: &HeaderMap, reason: &'static str) -> ApiError {
    let basic = authorization::is_sent(headers);
    ApiError::InvalidClient { basic, reason }
}

/// The client credentials in the header. Another scheme is not a client's.
fn in_header(headers: &HeaderMap) -> Result<Option<Readings>, ApiError> {
    match Authorization::read(headers) {
        Authorization::Basic(readings) => Ok((!readings.is_empty()).then_some(readings)),
        Authorization::MalformedBasic | Authorization::Several { .. } => {
            Err(ApiError::MalformedClient)
        }
        Authorization::Bearer(_) | Authorization::MalformedBearer | Authorization::Other => {
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use lambda_http::http::HeaderValue;
    use lambda_http::http::header::AUTHORIZATION;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn readings(header: impl AsRef<[u8]>) -> Result<Vec<(String, String)>, &'static str> {
        let value = HeaderValue::from_bytes(header.as_ref()).unwrap();
        let readings = in_header(&HeaderMap::from_iter([(AUTHORIZATION, value)]));
        let readings = readings.map_err(|error| error.outcome())?;
        let readings = readings.unwrap_or_default().into_iter();
        Ok(readings
            .map(|Credentials { id, secret }| {
                let secret = secret.map(|secret| secret.expose_secret().to_owned());
                (id, secret.unwrap_or_default())
            })
            .collect())
    }

    fn basic(text: &str) -> Vec<(String, String)> {
        readings(format!("Basic {}", STANDARD.encode(text))).unwrap()
    }

    /// oauth4webapi and oauthlib encode both parts, others do not.
    #[test]
    fn both_ways_of_writing_it_are_read() {
        let pair = |id: &str, secret: &str| (id.to_owned(), secret.to_owned());
        assert_eq!(basic("id:secret"), [pair("id", "secret")]);
        assert_eq!(basic("id:"), [pair("id", "")]);
        assert_eq!(basic(":"), []);
        assert_eq!(basic("id:a:b"), [pair("id", "a:b")]);
        let encoded = [pair("c:%+ é", "s%3A"), pair("c%3A%25%2B+%C3%A9", "s%253A")];
        assert_eq!(basic("c%3A%25%2B+%C3%A9:s%253A"), encoded);
        assert_eq!(basic("id:%ff"), [pair("id", "%ff")], "not UTF-8");
        assert_eq!(readings("basic aWQ6c2VjcmV0").unwrap(), basic("id:secret"));
    }

    #[test]
    fn what_names_no_client_is_malformed() {
        for header in [
            "Basic",
            "Basic ",
            "Basic !",
            "Basic aWQ",
            "Basic /w==",
            "Basic OnNlY3JldA==",
        ] {
            assert_eq!(readings(header), Err("malformed_client"), "{header}");
        }
        assert_eq!(readings("Bearer aWQ6c2VjcmV0"), Ok(Vec::new()));
        let two =
            ["Basic aWQ6c2VjcmV0"; 2].map(|one| (AUTHORIZATION, HeaderValue::from_static(one)));
        assert!(in_header(&HeaderMap::from_iter(two)).is_err());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in proptest::collection::vec(32u8..=255, 0..60)) {
            let header = header.into_iter().filter(|byte| *byte != 127).collect::<Vec<_>>();
            let _ = readings(&header);
            let _ = readings([b"Basic ", &header[..]].concat());
        }

        #[test]
        fn what_a_client_encodes_is_what_is_read(id in "\\PC{1,20}", secret in "\\PC{0,20}") {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let read = basic(&format!("{}:{}", encoded(&id), encoded(&secret)));
            prop_assert_eq!(read.first(), Some(&(id, secret)));
        }
    }
}
