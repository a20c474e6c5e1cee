//! How a data source name becomes the settings of a connection.

use std::fmt::Write as _;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslMode};

use super::DIALECT;
use crate::db::dsn::port_of;
use crate::db::tls::unknown_mode;
use crate::db::{DbError, DbErrorKind, Dsn, Login, Place, Session};
use crate::model::Message;

/// The usual port.
pub(super) const PORT: u16 = 5432;
/// Options of data source names.
pub(super) const OPTIONS: [&str; 9] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "options",
    "passfile",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
];
/// Those of them that are paths.
pub(super) const FILE_OPTIONS: [&str; 4] = ["passfile", "sslrootcert", "sslcert", "sslkey"];
/// libpq's variables of options. PGPASSWORD and PGPASSFILE are looked up at each connection.
const VARIABLES: [(&str, &str); 8] = [
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGAPPNAME", "application_name"),
    ("PGOPTIONS", "options"),
];
/// Where a server on this machine has its socket.
const SOCKETS: [&str; 2] = ["/var/run/postgresql", "/tmp"];
/// Longest time to connect, unless the name says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// A connection whose server does not acknowledge anything for so long is lost.
const SILENCE: Duration = Duration::from_secs(60);
const PROBE: Duration = Duration::from_secs(15);

/// What a name leaves out, as libpq's variables have it.
pub(super) fn complete(dsn: &mut Dsn, variable: &dyn Fn(&str) -> Option<String>) -> Result<(), Message> {
    for (name, option) in VARIABLES {
        dsn.set_if_missing(option, variable(name));
    }
    dsn.user = dsn.user.take().or_else(|| variable("PGUSER"));
    let Place::Server { host, port, name } = &mut dsn.place else { return Ok(()) };
    *host = host.take().or_else(|| variable("PGHOST"));
    *name = name.take().or_else(|| variable("PGDATABASE"));
    if port.is_none() {
        *port = variable("PGPORT").map(|text| port_of(&text)).transpose()?;
    }
    Ok(())
}

/// Longest time to connect.
pub(super) fn connect_timeout(dsn: &Dsn) -> Result<Duration, DbError> {
    let Some(text) = dsn.option("connect_timeout") else { return Ok(CONNECT_TIMEOUT) };
    match text.trim().parse::<u64>() {
        Ok(0) => Ok(CONNECT_TIMEOUT),
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => Err(DbError::own(DbErrorKind::Other, Message::new("db_connect_timeout").with("value", text))),
    }
}

/// The settings of a connection for each place where the server may be, in order. TLS is decided elsewhere.
pub(super) fn configs(dsn: &Dsn, login: &Login, session: Session) -> Result<Vec<Config>, DbError> {
    let Place::Server { host, port, name } = &dsn.place else {
        return Err(DbError::own(DbErrorKind::Other, "db_no_server"));
    };
    let mut config = Config::new();
    config.port(port.unwrap_or(PORT));
    config.application_name(dsn.option("application_name").unwrap_or("pixloom"));
    let user = dsn.user.as_ref().or(login.user.as_ref());
    if let Some(user) = user {
        config.user(user);
    }
    // The server's own default is the name of the user.
    if let Some(name) = name.as_ref().or(user) {
        config.dbname(name);
    }
    if let Some(password) = &login.password {
        config.password(password);
    }
    match dsn.option("channel_binding") {
        None | Some("prefer") => {}
        Some("disable") => drop(config.channel_binding(ChannelBinding::Disable)),
        Some("require") => drop(config.channel_binding(ChannelBinding::Require)),
        Some(other) => return Err(unknown_mode("channel_binding", other, "disable, prefer, require")),
    }
    config.keepalives_idle(PROBE).keepalives_interval(PROBE).keepalives_retries(3).tcp_user_timeout(SILENCE);
    config.options(options(dsn, session));
    let hosts: Vec<&str> =
        host.as_deref().map_or_else(|| SOCKETS.into_iter().chain(["localhost"]).collect(), |host| vec![host]);
    let with_host = |host: &str| {
        let mut config = config.clone();
        config.host(host);
        if is_socket(&config) {
            config.ssl_mode(SslMode::Disable);
        }
        config
    };
    Ok(hosts.into_iter().map(with_host).collect())
}

/// Whether it connects to a socket, which never has TLS.
pub(super) fn is_socket(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)))
}

/// Settings of the session, in the form of command-line options of the server. The last one of a name counts.
fn options(dsn: &Dsn, session: Session) -> String {
    let mut options = dsn.option("options").unwrap_or_default().to_owned();
    let milliseconds = |time: Duration| time.as_millis().clamp(1, i32::MAX as u128);
    if session.is_read_only {
        options.push_str(" -c default_transaction_read_only=on");
    }
    if let Some(time) = session.statement_timeout {
        let _ = write!(options, " -c statement_timeout={}", milliseconds(time));
    }
    if let Some(time) = session.lock_timeout {
        let _ = write!(options, " -c lock_timeout={}", milliseconds(time));
    }
    options.trim_start().to_owned()
}

