//! URL -> bytes: clients, slots per host and in all, retries by cause, and a watch over the network itself; a guard of
//! addresses, secrets that stay with their place, and the courtesy of robots.txt.
//!
//! Knows nothing of pictures, jobs, catalogs or windows, and holds no runtime: its futures run on the engine's.

mod access;
mod adaptive;
mod body;
mod cancel;
mod client;
mod courtesy;
mod decode;
mod dns;
mod fault;
mod fetcher;
mod guard;
mod limits;
mod name;
mod netrc;
mod network;
mod noai;
mod pace;
mod rate;
mod reach;
mod receive;
mod resolver;
mod resume;
mod retry;
mod robots;
mod secrets;
mod slots;
mod spool;
mod timing;
mod transfer;

pub use crate::model::Origin;
pub use access::is_settable;
pub use body::{Body, Bytes};
pub use cancel::Cancel;
pub use client::check_ca_file;
pub use courtesy::LinkCounts;
pub use fetcher::{FetchFailure, Fetched, Fetcher, Setup, Visit};
pub use limits::FetchLimits;
pub use name::{name_from_url, safe_file_name};
pub use reqwest::dns::{Addrs, Name, Resolve, Resolving};
pub use secrets::{AccessError, Secrets};
pub use spool::{Spool, SpoolFolder, SpooledFile};
pub use transfer::Known;
