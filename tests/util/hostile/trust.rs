//! Certificates, good and bad.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use super::behaviours::Protocol;

/// An authority, and what it signed.
pub(super) struct Trust {
    issuer: Issuer<'static, KeyPair>,
    pub(super) authority_pem: String,
}

impl Trust {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(rcgen::DnType::CommonName, "hostile authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let authority_pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), authority_pem }
    }

    /// What a host of that protocol shows; `None` for one that doesn't speak TLS.
    pub(super) fn config(&self, protocol: Protocol) -> Option<Arc<ServerConfig>> {
        let name = if protocol == Protocol::WrongName { "other.test" } else { "127.0.0.1" };
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        if protocol == Protocol::Expired {
            params.not_before = rcgen::date_time_ymd(2019, 1, 1);
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = match protocol {
            Protocol::Plain | Protocol::PlainForTls | Protocol::Mute => return None,
            Protocol::SelfSigned => params.self_signed(&key),
            Protocol::Tls | Protocol::Expired | Protocol::WrongName | Protocol::Http2 | Protocol::Either => {
                params.signed_by(&key, &self.issuer)
            }
        };
        let certificate = certificate.expect("a certificate").der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth();
        let mut config = config.with_single_cert(vec![certificate], key).expect("a certificate and its key");
        config.alpn_protocols = match protocol {
            Protocol::Http2 => vec![b"h2".to_vec()],
            Protocol::Either => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            _ => vec![b"http/1.1".to_vec()],
        };
        Some(Arc::new(config))
    }
}
