//! Passwords where libpq looks for them: PGPASSWORD, then the file PGPASSFILE or `~/.pgpass`.
#![expect(clippy::disallowed_methods, reason = "the user's password file is read here")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::config::PORT;
use crate::db::{Dsn, Login, Place};

/// User and password from the environment and the password file.
pub(super) fn kept_login(dsn: &Dsn) -> Login {
    login(dsn, &|name| std::env::var_os(name).filter(|value| !value.is_empty()))
}

fn login(dsn: &Dsn, variable: &dyn Fn(&str) -> Option<OsString>) -> Login {
    let text = |name| variable(name).and_then(|value| value.into_string().ok());
    let user = dsn.user.clone().or_else(|| text("PGUSER")).or_else(|| text("USER")).or_else(|| text("USERNAME"));
    let password = text("PGPASSWORD").or_else(|| {
        let named = dsn.option("passfile").map(PathBuf::from).or_else(|| variable("PGPASSFILE").map(PathBuf::from));
        let text = read(&named.or_else(|| usual_file(variable))?)?;
        find(&text, dsn, user.as_deref().unwrap_or_default())
    });
    Login { user, password }
}

fn usual_file(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if cfg!(windows) {
        return variable("APPDATA").map(|folder| PathBuf::from(folder).join("postgresql").join("pgpass.conf"));
    }
    variable("HOME").map(|home| PathBuf::from(home).join(".pgpass"))
}

/// The file's text, unless others may read it.
fn read(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() {
        tracing::warn!(path = %path.display(), "the password file is not a regular file and was ignored");
        return None;
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the password file was ignored: other users can read it; run chmod 600 on it");
        return None;
    }
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The password of the first line that fits.
fn find(text: &str, dsn: &Dsn, user: &str) -> Option<String> {
    let Place::Server { host, port, name } = &dsn.place else { return None };
    // Sockets at their usual places count as localhost.
    let host = host.as_deref().filter(|host| !matches!(*host, "/var/run/postgresql" | "/tmp")).unwrap_or("localhost");
    let (port, name) = (port.unwrap_or(PORT).to_string(), name.as_deref().unwrap_or(user));
    let wanted = [host, &port, name, user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let (password, known) = fields.split_last().filter(|(_, known)| known.len() == wanted.len())?;
        let fits = |(raw, text): &(bool, String), wanted: &str| *raw && text == "*" || text == wanted;
        known.iter().zip(wanted).all(|(known, wanted)| fits(known, wanted)).then(|| password.1.clone())
    })
}

/// The five fields of a line, without escapes, and whether each had none. Colons in the last one are part of it.
fn fields(line: &str) -> Vec<(bool, String)> {
    let mut fields = vec![(true, String::new())];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let count = fields.len();
        let Some((is_raw, text)) = fields.last_mut() else { break };
        match c {
            '\\' => {
                *is_raw = false;
                text.extend(chars.next());
            }
            ':' if count < 5 => fields.push((true, String::new())),
            _ => text.push(c),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::db::parse_dsn;

    #[test]
    fn the_first_line_that_fits_gives_the_password() {
        let text = "# h:5432:d:u:comment\n\
                    broken\n\
                    h:5432:d:u:a\\:b\\\\c:d\n\
                    localhost:*:*:u:local\n\
                    \\*:1:d:u:star\n\
                    *:7:*:*:any\n";
        for (dsn, password) in [
            ("postgres://u@h/d", Some("a:b\\c:d")),
            ("postgres://u@h:5433/d", None),
            ("postgres://v@h/d", None),
            ("postgres://u@/x", Some("local")),
            ("postgres://u@/x?host=/tmp", Some("local")),
            ("postgres://u@/x?host=/srv", None),
            ("postgres://u@other:7/x", Some("any")),
            ("postgres://u@other:1/d", None),
        ] {
            let (dsn, _) = parse_dsn(dsn).unwrap();
            assert_eq!(find(text, &dsn, dsn.user.as_deref().unwrap()).as_deref(), password, "{dsn}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_password_file_that_others_can_read_is_ignored() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".pgpass");
        std::fs::write(&path, "h:5432:d:u:kept\n").unwrap();
        let (dsn, _) = parse_dsn("postgres://u@h/d").unwrap();
        let found = |password: Option<&str>| {
            login(&dsn, &|name| match name {
                "HOME" => Some(home.path().into()),
                "PGPASSWORD" => password.map(Into::into),
                _ => None,
            })
            .password
        };
        for (mode, expected) in [(0o600, Some("kept")), (0o400, Some("kept")), (0o640, None), (0o604, None)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(found(None).as_deref(), expected, "{mode:o}");
        }
        assert_eq!(found(Some("typed")).as_deref(), Some("typed"), "PGPASSWORD comes first");
        let other = home.path().join("other");
        std::fs::write(&other, "*:*:*:*:other\n").unwrap();
        std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o600)).unwrap();
        let (named, _) = parse_dsn(&format!("postgres://u@h/d?passfile={}", other.display())).unwrap();
        let password = login(&named, &|_| None).password;
        assert_eq!(password.as_deref(), Some("other"), "the name of the file may be an option");
    }
}
