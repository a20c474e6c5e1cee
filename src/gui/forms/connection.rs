//! The form for a database: its name, its password, and its tables.
//!
//! A typed password is passed on once and then forgotten.

use crate::engine::{DatabaseName, DatabaseTables, TableEntry};
use crate::gui::widgets::scroll::Scroll;
use crate::model::{Message, SecretRef, TypedSecret};

/// Where the password comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PasswordFrom {
    /// Typed in the form, or none.
    #[default]
    Typed,
    /// An environment variable.
    Variable,
}

/// How a database is named, with its password.
#[derive(Default)]
pub(crate) struct ConnectionForm {
    /// The name of the database.
    pub(crate) dsn: String,
    /// Where the password comes from.
    pub(crate) from: PasswordFrom,
    /// The password as it is typed.
    pub(crate) password: String,
    /// The name of the variable.
    pub(crate) variable: String,
    /// The reference to the password that was typed before, for this name of the database.
    kept: Option<SecretRef>,
    /// What is wrong with the name or the variable.
    pub(crate) wrong: Option<Wrong>,
    /// The tables.
    pub(crate) tables: Option<DatabaseTables>,
    /// The table under the cursor.
    pub(crate) cursor: usize,
    /// The position in the list of tables.
    pub(crate) scroll: Scroll,
}

/// What is wrong with the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The name of the database.
    Name(Message),
    /// The name of the variable.
    Variable,
}

/// A database, ready to be asked.
pub(crate) struct Connection {
    /// Its name, as jobs store it.
    pub(crate) dsn: String,
    /// The password to keep first.
    pub(crate) password: Option<(String, TypedSecret)>,
}

impl std::fmt::Debug for ConnectionForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionForm").finish_non_exhaustive()
    }
}

impl ConnectionForm {
    /// Whether it can have a password: it is a server.
    pub(crate) fn has_password(&self) -> bool {
        DatabaseName::parse(&self.dsn).is_ok_and(|name| !name.is_file())
    }

    /// Whether a typed password is kept for this database.
    pub(crate) const fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// A form for the database of this name.
    pub(crate) fn named(dsn: &str) -> Self {
        Self { dsn: dsn.to_owned(), ..Self::default() }
    }

    /// A form for the same database.
    pub(crate) fn of_same_database(&self) -> Self {
        Self {
            dsn: self.dsn.clone(),
            from: self.from,
            variable: self.variable.clone(),
            kept: self.kept.clone(),
            ..Self::default()
        }
    }

    /// The name was changed: a password of another database is not its password.
    pub(crate) fn renamed(&mut self) {
        self.kept = None;
        self.wrong = None;
        self.tables = None;
    }

    /// Takes over the tables.
    pub(crate) fn set_tables(&mut self, tables: Option<DatabaseTables>) {
        self.tables = tables;
        self.cursor = 0;
        self.scroll = Scroll::default();
    }

    /// A table of the list.
    pub(crate) fn table(&self, index: usize) -> Option<&TableEntry> {
        self.tables.as_ref()?.tables.get(index)
    }

    /// The database; `None` if something is wrong, which is then shown. A password in the name moves to its own field.
    pub(crate) fn connection(&mut self) -> Option<Connection> {
        self.wrong = None;
        let name = match DatabaseName::parse(&self.dsn) {
            Ok(name) => name,
            Err(message) => {
                self.wrong = Some(Wrong::Name(message));
                return None;
            }
        };
        if let Some(typed) = &name.typed {
            typed.text().clone_into(&mut self.password);
            self.from = PasswordFrom::Typed;
            self.dsn = name.dsn();
        }
        if name.is_file() {
            return Some(Connection { dsn: name.dsn(), password: None });
        }
        let mut password = None;
        let reference = match self.from {
            PasswordFrom::Variable => {
                let variable = self.variable.trim();
                if variable.is_empty() || variable.contains(|c: char| c == '=' || c.is_control() || c.is_whitespace()) {
                    self.wrong = Some(Wrong::Variable);
                    return None;
                }
                Some(SecretRef::Env(variable.to_owned()))
            }
            PasswordFrom::Typed if !self.password.is_empty() => {
                password = Some((name.kept_as(), TypedSecret::new(std::mem::take(&mut self.password))));
                self.kept = Some(SecretRef::Settings(name.kept_as()));
                self.kept.clone()
            }
            PasswordFrom::Typed => self.kept.clone().or_else(|| name.password().cloned()),
        };
        Some(Connection { dsn: name.with_password(reference), password })
    }
}
