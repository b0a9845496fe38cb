//! Encrypted connections to others: rustls with ring.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// Mozilla's authorities are compiled in, so that the program also works in an image without any; those of the
/// system are added, for a company's own.
pub(crate) fn roots() -> RootCertStore {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// TLS 1.2 and 1.3, trusting these authorities. Each HTTP client is given one: without it reqwest panics.
pub(crate) fn client(roots: RootCertStore) -> ClientConfig {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
