//! URL -> bytes: one client, slots per host and in all, retries by cause, and a watch over the network itself.
//!
//! Knows nothing of pictures, jobs, catalogs or windows, and holds no runtime: its futures run on the engine's.
//! Room is left for ranges (`transfer`), a guard of addresses (`resolver`) and robots (before `fetcher`'s first hop).

mod body;
mod cancel;
mod client;
mod fault;
mod fetcher;
mod limits;
mod name;
mod network;
mod resolver;
mod retry;
mod slots;
mod transfer;

/// Who named a link. It decides which addresses may be reached for it: see the guard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The user: as an argument, in a local list, by pasting, or in a query of their own.
    #[default]
    User,
    /// A list that was itself fetched.
    Fetched,
}

pub use body::{Body, Spool};
pub use cancel::Cancel;
pub use fetcher::{FetchFailure, Fetched, Fetcher};
pub use limits::FetchLimits;
pub use name::{name_from_url, safe_file_name};
