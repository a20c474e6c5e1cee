//! A pool of connections to one database.

use std::ops::{Deref, DerefMut};

use deadpool::managed::{Manager, Metrics, Object, PoolError, RecycleError, RecycleResult};

use super::{Connection, DbError, DbErrorKind, Dsn, Login, Session, database_of};

/// Connections to one database, opened as they are needed. Clones share them.
#[derive(Clone)]
pub struct Pool {
    connections: deadpool::managed::Pool<Opener>,
    dsn: Dsn,
}

/// A connection that returns to its pool when it is dropped, if it is still usable.
pub struct PooledConnection(Object<Opener>);

/// Opens connections.
struct Opener {
    dsn: Dsn,
    login: Login,
    session: Session,
}

impl Manager for Opener {
    type Type = Box<dyn Connection>;
    type Error = DbError;

    async fn create(&self) -> Result<Self::Type, DbError> {
        database_of(&self.dsn).connect(&self.dsn, &self.login, self.session).await
    }

    async fn recycle(&self, connection: &mut Self::Type, _: &Metrics) -> RecycleResult<DbError> {
        if connection.is_usable() { Ok(()) } else { Err(RecycleError::message("the connection is closed")) }
    }
}

impl Pool {
    /// A pool of at most `most` connections; opens none yet.
    pub fn new(dsn: Dsn, login: Login, session: Session, most: usize) -> Result<Self, DbError> {
        let opener = Opener { dsn: dsn.clone(), login, session };
        let connections = deadpool::managed::Pool::builder(opener).max_size(most.max(1)).build();
        Ok(Self { connections: connections.map_err(|error| DbError::new(DbErrorKind::Other, error))?, dsn })
    }

    /// A connection, once one is free.
    pub async fn get(&self) -> Result<PooledConnection, DbError> {
        self.connections.get().await.map(PooledConnection).map_err(|error| match error {
            PoolError::Backend(error) => error,
            error => DbError::new(DbErrorKind::Other, error),
        })
    }

    /// The database.
    pub fn dsn(&self) -> &Dsn {
        &self.dsn
    }

    /// Whether it has a connection.
    pub fn is_open(&self) -> bool {
        self.connections.status().size > 0
    }

    /// How many connections are in use, and how many may be.
    pub fn usage(&self) -> (usize, usize) {
        let status = self.connections.status();
        (status.size.saturating_sub(status.available), status.max_size)
    }
}

impl Deref for PooledConnection {
    type Target = dyn Connection;

    fn deref(&self) -> &Self::Target {
        &**self.0
    }
}

impl DerefMut for PooledConnection {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut **self.0
    }
}
