//! One picture's way: bytes, decoder, pipeline, encoder, bytes. The same for outputs, predictions and previewed sizes.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::codec::{self, DecodeOptions, Header};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Format, ImageInfo, Save};
use crate::op::{Pipeline, Plan};

/// A picture whose header was read and whose way is planned; no pixel has been touched.
pub(crate) struct Prepared {
    pub(crate) header: Header,
    pub(crate) plan: Plan,
    /// The format it will be written in.
    pub(crate) format: Format,
    /// What its decoder will hold.
    decoding_bytes: u64,
    /// What its encoder will hold.
    encoding_bytes: u64,
}

/// A finished picture.
pub(crate) struct Rendered {
    pub(crate) bytes: Vec<u8>,
    pub(crate) info: ImageInfo,
}

/// The page that a way to save picks out, counted from 0.
pub(crate) fn page_of(save: &Save) -> u32 {
    u32::from(save.page.unwrap_or(1)).saturating_sub(1)
}

/// Reads the header and plans the way.
pub(crate) fn prepare(bytes: &[u8], pipeline: &Pipeline, save: &Save) -> Result<Prepared, ItemError> {
    guarded(|| {
        let header = codec::probe_page(bytes, page_of(save))?;
        let plan = pipeline.plan(&header.info, header.orientation, 1.0)?;
        let format = save.format.resolve(header.format);
        let decoding_bytes = codec::held_bytes(bytes, &header);
        let encoding_bytes = codec::encoding_bytes(format, save, &plan.output());
        Ok(Prepared { header, plan, format, decoding_bytes, encoding_bytes })
    })
}

impl Prepared {
    /// Memory that rendering takes at once, in bytes, the input's and output's files included.
    pub(crate) fn peak_bytes(&self, file_bytes: u64) -> u64 {
        file_bytes + self.decoding_bytes + self.plan.peak_bytes() + self.encoding_bytes
    }

    /// Decodes, runs the pipeline and encodes.
    pub(crate) fn render(
        &self,
        bytes: &[u8],
        save: &Save,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Rendered, ItemError> {
        guarded(|| {
            let options = DecodeOptions {
                max_downscale: self.plan.max_downscale(),
                luma: self.plan.accepts_luma(),
                colour: codec::colour_for(self.format, save.colour),
                page: page_of(save),
                ..DecodeOptions::default()
            };
            let mut opened = codec::open(bytes, &options)?;
            let mut encoder = codec::encoder(self.format, save, opened.profile.clone(), &opened.metadata)?;
            self.plan.run(opened.rows.as_mut(), encoder.as_mut(), cancelled)?;
            Ok(Rendered { bytes: encoder.finish_unless(cancelled)?, info: self.plan.output() })
        })
    }
}

/// Runs a task; a panic within it becomes its error.
pub(crate) fn guarded<T>(task: impl FnOnce() -> Result<T, ItemError>) -> Result<T, ItemError> {
    catch_unwind(AssertUnwindSafe(task))
        .unwrap_or_else(|panic| Err(ItemError::nameless(ErrorKind::Panic).with("detail", panic_text(panic.as_ref()))))
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_task_becomes_its_error() {
        let result: Result<(), _> = guarded(|| panic!("row {} of 3", 4));
        assert!(result.is_err_and(|e| e.kind == ErrorKind::Panic && e.arg("detail") == "row 4 of 3"));
    }
}
