//! What MySQL's own programs use: `~/.my.cnf`, then `MYSQL_HOST`, `MYSQL_TCP_PORT`, `MYSQL_UNIX_PORT` and `MYSQL_PWD`.

#![expect(clippy::disallowed_methods, reason = "reads the option file of MySQL's programs")]

use std::path::PathBuf;

use crate::db::dsn::port_of;
use crate::db::{Dsn, Login, Place};
use crate::model::Message;

/// The groups that the command-line client reads, of MySQL and of MariaDB.
const GROUPS: [&str; 5] = ["client", "client-server", "client-mariadb", "mariadb-client", "mysql"];
/// More would be no option file.
const MOST_BYTES: u64 = 1 << 20;

/// Options of the file, by name with `-`; the last one of a name counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kept(Vec<(String, String)>);

impl Kept {
    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn read() -> Self {
        path().and_then(|path| read(&path)).map(|text| parse(&text)).unwrap_or_default()
    }

    fn login(&self) -> Login {
        Login { user: self.get("user"), password: self.get("password") }
    }
}

/// What is kept for this user of the system.
pub(super) fn login() -> Login {
    let mut login = Kept::read().login();
    login.password = login.password.or_else(|| std::env::var("MYSQL_PWD").ok());
    login
}

/// What a name leaves out, as the file and the variables have it.
pub(super) fn complete(dsn: &mut Dsn) -> Result<(), Message> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    complete_with(dsn, &Kept::read(), &variable)
}

fn complete_with(dsn: &mut Dsn, kept: &Kept, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), Message> {
    for (option, other) in [("sslrootcert", "ssl-ca"), ("sslcert", "ssl-cert"), ("sslkey", "ssl-key")] {
        if dsn.option(option).is_none() {
            dsn.set_if_missing(other, kept.get(other));
        }
    }
    dsn.user = dsn.user.take().or_else(|| kept.get("user"));
    let Place::Server { host, port, name } = &mut dsn.place else { return Ok(()) };
    *name = name.take().or_else(|| kept.get("database"));
    let known = kept.get("host").or_else(|| variable("MYSQL_HOST"));
    let socket = || kept.get("socket").or_else(|| variable("MYSQL_UNIX_PORT"));
    if host.is_none() {
        // To MySQL's programs, this name is the socket.
        *host = match (known.filter(|host| host != "localhost"), *port) {
            (Some(host), _) => Some(host),
            (None, None) => socket(),
            (None, Some(_)) => None,
        };
    }
    let is_socket = host.as_ref().is_some_and(|host| host.starts_with('/'));
    if port.is_none() && !is_socket {
        let known = kept.get("port").or_else(|| variable("MYSQL_TCP_PORT"));
        *port = known.map(|text| port_of(&text)).transpose()?;
    }
    Ok(())
}

fn path() -> Option<PathBuf> {
    Some(etcetera::home_dir().ok()?.join(".my.cnf"))
}

/// The file's text; `None` if there is none, or if everybody may write it, as MySQL's programs have it.
fn read(path: &std::path::Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o002 != 0 {
        return None;
    }
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

fn parse(text: &str) -> Kept {
    let (mut kept, mut is_ours) = (Kept::default(), false);
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', ';', '!']) {
            continue;
        }
        if let Some(group) = line.strip_prefix('[') {
            is_ours = group.split(']').next().is_some_and(|group| GROUPS.contains(&group.trim()));
            continue;
        }
        if let Some((name, value)) = line.split_once('=').filter(|_| is_ours) {
            kept.0.push((name.trim().replace('_', "-"), value_of(value)));
        }
    }
    kept
}

/// A value without its comment, quotes and escapes.
fn value_of(text: &str) -> String {
    let (mut quote, mut is_escaped, mut end) = (None, false, text.len());
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            _ if quote == Some(c) => quote = None,
            '#' if quote.is_none() => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    let text = text[..end].trim();
    let inner = ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    let (mut value, mut chars) = (String::new(), inner.unwrap_or(text).chars());
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some('b') => value.push('\u{8}'),
            Some('t') => value.push('\t'),
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some('s') => value.push(' '),
            Some(c @ ('\\' | '\'' | '"')) => value.push(c),
            Some(c) => value.extend(['\\', c]),
            None => value.push('\\'),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::db::parse_dsn;

    fn check(text: &str, user: Option<&str>, password: Option<&str>) {
        let login = parse(text).login();
        assert_eq!((login.user.as_deref(), login.password.as_deref()), (user, password), "{text}");
    }

    #[test]
    fn the_groups_of_the_client_are_read_as_mysql_reads_them() {
        check("", None, None);
        check("[client]\nuser = shop\npassword=secret\n", Some("shop"), Some("secret"));
        check("[mysqld]\nuser=mysql\n[mysqldump]\npassword=x\n", None, None);
        check("user=a\n[client]\n# user=b\n;password=c\npassword=d # ours\n", None, Some("d"));
        check("[client]\nuser=a\n[mysql]\nuser=b\n[client]\npassword='p # \\' q'\n", Some("b"), Some("p # ' q"));
        check("[ client ]\r\npassword=\"a\\\\b\\sc\\x\"\r\n", None, Some("a\\b c\\x"));
        check("[client]\npassword=\nno-password\n", None, Some(""));
    }

    #[test]
    fn what_a_name_leaves_out_comes_from_the_option_file_and_then_from_the_variables() {
        let completed = |text: &str, file: &str, variables: &[(&str, &str)]| {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let mut dsn = parse_dsn(text).unwrap().0;
            complete_with(&mut dsn, &parse(file), &variable).map(|()| dsn.to_string())
        };
        let file =
            "[client]\nhost=db.example\nport=3307\nuser=shop\nssl_ca=/ca.pem\nsocket=/run/s\n[mysql]\ndatabase=d\n";
        let variables = [("MYSQL_HOST", "other.example"), ("MYSQL_TCP_PORT", "3308"), ("MYSQL_UNIX_PORT", "/run/v")];
        let is = |text: &str, file: &str, variables: &[(&str, &str)], expected: &str| {
            assert_eq!(completed(text, file, variables).unwrap(), expected, "{text}");
        };
        is("mysql://", file, &variables, "mysql://shop@db.example:3307/d?ssl-ca=/ca.pem");
        is("mysql://u@h:1/x?sslrootcert=system", file, &variables, "mysql://u@h:1/x?sslrootcert=system");
        is("mysql:///x", "", &variables, "mysql://other.example:3308/x");
        is("mysql:///x", "", &variables[1..], "mysql:///x?host=/run/v");
        is("mysql:///x", "[client]\nhost=localhost\nsocket=/run/s", &[], "mysql:///x?host=/run/s");
        is("mysql://localhost/x", "", &variables, "mysql://localhost:3308/x");
        is("mysql:///x", "", &[], "mysql:///x");
        assert_eq!(completed("mysql:///x", "[client]\nport=x", &[]).unwrap_err().id(), "db_dsn_port");
    }
}
