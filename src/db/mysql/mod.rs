//! MySQL and MariaDB.

mod connect;
mod connection;
mod errors;
mod literals;
mod option_file;
mod tables;
mod tls;
mod values;
mod write;

use super::connection::Answer;
use super::{Connection, Database, Dialect, Dsn, Kind, Login, Placeholders, Session, WriteMode, WritePlan};
use crate::model::Message;

/// The declaration of MySQL and MariaDB.
#[derive(Debug)]
pub(super) struct Mysql;

/// How MySQL and MariaDB write SQL in the mode that connections set: no `ANSI_QUOTES`, backslash escapes on.
pub(super) static DIALECT: Dialect = Dialect {
    quote: '`',
    other_quotes: &[('"', '"')],
    placeholders: Placeholders::Question,
    has_backslash_escapes: true,
    has_dollar_quotes: false,
    has_hash_comments: true,
    most_parameters: 65_535,
};

impl Database for Mysql {
    fn name(&self) -> &'static str {
        "MySQL/MariaDB"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["mysql", "mariadb"]
    }

    fn example(&self) -> &'static str {
        "mysql://user@host/database"
    }

    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn port(&self) -> Option<u16> {
        Some(connect::PORT)
    }

    fn options(&self) -> &'static [&'static str] {
        &connect::OPTIONS
    }

    fn file_options(&self) -> &'static [&'static str] {
        &connect::FILE_OPTIONS
    }

    fn complete(&self, dsn: &mut Dsn) -> Result<(), Message> {
        option_file::complete(dsn)
    }

    fn column_type(&self, kind: Kind, is_key: bool) -> &'static str {
        match kind {
            Kind::Bool => "BOOLEAN",
            Kind::Int => "BIGINT",
            Kind::Float => "DOUBLE",
            Kind::Decimal => "DECIMAL(65,20)",
            Kind::Time => "DATETIME(6)",
            // An index holds at most 3072 bytes; keys differ in case.
            Kind::Bytes if is_key => "VARBINARY(1024)",
            _ if is_key => "VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            Kind::Bytes => "LONGBLOB",
            Kind::Json => "JSON",
            Kind::Text | Kind::Other => "LONGTEXT CHARACTER SET utf8mb4",
        }
    }

    fn write_statement(&self, plan: &WritePlan) -> String {
        let mark = |_: usize| "?".to_owned();
        match plan.mode {
            WriteMode::Update => plan.statement(&DIALECT),
            WriteMode::Upsert => write::upsert(plan, &format!("({})", write::list(plan.all_columns(), mark))),
            WriteMode::Insert => write::insert_missing(plan, mark),
        }
    }

    fn kept_login(&self, _: &Dsn) -> Login {
        option_file::login()
    }

    fn connect<'a>(&'a self, dsn: &'a Dsn, login: &'a Login, session: Session) -> Answer<'a, Box<dyn Connection>> {
        Box::pin(async move {
            let (conn, server) = connect::connect(dsn, login, session).await?;
            let connection = connection::MysqlConnection::new(conn, session, server);
            let connection: Box<dyn Connection> = Box::new(connection);
            Ok(connection)
        })
    }
}
