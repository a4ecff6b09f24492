//! The functions' client of DynamoDB: its endpoint, credentials, time limits and TLS.
//!
//! | module | holds |
//! |---|---|
//! | [`table`] | the table: its keys, its attributes, and how it is created |
//! | [`record`] | a user's item, and how it is read and written |
//! | `users`, [`logins`], `sessions`, [`clients`], [`keys`] | the stores of [`crate::domain`] in that table; the private keys have another |
//!
//! This module does without `aws-config`, which would be a quarter of such a binary: it can find
//! credentials in files, single sign-on and other services, but in Lambda they are in the
//! environment (docs/adr/0012-lean-sdk.md).

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Config, Credentials, Region, SharedCredentialsProvider, SharedHttpClient,
};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use crate::domain::store::Patience;

mod batch;
pub mod clients;
pub mod keys;
pub mod logins;
pub mod record;
mod sessions;
pub mod table;
mod users;

/// How long a call may take with all its retries. `Login` limits the time of all its calls
/// together.
const CALL: Duration = Duration::from_millis(1500);
const ATTEMPT: Duration = Duration::from_millis(600);
const CONNECT: Duration = Duration::from_millis(400);
const MOST_ATTEMPTS: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The root certificates of Amazon Trust Services, as Mozilla lists them. The certificate of every
/// AWS endpoint leads to one of them. They expire from 2037 to 2040. All roots that a system trusts
/// would be 30 times as much to read in each cold start.
pub const ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// What the AWS variables say.
#[derive(Debug, Clone)]
pub struct Aws {
    /// `AWS_REGION`
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`
    pub credentials: Credentials,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL`: a server that is not AWS's.
    pub endpoint: Option<String>,
    /// `AWS_USE_FIPS_ENDPOINT`
    pub fips: bool,
    /// `AWS_USE_DUALSTACK_ENDPOINT`
    pub dual_stack: bool,
    /// The root certificates to trust, in PEM: Amazon's, or those of `SSL_CERT_FILE`.
    pub roots: Vec<u8>,
    /// How long DynamoDB may take.
    pub patience: Patience,
}

/// Root certificates that TLS cannot use.
#[derive(Debug, thiserror::Error)]
#[error("the root certificates cannot be used: {0}")]
pub struct TlsError(String);

impl Aws {
    /// A client's configuration, with this module's time limits.
    pub fn config(self) -> Result<Config, TlsError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.patience.of(CONNECT))
            .operation_attempt_timeout(self.patience.of(ATTEMPT))
            .operation_timeout(self.patience.of(CALL))
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(MOST_ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials))
            .use_fips(self.fips)
            .use_dual_stack(self.dual_stack)
            .http_client(https(self.roots)?)
            .timeout_config(timeouts)
            .retry_config(retries);
        config.set_endpoint_url(self.endpoint);
        Ok(config.build())
    }
}

/// HTTPS by rustls, with the cryptography of aws-lc.
fn https(roots: Vec<u8>) -> Result<SharedHttpClient, TlsError> {
    let roots = TrustStore::empty().with_pem_certificate(roots);
    let context = TlsContext::builder().with_trust_store(roots).build();
    let context = context.map_err(|error| TlsError(error.to_string()))?;
    Ok(Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https())
}
