//! Query jobs: what they ask of a database, where their rows are kept, and what becomes of them. Running the statements is
//! `engine/run/queries.rs`.

mod kept;
mod parts;
mod plan;
mod request;
mod result;
mod retries;
mod table;

pub(crate) use kept::Kept;
pub(crate) use plan::QueryPlan;
pub use request::{QueryRequest, QueryTarget};
pub(crate) use request::{query_job, renew};
pub use result::write_query_result;
pub(crate) use result::{finish, remove_parts};
pub(crate) use retries::Retries;
