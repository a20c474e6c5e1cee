//! How a kind of database is declared.

use super::connection::Answer;
use super::{Connection, Dialect, Dsn, Login, Session};
use crate::model::Message;

/// A kind of database: one folder and its line in `kinds.rs`.
pub trait Database: std::fmt::Debug + Sync {
    /// Its name, such as `PostgreSQL`.
    fn name(&self) -> &'static str;

    /// The schemes of its URLs, in lower case; the first is the usual one.
    fn schemes(&self) -> &'static [&'static str];

    /// An example of a data source name, for help and errors.
    fn example(&self) -> &'static str;

    /// How it writes SQL.
    fn dialect(&self) -> &'static Dialect;

    /// The port of its servers; `None` if it is a file.
    fn port(&self) -> Option<u16>;

    /// Names of the options that its data source names may have after `?`.
    fn options(&self) -> &'static [&'static str];

    /// Those of them that are paths.
    fn file_options(&self) -> &'static [&'static str] {
        &[]
    }

    /// Fills in what a name that a person typed leaves out, from the environment and from settings of the database's own
    /// programs.
    fn complete(&self, dsn: &mut Dsn) -> Result<(), Message> {
        let _ = dsn;
        Ok(())
    }

    /// The type of a new column for values of a kind, as `CREATE TABLE` writes it. `is_key` columns can be indexed.
    fn column_type(&self, kind: super::Kind, is_key: bool) -> &'static str;

    /// Rows that are best written in one transaction. Small ones lock rows for a short time.
    fn batch_rows(&self) -> usize {
        5_000
    }

    /// The statement that one row of a plan stands for, as people are shown it.
    fn write_statement(&self, plan: &super::WritePlan) -> String {
        plan.statement(self.dialect())
    }

    /// A password that the user keeps where the database's own programs look for it, such as `~/.pgpass`.
    fn kept_login(&self, dsn: &Dsn) -> Login {
        let _ = dsn;
        Login::default()
    }

    /// Opens a connection.
    fn connect<'a>(&'a self, dsn: &'a Dsn, login: &'a Login, session: Session) -> Answer<'a, Box<dyn Connection>>;
}
