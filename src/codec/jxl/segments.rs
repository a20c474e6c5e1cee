//! Parts of an animation that do not depend on each other. The library keeps every frame that it composed; only one part
//! is open at a time, so that an animation of whole frames takes no more memory than one of them.

use std::ops::Range;

use jxl_oxide::JxlImage;

/// Frames that refer to no earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Where its frames are in the codestream.
    pub(super) bytes: Range<usize>,
    /// The numbers of its frames that are shown.
    pub(super) shown: Range<usize>,
}

/// What a frame refers to and leaves behind.
#[derive(Clone, Debug, Default)]
struct Links {
    /// Whether it may refer to any earlier frame.
    to_any: bool,
    /// The slots that it is drawn over, and the lower resolution that it refines.
    slots: Vec<usize>,
    /// The slots that it replaces.
    replaces: Option<usize>,
    is_shown: bool,
}

/// Slots for frames, and for their lower resolutions.
const SLOTS: usize = 8;

fn links(image: &JxlImage, number: usize) -> Option<Links> {
    let header = image.frame(number)?.header();
    let mut links = Links { is_shown: header.is_keyframe(), ..Links::default() };
    // Patches come from any slot; noise depends on the number of frames before.
    links.to_any = header.flags.patches() || header.flags.noise();
    if header.flags.use_lf_frame() {
        links.slots.push(4 + header.lf_level as usize);
    }
    if header.frame_type.is_normal_frame() && !header.resets_canvas {
        links.slots.push(header.blending_info.source as usize);
        links.slots.extend(header.ec_blending_info.iter().map(|blending| blending.source as usize));
    }
    if header.lf_level > 0 {
        links.replaces = Some(3 + header.lf_level as usize);
    } else if header.can_reference() {
        links.replaces = Some(header.save_as_reference as usize);
    }
    Some(links)
}

/// Divides frames: the first one of each part.
fn starts(frames: &[Links]) -> Vec<usize> {
    let mut last: [Option<usize>; SLOTS] = [None; SLOTS];
    let mut needs = Vec::with_capacity(frames.len());
    for (number, frame) in frames.iter().enumerate() {
        let earliest = frame.slots.iter().filter_map(|&slot| last.get(slot).copied().flatten()).min();
        needs.push(if frame.to_any { 0 } else { earliest.unwrap_or(number) });
        if let Some(slot) = frame.replaces.and_then(|slot| last.get_mut(slot)) {
            *slot = Some(number);
        }
    }
    let mut starts = Vec::new();
    let mut needed = usize::MAX;
    for (number, need) in needs.iter().enumerate().rev() {
        needed = needed.min(*need);
        let is_after_shown = number == 0 || frames.get(number - 1).is_some_and(|frame| frame.is_shown);
        if is_after_shown && needed >= number {
            starts.push(number);
        }
    }
    starts.reverse();
    starts
}

/// The parts of the frames that are complete.
pub(super) fn segments(image: &JxlImage, codestream_bytes: usize) -> Vec<Segment> {
    let frames: Vec<Links> = (0..image.num_loaded_frames()).map_while(|number| links(image, number)).collect();
    let starts = starts(&frames);
    let mut shown = 0;
    let ends = starts.iter().skip(1).copied().chain([frames.len()]);
    let mut segments = Vec::with_capacity(starts.len());
    for (&start, end) in starts.iter().zip(ends) {
        let count = frames.get(start..end).unwrap_or_default().iter().filter(|frame| frame.is_shown).count();
        let from = image.frame_offset(start).unwrap_or(codestream_bytes);
        let to = image.frame_offset(end).unwrap_or(codestream_bytes);
        segments.push(Segment { bytes: from..to, shown: shown..shown + count });
        shown += count;
    }
    segments
}

/// The most frames that are kept at once.
pub(super) fn most_kept(segments: &[Segment]) -> usize {
    segments.iter().map(|segment| segment.shown.len()).max().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::super::segments::*;

    fn frame(slots: &[usize], replaces: Option<usize>, is_shown: bool) -> Links {
        Links { to_any: false, slots: slots.to_vec(), replaces, is_shown }
    }

    #[test]
    fn frames_are_divided_where_nothing_before_is_referred_to() {
        let whole = || frame(&[], Some(1), true);
        let part = || frame(&[1], Some(1), true);
        assert_eq!(starts(&[whole(), whole(), whole()]), [0, 1, 2]);
        assert_eq!(starts(&[whole(), part(), whole(), part(), part()]), [0, 2]);
        assert_eq!(starts(&[whole(), part(), part()]), [0]);
        // A frame that is not shown belongs to the next one that is.
        assert_eq!(starts(&[whole(), frame(&[], Some(2), false), frame(&[2], None, true), whole()]), [0, 1, 3]);
        // The background of all frames is needed to the end.
        let over = || frame(&[0], Some(1), true);
        assert_eq!(starts(&[frame(&[], Some(0), true), over(), over()]), [0]);
        // A slot that was never filled is empty.
        assert_eq!(starts(&[whole(), frame(&[3], None, true)]), [0, 1]);
        let patched = Links { to_any: true, ..whole() };
        assert_eq!(starts(&[whole(), whole(), patched, whole()]), [0, 3]);
        assert_eq!(starts(&[]), Vec::<usize>::new());
    }
}
