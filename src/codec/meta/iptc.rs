//! IPTC-IIM: records of `1C`, record, dataset, length, data (IIM 4.2, chapter 1).

use std::sync::Arc;

use super::date_time::moment;

/// Datasets of record 2 with places: content location code and name, city, sublocation, state, country code, country.
const PLACES: [u8; 7] = [26, 27, 90, 92, 95, 100, 101];
/// Datasets of record 2 that hold a preview: its format, its version, its data.
const PREVIEW: [u8; 3] = [200, 201, 202];
const DATE_CREATED: u8 = 55;
const TIME_CREATED: u8 = 60;

/// The Photoshop resource that contains the records.
const RESOURCE: u16 = 0x0404;

/// A dataset as it is stored, and the data in it.
pub(super) struct Dataset<'b> {
    pub(super) record: u8,
    pub(super) number: u8,
    whole: &'b [u8],
    pub(super) data: &'b [u8],
}

/// What is kept of Photoshop's image resources.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::codec) struct Resources {
    /// The IPTC records.
    pub(in crate::codec) iptc: Option<Vec<u8>>,
    /// Whether there is a clipping path.
    pub(in crate::codec) has_path: bool,
}

/// Reads Photoshop's image resources: `8BIM`, id, padded name, length, padded data. Records in several resources are
/// joined.
pub(in crate::codec) fn in_photoshop(mut resources: &[u8]) -> Resources {
    /// Resources that hold paths, and the one that names the clipping path.
    const PATHS: std::ops::RangeInclusive<u16> = 2_000..=2_997;
    let mut found = Resources::default();
    let mut blocks: Vec<&[u8]> = Vec::new();
    let mut read = || {
        let [b'8', b'B', b'I', b'M', id1, id0, rest @ ..] = resources else { return None };
        let name = 1 + usize::from(*rest.first()?);
        let rest = rest.get(name + name % 2..)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let data = rest.get(..length)?;
        resources = rest.get(length + length % 2..).unwrap_or_default();
        Some((u16::from_be_bytes([*id1, *id0]), data))
    };
    while let Some((id, data)) = read() {
        found.has_path |= PATHS.contains(&id);
        if id == RESOURCE && !blocks.contains(&data) {
            blocks.push(data);
        }
    }
    found.iptc = (!blocks.is_empty()).then(|| blocks.concat());
    found
}

/// The records of a block that some programs wrote as numbers in the wrong byte order.
pub(in crate::codec) fn unswapped(block: &[u8]) -> Vec<u8> {
    if !matches!(block, [first, _, _, 0x1C, ..] if *first != 0x1C) {
        return block.to_vec();
    }
    block.as_chunks::<4>().0.iter().flat_map(|&[a, b, c, d]| [d, c, b, a]).collect()
}

/// The datasets of a block, up to the first invalid one.
pub(super) fn datasets(block: &[u8]) -> impl Iterator<Item = Dataset<'_>> {
    let mut rest = block;
    std::iter::from_fn(move || {
        let &[0x1C, record, number, high, low, ref after @ ..] = rest else { return None };
        let (length, head) = if high & 0x80 == 0 {
            (usize::from(u16::from_be_bytes([high, low])), 5)
        } else {
            // An extended dataset: the two bytes give the number of bytes of the length.
            let bytes = usize::from(u16::from_be_bytes([high & 0x7F, low]));
            let digits = after.get(..bytes).filter(|digits| (1..=4).contains(&digits.len()))?;
            (digits.iter().fold(0usize, |length, &byte| length << 8 | usize::from(byte)), 5 + bytes)
        };
        let end = head.checked_add(length)?;
        let dataset = Dataset { record, number, whole: rest.get(..end)?, data: rest.get(head..end)? };
        rest = rest.get(end..).unwrap_or_default();
        Some(dataset)
    })
}

fn without(block: &[u8], numbers: &[u8]) -> Vec<u8> {
    let stays = |dataset: &Dataset<'_>| dataset.record != 2 || !numbers.contains(&dataset.number);
    datasets(block).filter(stays).flat_map(|dataset| dataset.whole.iter().copied()).collect()
}

/// The block without its preview; `None` if it has none.
pub(super) fn without_preview(block: &[u8]) -> Option<Vec<u8>> {
    let has = datasets(block).any(|dataset| dataset.record == 2 && PREVIEW.contains(&dataset.number));
    has.then(|| without(block, &PREVIEW))
}

/// The block without places. Anything that is not a valid dataset is dropped.
pub(super) fn without_places(block: &Arc<[u8]>) -> Option<Arc<[u8]>> {
    let kept = without(block, &PLACES);
    (!kept.is_empty()).then(|| kept.into())
}

/// The date and time of creation: `CCYYMMDD`, `HHMMSS+HHMM`.
pub(super) fn taken(block: &[u8]) -> Option<String> {
    let find = |number| {
        datasets(block).find(|dataset| (dataset.record, dataset.number) == (2, number)).map(|dataset| dataset.data)
    };
    let &[y3, y2, y1, y0, m1, m0, d1, d0, ..] = find(DATE_CREATED)? else { return None };
    let mut text = vec![y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0];
    if let Some(&[h1, h0, m1, m0, s1, s0, ..]) = find(TIME_CREATED) {
        text.extend([b'T', h1, h0, b':', m1, m0, b':', s1, s0]);
    }
    moment(&text)
}