/// An identifier as statements write it.
pub(super) fn quoted(identifier: &str) -> String {
    DIALECT.quoted(identifier)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::path::PathBuf;

    use super::*;
    use crate::db::parse_dsn;

    fn read(text: &str) -> Vec<Config> {
        let (dsn, password) = parse_dsn(text).unwrap();
        assert_eq!(parse_dsn(&dsn.to_string()).unwrap().0, dsn, "{dsn} is read again");
        configs(&dsn, &Login { user: None, password }, Session::default()).unwrap()
    }

    #[test]
    fn names_of_servers_have_all_forms_of_libpq() {
        let tcp = |host: &str| vec![Host::Tcp(host.to_owned())];
        let unix = |path: &str| vec![Host::Unix(PathBuf::from(path))];
        for (text, hosts, port, user, name) in [
            ("postgres://h", tcp("h"), 5432, None, None),
            ("postgresql://u@h:1/d", tcp("h"), 1, Some("u"), Some("d")),
            ("POSTGRES://u:p@h/d?connect_timeout=3&sslmode=require", tcp("h"), 5432, Some("u"), Some("d")),
            ("postgres://u%40x@h/d%2Fe", tcp("h"), 5432, Some("u@x"), Some("d/e")),
            ("postgres://[::1]:2/d", tcp("::1"), 2, None, Some("d")),
            ("postgres:///d?host=/run/pg&port=3&user=u", unix("/run/pg"), 3, Some("u"), Some("d")),
            ("postgres://u@/d?host=/run/pg", unix("/run/pg"), 5432, Some("u"), Some("d")),
            ("postgres://u@:4/d?host=h", tcp("h"), 4, Some("u"), Some("d")),
            ("postgres://%2Frun%2Fpg/d", unix("/run/pg"), 5432, None, Some("d")),
            ("postgres://h?dbname=d", tcp("h"), 5432, None, Some("d")),
            ("postgres://u@h", tcp("h"), 5432, Some("u"), Some("u")),
        ] {
            let configs = read(text);
            assert_eq!(configs.len(), 1, "{text}");
            let config = &configs[0];
            assert_eq!(config.get_hosts(), hosts, "{text}");
            assert_eq!(
                (config.get_ports(), config.get_user(), config.get_dbname()),
                (&[port][..], user, name),
                "{text}"
            );
        }
        let hosts: Vec<Host> = read("postgres:///d").iter().flat_map(|config| config.get_hosts().to_vec()).collect();
        let expected: Vec<Host> = [unix("/var/run/postgresql"), unix("/tmp"), tcp("localhost")].concat();
        assert_eq!(hosts, expected, "without a host, the sockets of this machine come first");
        for wrong in ["postgres://h:x/d", "postgres://h/d?port=x", "postgres://h/d?sslmod=require"] {
            assert!(parse_dsn(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_name_leaves_out_comes_from_the_variables_of_libpq() {
        let all = |name: &str| {
            let value = match name {
                "PGHOST" => "db.example",
                "PGPORT" => "6000",
                "PGUSER" => "shop",
                "PGDATABASE" => "goods",
                "PGSSLMODE" => "verify-full",
                "PGSSLROOTCERT" => "ca.pem",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let completed = |text: &str, variable: &dyn Fn(&str) -> Option<String>| {
            let mut dsn = parse_dsn(text).unwrap().0;
            complete(&mut dsn, variable).map(|()| dsn.to_string())
        };
        let name = completed("postgres://", &all).unwrap();
        assert_eq!(name, "postgres://shop@db.example:6000/goods?sslmode=verify-full&sslrootcert=ca.pem");
        assert_eq!(completed(&name, &|_| None).unwrap(), name, "it is the same without the variables");
        let own = "postgres://u@h:1/d?sslmode=disable&sslrootcert=system";
        assert_eq!(completed(own, &all).unwrap(), own, "what the name says comes first");
        assert_eq!(completed("postgres:///d", &|_| None).unwrap(), "postgres:///d");
        let wrong = completed("postgres://h/d", &|name| (name == "PGPORT").then(|| "x".to_owned()));
        assert_eq!(wrong.unwrap_err().id(), "db_dsn_port");
    }

    #[test]
    fn the_session_is_part_of_the_options_after_those_of_the_name() {
        let (dsn, _) = parse_dsn("postgres://h/d?options=-c%20search_path%3Dshop").unwrap();
        let session = Session {
            is_read_only: true,
            statement_timeout: Some(Duration::from_secs(2)),
            lock_timeout: Some(Duration::from_micros(1)),
            ..Session::default()
        };
        let config = configs(&dsn, &Login::default(), session).unwrap().remove(0);
        let expected =
            "-c search_path=shop -c default_transaction_read_only=on -c statement_timeout=2000 -c lock_timeout=1";
        assert_eq!(config.get_options(), Some(expected));
        assert_eq!(config.get_application_name(), Some("pixloom"));
    }
}
