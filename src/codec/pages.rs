//! How many pages a document has, without decoding one.

use super::formats::spec_of;
use super::spec::{Frames, SeekRead};
use crate::error::ItemError;
use crate::model::Format;

/// Whether files of a format may be documents of several pages.
pub fn may_have_pages(format: Format) -> bool {
    spec_of(format).is_some_and(|spec| matches!(spec.frames, Frames::Pages(_)))
}

/// The number of pages of a file of this format, if it is known without reading all of the file; otherwise its
/// [header](super::probe_with) tells it.
pub fn count_pages(format: Format, file: &mut dyn SeekRead) -> Option<Result<u32, ItemError>> {
    match &spec_of(format)?.frames {
        Frames::Pages(pages) => pages.count.map(|count| count(file)),
        Frames::Single | Frames::All(_) => None,
    }
}
