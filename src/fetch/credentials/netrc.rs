//! The netrc file, as ftp(1) and curl read it: users and passwords by machine.

use std::path::PathBuf;

/// The file that `NETRC` names, else the default one.
pub(crate) fn usual_path() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("NETRC").filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(path));
    }
    let name = if cfg!(windows) { "_netrc" } else { ".netrc" };
    Some(etcetera::home_dir().ok()?.join(name))
}

/// The entry of a machine, and of this user if one is given, as `user:password`. `default` applies to all machines that
/// are not named.
pub(crate) fn find(text: &str, machine: &str, user: Option<&str>) -> Option<String> {
    let mut entries = Vec::new();
    let mut words = Words { rest: text };
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" => entries.push(Entry { machine: words.next(), ..Entry::default() }),
            "default" => entries.push(Entry::default()),
            "login" => {
                if let (Some(entry), Some(login)) = (entries.last_mut(), words.next()) {
                    entry.login = login;
                }
            }
            "password" => {
                if let (Some(entry), Some(password)) = (entries.last_mut(), words.next()) {
                    entry.password = password;
                }
            }
            "account" => drop(words.next()),
            "macdef" => words.skip_macro(),
            _ => {}
        }
    }
    let named = |entry: &&Entry| entry.machine.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(machine));
    let of_user = |entry: &&Entry| user.is_none_or(|user| entry.login == user);
    let is_default = |entry: &&Entry| entry.machine.is_none();
    let found = entries.iter().filter(named).find(of_user);
    let found = found.or_else(|| {
        let is_named = entries.iter().any(|entry| named(&entry));
        entries.iter().filter(is_default).find(of_user).filter(|_| !is_named)
    })?;
    Some(format!("{}:{}", found.login, found.password))
}

#[derive(Default)]
struct Entry {
    machine: Option<String>,
    login: String,
    password: String,
}

/// Words between white space; a quoted one may contain white space, with `\` as the escape.
struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    fn next(&mut self) -> Option<String> {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') {
                break;
            }
            self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (mut word, mut is_escaped) = (String::new(), false);
            for (at, c) in quoted.char_indices() {
                match c {
                    '\\' if !is_escaped => is_escaped = true,
                    '"' if !is_escaped => {
                        self.rest = &quoted[at + 1..];
                        return Some(word);
                    }
                    c => {
                        word.push(c);
                        is_escaped = false;
                    }
                }
            }
            self.rest = "";
            return Some(word);
        }
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    /// A macro ends at the first empty line.
    fn skip_macro(&mut self) {
        self.rest = self.rest.split_once("\n\n").map_or("", |(_, rest)| rest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::netrc::*;

    const FILE: &str = "# mine\nmachine h.example login me password \"p w\\\"1\"\n  machine h.example\n\tlogin you\n\
                        account x password pw2\nmacdef init\nmachine evil.example login a password b\n\n\
                        default login anonymous password guest\nmachine only.example password no-name";

    #[test]
    fn machines_users_quotes_and_macros_are_read() {
        let of = |machine, user| find(FILE, machine, user);
        assert_eq!(of("h.example", None).as_deref(), Some("me:p w\"1"));
        assert_eq!(of("H.EXAMPLE", Some("you")).as_deref(), Some("you:pw2"));
        assert_eq!(of("h.example", Some("they")), None);
        assert_eq!(of("evil.example", None).as_deref(), Some("anonymous:guest"));
        assert_eq!(of("only.example", None).as_deref(), Some(":no-name"));
        assert_eq!(find("machine a", "a", None).as_deref(), Some(":"));
        assert_eq!(find("login x password y", "a", None), None);
        assert_eq!(find("machine a login \"open", "a", None).as_deref(), Some("open:"));
    }
}
