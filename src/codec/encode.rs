//! Encoding: from rows of pixels to a file's bytes. Every function finds the format's declaration and calls it.

use std::sync::Arc;

use super::animation::frame_encoder::FrameEncoder;
use super::formats::spec_of;
use super::pixels::deferred_encoder::{DeferredEncoder, extras};
use super::pixels::quality_search::{self, Bounded, Goal, Search};
use super::spec::{Encoder, EncoderSpec, Extras, FrameEncoderSpec};
use super::{errors, meta};
use crate::error::ItemError;
use crate::model::{Channels, Format, ImageInfo, Message, Metadata, MetadataPolicy, Part, Picture, Save};

/// An encoder of one image. `profile` is that of its rows; `save.metadata` is applied to `metadata` here. `CantEncode`
/// if the format is only read.
pub fn encoder(
    format: Format,
    save: &Save,
    profile: Option<Arc<[u8]>>,
    metadata: &Metadata,
) -> Result<Box<dyn Encoder>, ItemError> {
    let spec = encoder_spec(format)?;
    let metadata = kept(spec, save, None, metadata).metadata;
    let save = save.clone();
    let asked = save.clone();
    let stored = move |channels: Channels| (spec.stored_channels)(channels, &asked);
    let make = move |extras: Extras| -> Box<dyn Encoder> {
        let has_quality = format.default_quality().is_some();
        match Goal::of(&save) {
            Some(goal) if has_quality => Box::new(Search::new(format, spec, save, goal, extras)),
            Some(Goal::Bytes(limit)) => Box::new(Bounded { inner: (spec.new)(&save, extras), format, limit }),
            _ => (spec.new)(&with_quality(format, &save), extras),
        }
    };
    Ok(Box::new(DeferredEncoder::new(profile, metadata, Box::new(stored), Box::new(make))))
}

/// Whether a policy keeps all of an image's metadata.
pub fn keeps_all(metadata: &Metadata, policy: MetadataPolicy) -> bool {
    policy == MetadataPolicy::Keep || meta::by_policy(metadata, policy) == *metadata
}

/// An encoder of an animation with `picture`'s canvas and number of frames. `CantEncode` if the format holds one frame.
/// It ignores `save.max_bytes`: see [`within_bytes`](super::within_bytes).
pub fn frame_encoder(
    format: Format,
    save: &Save,
    picture: Picture,
    profile: Option<Arc<[u8]>>,
    metadata: &Metadata,
) -> Result<Box<dyn FrameEncoder>, ItemError> {
    let spec = encoder_spec(format)?;
    let frames = frame_encoder_spec(format)
        .ok_or_else(|| errors::cant_encode(Message::new("one_frame_format").with("format", format.label())))?;
    let metadata = kept(spec, save, None, metadata).metadata;
    let stored = (spec.stored_channels)(picture.canvas.channels, save);
    let extras = extras(profile, metadata, &picture.canvas, stored);
    (frames.new)(&with_quality(format, save), picture, extras)
}

/// What a result keeps of a profile and metadata.
fn kept(spec: &EncoderSpec, save: &Save, profile: Option<Arc<[u8]>>, metadata: &Metadata) -> Extras {
    meta::placed(Extras { profile, metadata: meta::by_policy(metadata, save.metadata) }, &spec.carries)
}

/// What a result of a format keeps of a profile and metadata.
pub(super) fn kept_of(
    format: Format,
    save: &Save,
    profile: Option<Arc<[u8]>>,
    metadata: &Metadata,
) -> Result<Extras, ItemError> {
    Ok(kept(encoder_spec(format)?, save, profile, metadata))
}

/// The parts of a file that a result does not have, although the settings keep them.
pub fn left_out(format: Format, save: &Save, profile: Option<&Arc<[u8]>>, metadata: &Metadata) -> Vec<Part> {
    if save.metadata == MetadataPolicy::Strip {
        return metadata.left_out.iter().filter(|part| !part.is_metadata()).cloned().collect();
    }
    let Ok(spec) = encoder_spec(format) else { return Vec::new() };
    kept(spec, save, profile.cloned(), metadata).metadata.left_out
}

/// Bytes of memory that an encoder of one image uses at its end, including the file. An estimate for budgets.
pub fn encoding_bytes(format: Format, save: &Save, info: &ImageInfo) -> u64 {
    let Ok(spec) = encoder_spec(format) else { return 0 };
    (spec.bytes)(save, info) + quality_search::held_bytes(format, spec, save, info)
}

/// Bytes of memory that an encoder of an animation uses at its end: canvases, the current frame, the file. An estimate
/// for budgets.
pub fn animation_bytes(format: Format, save: &Save, picture: &Picture) -> u64 {
    let canvas = &picture.canvas;
    let pixels = u64::from(canvas.width_px) * u64::from(canvas.height_px);
    let (compared, stored) =
        frame_encoder_spec(format).map_or((0, 0.0), |spec| ((spec.compared_bytes)(canvas), (spec.stored_bytes)(save)));
    let file = (pixels as f64 * f64::from(picture.frames) * stored) as u64;
    pixels * compared + encoding_bytes(format, &Save { max_bytes: None, ..save.clone() }, canvas) + file
}

/// Settings with a quality, if the format has one.
fn with_quality(format: Format, save: &Save) -> Save {
    let default = format.default_quality();
    let quality = default.map(|default| save.quality.unwrap_or(default).clamp(1, 100));
    Save { quality: quality.or(save.quality), ..save.clone() }
}

fn encoder_spec(format: Format) -> Result<&'static EncoderSpec, ItemError> {
    spec_of(format).and_then(|spec| spec.encoder.as_ref()).ok_or_else(|| {
        let written = Format::all().into_iter().filter(|format| format.is_written()).map(Format::label);
        let written = written.take(3).collect::<Vec<_>>().join(", ");
        errors::cant_encode(Message::new("not_written").with("format", format.label()).with("written", written))
    })
}

fn frame_encoder_spec(format: Format) -> Option<&'static FrameEncoderSpec> {
    spec_of(format)?.frame_spec()?.encoder.as_ref()
}
