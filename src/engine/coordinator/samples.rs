//! The sample images of the program, written to files so that they are sources like any others.

#![expect(clippy::disallowed_methods, reason = "sample images are unpacked on request")]

use std::path::PathBuf;

use etcetera::BaseStrategy;

use crate::error::JobError;
use crate::model::{Message, SourceSpec};
use crate::{source, store};

/// An image's name and bytes.
macro_rules! sample {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../../assets/samples/", $name)))
    };
}

const SAMPLES: &[(&str, &[u8])] = &[
    sample!("aurora-lake.jpg"),
    sample!("city-at-night.jpg"),
    sample!("dunes-at-dusk.jpg"),
    sample!("lighthouse-coast.jpg"),
    sample!("morning-dew.webp"),
    sample!("orange-slice.png"),
    sample!("paper-hills-portrait.jpg"),
    sample!("tulip-field.jpg"),
];

/// The folder of the sample images, which is created if it does not exist.
pub(crate) fn sources() -> Result<Vec<SourceSpec>, JobError> {
    let dir = etcetera::choose_base_strategy()
        .map_or_else(|_| std::env::temp_dir().join("pixloom-samples"), |dirs| dirs.data_dir().join("pixloom/samples"));
    write_missing(&dir).map_err(|error| {
        let sentence = Message::new("samples");
        JobError::Machine(sentence.with("folder", dir.display()).with("detail", error))
    })?;
    Ok(vec![source::folder(dir, false)])
}

fn write_missing(dir: &PathBuf) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    for (name, bytes) in SAMPLES {
        let path = dir.join(name);
        if !path.metadata().is_ok_and(|meta| meta.len() == bytes.len() as u64) {
            store::put(&path, bytes)?;
        }
    }
    Ok(())
}
