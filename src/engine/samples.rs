//! The sample pictures that come with the program, laid out as files so that they are sources like any other.

use std::path::PathBuf;

use crate::error::JobError;
use crate::model::SourceSpec;
use crate::sink;

const SAMPLES: &[(&str, &[u8])] = &[];

/// The folder of the sample pictures; made if it isn't there.
pub(super) fn sources() -> Result<Vec<SourceSpec>, JobError> {
    let dir = directories::ProjectDirs::from("", "", "pixloom")
        .map_or_else(|| std::env::temp_dir().join("pixloom-samples"), |dirs| dirs.data_dir().join("samples"));
    write_missing(&dir)
        .map_err(|error| JobError::Machine(format!("Couldn't lay out the samples in {}: {error}.", dir.display())))?;
    Ok(vec![SourceSpec::Folder { path: dir, recursive: false }])
}

fn write_missing(dir: &PathBuf) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    for (name, bytes) in SAMPLES {
        let path = dir.join(name);
        if !path.metadata().is_ok_and(|meta| meta.len() == bytes.len() as u64) {
            sink::write_whole(&path, bytes)?;
        }
    }
    Ok(())
}
