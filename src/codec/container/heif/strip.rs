//! Removes metadata items from a file. Image items and their coded data stay as they are.

use std::ops::Range;

use super::item_codec::ItemCodec;
use super::items::Items;
use super::sequence::Sequence;
use super::still::probe;
use crate::codec::container::bmff::{BoxType, Fields};
use crate::codec::container::cuts::Cuts;

/// A box: its type, its bytes in the file, and where its content begins.
#[derive(Clone)]
struct Place {
    kind: BoxType,
    whole: Range<usize>,
    body: usize,
}

/// The boxes in a range of a file.
fn places(file: &[u8], range: Range<usize>) -> Option<Vec<Place>> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let mut head = Fields(file.get(at..range.end)?);
        let (short, kind) = (head.u32()?, head.array::<4>()?);
        let (size, body) = match short {
            0 => (range.end - at, 8),
            1 => (usize::try_from(head.u64()?).ok()?, 16),
            size => (size as usize, 8),
        };
        let end = at.checked_add(size).filter(|&end| size >= body && end <= range.end)?;
        found.push(Place { kind, whole: at..end, body: at + body });
        at = end;
    }
    Some(found)
}

/// The file without Exif and XMP; `None` if it can't be changed safely.
pub(crate) fn stripped(codec: &'static ItemCodec, file: &[u8]) -> Option<Vec<u8>> {
    let before = probe(codec, file).ok()?;
    let items = Items::read(codec, file).ok()?;
    let removed = items.metadata_ids();
    let outer = places(file, 0..file.len())?;
    let meta = outer.iter().find(|place| &place.kind == b"meta")?;
    let data = items.metadata_places()?;
    let idat = places(file, meta.body + 4..meta.whole.end)?.into_iter().find(|place| &place.kind == b"idat");
    let idat_at = idat.map_or(0, |place| place.body);
    let extended = outer.iter().filter(|place| &place.kind == b"uuid").map(|place| place.whole.clone());
    // Positions in tables of an image sequence are not known here: nothing moves then.
    let is_sequence = outer.iter().any(|place| &place.kind == b"moov");
    let mut cleared = file.to_vec();
    let in_idat = data.in_idat.iter().map(|place| place.start + idat_at..place.end + idat_at).collect();
    Cuts::new(in_idat).clear(&mut cleared);
    let mut cuts = data.in_file;
    if is_sequence {
        cuts.extend(clear_movie(codec, file, &outer, &mut cleared)?);
        if is_shared_with_frames(codec, file, &cuts)? {
            return None;
        }
        Cuts::new(cuts).clear(&mut cleared);
        let mut out = cleared.get(..meta.whole.start)?.to_vec();
        let new = without_items(&cleared, meta, &removed, &|at| Some(at))?;
        out.extend_from_slice(&padded(new, meta.whole.len())?);
        out.extend_from_slice(cleared.get(meta.whole.end..)?);
        return (probe(codec, &out).ok()? == before).then_some(out);
    }
    cuts.extend(extended);
    let shorter = without_items(&cleared, meta, &removed, &|at| Some(at))?.len();
    let spare = meta.whole.len().checked_sub(shorter)?;
    cuts.push(meta.whole.end - spare..meta.whole.end);
    let cuts = Cuts::new(cuts);
    let new = without_items(&cleared, meta, &removed, &|at| {
        let at = usize::try_from(at).ok()?;
        Some((at - cuts.before(at)) as u64)
    })?;
    cleared.get_mut(meta.whole.start..meta.whole.start + shorter)?.copy_from_slice(&new);
    for place in outer.iter().filter(|place| &place.kind == b"mdat") {
        let size = place.whole.len() - cuts.within(&place.whole);
        let at = place.whole.start;
        match u32::from_be_bytes(*file.get(at..)?.first_chunk::<4>()?) {
            0 => {}
            1 => cleared.get_mut(at + 8..at + 16)?.copy_from_slice(&(size as u64).to_be_bytes()),
            _ => cleared.get_mut(at..at + 4)?.copy_from_slice(&u32::try_from(size).ok()?.to_be_bytes()),
        }
    }
    let out = cuts.apply(&cleared);
    (probe(codec, &out).ok()? == before).then_some(out)
}

