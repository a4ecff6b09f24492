//! A refresh token for new tokens (RFC 6749 6).

use super::{GrantError, Grants, TokenSet, check};
use crate::domain::clients::{Client, GrantType};
use crate::domain::sessions::{Refreshed, Sessions};
use crate::domain::tokens::NewToken;

impl Grants {
    /// Gives the next refresh token, and an access token with it.
    pub async fn refresh(
        &self,
        sessions: &Sessions,
        presented: &str,
        client: &Client,
        requested: Option<&str>,
    ) -> Result<TokenSet, GrantError> {
        check(client, GrantType::RefreshToken)?;
        let refreshed = sessions.refresh(presented, client, requested).await?;
        let Refreshed {
            user,
            scopes,
            token,
            auth_time,
        } = refreshed;
        let access = NewToken {
            client: &client.id,
            sid: Some(&token.sid().0),
            auth_time: Some(auth_time),
            ..NewToken::of_user(&user, &scopes)
        };
        self.issue(access, Some(token)).await
    }
}
