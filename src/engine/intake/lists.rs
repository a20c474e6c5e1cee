//! Lists of links, as far as a job is concerned: checked before it starts, fetched where they stand on the web.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::engine::api::snapshot::ListFile;
use crate::engine::run::body_in_memory_bytes;
use crate::engine::run::pools;
use crate::error::{ErrorKind, JobError};
use crate::fetch::{Body, Cancel, FetchLimits, Fetcher, Origin, Secrets, Setup};
use crate::model::{JobSpec, Message, SourceSpec, locator};
use crate::source;
use crate::store::Spool;

/// How often a list that is being fetched looks whether it was given up.
const LOOK: Duration = Duration::from_millis(50);

/// Checks the columns that a job asks its lists for, as far as they can be known before it starts.
pub(crate) fn check(spec: &JobSpec) -> Result<(), JobError> {
    let template = crate::engine::item::naming::template(spec)?;
    for source in &spec.sources {
        let (header, name) = match source {
            SourceSpec::UrlList { path } => {
                let header = source::list_header(path, &spec.lists).map_err(JobError::Refused)?;
                (header, path.display().to_string())
            }
            // What they hold is seen when it comes.
            SourceSpec::Stdin | SourceSpec::FetchedList { .. } => continue,
            SourceSpec::File { path } | SourceSpec::Folder { path, .. } => {
                (Some(source::Header::none()), path.display().to_string())
            }
            SourceSpec::Url { url } => (Some(source::Header::none()), locator::shown_url(url)),
        };
        let Some(header) = header else { continue };
        if let Some(column) = template.columns().find(|column| !header.may_have(column)) {
            let sentence = match header.columns.as_slice() {
                [] => Message::new(
                    "name_no_columns",
                    "The name template asks for {col:{column}}, which {source} can't fill in: it has no columns.",
                ),
                columns => Message::new(
                    "name_no_column",
                    "The name template asks for {col:{column}}, which the list {source} can't fill in: its columns are \
                     {columns}.",
                )
                .with("columns", columns.join(", ")),
            };
            return Err(JobError::Refused(sentence.with("column", column).with("source", name)));
        }
    }
    Ok(())
}

/// Lists that a face is told of at most.
const LOOKED_AT: usize = 32;

/// The lists among a draft's sources that have columns, or may have.
pub(crate) fn files(spec: &JobSpec) -> Arc<[ListFile]> {
    let paths = spec.sources.iter().filter_map(|source| match source {
        SourceSpec::UrlList { path } => Some(path),
        _ => None,
    });
    let file = |path: &PathBuf| match source::list_columns(path, &spec.lists) {
        Some((header, _)) if header.columns.is_empty() => None,
        Some((header, missing)) => Some(ListFile { path: path.clone(), columns: Some(header.columns), missing }),
        None => Some(ListFile { path: path.clone(), columns: None, missing: None }),
    };
    paths.take(LOOKED_AT).filter_map(file).collect()
}

/// A list that was fetched.
pub(crate) struct FetchedList {
    /// Its bytes, from their start.
    pub(crate) file: File,
    /// Their SHA-256.
    pub(crate) hash: String,
}

/// A fetcher for links of a job.
pub(crate) fn fetcher(spec: &JobSpec, secrets: &Arc<Secrets>) -> Result<Fetcher, JobError> {
    Fetcher::open(setup(spec, secrets)).map_err(JobError::from)
}

fn setup(spec: &JobSpec, secrets: &Arc<Secrets>) -> Setup {
    Setup {
        limits: FetchLimits {
            max_body_in_memory_bytes: body_in_memory_bytes(
                spec.limits.memory_bytes.unwrap_or_else(pools::default_memory_bytes),
                spec.limits.connections,
            ),
            ..FetchLimits::from(&spec.limits)
        },
        network: spec.network.clone(),
        secrets: Arc::clone(secrets),
        ..Setup::default()
    }
}

/// Fetches the list at a URL that the user gave.
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
    let fetcher = Fetcher::open(setup).map_err(JobError::from)?;
    let fetched = runtime.block_on(async {
        let fetching = fetcher.fetch(url, Origin::User, &spool, &cancel);
        tokio::pin!(fetching);
        loop {
            tokio::select! {
                fetched = &mut fetching => return fetched,
                () = tokio::time::sleep(LOOK) => {
                    if cancelled() {
                        cancel.cancel();
                    }
                }
            }
        }
    });
    let fetched = fetched.map_err(|failure| match failure.error.kind {
        ErrorKind::Cancelled => {
            let sentence = Message::new("list_given_up", "The list {list} was not fetched: it was given up.");
            JobError::Machine(sentence.with("list", locator::shown_url(url)))
        }
        _ => JobError::Item(failure.error),
    })?;
    let failed = |error: std::io::Error| {
        let sentence = Message::new("list_not_kept", "Couldn't keep the list {list} while it is read ({detail}).");
        JobError::Machine(sentence.with("list", locator::shown_url(url)).with("detail", error))
    };
    let hash = fetched.body.sha256();
    let file = match &fetched.body {
        Body::Memory(bytes) => in_a_file(bytes),
        // The name goes with the body; the open file stays.
        Body::File(file) => file.file().try_clone().and_then(rewound),
    };
    Ok(FetchedList { file: file.map_err(failed)?, hash })
}

fn rewound(mut file: File) -> std::io::Result<File> {
    file.rewind()?;
    Ok(file)
}

/// Bytes in a file without a name, to be read from its start.
fn in_a_file(bytes: &[u8]) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    rewound(file)
}

/// A chosen file whose name is that of a list is read as one.
pub(crate) fn or_list(spec: SourceSpec) -> SourceSpec {
    match spec {
        SourceSpec::File { path } if source::is_list_name(&path) => SourceSpec::UrlList { path },
        spec => spec,
    }
}

/// What a dropped or pasted path stands for: a folder with all below it, a list of links, or a file.
pub(crate) fn source_of_path(path: PathBuf) -> SourceSpec {
    if path.is_dir() {
        SourceSpec::Folder { path, recursive: true }
    } else if source::is_list_name(&path) {
        SourceSpec::UrlList { path }
    } else {
        SourceSpec::File { path }
    }
}
