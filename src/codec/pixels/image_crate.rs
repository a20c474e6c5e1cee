//! Shared by formats that the `image` crate decodes as a whole.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use image::{ImageDecoder, ImageResult};

use super::whole_image::{self, WholeReader};
use crate::codec::errors;
use crate::codec::guard::control::DecodeControl;
use crate::codec::guard::truncated::Truncation;
use crate::codec::spec::{DecodeOptions, Decoded, FileHeader};
use crate::error::{ErrorKind, ItemError};
use crate::model::{ImageInfo, Metadata, Orientation};

/// Number of reads between checks for cancellation.
const READS_PER_CHECK: u32 = 4_096;

/// A format that the `image` crate decodes.
pub(crate) trait ImageCrateFormat {
    /// The library's decoder.
    fn decoder<'a>(file: impl BufRead + Seek + 'a) -> ImageResult<Box<dyn ImageDecoder + 'a>>;

    /// The minimum size of a file for such an image: smaller files are refused before memory is allocated.
    fn least_bytes(info: &ImageInfo) -> u64;

    /// The usable part of a truncated file; `None` if its data is invalid.
    fn truncation(bytes: &[u8], info: &ImageInfo) -> Option<Truncation>;

    /// Whether pixels take less than 8 bits, or are numbers of a palette's colours.
    fn has_few_colours(_bytes: &[u8]) -> bool {
        false
    }

    /// The file's metadata.
    fn metadata(_bytes: &[u8]) -> Metadata {
        Metadata::default()
    }
}

fn decoder<'a, F: ImageCrateFormat>(file: impl BufRead + Seek + 'a) -> Result<Box<dyn ImageDecoder + 'a>, ItemError> {
    F::decoder(file).map_err(|error| errors::from_image(&error))
}

/// Reads the header.
pub(crate) fn probe<F: ImageCrateFormat>(bytes: &[u8], _page: u32) -> Result<FileHeader, ItemError> {
    let info = whole_image::info(&decoder::<F>(Cursor::new(bytes))?)?;
    Ok(FileHeader::still(info, Orientation::Upright).with_few_colours(F::has_few_colours(bytes)))
}

/// Decodes the image.
pub(crate) fn open<F: ImageCrateFormat>(
    bytes: &[u8],
    options: &DecodeOptions,
    control: &DecodeControl<'_>,
) -> Result<Decoded<'static>, ItemError> {
    let cancelled = |error: ItemError| {
        if (control.cancelled)() { ItemError::nameless(ErrorKind::Cancelled) } else { error }
    };
    let mut decoder = decoder::<F>(Cancellable::new(Cursor::new(bytes), control)).map_err(cancelled)?;
    let info = whole_image::info(&decoder)?;
    let profile = decoder.icc_profile().ok().flatten();
    let decoded = if F::least_bytes(&info) > bytes.len() as u64 {
        Err(errors::truncated())
    } else {
        let decoded = whole_image::decode(decoder, options.keeps_damaged()).map_err(cancelled);
        if (control.cancelled)() { Err(ItemError::nameless(ErrorKind::Cancelled)) } else { decoded }
    };
    let (info, rows) = match decoded {
        Err(error) if error.kind == ErrorKind::Truncated => {
            let truncation = F::truncation(bytes, &info).ok_or(error)?;
            // Some programs leave out what ends the file.
            let is_whole = truncation.rows == info.height_px;
            if !is_whole && (!options.keeps_truncated() || truncation.rows == 0) {
                return Err(errors::truncated_rows(truncation.rows, info.height_px));
            }
            let padded = Cancellable::new(truncation.padded(bytes), control);
            let decoded = self::decoder::<F>(padded).and_then(|decoder| whole_image::decode(decoder, false));
            let (info, rows) = decoded.map_err(cancelled)?;
            let short = |rows: WholeReader| rows.short(truncation.rows, truncation.from_below, bytes.len() as u64);
            (info, if is_whole { rows } else { short(rows) })
        }
        other => other?,
    };
    let header = FileHeader::still(info, Orientation::Upright).with_few_colours(F::has_few_colours(bytes));
    Ok(Decoded { header, rows: Box::new(rows), profile, metadata: F::metadata(bytes) })
}

/// A file whose reads fail once decoding is cancelled: the crate's decoders can't be stopped in another way.
pub(crate) struct Cancellable<'c, F> {
    file: F,
    cancelled: &'c dyn Fn() -> bool,
    reads: u32,
}

impl<'c, F> Cancellable<'c, F> {
    /// A file for a decoder that `control` stops.
    pub(crate) fn new(file: F, control: &DecodeControl<'c>) -> Self {
        Self { file, cancelled: control.cancelled, reads: 0 }
    }

    fn check(&mut self) -> io::Result<()> {
        self.reads = (self.reads + 1) % READS_PER_CHECK;
        if self.reads == 0 && (self.cancelled)() { Err(io::Error::other("cancelled")) } else { Ok(()) }
    }
}

impl<F: Read> Read for Cancellable<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.file.read(buffer)
    }
}

impl<F: BufRead> BufRead for Cancellable<'_, F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.file.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.file.consume(amount);
    }
}

impl<F: Seek> Seek for Cancellable<'_, F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
