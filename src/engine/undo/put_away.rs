//! Undo: results go to the trash if they are unchanged, and the files that they had replaced come back.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::{PAGE_FILES, Undoing, add, path_of, text_of};
use crate::error::JobError;
use crate::model::{ReplacedState, Stay, StayReason, UndoFile, UndoState};
use crate::store::{Expected, FileIdentity};

/// Where a result is.
enum Place {
    /// At its path, unchanged.
    There(FileIdentity),
    /// In the trash: an undo that was killed has moved it.
    InTrash(PathBuf),
    /// Neither.
    Stays(Stay),
}

impl Undoing {
    /// Counts what undo would do.
    pub(super) fn check(&self) -> Result<bool, JobError> {
        self.count_total()?;
        self.for_pages(
            |after| self.reader.undoable(self.job, after, PAGE_FILES),
            |page| {
                for (file, place) in page.iter().zip(self.places(&page)) {
                    match place {
                        Place::Stays(stay) => self.progress.note_stay(&file.path, &stay),
                        Place::There(_) | Place::InTrash(_) => {
                            add(&self.progress.moved);
                            match file.replaced.as_ref().map(|replaced| replaced.state) {
                                Some(ReplacedState::Moving | ReplacedState::Trashed) => add(&self.progress.replaced),
                                Some(ReplacedState::Lost | ReplacedState::Back) | None => {}
                            }
                        }
                    }
                    add(&self.progress.done);
                }
                Ok(())
            },
        )
    }

    /// Moves results to the trash.
    pub(super) fn undo(&self) -> Result<bool, JobError> {
        self.begin()?;
        self.count_total()?;
        let is_complete =
            self.for_pages(|after| self.reader.undoable(self.job, after, PAGE_FILES), |page| self.put_page_away(page))?;
        if is_complete {
            self.remove_folders()?;
        }
        Ok(is_complete)
    }

    fn count_total(&self) -> Result<(), JobError> {
        let counts = self.reader.undo_counts(self.job)?;
        self.progress.total.store(counts.results, Ordering::Release);
        self.progress.lost.store(counts.lost, Ordering::Release);
        Ok(())
    }

    /// Where these results are.
    fn places(&self, page: &[UndoFile]) -> Vec<Place> {
        let paths: Vec<PathBuf> = page.iter().map(|file| path_of(&file.path)).collect();
        let expected: Vec<Expected<'_>> = page
            .iter()
            .zip(&paths)
            .map(|(file, path)| Expected { path, size_bytes: file.bytes, hash: &file.hash })
            .collect();
        let checked = self.trash.check(&expected);
        page.iter().zip(checked).map(|(file, checked)| self.place(file, checked)).collect()
    }

    fn place(&self, file: &UndoFile, checked: Result<FileIdentity, Stay>) -> Place {
        // What is there may be the replaced file with the same bytes, which is back already.
        let is_replaced = file.replaced.as_ref().is_some_and(Self::is_back);
        if file.state != Some(UndoState::Moving) {
            let checked = if is_replaced { Err(Stay::of(StayReason::Gone)) } else { checked };
            return checked.map_or_else(Place::Stays, Place::There);
        }
        // An undo was killed.
        match (checked, is_replaced) {
            (Ok(identity), false) => Place::There(identity),
            (checked, _) => match self.find_result(file) {
                Some(trashed) => Place::InTrash(trashed),
                None => checked.map_or_else(Place::Stays, Place::There),
            },
        }
    }

    fn put_page_away(&self, mut page: Vec<UndoFile>) -> Result<(), JobError> {
        let places = self.places(&page);
        let is_there = |(_, place): &(&UndoFile, &Place)| matches!(place, Place::There(_));
        let moving = page.iter().zip(&places).filter(is_there);
        let moving = moving.map(|(file, _)| UndoFile {
            state: Some(UndoState::Moving),
            stays: None,
            replaced: None,
            ..file.clone()
        });
        self.record(moving.collect())?;
        let mut ended = Vec::with_capacity(page.len());
        for (file, place) in page.drain(..).zip(places) {
            // What is recorded as being moved is looked at again by the next undo.
            if self.progress.is_stopped() {
                break;
            }
            ended.push(self.put_away(file, place));
            add(&self.progress.done);
        }
        self.record(ended)
    }

    fn put_away(&self, mut file: UndoFile, place: Place) -> UndoFile {
        let moved = match place {
            Place::There(identity) => self.trash.put(&path_of(&file.path), &identity),
            Place::InTrash(trashed) => Ok(Some(trashed)),
            Place::Stays(stay) => Err(stay),
        };
        file.stays = None;
        match moved {
            Ok(trashed) => {
                file.state = Some(UndoState::Trashed);
                file.trashed = trashed.map(text_of);
                add(&self.progress.moved);
            }
            Err(stay) => {
                file.state = Some(UndoState::Stayed);
                file.stays = Some(stay);
            }
        }
        // Also if somebody has removed the result: its path is free.
        let is_free = file.stays.as_ref().is_none_or(|stay| stay.reason == StayReason::Gone);
        if is_free
            && let Some(replaced) = &mut file.replaced
            && let Err(stay) = self.return_replaced(replaced)
        {
            let why = stay.message(&replaced.path).to_string();
            file.stays.get_or_insert(Stay::because(StayReason::ReplacedNotBack, why));
        }
        if let Some(stay) = &file.stays {
            self.progress.note_stay(&file.path, stay);
        }
        file
    }

    /// Removes the folders that the job created, as far as they are empty now: inner ones first.
    fn remove_folders(&self) -> Result<(), JobError> {
        let mut before = i64::MAX;
        loop {
            let page = self.reader.created_folders(self.job, before, PAGE_FILES)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            before = *last;
            for (_, folder) in page {
                if self.trash.remove_empty_folder(&path_of(&folder)) {
                    add(&self.progress.folders);
                }
            }
        }
    }
}
