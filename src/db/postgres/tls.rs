//! TLS as libpq's `sslmode` says.
//!
//! | `sslmode` | TLS | certificate |
//! | --- | --- | --- |
//! | none given | if the server offers it | checked with its name, unless the host is loopback |
//! | `disable` | never | |
//! | `allow` | if the server insists on it | as `require` |
//! | `prefer` | if the server offers it | as `require` |
//! | `require` | always | checked as `verify-ca` if `sslrootcert` is given, else not checked |
//! | `verify-ca` | always | must be issued by a trusted authority |
//! | `verify-full` | always | the same, and its name must be the host |
//!
//! The trusted authorities are those of `sslrootcert`, a file of PEM certificates, or the system's. Sockets never use TLS.
#![expect(clippy::disallowed_methods, reason = "the file of trusted certificates is read here")]

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::db::{DbError, DbErrorKind, Dsn};

/// How connections use TLS.
pub(super) struct Tls {
    /// What to try, in order; the next one if the server refuses the user because of it.
    pub(super) attempts: Vec<SslMode>,
    pub(super) connector: MakeRustlsConnect,
    /// What to do about a certificate that can't be trusted.
    pub(super) advice: &'static str,
}

/// How much of a certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    Issuer,
    IssuerAndName,
}

/// Reads `sslmode` and `sslrootcert`.
pub(super) fn of(dsn: &Dsn) -> Result<Tls, DbError> {
    let root_file = dsn.option("sslrootcert").filter(|path| !path.is_empty());
    let (attempts, check) = policy(dsn, root_file.is_some())?;
    let advice = match (dsn.option("sslmode"), root_file) {
        (_, Some(_)) => "",
        (None, _) => {
            "; name the file of its authority with sslrootcert=FILE, or encrypt without checking it with sslmode=require"
        }
        _ => "; name the file of its authority with sslrootcert=FILE",
    };
    Ok(Tls { attempts: attempts.to_vec(), connector: MakeRustlsConnect::new(config(check, root_file)?), advice })
}

/// What to try, and how much is checked.
fn policy(dsn: &Dsn, has_root_file: bool) -> Result<(&'static [SslMode], Check), DbError> {
    let lax = if has_root_file { Check::Issuer } else { Check::Nothing };
    let unnamed = if dsn.is_loopback() { Check::Nothing } else { Check::IssuerAndName };
    Ok(match dsn.option("sslmode") {
        None => (&[SslMode::Prefer, SslMode::Disable], unnamed),
        Some("disable") => (&[SslMode::Disable], Check::Nothing),
        Some("allow") => (&[SslMode::Disable, SslMode::Require], lax),
        Some("prefer") => (&[SslMode::Prefer, SslMode::Disable], lax),
        Some("require") => (&[SslMode::Require], lax),
        Some("verify-ca") => (&[SslMode::Require], Check::Issuer),
        Some("verify-full") => (&[SslMode::Require], Check::IssuerAndName),
        Some(_) => {
            let modes = "sslmode must be disable, allow, prefer, require, verify-ca or verify-full";
            return Err(DbError::new(DbErrorKind::Tls, modes));
        }
    })
}

fn config(check: Check, root_file: Option<&str>) -> Result<ClientConfig, DbError> {
    let failed = |error: &dyn std::fmt::Display| DbError::new(DbErrorKind::Tls, error);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = if check == Check::Nothing {
        None
    } else {
        let roots = Arc::new(roots(root_file)?);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        Some(verifier.map_err(|error| failed(&error))?)
    };
    let verifier = Verifier { check, inner: verifier, provider: Arc::clone(&provider) };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| failed(&error))?;
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn roots(root_file: Option<&str>) -> Result<RootCertStore, DbError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = root_file.filter(|path| *path != "system") else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(DbError::new(
                DbErrorKind::Tls,
                "the system has no trusted certificates; give sslrootcert=FILE",
            ));
        }
        return Ok(roots);
    };
    let failed = |error: &dyn std::fmt::Display| DbError::new(DbErrorKind::Tls, format!("sslrootcert {path}: {error}"));
    let bytes = std::fs::read(path).map_err(|error| failed(&error))?;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() { Err(failed(&"it contains no PEM certificate")) } else { Ok(roots) }
}

#[derive(Debug)]
struct Verifier {
    check: Check,
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(verifier) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match verifier.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is checked after everything else.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Issuer => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::db::parse_dsn;

    #[test]
    fn certificates_are_checked_unless_the_host_is_loopback_or_the_mode_says_otherwise() {
        for (text, check) in [
            ("postgres://example.org/d", Check::IssuerAndName),
            ("postgres://10.0.0.1/d", Check::IssuerAndName),
            ("postgres://localhost/d", Check::Nothing),
            ("postgres://127.0.0.2/d", Check::Nothing),
            ("postgres://[::1]/d", Check::Nothing),
            ("postgres://example.org/d?sslmode=require", Check::Nothing),
            ("postgres://example.org/d?sslmode=verify-ca", Check::Issuer),
            ("postgres://localhost/d?sslmode=verify-full", Check::IssuerAndName),
        ] {
            let (dsn, _) = parse_dsn(text).unwrap();
            assert_eq!(policy(&dsn, false).unwrap().1, check, "{text}");
        }
        let (dsn, _) = parse_dsn("postgres://example.org/d?sslmode=require").unwrap();
        assert_eq!(policy(&dsn, true).unwrap().1, Check::Issuer, "a named authority is asked for");
        let (dsn, _) = parse_dsn("postgres://example.org/d?sslmode=yes").unwrap();
        assert_eq!(of(&dsn).err().unwrap().kind, DbErrorKind::Tls);
    }
}
