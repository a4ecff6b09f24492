//! An HTTP server on a free port of loopback: for the Runtime API, and for the proxy before DynamoDB.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A request whose body has not been read yet.
pub type Request = hyper::Request<Incoming>;
/// A response with its whole body.
pub type Response = hyper::Response<Full<Bytes>>;

/// The host that the certificate names.
pub const HOST: &str = "localhost";

/// A server; dropping it ends it.
pub struct Server(pub SocketAddr, JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.1.abort();
    }
}

/// Starts a server, over TLS if there is an acceptor.
pub async fn start<A, F>(tls: Option<TlsAcceptor>, answer: A) -> Result<Server>
where
    A: Fn(Request) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, service) = (tls.clone(), service_fn(answer.clone()));
            tokio::spawn(async move {
                stream.set_nodelay(true)?;
                let http = http1::Builder::new();
                match tls {
                    None => http.serve_connection(TokioIo::new(stream), service).await?,
                    Some(tls) => {
                        let stream = TokioIo::new(tls.accept(stream).await?);
                        http.serve_connection(stream, service).await?;
                    }
                }
                anyhow::Ok(())
            });
        }
    });
    Ok(Server(address, task))
}

/// Makes a certificate for one run: the server's side, and the PEM that its clients must trust.
pub fn identity() -> Result<(TlsAcceptor, String)> {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()])?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok((TlsAcceptor::from(Arc::new(config)), made.cert.pem()))
}
