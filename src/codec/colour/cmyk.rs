//! Converts CMYK to RGB: by the embedded press profile, otherwise by simple subtractive mixing.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor};

use super::{options, spaces};
use crate::codec::pixels::convert::Sample;
use crate::model::{Channels, ColourChoice, Part};

/// A sample type for inks; its largest value is full ink.
pub(in crate::codec) trait InkSample: Sample {
    /// A transform from a press profile to an RGB space.
    fn transform(from: &ColorProfile, to: &ColorProfile) -> Option<InkTransform<Self>>;
}

type InkTransform<T> = Arc<dyn TransformExecutor<T> + Send + Sync>;

impl InkSample for u8 {
    fn transform(from: &ColorProfile, to: &ColorProfile) -> Option<InkTransform<Self>> {
        from.create_transform_8bit(Layout::Rgba, to, Layout::Rgb, options(from)).ok()
    }
}

impl InkSample for u16 {
    fn transform(from: &ColorProfile, to: &ColorProfile) -> Option<InkTransform<Self>> {
        from.create_transform_16bit(Layout::Rgba, to, Layout::Rgb, options(from)).ok()
    }
}

/// Converts rows of cyan, magenta, yellow and black to red, green and blue.
pub(in crate::codec) struct Inks<T> {
    transform: Option<InkTransform<T>>,
    profile: Option<Vec<u8>>,
    /// Whether the file has a profile that can't be used.
    is_unusable: bool,
}

impl<T: InkSample> Inks<T> {
    /// Converts from the file's profile straight to the requested space. `Keep` gives sRGB, because a press profile
    /// never describes RGB pixels. Without a usable profile: `rgb = (1 - ink) * (1 - black)`, in sRGB.
    pub(in crate::codec) fn new(profile: Option<&[u8]>, choice: ColourChoice) -> Self {
        let press = profile.and_then(|profile| spaces::read(profile, DataColorSpace::Cmyk));
        let transform = press.and_then(|press| T::transform(&press, &spaces::target(choice, Channels::Rgb)));
        let is_unusable = profile.is_some() && transform.is_none();
        let profile = transform.as_ref().and_then(|_| spaces::embedded(choice, Channels::Rgb));
        Self { transform, is_unusable, profile: profile.map(|profile| profile.to_vec()) }
    }

    /// The file's profile, if it can't be used.
    pub(in crate::codec) fn left_out(&self) -> Option<Part> {
        self.is_unusable.then_some(Part::UnusableProfile)
    }

    /// The profile of the pixels from [`Inks::mix`]; `None` is sRGB.
    pub(in crate::codec) fn profile(&self) -> Option<Vec<u8>> {
        self.profile.clone()
    }

    /// Converts four samples per pixel (the largest value is full ink) to three.
    pub(in crate::codec) fn mix(&self, inks: &[T], rgb: &mut [T]) {
        if self.transform.as_ref().is_some_and(|transform| transform.transform(inks, rgb).is_ok()) {
            return;
        }
        let max = T::MAX.wide();
        for (&[c, m, y, k], rgb) in inks.as_chunks::<4>().0.iter().zip(rgb.as_chunks_mut::<3>().0) {
            *rgb = [c, m, y].map(|ink| T::divide((max - ink.wide()) * (max - k.wide())));
        }
    }
}
