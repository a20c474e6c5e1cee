//! The sample images of the program, written to files so that they are sources like any others.

use std::io;
use std::path::Path;

use etcetera::BaseStrategy;

use crate::error::JobError;
use crate::model::{Locator, Message, SourceSpec};
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
        JobError::Machine(sentence.with("folder", dir.display()).with_message("detail", error))
    })?;
    Ok(vec![source::folder(dir, false)])
}

fn write_missing(dir: &Path) -> io::Result<()> {
    let store = store::of_path(dir);
    for (name, bytes) in SAMPLES {
        let head = store.head(&Locator::File(dir.join(name)));
        if !head.is_ok_and(|head| head.size_bytes == bytes.len() as u64) {
            store::put_in_folder(&dir.join(name), bytes)?;
        }
    }
    Ok(())
}
