//! Files that results replace: what is recorded of them, and their way to the trash, so that undo can bring them back.

use std::path::Path;

use crate::engine::item::naming::{Naming, Target};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Locator, Message, ReplacedFile, ReplacedState, Stay, StayReason};
use crate::store::{FileIdentity, Trash};

/// A file that a result of a job is about to replace.
pub(super) struct Replaced {
    /// What is recorded of it.
    pub(super) record: ReplacedFile,
    identity: FileIdentity,
}

impl Replaced {
    /// The file that a target replaces; `None` if there is none, or a folder.
    pub(super) fn by(target: &Target, seq: u64, n: u32, is_trashed: bool) -> Option<Self> {
        let path = target.replaces()?;
        let identity = FileIdentity::at(path).ok()?;
        let record = ReplacedFile {
            seq,
            n,
            path: Locator::File(path.to_path_buf()).to_text(),
            state: if is_trashed { ReplacedState::Moving } else { ReplacedState::Lost },
            trashed: None,
            identity: identity.to_string(),
        };
        Some(Self { record, identity })
    }

    /// Moves it to the trash, if it is still there.
    pub(super) fn trash(mut self, naming: &Naming, target: &mut Target) -> Result<ReplacedFile, ItemError> {
        let path = target.replaces().unwrap_or(Path::new("")).to_path_buf();
        match Trash::of(&naming.out_dir).put(&path, &self.identity) {
            Ok(trashed) => {
                self.record.state = ReplacedState::Trashed;
                // Another one if it was copied to the trash of another file system.
                if let Some(identity) = trashed.as_deref().and_then(|trashed| FileIdentity::at(trashed).ok()) {
                    self.record.identity = identity.to_string();
                }
                self.record.trashed = trashed.map(|trashed| Locator::File(trashed).to_text());
                target.note_trashed();
                Ok(self.record)
            }
            // Another program has removed it.
            Err(Stay { reason: StayReason::Gone, .. }) => {
                target.note_trashed();
                self.record.state = ReplacedState::Back;
                Ok(self.record)
            }
            Err(stay) => {
                let why = match stay.detail.as_str() {
                    "" => stay.message(&path.display().to_string()),
                    detail => Message::new("system_text").with("text", detail),
                };
                Err(ItemError::new(ErrorKind::NotTrashed, &target.locator).saying(&why))
            }
        }
    }
}

/// Brings a file back whose replacement could not be saved. If that fails, it stays in the trash, and in the record.
pub(super) fn bring_back(naming: &Naming, replaced: &ReplacedFile) -> bool {
    let (path, trashed) = (Locator::parse(&replaced.path), replaced.trashed.as_deref().map(Locator::parse));
    match (path.path(), trashed.as_ref().and_then(Locator::path)) {
        (Some(path), Some(trashed)) => Trash::of(&naming.out_dir).take(trashed, path).is_ok(),
        _ => false,
    }
}
