//! Opens connections to servers of MySQL and MariaDB.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};

use super::errors::{connect_error, error_of};
use super::tls::{self, Mode};
use crate::db::{DbError, DbErrorKind, Dsn, Login, Place, Session};
use crate::model::Message;

/// The usual port.
pub(super) const PORT: u16 = 3306;
/// What a data source name may say after `?`: libpq's names, and MySQL's own of the same meaning.
pub(super) const OPTIONS: [&str; 9] =
    ["sslmode", "ssl-mode", "sslrootcert", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key", "connect_timeout"];

/// Those of them that are paths.
pub(super) const FILE_OPTIONS: [&str; 6] = ["sslrootcert", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key"];

const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// The server sends a probe to idle clients only after hours.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Seconds after which the server gives up a client that reads slowly, or does nothing. Its defaults are 60 s and, on many
/// shared servers, minutes.
const SLOW_CLIENT_S: u32 = 3_600;
const IDLE_CLIENT_S: u32 = 28_800;
/// Where servers have their socket if the data source name gives no host, as MySQL's own programs look for it.
const SOCKETS: [&str; 3] = ["/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];

/// Modes that change how statements are read: all of them mean `"` or `\` differently.
const OTHER_SYNTAX: [&str; 8] =
    ["ANSI", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"];
/// Modes that every connection has: a value that does not fit is an error, and the key 0 is 0.
const NEEDED_MODES: [&str; 3] = ["STRICT_ALL_TABLES", "NO_ENGINE_SUBSTITUTION", "NO_AUTO_VALUE_ON_ZERO"];

/// Opens a connection and sets up its session.
pub(super) async fn connect(dsn: &Dsn, login: &Login, session: Session) -> Result<(Conn, Server), DbError> {
    let limit = timeout(dsn)?;
    let opened = tokio::time::timeout(limit, async {
        let mut conn = open(dsn, login).await?;
        let server = set_up(&mut conn, session).await.map_err(|error| connect_error(&error))?;
        Ok((conn, server))
    });
    opened.await.unwrap_or_else(|_| {
        let message = Message::new("db_no_answer_within").count("seconds", limit.as_secs());
        Err(DbError::own(DbErrorKind::Unreachable, message))
    })
}

/// What is known about a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    /// Largest packet that it takes, in bytes.
    pub(super) max_packet: usize,
}

fn timeout(dsn: &Dsn) -> Result<Duration, DbError> {
    let Some(text) = dsn.option("connect_timeout") else { return Ok(CONNECT_TIMEOUT) };
    let wrong = |_| DbError::own(DbErrorKind::Other, Message::new("db_connect_timeout").with("value", text));
    let seconds: u32 = text.trim().parse().map_err(wrong)?;
    // As libpq has it, 0 is no limit.
    Ok(if seconds == 0 { Duration::from_secs(u64::from(u32::MAX)) } else { Duration::from_secs(seconds.into()) })
}

async fn open(dsn: &Dsn, login: &Login) -> Result<Conn, DbError> {
    let Place::Server { host, port, name } = &dsn.place else {
        return Err(DbError::own(DbErrorKind::Other, "db_no_server"));
    };
    let user = dsn.user.clone().or_else(|| login.user.clone()).or_else(system_user);
    let builder = OptsBuilder::default()
        .user(user)
        .pass(login.password.clone())
        .db_name(name.clone())
        .prefer_socket(false)
        .tcp_keepalive(Some(KEEPALIVE))
        .connect_attribute("program_name", "pixloom");
    let socket = |path: &str| Opts::from(builder.clone().socket(Some(path)));
    if let Some(path) = host.as_deref().filter(|host| host.starts_with('/')) {
        return Conn::new(socket(path)).await.map_err(|error| connect_error(&error));
    }
    if host.is_none() && port.is_none() && cfg!(unix) {
        for path in SOCKETS {
            match Conn::new(socket(path)).await.map_err(|error| connect_error(&error)) {
                Err(error) if error.kind == DbErrorKind::Unreachable => {}
                opened => return opened,
            }
        }
    }
    let host = host.as_deref().unwrap_or("localhost");
    let builder = builder.ip_or_hostname(host).tcp_port(port.unwrap_or(PORT));
    let mode = Mode::of(dsn)?;
    let plain = || Opts::from(builder.clone());
    if mode == Mode::Disable {
        return Conn::new(plain()).await.map_err(|error| connect_error(&error));
    }
    let options = tls::options(dsn, mode)?;
    let with_tls = |name: Option<String>| {
        let named = options.clone().with_danger_tls_hostname_override(name);
        Opts::from(builder.clone().ssl_opts(named))
    };
    let error = match Conn::new(with_tls(None)).await {
        Ok(conn) => return Ok(conn),
        Err(error) => error,
    };
    let again = match mode {
        Mode::Prefer if tls::is_tls(&error) => Some(plain()),
        // The chain is good, and the name does not matter: ask for the one that the certificate has.
        Mode::VerifyCa => tls::presented_name(&error).map(|name| with_tls(Some(name))),
        _ => None,
    };
    if let Some(opts) = again {
        return Conn::new(opts).await.map_err(|error| connect_error(&error));
    }
    let error = connect_error(&error);
    let is_certificate = error.kind == DbErrorKind::Tls && error.message.contains("certificate");
    Err(match tls::advice(dsn).filter(|_| is_certificate) {
        Some(advice) => error.advising(advice),
        None => error,
    })
}

/// The user of the system, which is the default of MySQL's own programs.
fn system_user() -> Option<String> {
    let name = |variable| std::env::var(variable).ok().filter(|name| !name.is_empty());
    name("USER").or_else(|| name("LOGNAME")).or_else(|| name("USERNAME"))
}

async fn set_up(conn: &mut Conn, session: Session) -> mysql_async::Result<Server> {
    let found: Option<(String, String, u64)> =
        conn.query_first("SELECT VERSION(), @@sql_mode, @@max_allowed_packet").await?;
    let (version, modes, max_packet) = found.unwrap_or_default();
    let modes = modes.split(',').filter(|mode| !mode.is_empty() && !OTHER_SYNTAX.contains(mode));
    let mut modes: Vec<&str> = modes.filter(|mode| !NEEDED_MODES.contains(mode)).collect();
    modes.extend(NEEDED_MODES);
    let mut sets = vec![
        "NAMES utf8mb4".to_owned(),
        format!("SESSION sql_mode = '{}'", modes.join(",")),
        format!("SESSION net_write_timeout = {SLOW_CLIENT_S}"),
        format!("SESSION wait_timeout = {IDLE_CLIENT_S}"),
    ];
    if let Some(most) = session.statement_timeout {
        sets.push(if version.contains("MariaDB") {
            format!("SESSION max_statement_time = {}", most.as_secs_f64().max(0.001))
        } else {
            // Of SELECT only; the client limits others.
            format!("SESSION max_execution_time = {}", most.as_millis().clamp(1, u32::MAX.into()))
        });
    }
    if let Some(most) = session.lock_timeout {
        let seconds = most.as_millis().div_ceil(1_000).clamp(1, 31_536_000);
        sets.push(format!("SESSION innodb_lock_wait_timeout = {seconds}"));
        sets.push(format!("SESSION lock_wait_timeout = {seconds}"));
    }
    if session.is_utc {
        sets.push("SESSION time_zone = '+00:00'".to_owned());
    }
    conn.query_drop(format!("SET {}", sets.join(", "))).await?;
    if session.is_read_only {
        conn.query_drop("SET SESSION TRANSACTION READ ONLY").await?;
    }
    Ok(Server { max_packet: usize::try_from(max_packet).unwrap_or(usize::MAX) })
}

/// Ends the session of a connection, with whatever it is doing, over another connection. Nobody waits for it.
pub(super) fn kill(opts: Opts, id: u32) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(tokio::time::timeout(CONNECT_TIMEOUT, async move {
        let mut conn = Conn::new(opts).await.map_err(|error| error_of(&error))?;
        // It may have ended already.
        let _ = conn.query_drop(format!("KILL {id}")).await;
        conn.disconnect().await.map_err(|error| error_of(&error))
    }));
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::db::parse_dsn;

    #[test]
    fn the_time_to_connect_is_a_number_of_seconds() {
        let of = |text: &str| timeout(&parse_dsn(text).unwrap().0);
        assert_eq!(of("mysql://h/d").unwrap(), CONNECT_TIMEOUT);
        assert_eq!(of("mysql://h/d?connect_timeout=3").unwrap(), Duration::from_secs(3));
        assert!(of("mysql://h/d?connect_timeout=0").unwrap() > Duration::from_secs(86_400));
        assert!(of("mysql://h/d?connect_timeout=soon").unwrap_err().message.contains("soon"));
    }

    #[test]
    fn a_server_that_does_not_answer_is_unreachable() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(async {
            // A listener that never answers.
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let (dsn, _) = parse_dsn(&format!("mysql://127.0.0.1:{port}/d?connect_timeout=1")).unwrap();
            connect(&dsn, &Login::default(), Session::default()).await.err().unwrap()
        });
        assert_eq!(error.kind, DbErrorKind::Unreachable, "{error}");
        assert!(error.message.contains("1 second"), "{error}");
    }
}
