//! Encrypted connections to others: rustls with ring.

use std::sync::{Arc, LazyLock};

use rustls::{ClientConfig, RootCertStore};

static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
});

/// Mozilla's authorities are compiled in, so that the program also works in an image without any; those of the
/// system are added, for a company's own. Read once: the system's are a file of 200 KB.
pub(crate) fn roots() -> Arc<RootCertStore> {
    Arc::clone(&ROOTS)
}

/// TLS 1.2 and 1.3, trusting these authorities. Each HTTP client is given one: without it reqwest panics.
pub(crate) fn client(roots: impl Into<Arc<RootCertStore>>) -> ClientConfig {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
