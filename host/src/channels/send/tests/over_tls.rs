//! Encrypted connections, against a receiver with its own certificate.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::*;

/// A certificate for 127.0.0.1 signed by its own key, valid from 2020 to 2120, and that key (P-256, PKCS #8).
/// They protect nothing.
const CERTIFICATE: &str = "MIIBODCB4KADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEw\
    MTAwMDAwMFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVLwQHKZajRenPYOprEoItT8H\
    +EovyoLK7yZRSv3HG/J96Z4zSNhArjcRIGMxTsjfGUWp5uH7FoE7wSXLY6h3MqMhMB8wDwYDVR0RBAgwBocEfwAAATAMBgNVHRMB\
    Af8EAjAAMAoGCCqGSM49BAMCA0cAMEQCICkL3sQniRoxmjTzkC+4XwybeSrLl2pe7nDDT/lHV/OCAiBlcEc2veF44MeT+32/N0aA\
    twd5PgcEGPx9RuTIwqXBSg==";
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPo+If7NSFQqhRwpxqqU9XlL87OCgGxV3zp6lXK72VJyhRANCAARU\
    vBAcplqNF6c9g6msSgi1Pwf4Si/KgsrvJlFK/ccb8n3pnjNI2ECuNxEgYzFOyN8ZRanm4fsWgTvBJctjqHcy";

fn certificate() -> CertificateDer<'static> {
    STANDARD.decode(CERTIFICATE).unwrap().into()
}

/// Serves one connection: answers the first request that it can read.
async fn start() -> SocketAddr {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(STANDARD.decode(KEY).unwrap()));
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // A client that does not trust the certificate ends the handshake.
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
            return;
        };
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
        }
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .unwrap();
        stream.flush().await.unwrap();
    });
    address
}

#[tokio::test]
async fn message_arrives_over_tls() {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    let sender = Sender::with(TIMEOUT, roots).unwrap();
    let channel = to(Provider::Generic, format!("https://{}", start().await));
    let external_id = None;
    assert_eq!(
        send_with(&sender, &channel).await,
        Sent::Delivered { external_id }
    );
}

#[tokio::test]
async fn stranger_with_own_certificate_gets_nothing() {
    let channel = to(Provider::Generic, format!("https://{}", start().await));
    match send_with(&Sender::new().unwrap(), &channel).await {
        Sent::Retry { after: None, error } => assert!(error.contains("invalid peer certificate"), "{error}"),
        other => panic!("{other:?}"),
    }
}
