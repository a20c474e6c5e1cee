//! Removes the metadata of PNG images in an icon; bitmaps have none.

use super::decode::{ENTRY, HEAD};
use crate::codec::guard::truncated::u32_at;
use crate::codec::png;

/// The file with every image's metadata removed; `None` if an image is not in the file.
pub(super) fn stripped(bytes: &[u8]) -> Option<Vec<u8>> {
    let count = usize::from(u16::from_le_bytes(*bytes.get(4..HEAD)?.first_chunk()?));
    let end = HEAD + count * ENTRY;
    let mut out = bytes.get(..end)?.to_vec();
    for n in 0..count {
        let at = HEAD + n * ENTRY;
        let (length, from) = (u32_at(bytes, at + 8)? as usize, u32_at(bytes, at + 12)? as usize);
        let data = bytes.get(from..from.checked_add(length)?)?;
        let bare;
        let data = if data.starts_with(png::SIGNATURE) {
            bare = png::stripped(data)?;
            &bare
        } else {
            data
        };
        let (start, length) = (u32::try_from(out.len()).ok()?, u32::try_from(data.len()).ok()?);
        out.get_mut(at + 8..at + 12)?.copy_from_slice(&length.to_le_bytes());
        out.get_mut(at + 12..at + 16)?.copy_from_slice(&start.to_le_bytes());
        out.extend_from_slice(data);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use crate::codec::{DecodeOptions, open, stripped};
    use crate::model::Band;

    #[test]
    fn texts_of_images_in_icons_are_removed_and_every_image_stays() {
        let picture = include_bytes!("../../../tests/data/pictures/png_text.png").as_slice();
        let bitmap: Vec<u8> = [40u32, 1, 2].map(u32::to_le_bytes).concat();
        let bitmap = [bitmap, vec![1, 0, 32, 0], vec![0; 24], vec![1, 2, 3, 255], vec![0; 4]].concat();
        let mut file = vec![0, 0, 1, 0, 2, 0];
        let mut at = 6 + 32u32;
        for data in [picture, &bitmap] {
            file.extend([1, 1, 0, 0, 1, 0, 32, 0]);
            file.extend([data.len() as u32, at].map(u32::to_le_bytes).concat());
            at += data.len() as u32;
        }
        file.extend([picture, &bitmap].concat());
        let read = |bytes: &[u8]| {
            let mut opened = open(bytes, &DecodeOptions::default()).unwrap();
            let info = opened.rows.info();
            let mut band = Band::empty(&info);
            opened.rows.read_rows(info.height_px, &mut band).unwrap();
            (info, band.samples, opened.metadata.texts)
        };
        let (info, samples, texts) = read(&file);
        assert!(!texts.is_empty());
        let bare = stripped(&file).unwrap().bytes;
        assert_eq!(read(&bare), (info, samples, Vec::new()));
        assert!(bare.ends_with(&bitmap) && bare.len() < file.len());
        assert_eq!(stripped(&bare).unwrap().bytes, bare);
    }
}
