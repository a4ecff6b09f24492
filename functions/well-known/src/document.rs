//! The documents, and what each needs to be there.
//!
//! | document | by | needs |
//! |---|---|---|
//! | [`KeySet`] | RFC 7517 5 | a ring |
//! | [`AuthorizationServer`] | RFC 8414 2 | an issuer |
//! | [`OpenidConfiguration`] | OpenID Connect Discovery 3 | both |
//! | [`ProtectedResource`] | RFC 9728 2 | an issuer |

use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm};
use serde::Serialize;
use shared::config::Offered;
use shared::domain::clients::GrantType;
use shared::domain::scope::CATALOGUE;
use shared::domain::store::StoreError;
use shared::domain::tokens::Published;

use crate::Name;

/// What a path answers with.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Document {
    KeySet(KeySet),
    AuthorizationServer(AuthorizationServer),
    OpenidConfiguration(OpenidConfiguration),
    ProtectedResource(ProtectedResource),
}

/// The public keys, of which one verifies a token: that of its `kid`.
#[derive(Serialize)]
pub struct KeySet {
    keys: Vec<Jwk>,
}

/// Who issues tokens, and how to get one.
#[derive(Serialize)]
pub struct AuthorizationServer {
    /// The `iss` of its tokens.
    issuer: String,
    token_endpoint: String,
    /// Where its keys are, if its tokens are not signed with a shared secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    scopes_supported: Vec<&'static str>,
    /// Required, but there is no authorization endpoint. `none` is the type that responds with
    /// nothing, and libraries refuse an empty list.
    response_types_supported: [&'static str; 1],
    grant_types_supported: Vec<&'static str>,
    /// `none`: a client that does not prove who it is.
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// Where a session is ended, if logins last (RFC 7009).
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_endpoint_auth_methods_supported: Option<Vec<&'static str>>,
    /// Where clients ask about tokens, if they prove who they are (RFC 7662).
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_endpoint_auth_methods_supported: Option<[&'static str; 2]>,
}

/// The same for API Gateway, which knows no other path: who creates a JWT authorizer makes it fetch
/// this. There is no `openid` scope, and nobody gets an ID token.
#[derive(Serialize)]
pub struct OpenidConfiguration {
    #[serde(flatten)]
    authorization_server: AuthorizationServer,
    subject_types_supported: [&'static str; 1],
    /// The algorithms of the access tokens.
    id_token_signing_alg_values_supported: Vec<KeyAlgorithm>,
}

/// Which tokens the API takes.
#[derive(Serialize)]
pub struct ProtectedResource {
    resource: String,
    authorization_servers: [String; 1],
    scopes_supported: Vec<&'static str>,
    bearer_methods_supported: [&'static str; 1],
}

/// How a client with a secret proves who it is (RFC 7591 2).
const WITH_SECRET: [&str; 2] = ["client_secret_basic", "client_secret_post"];

impl Document {
    /// The document of this name; `None` if what it needs is not there.
    pub async fn read(
        name: Name,
        published: &Published,
        offered: Offered,
    ) -> Result<Option<Self>, StoreError> {
        let keys = published.keys().await?;
        if let Name::Jwks = name {
            return Ok(keys.map(|JwkSet { keys }| Self::KeySet(KeySet { keys })));
        }
        let Some(issuer) = published.issuer().await? else {
            return Ok(None);
        };
        let server = AuthorizationServer::new(&issuer.url, keys.is_some(), offered);
        Ok(match name {
            Name::OpenidConfiguration => {
                let both = keys.map(|keys| OpenidConfiguration::new(server, keys));
                both.map(Self::OpenidConfiguration)
            }
            Name::OauthProtectedResource => {
                Some(Self::ProtectedResource(ProtectedResource::new(issuer.url)))
            }
            _ => Some(Self::AuthorizationServer(server)),
        })
    }
}

impl AuthorizationServer {
    fn new(issuer: &str, has_keys: bool, Offered { sessions, clients }: Offered) -> Self {
        let at = |path: &str| format!("{issuer}{path}");
        let refresh = sessions.then_some(GrantType::RefreshToken);
        let own = clients.then_some(GrantType::ClientCredentials);
        let grants = [Some(GrantType::Password), refresh, own];
        let mut methods = vec!["none"];
        methods.extend(clients.then_some(WITH_SECRET).into_iter().flatten());
        Self {
            issuer: issuer.to_owned(),
            token_endpoint: at("/token"),
            jwks_uri: has_keys.then(|| at("/.well-known/jwks.json")),
            scopes_supported: scopes(),
            response_types_supported: ["none"],
            grant_types_supported: grants
                .iter()
                .flatten()
                .map(|grant| grant.as_str())
                .collect(),
            revocation_endpoint: sessions.then(|| at("/revoke")),
            revocation_endpoint_auth_methods_supported: sessions.then(|| methods.clone()),
            introspection_endpoint: clients.then(|| at("/introspect")),
            introspection_endpoint_auth_methods_supported: clients.then_some(WITH_SECRET),
            token_endpoint_auth_methods_supported: methods,
        }
    }
}

impl OpenidConfiguration {
    fn new(authorization_server: AuthorizationServer, JwkSet { keys }: JwkSet) -> Self {
        let mut algorithms = Vec::new();
        for algorithm in keys.iter().filter_map(|key| key.common.key_algorithm) {
            if !algorithms.contains(&algorithm) {
                algorithms.push(algorithm);
            }
        }
        Self {
            authorization_server,
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: algorithms,
        }
    }
}

impl ProtectedResource {
    /// The API is at its issuer's address. Its `aud` may be a name that is no address, which
    /// `resource` must be (RFC 9728 1.2).
    fn new(issuer: String) -> Self {
        Self {
            resource: issuer.clone(),
            authorization_servers: [issuer],
            scopes_supported: scopes(),
            bearer_methods_supported: ["header"],
        }
    }
}

fn scopes() -> Vec<&'static str> {
    CATALOGUE.iter().map(|(scope, _)| *scope).collect()
}
