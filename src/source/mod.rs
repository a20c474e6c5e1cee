//! Where items come from: files, folders, links, lists of links.
//!
//! Each kind of source is declared in a file of its own and listed in `kinds.rs`. A source only finds and names items, one
//! after the other: it decodes no image and opens no connection of its own, and holds the names of at most one folder in memory.

mod fetched_list;
mod files;
mod folder;
mod kind;
mod kinds;
mod lists;
mod natural_order;
mod pasted_text;
mod path_list;
pub mod query;
mod raw_pairs;
mod statements;
mod stdin;
#[cfg(test)]
mod toy;
mod url;
mod url_list;
mod watched_folder;

pub use fetched_list::{fetched_list, hash_of_fetched_list, with_hash_of_list};
pub use files::files;
pub use folder::{copies_others, folder, is_image_name};
pub use kind::{
    Argument, ArgumentOptions, Columns, Databases, Dialog, Found, Give, MayGive, MenuEntry, Reading, Repeat, Results,
    SourceArguments, SourceKind, Taken, WatchedFiles,
};
pub use kinds::{
    argument_help, arguments_of, columns, folder_root, from_argument, from_list_argument, from_path, kind_of, kinds,
    label, list_argument_help, may_give, menu_entries, menu_label, merge, own_file, read, results_beside,
};
pub use lists::{Header, VALUE, formats_help, is_list_name};
pub use pasted_text::{PastedText, find_links};
pub use path_list::path_list;
pub use raw_pairs::read_paired;
pub use statements::{FROM, TO, is_statement, statement_parts, whole_statement};
pub use stdin::stdin;
pub use url::urls;
pub use url_list::url_list;
pub use watched_folder::{watched_folder, without_interval};
