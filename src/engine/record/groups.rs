//! Items with several outputs in a batch: each output gets its name and its file like the result of any item; then the item
//! is recorded as a whole.

use std::collections::BTreeMap;

use super::message::{FinishedItem, FinishedOutput};
use crate::engine::item::naming::Target;
use crate::engine::item::outputs::{OutputEnd, at_path, ended};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Finished, ItemId, ItemOutput, ItemState, Locator, Outcome};

/// The items of a batch that have several outputs.
#[derive(Default)]
pub(super) struct Groups(BTreeMap<ItemId, Group>);

struct Group {
    /// What is recorded of the item besides its outputs.
    facts: Finished,
    /// Outputs without a file that is to appear.
    ends: Vec<OutputEnd>,
    /// Those with one, before they have their names.
    staged: BTreeMap<u32, ItemOutput>,
    is_withheld: bool,
}

impl Groups {
    /// Divides the items with several outputs: each of their files becomes an entry of the batch.
    pub(super) fn split(batch: Vec<FinishedItem>) -> (Vec<FinishedItem>, Self) {
        let mut groups = Self::default();
        let mut divided = Vec::with_capacity(batch.len());
        for item in batch {
            if item.outputs.is_empty() {
                divided.push(item);
                continue;
            }
            let FinishedItem { finished: facts, outputs, is_withheld, .. } = item;
            let (id, mut ends, mut staged) = (facts.id, Vec::new(), BTreeMap::new());
            for FinishedOutput { end, target } in outputs {
                match target {
                    None => ends.push(end),
                    Some(target) => {
                        let n = end.output.n;
                        let finished = Finished {
                            output_hash: end.output.hash.clone(),
                            bytes_out: end.output.bytes,
                            ..Finished::new(id, Outcome::Done { output: String::new() })
                        };
                        staged.insert(n, end.output);
                        divided.push(FinishedItem { n, ..FinishedItem::new(finished, Some(target)) });
                    }
                }
            }
            groups.0.insert(id, Group { facts, ends, staged, is_withheld });
        }
        (divided, groups)
    }

    /// Whether an item has several outputs.
    pub(super) fn contains(&self, id: ItemId) -> bool {
        self.0.contains_key(&id)
    }

    /// What is recorded of these items before their files get their names.
    pub(super) fn about_to_appear(&self, batch: &[FinishedItem]) -> Vec<Finished> {
        let mut chosen: BTreeMap<ItemId, Vec<OutputEnd>> = BTreeMap::new();
        for entry in batch {
            let Some(group) = self.0.get(&entry.finished.id) else { continue };
            let path = entry.target.as_ref().and_then(Target::chosen);
            if let Some((path, output)) = path.zip(group.staged.get(&entry.n)) {
                chosen.entry(entry.finished.id).or_default().push(OutputEnd::done(at_path(output.clone(), path)));
            }
        }
        let appear = chosen.into_iter().filter_map(|(id, appearing)| {
            let group = self.0.get(&id)?;
            let kept = group.ends.iter().filter(|end| end.error.is_none()).cloned();
            let mut finished = ended(group.facts.clone(), kept.chain(appearing.iter().cloned()).collect(), true);
            for output in &mut finished.outputs {
                if appearing.iter().any(|end| end.output.n == output.n) {
                    output.state = ItemState::Running;
                }
            }
            Some(finished)
        });
        appear.collect()
    }

    /// Puts the items together again, with what became of their files.
    pub(super) fn merge(mut self, batch: Vec<FinishedItem>) -> Vec<FinishedItem> {
        let mut merged = Vec::with_capacity(batch.len());
        for entry in batch {
            let Some(group) = self.0.get_mut(&entry.finished.id) else {
                merged.push(entry);
                continue;
            };
            group.is_withheld |= entry.is_withheld;
            if let Some(output) = group.staged.remove(&entry.n) {
                group.ends.push(end_of(output, entry.finished));
            }
        }
        merged.extend(self.0.into_values().map(|group| {
            let finished = ended(group.facts, group.ends, true);
            FinishedItem { is_withheld: group.is_withheld, ..FinishedItem::new(finished, None) }
        }));
        merged
    }
}

/// What became of an output whose file was to appear.
fn end_of(output: ItemOutput, finished: Finished) -> OutputEnd {
    match finished.outcome {
        Outcome::Done { output: path } => match Locator::parse(&path).path() {
            Some(path) => OutputEnd::done(at_path(output, path)),
            None => OutputEnd::failed(output, ItemError::nameless(ErrorKind::Cancelled)),
        },
        Outcome::Failed(error) => OutputEnd::failed(ItemOutput { hash: None, bytes: 0, ..output }, error),
        Outcome::Skipped { sentence, .. } => {
            let path = finished.outputs.into_iter().find_map(|existing| existing.path);
            OutputEnd::skipped(ItemOutput { path, hash: None, ..output }, sentence)
        }
    }
}

impl FinishedItem {
    /// The finished outputs of an item that waits again because of a trouble that is not its own: they are not made again.
    pub(super) fn kept_outputs(&self) -> Option<Finished> {
        if self.is_withheld || !self.stops_job() || self.finished.outputs.is_empty() {
            return None;
        }
        let is_done = |output: &&ItemOutput| output.state == ItemState::Done;
        let outputs = self.finished.outputs.iter().filter(is_done).cloned().collect();
        let cancelled = Outcome::Failed(ItemError::nameless(ErrorKind::Cancelled));
        Some(Finished { outputs, ..Finished::new(self.finished.id, cancelled) })
    }
}