/// Clears the boxes of metadata in a movie and its tracks, and beside it, without moving anything. Returns where the
/// metadata is that they refer to.
fn clear_movie(
    codec: &'static ItemCodec,
    file: &[u8],
    outer: &[Place],
    cleared: &mut [u8],
) -> Option<Vec<Range<usize>>> {
    let mut found: Vec<Place> = places_of(outer, *b"uuid");
    for movie in outer.iter().filter(|place| &place.kind == b"moov") {
        let within = places(file, movie.body..movie.whole.end)?;
        let tracks = within.iter().filter(|place| &place.kind == b"trak");
        let of_tracks = tracks.map(|track| places(file, track.body..track.whole.end)).collect::<Option<Vec<_>>>()?;
        for boxes in of_tracks.iter().chain([&within]) {
            [*b"meta", *b"udta", *b"uuid"].into_iter().for_each(|kind| found.extend(places_of(boxes, kind)));
        }
    }
    let mut data = Vec::new();
    for place in &found {
        if &place.kind == b"meta" {
            let items = Items::read_meta(codec, file, file.get(place.body..place.whole.end)?).ok()?;
            data.extend(items.metadata_places()?.in_file);
        }
        cleared.get_mut(place.body..place.whole.end)?.fill(0);
        cleared.get_mut(place.whole.start + 4..place.whole.start + 8)?.copy_from_slice(b"free");
    }
    Some(data)
}

/// Whether a frame of a sequence has bytes in these places.
fn is_shared_with_frames(codec: &'static ItemCodec, file: &[u8], places: &[Range<usize>]) -> Option<bool> {
    let frames = Sequence::read(codec, file).ok()?.map(|sequence| sequence.sample_ranges()).transpose().ok()?;
    Some(places.iter().any(|place| {
        let (from, to) = (place.start as u64, place.end as u64);
        frames.iter().flatten().any(|frame| frame.start < to && from < frame.end)
    }))
}

/// The boxes of one type.
fn places_of(places: &[Place], kind: BoxType) -> Vec<Place> {
    places.iter().filter(|place| place.kind == kind).cloned().collect()
}

/// A `meta` box with as many bytes as before: a free box fills it.
fn padded(mut meta: Vec<u8>, length: usize) -> Option<Vec<u8>> {
    let spare = length.checked_sub(meta.len())?;
    if spare == 0 {
        return Some(meta);
    }
    let free = u32::try_from(spare).ok().filter(|&spare| spare >= 8)?;
    meta.extend(free.to_be_bytes());
    meta.extend(b"free");
    meta.resize(length, 0);
    meta.get_mut(..4)?.copy_from_slice(&u32::try_from(length).ok()?.to_be_bytes());
    Some(meta)
}

/// Where a byte of the file moves.
type Shift<'s> = &'s dyn Fn(u64) -> Option<u64>;

/// The `meta` box without some items.
fn without_items(file: &[u8], meta: &Place, removed: &[u32], shift: Shift<'_>) -> Option<Vec<u8>> {
    // Version and flags.
    let mut body = file.get(meta.body..meta.body + 4)?.to_vec();
    for place in places(file, meta.body + 4..meta.whole.end)? {
        let content = file.get(place.body..place.whole.end)?;
        match &place.kind {
            b"iinf" => push(&mut body, place.kind, &infos(content, removed)?)?,
            b"iloc" => push(&mut body, place.kind, &locations(content, removed, shift)?)?,
            b"iref" => {
                let kept = references(content, removed)?;
                // Version and flags alone refer to nothing.
                if kept.len() > 4 {
                    push(&mut body, place.kind, &kept)?;
                }
            }
            b"iprp" => push(&mut body, place.kind, &properties(content, removed)?)?,
            _ => body.extend_from_slice(file.get(place.whole)?),
        }
    }
    let mut out = Vec::new();
    push(&mut out, *b"meta", &body)?;
    Some(out)
}

fn push(out: &mut Vec<u8>, kind: BoxType, body: &[u8]) -> Option<()> {
    out.extend(u32::try_from(body.len() + 8).ok()?.to_be_bytes());
    out.extend(kind);
    out.extend_from_slice(body);
    Some(())
}

/// A number of 2 or 4 bytes.
fn push_number(out: &mut Vec<u8>, number: u32, wide: bool) -> Option<()> {
    if wide {
        out.extend(number.to_be_bytes());
    } else {
        out.extend(u16::try_from(number).ok()?.to_be_bytes());
    }
    Some(())
}

/// A number of 0, 4 or 8 bytes.
fn push_sized(out: &mut Vec<u8>, number: u64, bytes: u8) -> Option<()> {
    match bytes {
        0 => {}
        4 => out.extend(u32::try_from(number).ok()?.to_be_bytes()),
        _ => out.extend(number.to_be_bytes()),
    }
    Some(())
}

