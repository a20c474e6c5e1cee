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
//! The trusted authorities are those of `sslrootcert`, a file of PEM certificates, or of `~/.postgresql/root.crt`, or the
//! system's. A server that asks for a certificate gets that of `sslcert` and `sslkey`, or of `~/.postgresql/postgresql.crt`
//! and `postgresql.key`. Sockets never use TLS.
#![expect(clippy::disallowed_methods, reason = "files of certificates and keys are read here")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::db::tls::{bad_file, system_roots, unknown_mode};
use crate::db::{DbError, DbErrorKind, Dsn};
use crate::model::Message;

/// The folder of libpq's certificates in the user's own.
const FOLDER: &str = ".postgresql";
const MODES: &str = "disable, allow, prefer, require, verify-ca, verify-full";

/// How connections use TLS.
pub(super) struct Tls {
    /// What to try, in order; the next one if the server refuses the user because of it.
    pub(super) attempts: Vec<SslMode>,
    pub(super) connector: MakeRustlsConnect,
    /// The message that says what to do about a certificate that can't be trusted.
    pub(super) advice: Option<&'static str>,
}

/// How much of a certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    Issuer,
    IssuerAndName,
}

/// Reads `sslmode`, and the files of certificates that the options or libpq's folder name.
pub(super) fn of(dsn: &Dsn) -> Result<Tls, DbError> {
    let home = etcetera::home_dir().ok();
    let folder = if cfg!(windows) {
        std::env::var_os("APPDATA").map(|folder| PathBuf::from(folder).join("postgresql"))
    } else {
        home.map(|home| home.join(FOLDER))
    };
    with_folder(dsn, folder.as_deref())
}

fn with_folder(dsn: &Dsn, folder: Option<&Path>) -> Result<Tls, DbError> {
    let file = |option: &str, usual: &str| {
        let named = dsn.option(option).filter(|path| !path.is_empty()).map(PathBuf::from);
        named.or_else(|| folder.map(|folder| folder.join(usual)).filter(|path| path.is_file()))
    };
    let root_file = file("sslrootcert", "root.crt").filter(|path| path.as_os_str() != "system");
    let (attempts, check) = policy(dsn, root_file.is_some())?;
    let advice = match (dsn.option("sslmode"), &root_file) {
        (_, Some(_)) => None,
        (None, _) => Some("db_tls_name_root_or_require"),
        _ => Some("db_tls_name_root"),
    };
    // Without TLS, nobody asks for a certificate.
    let is_possible = attempts.iter().any(|mode| *mode != SslMode::Disable);
    let identity = match file("sslcert", "postgresql.crt").filter(|_| is_possible) {
        Some(certificate) => Some(identity(&certificate, file("sslkey", "postgresql.key").as_deref())?),
        None => None,
    };
    let config = config(check, root_file.as_deref(), identity)?;
    Ok(Tls { attempts: attempts.to_vec(), connector: MakeRustlsConnect::new(config), advice })
}

/// A certificate and the key that belongs to it.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(certificate: &Path, key: Option<&Path>) -> Result<Identity, DbError> {
    let key = key.ok_or_else(|| DbError::own(DbErrorKind::Tls, "db_tls_no_key"))?;
    let chain = certificates("sslcert", certificate)?;
    let wrong = |detail: Message| bad_file("sslkey", &key.to_string_lossy(), detail);
    let bytes = std::fs::read(key).map_err(|error| wrong((&error).into()))?;
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| wrong(Message::new("db_tls_bad_key")))?;
    Ok((chain, key))
}

/// The certificates of a file.
fn certificates(option: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, DbError> {
    let wrong = |detail: Message| bad_file(option, &path.to_string_lossy(), detail);
    let bytes = std::fs::read(path).map_err(|error| wrong((&error).into()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(wrong(Message::new("db_tls_bad_certificates"))),
    }
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
        Some(other) => return Err(unknown_mode("sslmode", other, MODES)),
    })
}

fn config(check: Check, root_file: Option<&Path>, identity: Option<Identity>) -> Result<ClientConfig, DbError> {
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
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    match identity {
        None => Ok(config.with_no_client_auth()),
        Some((chain, key)) => config.with_client_auth_cert(chain, key).map_err(|error| failed(&error)),
    }
}

fn roots(root_file: Option<&Path>) -> Result<RootCertStore, DbError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = root_file else {
        roots.add_parsable_certificates(system_roots()?.iter().cloned());
        return Ok(roots);
    };
    for certificate in certificates("sslrootcert", path)? {
        let wrong = |_| bad_file("sslrootcert", &path.to_string_lossy(), "db_tls_bad_certificates");
        roots.add(certificate).map_err(wrong)?;
    }
    Ok(roots)
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
