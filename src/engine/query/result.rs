//! The end of a query job whose results become one: the rows of all statements, in the order of the statements.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;

use crate::catalog::CatalogReader;
use crate::engine::record::message::{Record, call};
use crate::error::JobError;
use crate::model::{
    ConflictPolicy, ItemState, JobId, JobSpec, Locator, Message, QueryResult, QuerySpec, RowsFormat, UndoFile,
    UndoState, WrittenFile,
};
use crate::sink::PlannedPath;
use crate::sink::rows::{self, KeptRows, Typing};
use crate::store::{self, Hasher};

/// Items read at once.
const PAGE_ITEMS: u32 = 500;
/// Bytes that are written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Writes the file of a job whose statements have all run, and removes their rows, unless failed statements may still add
/// to it. Those that failed have no rows in it.
pub(crate) fn finish(
    job: JobId,
    spec: &JobSpec,
    reader: &dyn CatalogReader,
    record_tx: &Sender<Record>,
) -> Result<(), JobError> {
    let Some(QueryResult::File { path, format, on_conflict, written }) = spec.query.as_ref().map(|query| &query.result)
    else {
        return Ok(());
    };
    // The program was killed after the file was written: its parts are gone, or about to go.
    if written.as_ref().is_some_and(|written| written.is_complete) {
        remove_parts(spec);
        return Ok(());
    }
    let unwritten = |path: &Path, error: &io::Error| store::unusable(path.parent().unwrap_or(path), error);
    let Some((path, replaces)) = choose(path, *on_conflict, written.as_ref()) else {
        return Err(JobError::Machine(Message::new("query_out_exists").with("path", path.display())));
    };
    // With the rows of the statements, so that a kill leaves nothing beside the file.
    let dir = spec.output().sink.dir.as_deref().or(path.parent()).unwrap_or(Path::new("."));
    let mut file = store::create_file_in(dir, &path).map_err(|error| unwritten(&path, &error))?;
    let hashed = Hashed { to: &mut file, hasher: Hasher::default(), bytes: 0 };
    let mut to = BufWriter::with_capacity(BUFFER_BYTES, hashed);
    if !write_rows(job, *format, reader, &mut to)? {
        return Ok(());
    }
    let Hashed { hasher, bytes, .. } = to.into_inner().map_err(|error| unwritten(&path, error.error()))?;
    let mut new = WrittenFile { path: path.clone(), hash: hasher.finish(), bytes, is_complete: false };
    // Before it has its name: a retry replaces this file, and no other.
    note(job, &new, reader, record_tx)?;
    let named = if replaces { file.commit() } else { file.commit_new() };
    named.map_err(|error| unwritten(&path, &error))?;
    if reader.job(job)?.is_some_and(|row| row.failed == 0) {
        new.is_complete = true;
        note(job, &new, reader, record_tx)?;
        remove_parts(spec);
    }
    Ok(())
}

/// Records a job's file, which is not the one that undo may have moved to the trash.
fn note(
    job: JobId,
    file: &WrittenFile,
    reader: &dyn CatalogReader,
    record_tx: &Sender<Record>,
) -> Result<(), JobError> {
    let forgotten = UndoFile { state: Some(UndoState::Returned), ..UndoFile::combined(file) };
    let mut noted = reader.request(job)?.unwrap_or_default();
    if let Some(QueryResult::File { written, .. }) = noted.query.as_mut().map(|query| &mut query.result) {
        *written = Some(file.clone());
    }
    call(record_tx, move |catalog| {
        catalog.set_request(job, &noted)?;
        catalog.record_undo(job, &[forgotten])
    })
}

