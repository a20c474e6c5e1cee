//! The contract of the command line: runs the real program in its own home against files and a local server.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests prepare files and servers")]

#[path = "cli/access.rs"]
mod access;
#[path = "cli/bombs.rs"]
mod bombs;
#[cfg(unix)]
#[path = "cli/catalog_failures.rs"]
mod catalog_failures;
#[path = "cli/config.rs"]
mod config;
#[path = "cli/crashes.rs"]
mod crashes;
#[path = "cli/damaged_files.rs"]
mod damaged_files;
#[cfg(unix)]
#[path = "util/database/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest of the servers")]
mod database;
#[cfg(unix)]
#[path = "cli/database_access.rs"]
mod database_access;
#[cfg(unix)]
#[path = "cli/database_passwords.rs"]
mod database_passwords;
#[cfg(feature = "gui")]
#[path = "cli/hand_over.rs"]
mod hand_over;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/helpers.rs"]
mod helpers;
#[cfg(unix)]
#[path = "cli/history.rs"]
mod history;
#[path = "cli/inputs_stay.rs"]
mod inputs_stay;
#[path = "cli/interrupts.rs"]
mod interrupts;
#[path = "cli/jobs.rs"]
mod jobs;
#[path = "cli/large_files.rs"]
mod large_files;
#[path = "cli/left_out.rs"]
mod left_out;
#[path = "cli/links.rs"]
mod links;
#[path = "cli/lists.rs"]
mod lists;
#[path = "cli/lost_results.rs"]
mod lost_results;
#[path = "cli/metadata.rs"]
mod metadata;
#[path = "cli/names.rs"]
mod names;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/pages.rs"]
mod pages;
#[path = "cli/pipes.rs"]
mod pipes;
#[cfg(unix)]
#[path = "cli/process_limits.rs"]
mod process_limits;
#[path = "util/program.rs"]
mod program;
#[path = "cli/queries.rs"]
mod queries;
#[cfg(unix)]
#[path = "cli/query_kills.rs"]
mod query_kills;
#[cfg(unix)]
#[path = "cli/query_servers.rs"]
mod query_servers;
#[cfg(unix)]
#[path = "cli/query_types.rs"]
mod query_types;
#[cfg(feature = "raw")]
#[path = "cli/raw.rs"]
mod raw;
#[cfg(target_os = "linux")] // others have no trash for programs
#[path = "cli/readme_databases.rs"]
mod readme_databases;
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "cli/reports.rs"]
mod reports;
#[path = "cli/rows_of_queries.rs"]
mod rows_of_queries;
#[cfg(unix)]
#[path = "cli/rows_of_servers.rs"]
mod rows_of_servers;
#[path = "cli/runs.rs"]
mod runs;
#[cfg(target_arch = "x86_64")] // other vector units may round differently
#[path = "cli/same_bytes.rs"]
mod same_bytes;
#[cfg(unix)]
#[path = "cli/servers.rs"]
mod servers;
#[cfg(unix)]
#[path = "cli/table_to_table.rs"]
mod table_to_table;
#[path = "cli/temporaries.rs"]
mod temporaries;
#[path = "cli/texts.rs"]
mod texts;
#[path = "cli/undo.rs"]
mod undo;
#[expect(dead_code, reason = "other tests use the rest of the server")]
mod util;
#[cfg(unix)]
#[path = "cli/watch.rs"]
mod watch;
#[path = "cli/words.rs"]
mod words;
#[path = "cli/write_back.rs"]
mod write_back;
#[cfg(unix)]
#[path = "cli/write_back_servers.rs"]
mod write_back_servers;
