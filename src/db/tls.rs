//! Certificates that the system trusts.

use std::sync::OnceLock;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::{DbError, DbErrorKind};
use crate::model::Message;

/// The certificates of the authorities that the system trusts, or those that SSL_CERT_FILE and SSL_CERT_DIR name.
pub(super) fn system_roots() -> Result<&'static [CertificateDer<'static>], DbError> {
    static ROOTS: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let all = rustls_native_certs::load_native_certs().certs;
        all.into_iter().filter(|root| RootCertStore::empty().add(root.clone()).is_ok()).collect()
    });
    if roots.is_empty() { Err(DbError::own(DbErrorKind::Tls, "db_tls_no_system_roots")) } else { Ok(roots) }
}

/// The error for a mode that is none of these.
pub(super) fn unknown_mode(option: &str, value: &str, known: &str) -> DbError {
    let message = Message::new("db_option_value").with("option", option).with("value", value).with("known", known);
    DbError::own(DbErrorKind::Tls, message)
}

/// The error for a file of an option.
pub(super) fn bad_file(option: &str, path: &str, detail: impl Into<Message>) -> DbError {
    let message = Message::new("db_option_file").with("option", option).with("path", path);
    DbError::own(DbErrorKind::Tls, message.with_message("detail", detail))
}
