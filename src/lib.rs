//! Pixloom: batches of pictures and links, picked, filtered, fetched, watched and recorded.
//!
//! Three kinds of work want three kinds of concurrency: network and database work waits, so many tasks are in flight on
//! few threads; pixel work computes, so exactly one thread per core is busy; shared state has one owner and messages.
//!
//! The rooms, in the order of the data's way (each may use only those above it; see `ARCHITECTURE.md`):
//! `model`, `error`, `config`, `db`, then `source`, `fetch`, `codec`, `op`, `sink`, `catalog`, which never see each
//! other, then `engine`, then the faces `cli` and `gui`.

pub mod catalog;
pub mod cli;
pub mod codec;
pub mod config;
pub mod db;
pub mod engine;
pub mod error;
pub mod fetch;
#[cfg(feature = "gui")]
pub mod gui;
pub mod model;
pub mod op;
pub mod sink;
pub mod source;
pub mod store;

/// Makes the formats known, and reads the switches that are environment variables: with `PIXLOOM_HUFFMAN=libjpeg`, JPEG
/// is decoded with libjpeg's Huffman decoder instead of our own. The engine and the command line call this first; so must
/// everything that uses the library without them.
pub fn init() {
    codec::register_formats();
    if std::env::var_os("PIXLOOM_HUFFMAN").is_some_and(|name| name == "libjpeg") {
        codec::set_fast_huffman(false);
    }
}