/// The path of a job's file, and whether it replaces one; `None` if it may not.
fn choose(path: &Path, policy: ConflictPolicy, written: Option<&WrittenFile>) -> Option<(PathBuf, bool)> {
    if let Some(written) = written {
        let hash = store::sha256_of(&Locator::File(written.path.clone()));
        if hash.is_ok_and(|hash| hash == written.hash) {
            return Some((written.path.clone(), true));
        }
    }
    let is_taken = |path: &Path| store::of_path(path).is_taken(path);
    match policy {
        _ if !is_taken(path) => Some((path.to_path_buf(), false)),
        ConflictPolicy::Overwrite => Some((path.to_path_buf(), true)),
        ConflictPolicy::Rename => {
            let planned = PlannedPath::of_result(path)?;
            (1..=u32::MAX).map(|n| planned.candidate(n)).find(|path| !is_taken(path)).map(|path| (path, false))
        }
        ConflictPolicy::Skip | ConflictPolicy::Fail => None,
    }
}

/// Writes the rows of all statements of a job that has ended to standard output, which `to` is. Once all statements are
/// done, the rows are removed. The writer should be buffered.
pub fn write_query_result(reader: &dyn CatalogReader, job: JobId, to: &mut (dyn Write + Send)) -> Result<(), JobError> {
    let request = reader.request(job)?.unwrap_or_default();
    let Some(QueryResult::Stdout { format }) = request.query.as_ref().map(|query| &query.result) else { return Ok(()) };
    write_rows(job, *format, reader, to)?;
    if reader.job(job)?.is_some_and(|row| row.failed == 0) {
        remove_parts(&request);
    }
    Ok(())
}

fn write_rows(
    job: JobId,
    format: RowsFormat,
    reader: &dyn CatalogReader,
    to: &mut (dyn Write + Send),
) -> Result<bool, JobError> {
    let failed = |error: io::Error| JobError::Machine(Message::new("query_result").with_message("detail", error));
    let (mut typing, mut columns) = (Typing::default(), None);
    let is_typed_by_values = format == RowsFormat::Parquet;
    each_part(job, reader, &mut |part| {
        columns.get_or_insert_with(|| part.columns().to_vec());
        while is_typed_by_values && let Some(row) = part.next_row()? {
            typing.note(&row);
        }
        Ok(is_typed_by_values)
    })?;
    let Some(columns) = columns else { return Ok(false) };
    let mut writer = rows::writer(format, &columns, &typing, to).map_err(failed)?;
    each_part(job, reader, &mut |part| {
        while let Some(row) = part.next_row()? {
            writer.row(&row)?;
        }
        Ok(true)
    })?;
    writer.end().map_err(failed)?;
    Ok(true)
}

type Part = KeptRows<Box<dyn store::StoredFile>>;

/// Calls `take` for the kept rows of each done statement, in order, until it returns `false`.
fn each_part(
    job: JobId,
    reader: &dyn CatalogReader,
    take: &mut dyn FnMut(&mut Part) -> io::Result<bool>,
) -> Result<(), JobError> {
    let mut after_seq = 0;
    loop {
        let page = reader.after(job, after_seq, PAGE_ITEMS)?;
        let Some(last) = page.last() else { return Ok(()) };
        after_seq = last.id.seq;
        for row in page.iter().filter(|row| row.state == ItemState::Done) {
            let Some(output) = row.output.as_deref().map(Locator::parse) else { continue };
            let opened = store::of(&output).and_then(|store| store.open(&output)).and_then(KeptRows::open);
            let taken = opened.and_then(|mut part| take(&mut part)).map_err(|error| {
                let message = Message::new("query_part").with("path", &output).with_message("detail", error);
                JobError::Machine(message)
            })?;
            if !taken {
                return Ok(());
            }
        }
    }
}

/// Removes the rows of a job's statements that were kept to become one result.
pub(crate) fn remove_parts(spec: &JobSpec) {
    if spec.query.as_ref().is_some_and(QuerySpec::keeps_parts)
        && let Some(dir) = spec.output().sink.dir.as_ref().filter(|dir| store::kind_at(dir).is_some())
        && let Err(error) = store::remove_folder(dir)
    {
        tracing::warn!(%error, folder = %dir.display(), "the rows of statements could not be removed");
    }
}

/// Hashes what is written.
struct Hashed<W> {
    to: W,
    hasher: Hasher,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
