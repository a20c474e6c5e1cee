//! URL -> bytes: one client, slots per host and in all, retries by cause, and a watch over the network itself.
//!
//! Knows nothing of pictures, jobs, catalogs or windows, and holds no runtime: its futures run on the engine's.
//! Room is left for ranges (`transfer`), a guard of addresses (`resolver`) and robots (before `fetcher`'s first hop).

mod body;
mod cancel;
mod client;
mod fault;
mod fetcher;
mod guard;
mod limits;
mod name;
mod network;
mod resolver;
mod retry;
mod slots;
mod transfer;

pub use crate::model::Origin;
pub use body::{Body, Spool};
pub use cancel::Cancel;
pub use fetcher::{FetchFailure, Fetched, Fetcher};
pub use limits::FetchLimits;
pub use name::{name_from_url, safe_file_name};
