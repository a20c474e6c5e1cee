//! Which certificates of servers are accepted.
#![expect(clippy::disallowed_methods, reason = "files of certificates and keys are read here")]

use std::path::{Path, PathBuf};

use mysql_async::{ClientIdentity, DriverError, Error, IoError, SslOpts};
use rustls::CertificateError;

use crate::db::tls::{bad_file, system_roots, unknown_mode};
use crate::db::{DbError, DbErrorKind, Dsn};

/// How a connection is protected, in libpq's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Not at all.
    Disable,
    /// With TLS if the server offers it; no certificate is checked.
    Prefer,
    /// With TLS; a certificate is checked only against a given authority.
    Require,
    /// With TLS and a certificate from a trusted authority.
    VerifyCa,
    /// The same, for this host.
    VerifyFull,
}

impl Mode {
    /// What a data source name says; otherwise certificates are checked unless the host is loopback.
    pub(super) fn of(dsn: &Dsn) -> Result<Self, DbError> {
        let Some(text) = dsn.option("sslmode").or_else(|| dsn.option("ssl-mode")) else {
            return Ok(if dsn.is_loopback() { Self::Prefer } else { Self::VerifyFull });
        };
        Ok(match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "disable" | "disabled" => Self::Disable,
            "prefer" | "preferred" | "allow" => Self::Prefer,
            // As libpq has it: who names an authority wants it checked.
            "require" | "required" if authority(dsn).is_some() => Self::VerifyCa,
            "require" | "required" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" | "verify-identity" => Self::VerifyFull,
            _ => return Err(unknown_mode("sslmode", text, "disable, prefer, require, verify-ca, verify-full")),
        })
    }
}

/// The file of trusted authorities; `None` are those of the system.
fn authority(dsn: &Dsn) -> Option<PathBuf> {
    let file = dsn.option("sslrootcert").or_else(|| dsn.option("ssl-ca"));
    file.filter(|file| !matches!(*file, "" | "system")).map(PathBuf::from)
}

/// The message that says what to do about a certificate that can't be trusted.
pub(super) fn advice(dsn: &Dsn) -> Option<&'static str> {
    let has_mode = dsn.option("sslmode").or_else(|| dsn.option("ssl-mode")).is_some();
    match (authority(dsn), has_mode) {
        (Some(_), _) => None,
        (None, false) => Some("db_tls_name_root_or_require"),
        (None, true) => Some("db_tls_name_root"),
    }
}

/// The options of a connection with TLS.
pub(super) fn options(dsn: &Dsn, mode: Mode) -> Result<SslOpts, DbError> {
    let checks = matches!(mode, Mode::VerifyCa | Mode::VerifyFull);
    let mut options = SslOpts::default().with_danger_accept_invalid_certs(!checks);
    if checks {
        let roots = match authority(dsn) {
            Some(file) => vec![content("sslrootcert", &file)?.into()],
            None => system_roots()?.iter().map(|root| (&root[..]).into()).collect(),
        };
        options = options.with_root_certs(roots).with_disable_built_in_roots(true);
    }
    let file = |name, other| dsn.option(name).or_else(|| dsn.option(other)).map(PathBuf::from);
    let identity = match (file("sslcert", "ssl-cert"), file("sslkey", "ssl-key")) {
        (Some(chain), Some(key)) => {
            let (chain, key) = (content("sslcert", &chain)?, content("sslkey", &key)?);
            Some(ClientIdentity::new(chain.into(), key.into()))
        }
        (Some(_), None) => return Err(DbError::own(DbErrorKind::Tls, "db_tls_no_key")),
        (None, _) => None,
    };
    Ok(options.with_client_identity(identity))
}

/// The bytes of a file of an option.
fn content(option: &str, path: &Path) -> Result<Vec<u8>, DbError> {
    std::fs::read(path).map_err(|error| bad_file(option, &path.to_string_lossy(), &error))
}

/// Whether TLS could not be agreed on.
pub(super) fn is_tls(error: &Error) -> bool {
    match error {
        Error::Driver(DriverError::NoClientSslFlagFromServer | DriverError::NoKeyFound)
        | Error::Io(IoError::Tls(_)) => true,
        _ => rustls_error(error).is_some(),
    }
}

/// A name that a certificate has, if its only fault is that it is not for this host.
pub(super) fn presented_name(error: &Error) -> Option<String> {
    let rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) =
        rustls_error(error)?
    else {
        return None;
    };
    // As in `DnsName("db.example")` and `IpAddress(127.0.0.1)`.
    let names = presented.iter().filter_map(|name| name.split_once('(')?.1.strip_suffix(')'));
    names.map(|name| name.trim_matches('"').replace("*.", "any.")).find(|name| !name.is_empty())
}

fn rustls_error(error: &Error) -> Option<&rustls::Error> {
    let Error::Io(IoError::Io(error)) = error else { return None };
    error.get_ref()?.downcast_ref()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::db::parse_dsn;

    #[test]
    fn certificates_are_checked_unless_the_host_is_loopback_or_the_name_says_otherwise() {
        for (text, mode) in [
            ("mysql://localhost/d", Mode::Prefer),
            ("mysql://[::1]/d", Mode::Prefer),
            ("mysql://db.example/d", Mode::VerifyFull),
            ("mysql://db.example/d?sslmode=disable", Mode::Disable),
            ("mariadb://db.example/d?ssl-mode=PREFERRED", Mode::Prefer),
            ("mysql://db.example/d?ssl-mode=VERIFY_CA", Mode::VerifyCa),
            ("mysql://localhost/d?sslmode=verify-full", Mode::VerifyFull),
            ("mysql://localhost/d?sslmode=require", Mode::Require),
            ("mysql://localhost/d?sslmode=require&sslrootcert=/ca.pem", Mode::VerifyCa),
        ] {
            assert_eq!(Mode::of(&parse_dsn(text).unwrap().0).unwrap(), mode, "{text}");
        }
        assert!(Mode::of(&parse_dsn("mysql://h/d?sslmode=maybe").unwrap().0).unwrap_err().message.contains("maybe"));
    }
}
