//! An item's bytes, wherever they are: in memory, in a temporary file, or still in the store.

use std::borrow::Cow;
use std::io;
use std::sync::{Arc, OnceLock};

use crate::codec;
use crate::config::{HEAD_BYTES, MAX_BODY_IN_MEMORY_BYTES, MAX_FILE_BYTES};
use crate::error::{ErrorKind, ItemError};
use crate::fetch::Bytes;
use crate::model::{Locator, Message};
use crate::store::{self, Content, EntryKind, Head, SpooledFile};

/// Bytes in which the date of an image is looked for.
const CAPTURE_TIME_BYTES: u64 = 1 << 20;
/// Bytes in which the size of an image is looked for.
const SIZE_BYTES: u64 = 1 << 17;

/// An item's bytes.
pub(crate) enum ItemBody {
    /// In memory.
    Memory(Bytes),
    /// A document; the item is one of its pages.
    Document(Arc<Document>),
    /// In a temporary file, which is removed with it.
    Spooled(Box<SpooledFile>),
    /// Still in the input file, which is only to be copied.
    Stored(Locator),
}

/// A document that was read for one of its pages.
pub(crate) struct Document {
    locator: Locator,
    size_bytes: u64,
    modified_ms: Option<i64>,
    bytes: Vec<u8>,
    /// SHA-256 in lower-case hex, once it was asked for.
    hash: OnceLock<String>,
}

/// The document that was read last: the next one of its pages does not read it again.
#[derive(Default)]
pub(crate) struct LastDocument(Option<Arc<Document>>);

impl LastDocument {
    fn read(&mut self, locator: &Locator, head: &Head) -> Result<Arc<Document>, ItemError> {
        let (whole, size_bytes, modified_ms) = (locator.document(), head.size_bytes, head.modified_ms());
        let is_same = |document: &&Arc<Document>| {
            document.locator == whole && (document.size_bytes, document.modified_ms) == (size_bytes, modified_ms)
        };
        if let Some(document) = self.0.as_ref().filter(is_same) {
            return Ok(Arc::clone(document));
        }
        // This lets go of the one before first.
        self.0 = None;
        let bytes = store::read(locator, MAX_FILE_BYTES)?;
        let document = Document { locator: whole, size_bytes, modified_ms, bytes, hash: OnceLock::new() };
        Ok(Arc::clone(self.0.insert(Arc::new(document))))
    }
}

impl ItemBody {
    /// Opens an input, with its size in bytes. All of it is read, unless it is only to be copied, or `last` is its document.
    pub(crate) fn open(
        locator: &Locator,
        only_copied: bool,
        last: &mut LastDocument,
    ) -> Result<(Self, u64), ItemError> {
        let failed = |error| match locator.path() {
            Some(path) => ItemError::reading(path, &error),
            None => ItemError::new(ErrorKind::Io, locator).saying(&error.into()),
        };
        let head = store::of(locator).and_then(|store| store.head(locator)).map_err(failed)?;
        if head.kind != EntryKind::File {
            return Err(ItemError::new(ErrorKind::NotAPicture, locator).saying(&Message::new("not_regular")));
        }
        if only_copied {
            return Ok((Self::Stored(locator.clone()), head.size_bytes));
        }
        if head.size_bytes == 0 {
            return Err(ItemError::new(ErrorKind::Empty, locator));
        }
        if locator.page().is_some() {
            let document = last.read(locator, &head)?;
            let size_bytes = document.bytes.len() as u64;
            return Ok((Self::Document(document), size_bytes));
        }
        let bytes = store::read(locator, MAX_FILE_BYTES)?;
        let size_bytes = bytes.len() as u64;
        Ok((Self::Memory(bytes.into()), size_bytes))
    }

