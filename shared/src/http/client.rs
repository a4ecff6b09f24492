//! Which client sends a form, and its proof (RFC 6749 2.3.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Request;
use lambda_http::http::HeaderMap;
use lambda_http::http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;

use super::error::{ApiError, OAuthRefused};
use super::form::Form;
use crate::domain::clients::{Client, ClientError, Clients, Credentials};

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
            first(clients, &[credentials], false).await
        }
        // RFC 6749 2.3: a client must not use more than one method. Its id may be there twice.
        (Some(readings), id) if secret.is_none() && id.is_none_or(|id| names(&readings, id)) => {
            first(clients, &readings, true).await
        }
        _ => Err(OAuthRefused::MalformedClient.into()),
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
        let basic = request.headers().contains_key(AUTHORIZATION);
        return Err(OAuthRefused::InvalidClient { basic, reason }.into());
    }
    Ok(client)
}

fn names(readings: &Readings, id: &str) -> bool {
    readings.iter().any(|reading| reading.id == id)
}

/// The client of the first reading that is one.
async fn first(
    clients: &Clients,
    readings: &[Credentials],
    basic: bool,
) -> Result<Client, ApiError> {
    let mut reason = "no credentials";
    for reading in readings {
        match clients.authenticate(reading).await {
            Ok(client) => return Ok(client),
            Err(ClientError::Invalid(why)) => reason = why,
            Err(ClientError::Store(error)) => return Err(error.into()),
        }
    }
    Err(OAuthRefused::InvalidClient { basic, reason }.into())
}

/// What the header `Authorization` says: both parts form-encoded, as RFC 6749 2.3.1 has it, or as they
/// are, since not every library knows. Swagger UI sends the header without anything in it. Another
/// scheme is no client's.
fn in_header(headers: &HeaderMap) -> Result<Option<Readings>, OAuthRefused> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let header = sent.next().map_or(&b""[..], |header| header.as_bytes());
    let header = String::from_utf8_lossy(header);
    let (scheme, text) = header.split_once(' ').unwrap_or((&header, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let bytes = STANDARD.decode(text.trim()).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    match text.as_deref().and_then(|text| text.split_once(':')) {
        _ if sent.next().is_some() => Err(OAuthRefused::MalformedClient),
        Some(("", "")) => Ok(None),
        Some((id, secret)) if !id.is_empty() => Ok(Some(
            form_decoded(id, secret)
                .into_iter()
                .chain([Credentials::new(id, secret)])
                .collect(),
        )),
        _ => Err(OAuthRefused::MalformedClient),
    }
}

/// The two parts decoded, if that makes a difference.
fn form_decoded(id: &str, secret: &str) -> Option<Credentials> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .ok()
            .map(String::from)
    };
    let (decoded_id, decoded_secret) = (decoded(id)?, decoded(secret)?);
    let differs = decoded_id != id || decoded_secret != secret;
    differs.then(|| Credentials::new(&decoded_id, &decoded_secret))
}
