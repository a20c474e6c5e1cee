//! Exports a job's items or outputs to standard output or to a file.

#![expect(clippy::disallowed_methods, reason = "exports are written to a file")]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::catalog::{self, CatalogReader, ExportFormat, RecordRows};
use crate::error::JobError;
use crate::model::{JobId, Message};

/// Writes a job's items or outputs; returns how many. A file appears under its name completely or not at all.
pub fn export_job(
    reader: &dyn CatalogReader,
    job: JobId,
    rows: RecordRows,
    format: ExportFormat,
    file: Option<&Path>,
) -> Result<u64, JobError> {
    let Some(path) = file else {
        return catalog::export(reader, job, rows, format, &mut BufWriter::new(IgnoresClosedPipe(io::stdout())));
    };
    let failed = |error: io::Error| {
        let sentence = Message::new("export_file");
        JobError::Machine(sentence.with("path", path.display()).with("detail", error))
    };
    let part = path.with_file_name(format!(".pixloom-export-{}.part", std::process::id()));
    let write = |to: &mut BufWriter<File>| catalog::export(reader, job, rows, format, to);
    let written =
        write_part(&part, write, &failed).and_then(|written| fs::rename(&part, path).map(|()| written).map_err(failed));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// A pipe whose reader has ended (`| head`) is not an error.
struct IgnoresClosedPipe<W>(W);

impl<W: Write> Write for IgnoresClosedPipe<W> {
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

fn write_part(
    part: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<u64, JobError>,
    failed: &dyn Fn(io::Error) -> JobError,
) -> Result<u64, JobError> {
    let mut to = BufWriter::new(File::create(part).map_err(failed)?);
    let written = write(&mut to)?;
    to.flush().map_err(failed)?;
    to.get_ref().sync_all().map_err(failed)?;
    Ok(written)
}
