//! Lists of links in a job: their columns are checked before it starts, and lists at URLs are fetched.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::config;
use crate::engine::api::snapshot::ListFile;
use crate::engine::item::texts::RecipeTexts;
use crate::engine::run::body_in_memory_bytes;
use crate::engine::run::memory_budget::default_memory_bytes;
use crate::engine::run::process_limits::{self, Shares};
use crate::error::{ErrorKind, JobError};
use crate::fetch::{Body, Cancel, FetchLimits, Fetcher, Origin, Secrets, Setup};
use crate::model::{JobSpec, Message, SourceSpec, WriteBackSpec, WriteField, locator, spelling};
use crate::source::{self, Columns, Header};
use crate::store::{self, Spool};

/// How often the fetch of a list checks whether it was cancelled.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// Checks the columns that a job uses, as far as they are known before it starts.
pub(crate) fn check(spec: &JobSpec) -> Result<(), JobError> {
    for source in &spec.sources {
        let header = match source::columns(source, &spec.lists) {
            Columns::NotAList => Header::none(),
            Columns::File { missing: Some((_, message)), .. } => return Err(JobError::Refused(message)),
            Columns::File { header: Some(header), .. } => header,
            // They are known once it is read.
            Columns::File { header: None, .. } | Columns::Unknown => continue,
        };
        check_header(spec, source, &header)?;
    }
    Ok(())
}

/// Checks the columns that a job uses against those of one of its sources.
pub(crate) fn check_header(spec: &JobSpec, source: &SourceSpec, header: &Header) -> Result<(), JobError> {
    for output in &spec.outputs {
        let template = crate::engine::item::naming::template(output)?;
        let texts = RecipeTexts::of(&output.whole_recipe(&spec.recipe));
        if let Some(column) = template.columns().find(|column| !header.may_have(column)) {
            return Err(missing_column(&NAME_LACKS, column, header, source));
        }
        if let Some((text, column)) = texts.columns_by_text().find(|(_, column)| !header.may_have(column)) {
            return Err(missing_column(&TEXT_LACKS.map(|lacks| lacks.with("text", text)), column, header, source));
        }
    }
    if let Some(column) = spec.write_back.iter().flat_map(written_columns).find(|column| !header.may_have(column)) {
        return Err(missing_column(&MAP_LACKS, column, header, source));
    }
    Ok(())
}

/// What is said of a column that a name uses: of a source without columns, of one with others, and of one with a similar one.
const NAME_LACKS: [Message; 3] =
    [Message::new("name_no_columns"), Message::new("name_no_column"), Message::new("name_no_column_near")];
/// The same of a text.
const TEXT_LACKS: [Message; 3] =
    [Message::new("text_no_columns"), Message::new("text_no_column"), Message::new("text_no_column_near")];

/// The same of a map of results.
const MAP_LACKS: [Message; 3] = [
    Message::new("write_back_no_columns"),
    Message::new("write_back_no_list_column"),
    Message::new("write_back_no_list_column_near"),
];

/// The columns of lists that are written back.
fn written_columns(spec: &WriteBackSpec) -> impl Iterator<Item = &str> {
    spec.keys.iter().chain(&spec.columns).filter_map(|pair| match &pair.field {
        WriteField::Column(name) => Some(name.as_str()),
        _ => None,
    })
}

/// The error for a source without a column that is used.
fn missing_column(lacks: &[Message; 3], column: &str, header: &Header, source: &SourceSpec) -> JobError {
    let [no_columns, no_column, no_column_near] = lacks;
    let names = header.columns.iter().map(String::as_str);
    let message = match spelling::nearest(column, names) {
        _ if header.columns.is_empty() => no_columns.clone(),
        Some(near) => no_column_near.clone().with("near", near),
        None => no_column.clone(),
    };
    let message = message.with("columns", header.columns.join(", ")).with("column", column);
    JobError::Refused(message.with("source", source::label(source)))
}

/// Largest number of lists whose columns are shown.
const MAX_LISTS_SHOWN: usize = 32;

