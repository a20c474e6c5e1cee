//! The user and password that MySQL's own programs use: `~/.my.cnf`, then `MYSQL_PWD`.

#![expect(clippy::disallowed_methods, reason = "reads the option file of MySQL's programs")]

use std::path::PathBuf;

use crate::db::Login;

/// The groups that the command-line client reads, of MySQL and of MariaDB.
const GROUPS: [&str; 5] = ["client", "client-server", "client-mariadb", "mariadb-client", "mysql"];
/// More would be no option file.
const MOST_BYTES: u64 = 1 << 20;

/// What is kept for this user of the system.
pub(super) fn login() -> Login {
    let mut login = path().and_then(|path| read(&path)).map(|text| parse(&text)).unwrap_or_default();
    login.password = login.password.or_else(|| std::env::var("MYSQL_PWD").ok());
    login
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

fn parse(text: &str) -> Login {
    let (mut login, mut is_ours) = (Login::default(), false);
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', ';', '!']) {
            continue;
        }
        if let Some(group) = line.strip_prefix('[') {
            is_ours = group.split(']').next().is_some_and(|group| GROUPS.contains(&group.trim()));
            continue;
        }
        if let Some((name, value)) = line.split_once('=').filter(|_| is_ours) {
            match name.trim() {
                "user" => login.user = Some(value_of(value)),
                "password" => login.password = Some(value_of(value)),
                _ => {}
            }
        }
    }
    login
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
    use super::*;

    fn check(text: &str, user: Option<&str>, password: Option<&str>) {
        let login = parse(text);
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
}
