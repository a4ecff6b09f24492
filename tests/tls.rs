//! The functions send their requests to DynamoDB only to a server whose certificate they trust.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use aws_sdk_dynamodb::error::SdkError;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use shared::aws::ROOTS;
use shared::domain::store::Patience;
use tests::block_on;
use tests::dynamodb::connect_with;

/// Starts a server that answers every request with 400, and has a certificate of its own for this
/// name. Returns its port and the certificate.
fn server(name: &str) -> (u16, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(session, connection);
            if stream.read(&mut [0; 4096]).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
            }
        }
    });
    (port, made.cert.pem().into_bytes())
}

/// Did the server see the request?
fn is_trusted(roots: Vec<u8>, port: u16) -> bool {
    let table = connect_with(
        roots,
        Patience::default(),
        format!("https://localhost:{port}"),
        "users",
    );
    let error = block_on(table.client.list_tables().send()).unwrap_err();
    match error {
        SdkError::ServiceError(answered) => answered.raw().status().as_u16() == 400,
        SdkError::DispatchFailure(failure) => {
            let cause = format!("{failure:?}");
            assert!(cause.contains("InvalidCertificate"), "{cause}");
            false
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_shows_another_certificate_sees_no_request() {
    let (port, certificate) = server("localhost");
    assert!(!is_trusted(ROOTS.to_vec(), port), "by Amazon's roots");
    assert!(is_trusted(certificate, port), "by its own");
    let (port, certificate) = server("another.example");
    assert!(!is_trusted(certificate, port), "for another name");
}
