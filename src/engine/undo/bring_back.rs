//! Redo: results come back from the trash, and the files that undo had brought back go there again.

use std::path::Path;
use std::sync::atomic::Ordering;

use super::{PAGE_FILES, Undoing, add, has_hash, path_of, text_of};
use crate::error::JobError;
use crate::model::{ReplacedFile, ReplacedState, Stay, StayReason, UndoFile, UndoState};
use crate::store::{Expected, FileIdentity};

impl Undoing {
    /// Brings results back from the trash.
    pub(super) fn redo(&self) -> Result<bool, JobError> {
        self.begin()?;
        self.progress.total.store(self.reader.undo_counts(self.job)?.undone, Ordering::Release);
        self.for_pages(|after| self.reader.undone(self.job, after, PAGE_FILES), |page| self.bring_page_back(page))
    }

    fn bring_page_back(&self, page: Vec<UndoFile>) -> Result<(), JobError> {
        let returning = page.iter().filter(|file| file.state != Some(UndoState::Returning));
        let returning =
            returning.map(|file| UndoFile { state: Some(UndoState::Returning), replaced: None, ..file.clone() });
        self.record(returning.collect())?;
        let mut ended = Vec::with_capacity(page.len());
        for file in page {
            if self.progress.is_stopped() {
                break;
            }
            ended.push(self.bring_back(file));
            add(&self.progress.done);
        }
        self.record(ended)
    }

    fn bring_back(&self, mut file: UndoFile) -> UndoFile {
        let was_killed = file.state == Some(UndoState::Returning);
        let returned = self.take_result(&mut file, was_killed);
        file.stays = None;
        match returned {
            Ok(()) => {
                file.state = Some(UndoState::Returned);
                add(&self.progress.moved);
            }
            Err(stay) => {
                self.progress.note_stay(&file.path, &stay);
                file.state = Some(UndoState::Trashed);
                file.stays = Some(stay);
            }
        }
        file
    }

    fn take_result(&self, file: &mut UndoFile, was_killed: bool) -> Result<(), Stay> {
        let path = path_of(&file.path);
        let recorded = file.trashed.as_deref().map(path_of).filter(|trashed| has_hash(trashed, &file.hash));
        let Some(trashed) = recorded.or_else(|| self.find_result(file)) else {
            // A redo that was killed has brought it back already.
            if !was_killed || !self.is_at(&path, file) {
                return Err(Stay::of(StayReason::NotInTrash));
            }
            if let Some(replaced) = &mut file.replaced {
                self.find_cleared(replaced);
            }
            return Ok(());
        };
        file.trashed = Some(text_of(trashed.clone()));
        let mut replaced = file.replaced.take();
        let has_cleared = match &mut replaced {
            Some(replaced) => self.clear_replaced(replaced, was_killed),
            None => Ok(false),
        };
        let taken = has_cleared.and_then(|has_cleared| {
            let taken = self.trash.take(&trashed, &path);
            if let (Err(_), true, Some(replaced)) = (&taken, has_cleared, &mut replaced) {
                // It stays in the trash only if that fails as well, and then it is recorded there.
                let _ = self.return_replaced(replaced);
            }
            taken
        });
        file.replaced = replaced;
        taken
    }

    fn is_at(&self, path: &Path, file: &UndoFile) -> bool {
        let expected = Expected { path, size_bytes: file.bytes, hash: &file.hash };
        self.trash.check(&[expected]).iter().all(Result::is_ok)
    }

    /// A redo that was killed may have moved the file to the trash that undo had brought back.
    fn find_cleared(&self, replaced: &mut ReplacedFile) {
        if replaced.state == ReplacedState::Back
            && let Some(trashed) = self.find_replaced(replaced)
        {
            Self::note_trashed(replaced, Some(trashed));
        }
    }

    /// Moves the file to the trash again that undo had brought back, unless it was changed since. Returns whether it was
    /// moved.
    fn clear_replaced(&self, replaced: &mut ReplacedFile, was_killed: bool) -> Result<bool, Stay> {
        if replaced.state != ReplacedState::Back {
            return Ok(false);
        }
        let path = path_of(&replaced.path);
        let Ok(now) = FileIdentity::at(&path) else {
            // Somebody has removed it, or a redo that was killed has moved it.
            if was_killed {
                self.find_cleared(replaced);
            }
            return Ok(false);
        };
        if Ok(now) != replaced.identity.parse() {
            return Err(Stay::of(StayReason::BackChanged));
        }
        let trashed = self.trash.put(&path, &now)?;
        Self::note_trashed(replaced, trashed);
        add(&self.progress.replaced);
        Ok(true)
    }
}
