//! The AWS variables: those that Lambda sets, and others that AWS's SDKs also read.

use std::fs;

use aws_sdk_dynamodb::config::Credentials;

use super::reader::Reader;
use crate::aws::{Aws, ROOTS};
use crate::domain::accounts::password::{Capacity, DEFAULT_FUNCTION};
use crate::domain::store::Patience;

pub(super) fn read(reader: &mut Reader<'_>) -> Aws {
    let region = set_by_lambda(reader, "AWS_REGION");
    let key_id = set_by_lambda(reader, "AWS_ACCESS_KEY_ID");
    let key = set_by_lambda(reader, "AWS_SECRET_ACCESS_KEY");
    let token = reader.get("AWS_SESSION_TOKEN");
    Aws {
        region,
        credentials: Credentials::new(key_id, key, token, None, "environment"),
        endpoint: endpoint(reader),
        fips: reader.flag("AWS_USE_FIPS_ENDPOINT", false),
        dual_stack: reader.flag("AWS_USE_DUALSTACK_ENDPOINT", false),
        roots: roots(reader),
        patience: Patience::default(),
    }
}

/// A server that is not AWS's.
pub(super) fn endpoint(reader: &Reader<'_>) -> Option<String> {
    let endpoint = reader.get("AWS_ENDPOINT_URL_DYNAMODB");
    endpoint.or_else(|| reader.get("AWS_ENDPOINT_URL"))
}

/// Is this a deployed function? Lambda sets the variable, and `make dev` does not: there, what a
/// warning says is known and wanted.
pub(super) fn is_deployed(reader: &Reader<'_>) -> bool {
    reader.get("AWS_LAMBDA_LOG_GROUP_NAME").is_some()
}

/// What a function of this size can hash. Lambda sets the variable; elsewhere it may be set to the
/// size of the deployed function, of which template.yaml's default is assumed.
pub(super) fn capacity(reader: &Reader<'_>) -> Capacity {
    let megabytes = reader.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
    let megabytes = megabytes.and_then(|megabytes| megabytes.parse().ok());
    Capacity::of_function(megabytes.unwrap_or(DEFAULT_FUNCTION))
}

fn set_by_lambda(reader: &mut Reader<'_>, name: &str) -> String {
    reader.get(name).unwrap_or_else(|| {
        reader.problem(
            name,
            "not set; Lambda sets it, elsewhere: aws configure export-credentials --format env, and a region",
        );
        String::new()
    })
}

fn roots(reader: &mut Reader<'_>) -> Vec<u8> {
    let Some(path) = reader.get("SSL_CERT_FILE") else {
        return ROOTS.to_vec();
    };
    let roots = match fs::read_to_string(&path) {
        Ok(pem) if pem.contains("-----BEGIN CERTIFICATE-----") => Ok(pem.into_bytes()),
        Ok(_) => Err(format!("{path}: no certificate in PEM is in it")),
        Err(error) => Err(format!("{path}: {error}")),
    };
    reader.or_problem("SSL_CERT_FILE", roots)
}