/// The lists among a draft's sources that have columns, or may have some.
pub(crate) fn files(spec: &JobSpec) -> Arc<[ListFile]> {
    let file = |source: &SourceSpec| match source::columns(source, &spec.lists) {
        Columns::File { header: Some(header), .. } if header.columns.is_empty() => None,
        Columns::File { path, header, missing } => {
            let (columns, missing) = (header.map(|header| header.columns), missing.map(|(column, _)| column));
            Some(ListFile { path, columns, missing })
        }
        Columns::NotAList | Columns::Unknown => None,
    };
    spec.sources.iter().filter_map(file).take(MAX_LISTS_SHOWN).collect()
}

/// A fetched list.
pub(crate) struct FetchedList {
    /// Its bytes, to be read from the start.
    pub(crate) file: File,
    /// SHA-256 of the bytes.
    pub(crate) hash: String,
}

/// A fetcher for a job's links.
pub(crate) fn fetcher(spec: &JobSpec, secrets: &Arc<Secrets>) -> Result<Fetcher, JobError> {
    Fetcher::open(setup(spec, secrets)).map_err(JobError::from)
}

fn setup(spec: &JobSpec, secrets: &Arc<Secrets>) -> Setup {
    let memory_bytes = spec.limits.memory_bytes.unwrap_or_else(default_memory_bytes);
    let Shares { connections, idle_connections, kept_files } = process_limits::shares(spec.limits.connections);
    let max_body_in_memory_bytes = body_in_memory_bytes(memory_bytes, connections);
    Setup {
        limits: FetchLimits {
            connections,
            idle_connections,
            kept_files,
            max_body_in_memory_bytes,
            // As much as the bodies that are being received.
            kept_bytes: max_body_in_memory_bytes.saturating_mul(connections as u64),
            ..FetchLimits::from(&spec.limits)
        },
        network: spec.network.clone(),
        secrets: Arc::clone(secrets),
        ..Setup::default()
    }
}

/// Fetches a list from a URL that the user gave.
pub(crate) fn fetch(
    runtime: &Handle,
    spec: &JobSpec,
    secrets: &Arc<Secrets>,
    url: &str,
    cancelled: &dyn Fn() -> bool,
) -> Result<FetchedList, JobError> {
    let (cancel, spool) = (Cancel::new(), Spool::new(std::env::temp_dir()));
    let mut setup = setup(spec, secrets);
    // A list is not an item.
    setup.limits.item_timeout = None;
    setup.limits.total_timeout = Duration::from_secs(config::TOTAL_TIMEOUT_S);
    setup.limits.max_body_bytes = None;
    let fetcher = Fetcher::open(setup).map_err(JobError::from)?;
    let fetched = runtime.block_on(async {
        let fetching = fetcher.fetch(url, Origin::User, &spool, &cancel);
        tokio::pin!(fetching);
        loop {
            tokio::select! {
                fetched = &mut fetching => return fetched,
                () = tokio::time::sleep(CHECK_EVERY) => {
                    if cancelled() {
                        cancel.cancel();
                    }
                }
            }
        }
    });
    let fetched = fetched.map_err(|failure| match failure.error.kind {
        ErrorKind::Cancelled => {
            let sentence = Message::new("list_given_up");
            JobError::Machine(sentence.with("list", locator::shown_url(url)))
        }
        _ => JobError::Item(failure.error),
    })?;
    let failed = |error: std::io::Error| {
        let sentence = Message::new("list_not_kept");
        JobError::Machine(sentence.with("list", locator::shown_url(url)).with_message("detail", error))
    };
    let hash = fetched.body.sha256();
    let file = match &fetched.body {
        Body::Memory(bytes) => in_a_file(bytes),
        // The file's name is removed with the body; the open file stays.
        Body::File(file) => file.file().try_clone().and_then(rewound),
    };
    Ok(FetchedList { file: file.map_err(failed)?, hash })
}

fn rewound(mut file: File) -> std::io::Result<File> {
    file.rewind()?;
    Ok(file)
}

/// A temporary file without a name that holds these bytes.
fn in_a_file(bytes: &[u8]) -> std::io::Result<File> {
    let mut file = store::nameless_file()?;
    file.write_all(bytes)?;
    rewound(file)
}

/// The sources of dropped, chosen or pasted paths: folders with everything below them, lists, files.
pub(crate) fn sources_of_paths(paths: &[PathBuf]) -> Vec<SourceSpec> {
    source::merge(paths.iter().filter_map(|path| source::from_path(path)))
}
