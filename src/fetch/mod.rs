//! URL -> bytes: clients, slots per host and in all, retries by cause, and a watch over the network itself; a guard of
//! addresses, secrets that stay with their place, and the courtesy of robots.txt.
//!
//! Knows nothing of pictures, jobs, catalogs or windows, and holds no runtime: its futures run on the engine's.

mod cancel;
mod connect;
mod credentials;
mod fault;
mod fetcher;
mod file_name;
mod limits;
mod politeness;
mod request;
mod retry;
mod routes;
pub(crate) mod schedule;

pub use crate::model::Origin;
pub use cancel::Cancel;
pub use connect::clients::check_ca_file;
pub use credentials::headers::is_settable;
pub use credentials::secrets::{AccessError, Secrets};
pub use fetcher::{FetchFailure, Fetched, Fetcher, Setup, Visit};
pub use file_name::{name_from_url, safe_file_name};
pub use limits::FetchLimits;
pub use politeness::robots_policy::LinkCounts;
pub use request::body::{Body, Bytes};
pub use request::exchange::Known;
pub use reqwest::dns::{Addrs, Name, Resolve, Resolving};
