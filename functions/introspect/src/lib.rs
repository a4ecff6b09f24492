//! POST /introspect: what a token is worth now (RFC 7662). For clients with a secret.

use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::introspection::{Active, Introspection};
use shared::http::{
    self, Answer, Description, Feature, Form, Operation, Public, Request, RequestError, TokenForm,
};
use shared::lambda::Function;

/// POST /introspect
pub const ROUTE: Public = Public::at("/introspect", &[Operation::public("POST")]).oauth_endpoint();

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("Ask about a token")
        .takes_form::<TokenForm>()
        .answers::<Introspected>()
        .only_with(Feature::Clients)],
    start: |cold_start| cold_start.public(ROUTE, handle),
};

/// Says what a token is worth. A client is told of its own tokens, and of all if it may introspect; any
/// other token looks as if it did not exist. Where clients are not checked there is nothing at this
/// path, since nobody could be told.
pub async fn handle(introspection: &Introspection, request: Request) -> Answer {
    if !introspection.clients.are_checked() {
        return Err(RequestError::NotFound.into());
    }
    let form = Form::of_body(&request)?;
    let TokenForm { token, .. } = form.read(TokenForm::read)?;
    let client = http::confidential_client(&introspection.clients, &request, &form).await?;
    let active = introspection.of(token).await?;
    let own = |active: &Active| active.client.as_ref() == Some(&client.id);
    let told = active.filter(|active| client.introspect || own(active));
    http::json(&Introspected::from(told))
}

/// RFC 7662 2.2. If it is not active, it says nothing more.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "Introspection")]
pub struct Introspected {
    /// Would it be accepted now?
    pub active: bool,
    #[serde(flatten)]
    about: Option<About>,
}

/// What a client is told about a token that is accepted.
#[derive(Serialize, JsonSchema)]
struct About {
    /// The scopes that would be accepted, with spaces between them.
    scope: String,
    /// The client that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// The user's name, if it is a user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// `Bearer` for an access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// When it ends, in seconds since the epoch.
    exp: u64,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
    /// The user's id, or without an issuer the name; of a client's own token the client.
    sub: String,
    /// The service that issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// The service for which it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    /// Its own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

impl From<Option<Active>> for Introspected {
    fn from(active: Option<Active>) -> Self {
        let about = active.map(|active| About {
            iss: active.issuer.as_ref().map(|issuer| issuer.url.clone()),
            aud: active.issuer.map(|issuer| issuer.audience),
            scope: active.scopes.to_string(),
            client_id: active.client,
            username: active.username,
            token_type: active.access.then_some("Bearer"),
            exp: active.exp,
            iat: active.iat,
            sub: active.sub,
            jti: active.jti,
        });
        Self {
            active: about.is_some(),
            about,
        }
    }
}
