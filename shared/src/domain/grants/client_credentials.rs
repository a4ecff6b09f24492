//! A client's own credentials, for a token of its own without a user (RFC 6749 4.4).

use super::{GrantError, Grants, TokenSet, check};
use crate::domain::clients::{Client, GrantType};
use crate::domain::tokens::{NewToken, Subject};

impl Grants {
    /// Gives an access token for the scopes that are asked for, or for all that the client has. There is
    /// no refresh token: the client can ask again (RFC 6749 4.4.3).
    pub async fn client_credentials(
        &self,
        client: &Client,
        requested: Option<&str>,
    ) -> Result<TokenSet, GrantError> {
        check(client, GrantType::ClientCredentials)?;
        client.note_in_log();
        let scopes = client.grant(requested).ok_or(GrantError::InvalidScope)?;
        let token = NewToken {
            subject: Subject::Client(&client.subject()),
            client: &client.id,
            scopes: &scopes,
            stamp: None,
            sid: None,
            auth_time: None,
        };
        self.issue(token, None).await
    }
}