fn infos(content: &[u8], removed: &[u32]) -> Option<Vec<u8>> {
    let mut fields = Fields(content);
    let (version, _) = fields.version()?;
    fields.narrow_or_wide(version > 0)?;
    let (mut kept, mut count) = (Vec::new(), 0);
    for place in places(fields.0, 0..fields.0.len())? {
        let mut info = Fields(fields.0.get(place.body..place.whole.end)?);
        let (version, _) = info.version()?;
        let id = info.narrow_or_wide(version > 2)?;
        if version < 2 || !removed.contains(&id) {
            kept.extend_from_slice(fields.0.get(place.whole)?);
            count += 1;
        }
    }
    let mut out = content.get(..4)?.to_vec();
    push_number(&mut out, count, version > 0)?;
    out.extend(kept);
    Some(out)
}

fn locations(content: &[u8], removed: &[u32], shift: Shift<'_>) -> Option<Vec<u8>> {
    let mut fields = Fields(content);
    let (version, _) = fields.version()?;
    let (sizes, more) = (fields.u8()?, fields.u8()?);
    let (offset_bytes, length_bytes, base_bytes) = (sizes >> 4, sizes & 15, more >> 4);
    let index_bytes = if version == 0 { 0 } else { more & 15 };
    let count = fields.narrow_or_wide(version > 1)?;
    let (mut kept, mut kept_count) = (Vec::new(), 0);
    for _ in 0..count {
        let mut entry = Vec::new();
        let id = fields.narrow_or_wide(version > 1)?;
        push_number(&mut entry, id, version > 1)?;
        let mut is_in_file = true;
        if version > 0 {
            let method = fields.u16()?;
            is_in_file = method.is_multiple_of(16);
            entry.extend(method.to_be_bytes());
        }
        entry.extend(fields.u16()?.to_be_bytes());
        let base = fields.sized(base_bytes)?;
        let new_base = if is_in_file { shift(base)? } else { base };
        push_sized(&mut entry, new_base, base_bytes)?;
        let extents = fields.u16()?;
        entry.extend(extents.to_be_bytes());
        for _ in 0..extents {
            push_sized(&mut entry, fields.sized(index_bytes)?, index_bytes)?;
            let offset = fields.sized(offset_bytes)?;
            let moves = is_in_file && offset_bytes > 0 && !removed.contains(&id);
            let offset = if moves { shift(base.checked_add(offset)?)?.checked_sub(new_base)? } else { offset };
            push_sized(&mut entry, offset, offset_bytes)?;
            push_sized(&mut entry, fields.sized(length_bytes)?, length_bytes)?;
        }
        if !removed.contains(&id) {
            kept.extend(entry);
            kept_count += 1;
        }
    }
    let mut out = content.get(..6)?.to_vec();
    push_number(&mut out, kept_count, version > 1)?;
    out.extend(kept);
    Some(out)
}

fn references(content: &[u8], removed: &[u32]) -> Option<Vec<u8>> {
    let mut fields = Fields(content);
    let (version, _) = fields.version()?;
    let mut out = content.get(..4)?.to_vec();
    for place in places(fields.0, 0..fields.0.len())? {
        let mut reference = Fields(fields.0.get(place.body..place.whole.end)?);
        let from = reference.narrow_or_wide(version > 0)?;
        if !removed.contains(&from) {
            out.extend_from_slice(fields.0.get(place.whole)?);
        }
    }
    Some(out)
}

fn properties(content: &[u8], removed: &[u32]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for place in places(content, 0..content.len())? {
        if &place.kind != b"ipma" {
            out.extend_from_slice(content.get(place.whole)?);
            continue;
        }
        let body = content.get(place.body..place.whole.end)?;
        let mut fields = Fields(body);
        let (version, flags) = fields.version()?;
        let (mut kept, mut count) = (Vec::new(), 0u32);
        for _ in 0..fields.u32()? {
            let start = fields.0;
            let id = fields.narrow_or_wide(version > 0)?;
            for _ in 0..fields.u8()? {
                if flags & 1 == 1 { fields.u16().map(|_| ())? } else { fields.u8().map(|_| ())? }
            }
            if !removed.contains(&id) {
                kept.extend_from_slice(start.get(..start.len() - fields.0.len())?);
                count += 1;
            }
        }
        let table = [body.get(..4)?, &count.to_be_bytes(), &kept].concat();
        push(&mut out, place.kind, &table)?;
    }
    Some(out)
}
