//! POST /revoke: ends the session of a token (RFC 7009). For the client to which it was given.

use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::clients::Clients;
use shared::domain::sessions::Sessions;
use shared::domain::sessions::token::{RefreshToken, Sid};
use shared::domain::tokens::{Unverified, Verifier};
use shared::http::{
    self, Answer, ApiError, Description, Feature, Form, Operation, Public, Request, RequestError,
    TokenForm,
};
use shared::lambda::Function;

/// POST /revoke
pub const ROUTE: Public = Public::at("/revoke", &[Operation::public("POST")]).oauth_endpoint();

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[Description::new("Log out")
        .takes_form::<TokenForm>()
        .answers::<Revoked>()
        .refuses(|| vec![NO_SESSION])
        .only_with(Feature::Sessions)],
    start: |cold_start| cold_start.public(ROUTE, handle),
};

const NO_SESSION: ApiError = ApiError::UnsupportedTokenType;

/// Sessions, if there are any, what verifies the access tokens that name one, and clients: each can
/// end its own sessions alone (RFC 7009 2.1).
pub type State = (Option<Sessions>, Verifier, Clients);

/// Ends a session. Its refresh tokens end at once; its access tokens only where `TOKEN_CHECK` is
/// `session`. Without sessions there is nothing at this path. With `USER_STORE=memory` the sessions are
/// those of the process that logs in, so this one has none to end.
pub async fn handle((sessions, verifier, clients): &State, request: Request) -> Answer {
    let sessions = sessions.as_ref().ok_or(RequestError::NotFound)?;
    let form = Form::of_body(&request)?;
    let TokenForm { token, .. } = form.read(TokenForm::read)?;
    let client = http::client(clients, &request, &form).await?;
    if let Some(sid) = session_of(token, verifier).await? {
        sessions.revoke(&sid, &client).await?;
    }
    http::json(&Revoked {})
}

/// The session of a token of either kind, whatever the hint says. A token that is not valid has none,
/// and is no error, since there is nothing left to revoke (RFC 7009 2.2).
async fn session_of(token: &str, verifier: &Verifier) -> Result<Option<Sid>, ApiError> {
    if let Some(token) = RefreshToken::parse(token) {
        return Ok(Some(token.sid()));
    }
    match verifier.verify_to_revoke(token).await {
        // It cannot be ended alone, and the client must not believe that it was (RFC 7009 2.2.1).
        Ok(claims) => Ok(Some(Sid(claims.sid.ok_or(NO_SESSION)?))),
        Err(Unverified::InvalidToken(_)) => Ok(None),
        Err(Unverified::Keys(error)) => Err(error.into()),
    }
}

/// There is nothing to say.
#[derive(Serialize, JsonSchema)]
pub struct Revoked {}
