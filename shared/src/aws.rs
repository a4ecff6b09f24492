//! The functions' client of DynamoDB: where it is, who asks, over which TLS.
//!
//! Not `aws-config`: it can find credentials in files, single sign-on and other services, which a
//! function in Lambda never does, and is a quarter of such a binary (docs/adr/0012-lean-sdk.md).

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Config, Credentials, Region, SharedCredentialsProvider, SharedHttpClient,
};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

/// A call gives up after this long: retries and all. `login` bounds what a login waits for in all.
const CALL: Duration = Duration::from_millis(1500);
const ATTEMPT: Duration = Duration::from_millis(600);
const CONNECT: Duration = Duration::from_millis(400);
const MOST_ATTEMPTS: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// What the certificate of every AWS endpoint ends in: the roots of Amazon Trust Services, as they
/// are in Mozilla's list; they end in 2037 to 2040. All that a system trusts is 30 times as much
/// to read in each cold start.
const ROOTS: &[u8] = include_bytes!("aws/amazon-roots.pem");

/// What Lambda's variables say.
#[derive(Debug, Clone)]
pub struct Aws {
    /// `AWS_REGION`
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`
    pub credentials: Credentials,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: a server that is not AWS's.
    pub endpoint: Option<String>,
    /// `SSL_CERT_FILE` or `SSL_CERT_DIR` names the roots to trust, instead of Amazon's.
    pub own_roots: bool,
}

impl Aws {
    /// A client's configuration, with this module's time limits.
    #[must_use]
    pub fn config(self) -> Config {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(CALL)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(MOST_ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials))
            .http_client(https(self.own_roots))
            .timeout_config(timeouts)
            .retry_config(retries);
        config.set_endpoint_url(self.endpoint);
        config.build()
    }
}

/// Rustls's checks of certificates, on aws-lc.
fn https(own_roots: bool) -> SharedHttpClient {
    let roots = if own_roots {
        TrustStore::default() // reads these variables
    } else {
        TrustStore::empty().with_pem_certificate(ROOTS)
    };
    let context = TlsContext::builder().with_trust_store(roots).build();
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context.unwrap_or_default())
        .build_https()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::error::SdkError;

    use super::*;

    /// A client reads its roots when it first needs a connection, and one that it cannot read is a
    /// panic: so it needs one here, to a port where nobody listens.
    #[test]
    fn the_roots_that_are_compiled_in_can_be_read() {
        let aws = Aws {
            region: "us-east-1".to_owned(),
            credentials: Credentials::new("test", "test", None, None, "tests"),
            endpoint: Some("https://127.0.0.1:1".to_owned()),
            own_roots: false,
        };
        let client = Client::from_conf(aws.config());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let error = runtime.block_on(client.list_tables().send()).unwrap_err();
        assert!(
            matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()),
            "{error:?}"
        );
    }
}
