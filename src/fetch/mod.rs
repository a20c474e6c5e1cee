//! URL -> bytes: one client, slots per host and in all, retries by cause, and a watch over the network itself.
//!
//! Knows nothing of pictures, jobs, catalogs or windows, and holds no runtime: its futures run on the engine's.
//! Room is left for a guard of addresses (`resolver`) and robots (before `fetcher`'s first hop).

mod body;
mod cancel;
mod client;
mod decode;
mod fault;
mod fetcher;
mod limits;
mod name;
mod network;
mod pace;
mod receive;
mod resolver;
mod resume;
mod retry;
mod slots;
mod timing;
mod transfer;

pub use body::{Body, Spool};
pub use cancel::Cancel;
pub use fetcher::{FetchFailure, Fetched, Fetcher, Visit};
pub use limits::FetchLimits;
pub use name::{name_from_url, safe_file_name};
pub use transfer::Known;