    /// All bytes of a file that can be read as an image.
    pub(crate) fn bytes(&self) -> Result<Cow<'_, [u8]>, ItemError> {
        match self {
            Self::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
            Self::Document(document) => Ok(Cow::Borrowed(&document.bytes)),
            Self::Spooled(file) => {
                let failed = |error: io::Error| ItemError::reading(&file.path(), &error);
                let size_bytes = file.size_bytes().map_err(failed)?;
                if size_bytes > MAX_FILE_BYTES {
                    let why = Message::new("file_bytes").with("size", size_bytes).with("most", MAX_FILE_BYTES);
                    return Err(ItemError::nameless(ErrorKind::TooLarge).saying(&why));
                }
                file.bytes().map(Cow::Owned).map_err(failed)
            }
            Self::Stored(locator) => store::read(locator, MAX_FILE_BYTES).map(Cow::Owned),
        }
    }

    /// The first bytes, enough to tell the format by; none where they can't be read.
    pub(crate) fn head(&self) -> Vec<u8> {
        self.start(HEAD_BYTES)
    }

    /// When the image was taken, as `codec::taken` gives it.
    pub(crate) fn capture_time(&self) -> Option<String> {
        if let Some(bytes) = self.held() {
            return codec::taken(bytes);
        }
        let start = self.start(CAPTURE_TIME_BYTES);
        // Some formats have their metadata after the pixels.
        let is_cut = start.len() as u64 == CAPTURE_TIME_BYTES && codec::sniff(&start).is_some();
        codec::taken(&start).or_else(|| codec::taken(&self.bytes().ok().filter(|_| is_cut)?))
    }

    /// The size in px of the image that it is, upright, as far as its header tells it without much reading.
    pub(crate) fn image_size_px(&self) -> Option<(u32, u32)> {
        let read = |bytes: &[u8]| codec::probe(bytes).ok().map(|header| header.upright_size_px());
        if let Some(bytes) = self.held() {
            return if codec::is_image(bytes) { read(bytes) } else { None };
        }
        let start = self.start(SIZE_BYTES);
        if !codec::is_image(&start) {
            return None;
        }
        read(&start).or_else(|| {
            // Some formats have their headers after the pixels.
            let is_cut = start.len() as u64 == SIZE_BYTES;
            let all = self.start(MAX_BODY_IN_MEMORY_BYTES);
            if is_cut && (all.len() as u64) < MAX_BODY_IN_MEMORY_BYTES { read(&all) } else { None }
        })
    }

    /// SHA-256 in lower-case hex, where no file has to be read for it.
    pub(crate) fn known_hash(&self) -> Option<String> {
        match self {
            Self::Memory(bytes) => Some(store::sha256_hex(bytes)),
            Self::Document(document) => Some(document.hash.get_or_init(|| store::sha256_hex(&document.bytes)).clone()),
            Self::Spooled(file) => Some(file.hash().to_owned()),
            Self::Stored(_) => None,
        }
    }

    /// SHA-256 in lower-case hex.
    pub(crate) fn hash(&self) -> Result<String, ItemError> {
        match (self.known_hash(), self) {
            (None, Self::Stored(locator)) => store::sha256_of(locator),
            (hash, _) => Ok(hash.unwrap_or_default()),
        }
    }

    /// How it becomes a result unchanged.
    pub(crate) fn content(&self) -> Content<'_> {
        match self {
            Self::Memory(bytes) => Content::Bytes(bytes),
            Self::Document(document) => Content::Bytes(&document.bytes),
            Self::Spooled(file) => Content::Move(file.name(), file.file()),
            Self::Stored(locator) => Content::Copy(locator),
        }
    }

    /// All bytes, if they are in memory.
    fn held(&self) -> Option<&[u8]> {
        match self {
            Self::Memory(bytes) => Some(bytes),
            Self::Document(document) => Some(&document.bytes),
            Self::Spooled(_) | Self::Stored(_) => None,
        }
    }

    fn start(&self, count: u64) -> Vec<u8> {
        match self {
            Self::Memory(bytes) => bytes.iter().take(count as usize).copied().collect(),
            Self::Document(document) => document.bytes.iter().take(count as usize).copied().collect(),
            Self::Spooled(file) => file.head(count).unwrap_or_default(),
            Self::Stored(locator) => store::read_head(locator, count),
        }
    }
}
