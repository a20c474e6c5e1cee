//! Pixloom edits, converts and downloads images in batches; interrupted jobs resume.
//!
//! Network and database work waits, so it runs as many tasks on few threads; pixel work computes, so it uses exactly one
//! thread per core; shared state has one owner that receives messages.
//!
//! The modules in the order of the data (each may use only those before it, see `ARCHITECTURE.md`): `model`, `error`,
//! `config`, `db`, `store`; then `source`, `fetch`, `codec`, `op`, `sink`, `catalog`, which never use each other; then
//! `engine`; then the front ends `cli` and `gui`.

#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests prepare files"))]

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

/// Registers the formats and reads the switches in environment variables: with `PIXLOOM_HUFFMAN=libjpeg`, JPEG files
/// are decoded with libjpeg's Huffman decoder instead of our own. The engine and the command line call this first; so
/// must other users of the library.
pub fn init() {
    codec::register_formats();
    if std::env::var_os("PIXLOOM_HUFFMAN").is_some_and(|name| name == "libjpeg") {
        codec::set_fast_huffman(false);
    }
}
