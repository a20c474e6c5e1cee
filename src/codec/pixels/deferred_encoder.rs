//! An encoder created when its image is known: the recipe may change channels and size, and profile and metadata must
//! describe the result, not the input.

use std::sync::Arc;

use crate::codec::spec::{Encoded, Encoder, Extras};
use crate::codec::{colour, errors, meta};
use crate::error::ItemError;
use crate::model::{Band, Channels, ImageInfo, Metadata, RowWriter};

type Stored = Box<dyn Fn(Channels) -> Channels + Send>;
type Make = Box<dyn FnOnce(Extras) -> Box<dyn Encoder> + Send>;

/// Profile and metadata for a file of this size that stores these channels.
pub(crate) fn extras(profile: Option<Arc<[u8]>>, metadata: Metadata, info: &ImageInfo, stored: Channels) -> Extras {
    Extras { profile: colour::fitting(profile, stored), metadata: meta::sized(metadata, info.width_px, info.height_px) }
}

struct Waiting {
    profile: Option<Arc<[u8]>>,
    metadata: Metadata,
    stored: Stored,
    make: Make,
}

/// An encoder that is created at its start.
pub(crate) struct DeferredEncoder {
    waiting: Option<Waiting>,
    encoder: Option<Box<dyn Encoder>>,
}

impl DeferredEncoder {
    /// `make` is called at the start with profile and metadata; `stored` returns the channels of the file.
    pub(crate) fn new(profile: Option<Arc<[u8]>>, metadata: Metadata, stored: Stored, make: Make) -> Self {
        Self { waiting: Some(Waiting { profile, metadata, stored, make }), encoder: None }
    }
}

impl RowWriter for DeferredEncoder {
    fn start(&mut self, info: ImageInfo) -> Result<(), ItemError> {
        let Some(Waiting { profile, metadata, stored, make }) = self.waiting.take() else {
            return Err(errors::cant_encode("encoder_started_twice"));
        };
        let encoder = self.encoder.insert(make(extras(profile, metadata, &info, stored(info.channels))));
        encoder.start(info)
    }

    fn write_rows(&mut self, band: &Band) -> Result<(), ItemError> {
        self.encoder.as_mut().ok_or_else(errors::not_started)?.write_rows(band)
    }
}

impl Encoder for DeferredEncoder {
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ItemError> {
        self.encoder.ok_or_else(errors::not_started)?.finish()
    }

    fn finish_cancellable(self: Box<Self>, cancelled: &dyn Fn() -> bool) -> Result<Encoded, ItemError> {
        self.encoder.ok_or_else(errors::not_started)?.finish_cancellable(cancelled)
    }
}
