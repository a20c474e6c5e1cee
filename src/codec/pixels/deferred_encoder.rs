//! An encoder that is made once it is known what it will encode: the recipe may have changed channels and size, and
//! profile and metadata must tell of the result, not of the input.

use std::sync::Arc;

use crate::codec::{Encoder, Extras, colour, errors, meta};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Metadata, RowWriter};

type Stored = Box<dyn Fn(Channels) -> Channels + Send>;
type Make = Box<dyn FnOnce(Extras) -> Result<Box<dyn Encoder>, ItemError> + Send>;

/// What goes into a file of that size, which stores those channels.
pub(crate) fn extras(profile: Option<Arc<[u8]>>, metadata: Metadata, info: &ImageInfo, stored: Channels) -> Extras {
    Extras { profile: colour::fitting(profile, stored), metadata: meta::sized(metadata, info.width_px, info.height_px) }
}

struct Waiting {
    profile: Option<Arc<[u8]>>,
    metadata: Metadata,
    stored: Stored,
    make: Make,
}

/// An encoder in waiting.
pub(crate) struct DeferredEncoder {
    waiting: Option<Waiting>,
    encoder: Option<Box<dyn Encoder>>,
}

impl DeferredEncoder {
    /// `make` is called at the start, with what goes into the file; `stored` tells which channels the file will have.
    pub(crate) fn new(profile: Option<Arc<[u8]>>, metadata: Metadata, stored: Stored, make: Make) -> Self {
        Self { waiting: Some(Waiting { profile, metadata, stored, make }), encoder: None }
    }
}

impl RowWriter for DeferredEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let Some(Waiting { profile, metadata, stored, make }) = self.waiting.take() else {
            return Err(errors::cant_encode("it was started twice"));
        };
        let encoder = self.encoder.insert(make(extras(profile, metadata, &info, stored(info.channels)))?);
        encoder.start(info)
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.encoder.as_mut().ok_or_else(|| errors::cant_encode("it was not started"))?.write_rows(band)
    }
}

impl Encoder for DeferredEncoder {
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        self.encoder.ok_or_else(|| errors::cant_encode("it was not started"))?.finish()
    }

    fn finish_cancellable(self: Box<Self>, cancelled: &dyn Fn() -> bool) -> Result<Vec<u8>, ItemError> {
        self.encoder.ok_or_else(|| errors::cant_encode("it was not started"))?.finish_cancellable(cancelled)
    }
}
