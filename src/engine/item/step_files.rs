//! The files that steps name (watermarks, colour tables), read once and cached until they change.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::decode_image::{DecodeChoice, decode};
use crate::codec::{DecodeControl, Helpers};
use crate::model::{Image, Locator, Message, ParamKind, Recipe, Value};
use crate::op::{self, Files, Pipeline, StepError};
use crate::store::{self, EntryKind, Head};

/// The most files that are cached.
const KEPT: usize = 16;
/// The most bytes in a file that a step names.
const MAX_BYTES: u64 = 64 << 20;

/// Checks a recipe and the files that it names.
pub(crate) fn pipeline(recipe: &Recipe) -> Result<Pipeline, StepError> {
    static FILES: LazyLock<Arc<dyn Files>> = LazyLock::new(|| Arc::new(Cache::default()));
    Pipeline::new(recipe, &FILES)
}

/// When the files that a recipe names were last modified, in UTC milliseconds; `None` if it names none.
pub(crate) fn last_modified_ms(recipe: &Recipe) -> Option<i64> {
    let named = recipe.active().flat_map(|step| {
        let params = op::find(&step.op).map_or(&[][..], |spec| spec.params);
        let files = params.iter().filter(|param| matches!(param.kind, ParamKind::File { .. }));
        files.filter_map(|param| match step.params.get(param.name) {
            Some(Value::Text(path)) => Some(locator(path)),
            _ => None,
        })
    });
    let modified = |file: Locator| {
        let head = store::of(&file).and_then(|store| store.head(&file)).ok();
        // One that can't be examined may have just been modified.
        head.and_then(|head| head.modified_ms()).unwrap_or(i64::MAX)
    };
    named.map(modified).max()
}

/// Identifies a file's content when it was read.
#[derive(Clone, PartialEq)]
struct Stamp {
    path: String,
    head: Head,
}

/// A file's cached content.
#[derive(Clone)]
enum Content {
    Bytes(Arc<[u8]>),
    Picture(Arc<Image>),
}

#[derive(Default)]
struct Cache {
    kept: Mutex<Vec<(Stamp, Content)>>,
}

impl Cache {
    fn find(&self, stamp: &Stamp, wanted: impl Fn(&Content) -> bool) -> Option<Content> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(other, content)| other == stamp && wanted(content))?;
        let found = kept.remove(at);
        let content = found.1.clone();
        kept.push(found);
        Some(content)
    }

    fn keep(&self, stamp: Stamp, content: Content) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((stamp, content));
    }
}

/// The stamp of a file as it is now.
fn stamp(path: &str) -> Result<Stamp, Message> {
    let locator = locator(path);
    let head = store::of(&locator).and_then(|store| store.head(&locator)).map_err(|error| cant_open(path, &error))?;
    if head.kind != EntryKind::File {
        return Err(Message::new("file_none").with("path", path));
    }
    if head.size_bytes > MAX_BYTES {
        let sentence = Message::new("file_large").with("path", path);
        return Err(sentence.with("size", head.size_bytes >> 20).with("most", MAX_BYTES >> 20));
    }
    Ok(Stamp { path: path.to_owned(), head })
}

fn locator(path: &str) -> Locator {
    Locator::File(path.into())
}

fn read(path: &str) -> Result<Vec<u8>, Message> {
    store::read(&locator(path), MAX_BYTES).map_err(|error| {
        let sentence = Message::new("file_unread").with_message("detail", error.brief_message());
        sentence.with("path", path)
    })
}

fn cant_open(path: &str, error: &std::io::Error) -> Message {
    let sentence = match error.kind() {
        std::io::ErrorKind::NotFound => Message::new("file_missing"),
        std::io::ErrorKind::PermissionDenied => Message::new("file_denied"),
        _ => Message::new("file_unread").with_message("detail", error),
    };
    sentence.with("path", path)
}

impl Files for Cache {
    fn bytes(&self, path: &str) -> Result<Arc<[u8]>, Message> {
        let stamp = stamp(path)?;
        if let Some(Content::Bytes(bytes)) = self.find(&stamp, |content| matches!(content, Content::Bytes(_))) {
            return Ok(bytes);
        }
        let bytes: Arc<[u8]> = read(path)?.into();
        self.keep(stamp, Content::Bytes(Arc::clone(&bytes)));
        Ok(bytes)
    }

    fn image(&self, path: &str) -> Result<Arc<Image>, Message> {
        let stamp = stamp(path)?;
        if let Some(Content::Picture(picture)) = self.find(&stamp, |content| matches!(content, Content::Picture(_))) {
            return Ok(picture);
        }
        let bytes = read(path)?;
        let control = DecodeControl::new(&|| false, Helpers::of_this_program());
        let shown = decode(&bytes, DecodeChoice::default(), None, &control).map_err(|error| {
            let sentence = Message::new("file_no_image").with("path", path);
            sentence.with_message("detail", error.brief_message())
        })?;
        let picture = Arc::new(shown.image);
        self.keep(stamp, Content::Picture(Arc::clone(&picture)));
        Ok(picture)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]
    use std::fs;

    use super::super::step_files::*;

    #[test]
    fn a_file_is_read_again_after_it_has_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.cube");
        let name = path.to_str().expect("plain");
        let cache = Cache::default();
        assert!(cache.bytes(name).is_err_and(|why| why.to_string().contains("there is no file")));
        fs::write(&path, b"one").expect("writes");
        let first = cache.bytes(name).expect("reads");
        assert!(Arc::ptr_eq(&first, &cache.bytes(name).expect("is kept")));
        fs::write(&path, b"three").expect("writes");
        assert_eq!(cache.bytes(name).expect("reads again").as_ref(), b"three");
    }
}
