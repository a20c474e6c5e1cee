//! Shared by integration tests.

pub(crate) mod server;
