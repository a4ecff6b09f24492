//! What a token is worth now (RFC 7662).

use super::access::{Denied, Guard, holding_client};
use super::clients::{Client, ClientError, Clients, GrantType};
use super::scope::Scopes;
use super::sessions::token::RefreshToken;
use super::sessions::{self, Sessions};
use super::store::StoreError;
use super::tokens::keys::Issuer;
use super::tokens::{Claims, OWN};

/// Looks at tokens for clients, asking the store for all that a token depends on.
pub struct Introspection {
    /// Checks access tokens of users.
    pub guard: Guard,
    /// Finds the client of a token of its own.
    pub clients: Clients,
    /// Knows refresh tokens, if there are any.
    pub sessions: Option<Sessions>,
}

/// A token that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Is it an access token, and no refresh token?
    pub access: bool,
    /// The service's issuer, which has issued it; `None` if there is none.
    pub issuer: Option<Issuer>,
    /// For whom it is.
    pub sub: String,
    /// The user's name, if it is a user's.
    pub username: Option<String>,
    /// Which client has it, if the token says so.
    pub client: Option<String>,
    /// The scopes that are accepted: those of the token that its user or client still has.
    pub scopes: Scopes,
    /// When it ends, in seconds since the epoch.
    pub exp: u64,
    /// When it was issued.
    pub iat: Option<u64>,
    /// Its own name.
    pub jti: Option<String>,
}

impl Introspection {
    /// The token, if it is accepted; `None` whatever the reason is (RFC 7662 2.2).
    pub async fn of(&self, token: &str) -> Result<Option<Active>, StoreError> {
        let active = match RefreshToken::parse(token) {
            Some(token) => return self.refresh(&token).await,
            None => self.access(token).await,
        };
        match active {
            Ok(active) => Ok(active),
            Err(Denied::Store(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    async fn access(&self, token: &str) -> Result<Option<Active>, Denied> {
        let claims = self.guard.verifier.verify(token).await?;
        let held = if claims.is_of_client() {
            holding_client(&self.clients, &claims).await?.scopes
        } else {
            let user = self.guard.holder(&claims).await?;
            if user.disabled {
                return Ok(None);
            }
            user.scopes
        };
        let issuer = self.guard.verifier.issuer().await?;
        Ok(Some(Active::access(claims, &held, issuer)))
    }

    async fn refresh(&self, token: &RefreshToken) -> Result<Option<Active>, StoreError> {
        let Some(sessions) = &self.sessions else {
            return Ok(None);
        };
        let Some((session, user)) = sessions.find(token).await? else {
            return Ok(None);
        };
        let client = self.client(&session.client).await?;
        let Some(client) = client.filter(|client| client.may(GrantType::RefreshToken)) else {
            return Ok(None);
        };
        let issuer = self.guard.verifier.issuer().await?;
        Ok(Some(Active {
            access: false,
            client: Some(client.id.clone()),
            scopes: sessions::granted(&session, &user, &client, None),
            exp: session.expires.min(session.ends).as_secs(),
            iat: Some(session.rotated.as_secs()),
            jti: None,
            sub: match &issuer {
                Some(_) => user.id.as_str().to_owned(),
                None => user.username.clone(),
            },
            issuer,
            username: Some(user.username),
        }))
    }

    /// The client of this id, this service's own application too, if it may do anything.
    async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        if id == OWN {
            return Ok(Some(Client::own()));
        }
        match self.clients.find(id).await {
            Ok(client) => Ok(Some(client)),
            Err(ClientError::Invalid(_)) => Ok(None),
            Err(ClientError::Store(error)) => Err(error),
        }
    }
}

impl Active {
    fn access(claims: Claims, held: &Scopes, issuer: Option<Issuer>) -> Self {
        Self {
            issuer,
            access: true,
            username: (!claims.is_of_client()).then(|| claims.name().to_owned()),
            sub: claims.sub,
            client: claims.client,
            scopes: claims.scopes.and_in(held),
            exp: claims.exp,
            iat: claims.iat,
            jti: claims.jti,
        }
    }
}
