//! Fetches URLs: connections, one scheduler for all hosts, retries by cause, detection of a lost network, a guard of
//! addresses, credentials that never leave their host, and robots.txt.
//!
//! Does not depend on images, jobs, the catalog or the window, and owns no runtime: its futures run on the engine's.

mod cancel;
mod connect;
mod content_disposition;
mod credentials;
mod fault;
mod fetcher;
mod file_name;
mod limits;
mod meter;
mod politeness;
mod request;
mod retry;
mod routes;
mod schedule;

pub use crate::model::Origin;
pub use cancel::Cancel;
pub use credentials::headers::is_settable;
pub use credentials::secrets::{AccessError, Secrets, proxy_login, unmarked};
pub use fetcher::{FetchFailure, Fetched, Fetcher, LinkRequest, Setup, Visit};
pub use file_name::{name_from_url, safe_file_name};
pub use limits::FetchLimits;
pub use meter::Meter;
pub use politeness::robots_policy::LinkCounts;
pub use politeness::robots_txt::robots_allow;
pub use request::body::{Body, Bytes};
pub use request::exchange::Known;
pub use request::saved_parts::has_saved_part;
pub use reqwest::dns::{Addrs, Name, Resolve, Resolving};
pub use routes::check_file;
pub use schedule::scheduler::{Ready, Scheduler, Ticket};
