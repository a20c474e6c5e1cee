//! The engine on real images and links, through what a front end has: commands, snapshots, views, and a reader of the
//! catalog. Every wait is for a condition and has a deadline; every test has a folder of its own.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests prepare files and servers")]

#[expect(dead_code, reason = "other tests use the rest")]
mod util;

mod engine {
    mod animations;
    mod databases;
    mod decisions;
    pub(crate) mod desk;
    mod disk;
    mod drafts;
    mod failures;
    mod helpers;
    mod history;
    mod large_files;
    mod links;
    mod names;
    mod pictures;
    mod repeats;
    mod reruns;
    mod steering;
    mod survival;
    mod views;
}
