//! Which table, where, and with whose credentials.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, Credentials, ProvideCredentials};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use shared::aws::table::Table;

use crate::args::Args;
use crate::error::{Error, innermost};
use crate::variable;

/// Longer than the functions' limits in [`shared::aws`], since here a person waits and not a
/// gateway.
const CONNECT: Duration = Duration::from_secs(5);
const ATTEMPT: Duration = Duration::from_secs(10);
const CALL: Duration = Duration::from_secs(30);
const MOST_ATTEMPTS: u32 = 6;
/// Doubles with each attempt, so an unreachable server is reported after two seconds or so.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// The table that the command line and the environment name.
pub async fn table(args: &Args) -> Result<Table, Error> {
    let name = table_name(args)?;
    let endpoint = endpoint(args)?;
    let local = endpoint.as_deref().is_some_and(is_local);
    let config = sdk_config(local).await;
    require_region_and_credentials(&config).await?;
    // Set for DynamoDB alone: the services that give out credentials have endpoints of their own.
    let mut dynamodb = Builder::from(&config);
    if local {
        // The SDK's own client would ask the proxy that the environment names.
        let http = aws_smithy_http_client::Builder::new();
        let http = http.tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        dynamodb.set_http_client(Some(http.build_https()));
    }
    dynamodb.set_endpoint_url(endpoint);
    let client = Client::from_conf(dynamodb.build());
    Ok(Table { client, name })
}

/// The error of a call; if there is no table, one that fits a table of this stack.
#[must_use]
pub fn of_stack(error: Error, stack: Option<&str>, table: &Table) -> Error {
    match (error, stack) {
        (Error::NoTable(name), Some(stack)) => Error::NoStackTable {
            table: name,
            stack: stack.to_owned(),
            region: region(table),
        },
        (error, _) => error,
    }
}

/// The region in which a table is looked for; [`table`] does not return without one.
fn region(table: &Table) -> String {
    let region = table.client.config().region();
    region.map(ToString::to_string).unwrap_or_default()
}

fn table_name(args: &Args) -> Result<String, Error> {
    let of_stack = args.stack.as_ref().map(|stack| format!("{stack}-users"));
    let name = args.table.clone().or(of_stack);
    name.or_else(|| variable("USERS_TABLE")).ok_or_else(|| {
        Error::Usage(
            "which table? name it with --table NAME, --stack NAME (of the deployed stack) or the variable USERS_TABLE"
                .to_owned(),
        )
    })
}

fn endpoint(args: &Args) -> Result<Option<String>, Error> {
    let url = args.endpoint_url.clone();
    // As in the functions: the variable of DynamoDB alone wins over that of all services.
    let url = url.or_else(|| variable("AWS_ENDPOINT_URL_DYNAMODB"));
    let url = url.or_else(|| variable("AWS_ENDPOINT_URL"));
    match url {
        Some(url) if host(&url).is_none() => Err(Error::Usage(format!(
            "{url:?} is no endpoint URL; one looks like http://127.0.0.1:8000"
        ))),
        url => Ok(url),
    }
}

async fn sdk_config(local: bool) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(MOST_ATTEMPTS)
        .with_initial_backoff(FIRST_BACKOFF);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(retries);
    // A local server accepts any credentials, so nobody should have to invent some.
    if local && variable("AWS_ACCESS_KEY_ID").is_none() {
        let dummy = Credentials::new("local", "local", None, None, "a local server");
        loader = loader.credentials_provider(dummy);
    }
    let regions = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    if local && regions.iter().all(|name| variable(name).is_none()) {
        loader = loader.region(Region::from_static("us-east-1"));
    }
    loader.load().await
}

/// Checks both before the first call: the SDK's own errors are long and do not say what to do.
async fn require_region_and_credentials(config: &SdkConfig) -> Result<(), Error> {
    if config.region().is_none() {
        return Err(Error::Failed(
            "which AWS region? set AWS_REGION or a profile's region, or name a local server with --endpoint-url"
                .to_owned(),
        ));
    }
    let missing = |cause: String| {
        Error::Failed(format!(
            "no AWS credentials: {cause}\n  log in (aws sso login), choose a profile (AWS_PROFILE), or name a local server with --endpoint-url"
        ))
    };
    let provider = config.credentials_provider();
    let provider = provider.ok_or_else(|| missing("none are configured".to_owned()))?;
    let credentials = provider.provide_credentials().await;
    credentials
        .map(drop)
        .map_err(|error| missing(innermost(&error)))
}

/// The host of an HTTP URL, without its port.
fn host(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    (!host.is_empty() && !host.contains(['@', ' '])).then_some(host)
}

fn is_local(url: &str) -> bool {
    host(url).is_some_and(|host| {
        let octets = host.parse::<std::net::Ipv4Addr>();
        host == "localhost" || host == "[::1]" || octets.is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for (url, expected) in [
            ("http://127.0.0.1:8000", true),
            ("http://127.1.2.3/", true),
            ("http://localhost:8000/", true),
            ("http://localhost", true),
            ("https://[::1]:8000", true),
            ("https://dynamodb.eu-west-1.amazonaws.com", false),
            ("http://localhost.example.com:8000", false),
            ("http://localhost@example.com", false),
            ("http://10.0.0.1:8000", false),
        ] {
            assert_eq!(is_local(url), expected, "{url}");
        }
    }

    #[test]
    fn a_url_has_a_scheme_and_a_host() {
        for url in [
            "",
            "localhost:8000",
            "127.0.0.1",
            "http://",
            "ftp://x",
            "http://:80",
        ] {
            assert_eq!(host(url), None, "{url}");
        }
    }
}
