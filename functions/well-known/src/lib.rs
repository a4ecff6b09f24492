//! GET /.well-known/{document}: whose tokens these are, and what verifies them. For everybody.

mod document;

use lambda_http::http::HeaderValue;
use lambda_http::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use shared::config::Offered;
use shared::domain::tokens::Published;
use shared::http::{self, Answer, ApiError, File, Operation, Public, Request, RequestError};
use shared::lambda::Function;

use document::Document;

/// GET `/.well-known/{document}` (RFC 8615)
pub const ROUTE: Public = Public::at("/.well-known/{document}", &[Operation::public("GET")]);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[],
    start: |cold_start| cold_start.public(ROUTE, handle),
};

/// The documents, as the path names them.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    #[serde(rename = "jwks.json")]
    Jwks,
    OauthAuthorizationServer,
    OpenidConfiguration,
    OauthProtectedResource,
}

/// Answers with a document, which scripts of every origin may read: nothing in it is secret.
pub async fn handle((published, offered): &(Published, Offered), request: Request) -> Answer {
    let name = Name::of(&request)?;
    let document = Document::read(name, published, *offered).await?;
    let file = File::json(&document.ok_or(RequestError::NotFound)?);
    let file = file.map_err(ApiError::internal)?.cached(name.cached());
    let mut response = file.response(request.headers())?;
    let everybody = HeaderValue::from_static("*");
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, everybody);
    Ok(response)
}

impl Name {
    /// Another name is no document: 404 and not 422.
    fn of(request: &Request) -> Result<Self, ApiError> {
        let name: String = http::path_parameter(request, "document")?;
        let known = Self::deserialize(StrDeserializer::<Error>::new(&name));
        known.map_err(|_| RequestError::NotFound.into())
    }

    /// Keys come and go, so that caches ask for them more often; each is published for hours before
    /// it signs.
    fn cached(self) -> &'static str {
        match self {
            Self::Jwks => "public, max-age=900",
            _ => "public, max-age=3600",
        }
    }
}
