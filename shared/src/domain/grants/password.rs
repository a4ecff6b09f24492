//! A user's name and password for tokens (RFC 6749 4.3).

use super::{GrantError, Grants, TokenSet};
use crate::domain::clients::{Client, GrantType};
use crate::domain::login::Authenticated;
use crate::domain::scope::Scopes;
use crate::domain::sessions::token::RefreshToken;
use crate::domain::tokens::NewToken;

impl Grants {
    /// Grants the scopes that were asked for, if both the user and the client may have all of them (RFC
    /// 6749 3.3), and begins a session where there are any.
    pub async fn password(
        &self,
        login: &Authenticated,
        client: &Client,
        requested: &str,
    ) -> Result<TokenSet, GrantError> {
        let user = &login.user;
        let both = |scopes: &Scopes| {
            user.scopes.contains_all(scopes.iter()) && client.may_have(scopes.iter())
        };
        let scopes = Scopes::parse(requested).ok().filter(both);
        let scopes = scopes.ok_or(GrantError::ScopeNotAllowed)?;
        // A refresh refuses disabled users, so a session of theirs would be of no use until they are enabled.
        let lasts = client.may(GrantType::RefreshToken) && !user.disabled;
        let refresh_token = match self.sessions.as_ref().filter(|_| lasts) {
            Some(sessions) => Some(sessions.begin(user, &scopes, client, login.time).await?),
            None => None,
        };
        let sid = refresh_token.as_ref().map(RefreshToken::sid);
        let token = NewToken {
            client: &client.id,
            sid: sid.as_ref().map(|sid| &*sid.0),
            auth_time: sid.is_some().then_some(login.time),
            ..NewToken::of_user(user, &scopes)
        };
        self.issue(token, refresh_token).await
    }
}
