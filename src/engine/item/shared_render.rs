//! Several results of one image: it is decoded once, into memory, and each result is made from that. The decoded image is
//! as large as the largest result needs it.
//!
//! Results that need another decode (an animation, another page or colour space, a file that is rewritten without
//! decoding) are rendered by themselves.

use super::decoded::{Collector, SharedImage};
use super::render::{DecodeKey, Prepared, Rendered};
use crate::codec::{self, DecodeControl};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Band, Image, Message, RowReader, RowWriter, Save};

/// One result.
#[derive(Clone, Copy)]
pub(crate) struct Branch<'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) save: &'a Save,
    /// Whether it is made; one that exists only counts for the size at which the image is decoded, so that a result which is
    /// made later is the same.
    pub(crate) is_made: bool,
}

/// Renders the branches; each result is passed to `each`, with the branch's index, as soon as it is finished.
pub(crate) fn render_all(
    bytes: &[u8],
    branches: &[Branch<'_>],
    control: &DecodeControl<'_>,
    each: &mut dyn FnMut(usize, Result<Rendered, ItemError>),
) {
    let keys: Vec<Option<DecodeKey>> = branches.iter().map(|branch| branch.prepared.decode_key(branch.save)).collect();
    let mut is_done = vec![false; branches.len()];
    for at in 0..branches.len() {
        if is_done[at] || !branches[at].is_made {
            continue;
        }
        let group: Vec<usize> = match keys[at] {
            None => vec![at],
            Some(key) => (at..branches.len()).chain(0..at).filter(|other| keys[*other] == Some(key)).collect(),
        };
        let made = group.iter().copied().filter(|other| branches[*other].is_made && !is_done[*other]);
        let made: Vec<usize> = made.collect();
        made.iter().for_each(|one| is_done[*one] = true);
        if group.len() == 1 {
            let Branch { prepared, save, .. } = branches[at];
            each(at, prepared.render(bytes, save, control));
            continue;
        }
        let of_group: Vec<Branch<'_>> = group.iter().map(|other| branches[*other]).collect();
        match decode(bytes, &of_group, control) {
            Ok(shared) => {
                for one in made {
                    let Branch { prepared, save, .. } = branches[one];
                    each(one, prepared.render_shared(bytes, &shared, save, control));
                }
            }
            Err(error) => made.iter().for_each(|one| each(*one, Err(error.clone()))),
        }
    }
}

/// Decodes the image that these branches share.
fn decode(bytes: &[u8], group: &[Branch<'_>], control: &DecodeControl<'_>) -> Result<SharedImage, ItemError> {
    let Some(first) = group.first() else { return Err(ItemError::nameless(ErrorKind::Panic)) };
    let decoded = super::render::guarded(|| {
        let mut options = first.prepared.decode_options(first.save);
        options.max_downscale = max_downscale(group);
        options.luma = group.iter().all(|branch| branch.prepared.plan.accepts_luma());
        let mut opened = codec::open_cancellable(bytes, &options, control)?;
        let image = collect(opened.rows.as_mut(), control.cancelled)?;
        Ok(SharedImage {
            truncation: opened.rows.truncation(),
            remark: opened.rows.remark(),
            is_converted: opened.is_converted,
            image: Image { profile: opened.profile, metadata: opened.metadata, ..image },
        })
    });
    decoded.map_err(|error| first.prepared.explained(error))
}

fn max_downscale(group: &[Branch<'_>]) -> f64 {
    group.iter().map(|branch| branch.prepared.plan.max_downscale()).fold(f64::INFINITY, f64::min)
}

/// All rows of an image.
fn collect(rows: &mut dyn RowReader, cancelled: &dyn Fn() -> bool) -> Result<Image, ItemError> {
    /// Rows that are decoded at once.
    const ROWS: u32 = 64;
    let info = rows.info();
    let mut collector = Collector::new(None);
    collector.start(info)?;
    let mut band = Band::empty(&info);
    let mut left = info.height_px;
    while left > 0 {
        if cancelled() {
            return Err(ItemError::nameless(ErrorKind::Cancelled));
        }
        let had = rows.read_rows(ROWS.min(left), &mut band)?;
        if had == 0 {
            let rows = Message::new("truncated_rows").with("had", info.height_px - left);
            let rows = rows.count("count", info.height_px.into());
            return Err(ItemError::nameless(ErrorKind::Truncated).saying(&rows));
        }
        collector.write_rows(&band)?;
        left -= had.min(left);
    }
    collector.into_image()
}

/// Memory in bytes that these results take when they are made one after the other, the file included.
pub(crate) fn peak_bytes(branches: &[Branch<'_>], file_bytes: u64) -> u64 {
    let keys: Vec<Option<DecodeKey>> = branches.iter().map(|branch| branch.prepared.decode_key(branch.save)).collect();
    let mut most = 0;
    for (at, branch) in branches.iter().enumerate().filter(|(_, branch)| branch.is_made) {
        let group: Vec<Branch<'_>> = match keys[at] {
            None => Vec::new(),
            Some(key) => {
                let of_group = branches.iter().zip(&keys).filter(|(_, other)| **other == Some(key));
                of_group.map(|(branch, _)| *branch).collect()
            }
        };
        let alone = branch.prepared.peak_bytes(file_bytes);
        let shared = if group.len() > 1 { shared_bytes(branch.prepared, max_downscale(&group)) } else { 0 };
        most = most.max(alone.saturating_add(shared));
    }
    most
}

/// Bytes of an image that is decoded at this scale.
fn shared_bytes(prepared: &Prepared, max_downscale: f64) -> u64 {
    let header = codec::drawn_at(&prepared.header, max_downscale);
    // Decoders scale by eighths.
    let scale = (1.0 / max_downscale.max(1.0) + 0.125).min(1.0);
    (header.info.size_bytes() as f64 * scale * scale) as u64
}
