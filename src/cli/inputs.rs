//! The inputs of a command: files, folders and URLs.

use std::ffi::OsString;
use std::path::Path;

use crate::engine::{self, ArgumentOptions};
use crate::error::JobError;
use crate::model::{Message, SourceSpec, locator, spelling};
use crate::store::{self, EntryKind};

/// The sources that the inputs on the command line name.
pub(super) fn sources(inputs: &[OsString], options: ArgumentOptions) -> Result<Vec<SourceSpec>, JobError> {
    let sources: Result<Vec<_>, _> =
        inputs.iter().map(|input| engine::from_argument(input, options).map_err(JobError::Refused)).collect();
    Ok(engine::merge_sources(sources?.into_iter().flatten()))
}

/// Refuses a URL whose scheme isn't fetched: it would be taken for a file name.
pub(super) fn check_scheme(input: &OsString) -> Result<(), JobError> {
    let Some((scheme, _)) = input.to_str().and_then(|word| word.split_once("://")) else { return Ok(()) };
    let known = ["http", "https", "file"].contains(&scheme.to_ascii_lowercase().as_str());
    if known || !scheme.chars().all(|c| c.is_ascii_alphanumeric()) || store::kind_at(Path::new(input)).is_some() {
        return Ok(());
    }
    let shown = locator::without_user_info(&input.to_string_lossy());
    Err(JobError::Refused(Message::new("other_scheme").with("url", shown).with("scheme", scheme)))
}

/// Refuses what is not a folder.
pub(super) fn check_folder(path: &Path) -> Result<(), JobError> {
    let message = match store::kind_at(path) {
        Some(EntryKind::Folder) => return Ok(()),
        Some(_) => "watch_no_folder",
        None => "watch_nothing_there",
    };
    Err(JobError::Refused(Message::new(message).with("path", path.display())))
}

/// Refuses a word that is neither a file nor a URL, but looks like one of the commands.
pub(super) fn check_input(input: &OsString, commands: &[String]) -> Result<(), JobError> {
    check_scheme(input)?;
    let looks_like_a_command = input.to_str().is_some_and(|word| !word.contains(['.', '/', '\\', ':']));
    if looks_like_a_command && store::kind_at(Path::new(input)).is_none() {
        let word = input.to_string_lossy();
        let message = match spelling::nearest(&word, commands.iter().map(String::as_str)) {
            Some(near) => Message::new("no_such_command_near").with("near", near),
            None => Message::new("no_such_command"),
        };
        return Err(JobError::Refused(message.with("word", word)));
    }
    Ok(())
}
