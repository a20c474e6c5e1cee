//! Results that lose their names: an item before theirs in the list was finished later. With `rename` they get other names,
//! with the other policies their items are skipped or fail, as if they had been finished in list order.
//!
//! Their items are running again meanwhile, so that a crash at any point is decided like that of any other item.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::catalog::CatalogReader;
use crate::engine::item::claims::RunClaims;
use crate::engine::item::naming::{Verdict, existing_output};
use crate::engine::run::{Run, recorded_again};
use crate::model::{Finished, ItemId, Locator, Outcome, SkipReason};

/// A result that loses its name.
pub(super) struct Displaced {
    /// The item's new outcome.
    pub(super) finished: Finished,
    /// Where it is.
    pub(super) from: PathBuf,
    /// Its new name, if it keeps its bytes.
    to: Option<PathBuf>,
}

impl Displaced {
    /// What becomes of an item whose result is at `from`. `taken` are the names of the same batch.
    pub(super) fn plan(
        run: &Run,
        id: ItemId,
        from: PathBuf,
        reader: &dyn CatalogReader,
        taken: &mut HashSet<PathBuf>,
    ) -> Option<Self> {
        let row = reader.item(id).ok().flatten()?;
        let claims = RunClaims { job: id.job, reader, promised: Some(taken), replaced: None, waits_for_sources: false };
        let verdict = run.naming().displaced(&row, &from, &claims);
        let (to, outcome) = match verdict {
            Verdict::Save(path, _) => {
                taken.insert(path.clone());
                let output = Locator::File(path.clone()).to_text();
                (Some(path), Outcome::Done { output })
            }
            Verdict::Skip(_, sentence) => (None, Outcome::Skipped { reason: SkipReason::Exists, sentence }),
            Verdict::Refuse(error) => (None, Outcome::Failed(error)),
        };
        let mut finished = recorded_again(&row, outcome);
        if to.is_none() {
            finished.clear_output();
        }
        if matches!(finished.outcome, Outcome::Skipped { .. }) {
            finished.outputs = vec![existing_output(&from)];
        }
        Some(Self { finished, from, to })
    }

    /// Where the result is going to be.
    pub(super) fn path(&self) -> &Path {
        self.to.as_deref().unwrap_or(&self.from)
    }

    /// Renames the result. If that fails, it stays where it is.
    pub(super) fn rename(&mut self, run: &Run) -> io::Result<()> {
        let Some(to) = &self.to else { return Ok(()) };
        let renamed = run.naming().output().and_then(|output| output.rename(&self.from, to));
        if renamed.is_err() {
            self.finished.outcome = Outcome::Done { output: Locator::File(self.from.clone()).to_text() };
        }
        renamed
    }
}
