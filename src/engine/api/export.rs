//! Exports a job's items or outputs to standard output or to a file.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::catalog::{self, CatalogReader, ExportFormat, RecordRows};
use crate::error::JobError;
use crate::model::{JobId, Message};
use crate::store;

/// Writes a job's items or outputs; returns how many. A file appears under its name completely or not at all.
pub fn export_job(
    reader: &dyn CatalogReader,
    job: JobId,
    rows: RecordRows,
    format: ExportFormat,
    file: Option<&Path>,
) -> Result<u64, JobError> {
    let Some(path) = file.filter(|path| *path != Path::new("-")) else {
        return catalog::export(reader, job, rows, format, &mut BufWriter::new(UntilClosed(io::stdout())));
    };
    let failed = |error: io::Error| {
        let sentence = Message::new("export_file");
        JobError::Machine(sentence.with("path", path.display()).with_message("detail", error))
    };
    if store::kind_at(path) == Some(store::EntryKind::Folder) {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let mut file = BufWriter::new(store::create_file(path).map_err(failed)?);
    let written = catalog::export(reader, job, rows, format, &mut file)?;
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.commit().map_err(failed)?;
    Ok(written)
}

/// Writes to a pipe until its reader closes it (`| head`), which is not an error.
struct UntilClosed<W>(W);

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}
