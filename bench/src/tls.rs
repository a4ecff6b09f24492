//! A certificate of our own for the local DynamoDB, made for one run.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::Error;

/// The host that the functions connect to, and that the certificate names.
pub const HOST: &str = "localhost";

/// A server's certificate, and what a client must trust.
pub struct Identity {
    /// For the server.
    pub server: Arc<ServerConfig>,
    /// The certificate in PEM, for `SSL_CERT_FILE`.
    pub pem: String,
}

impl Identity {
    /// Makes a new key and certificate.
    pub fn new() -> Result<Self, Error> {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()])
            .map_err(|error| Error::Tls(error.to_string()))?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let chain = vec![made.cert.der().clone()];
        let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Tls(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from(key))
            .map_err(|error| Error::Tls(error.to_string()))?;
        Ok(Self {
            server: Arc::new(server),
            pem: made.cert.pem(),
        })
    }
}
