//! Rows of lists, arguments and queries that repeat a link: it is fetched once. A row whose name differs gets a result of
//! its own; an equal one is a duplicate of the row before it. If the first fails, so do its repeats. Files that are named
//! more than once are duplicates as well.

use url::Url;

use super::checksum::Checksum;
use super::naming::Naming;
use super::outputs::{OutputPlan, Outputs};
use super::seen_links::{MOST, SeenLinks, Sighting};
use crate::model::{
    Finished, ItemOutput, ItemRow, ItemState, JobSpec, Locator, NewItem, Outcome, Remark, SkipReason, is_copy,
};
use crate::source;

/// The links that a job's sources have given so far.
pub(crate) struct RepeatedLinks {
    links: SeenLinks,
    /// Links with what names hold of their rows, if they hold anything.
    names: SeenLinks,
    /// Rows of the current source that are duplicates.
    duplicates: u64,
    /// Whether there were more links than can be compared.
    forgot: bool,
}

impl RepeatedLinks {
    pub(crate) fn new() -> Self {
        Self { links: SeenLinks::new(MOST), names: SeenLinks::new(MOST), duplicates: 0, forgot: false }
    }

    /// Notes the link of an item that gets this number, and whether it repeats an earlier one.
    pub(crate) fn note(&mut self, item: &mut NewItem, seq: u64, naming: Option<&Naming>) {
        if item.error.is_some() || matches!(item.locator, Locator::Row(_)) {
            return;
        }
        let link = match &item.locator {
            Locator::Url(url) => link_key(url),
            other => other.to_text(),
        };
        item.repeats = match self.links.look(&link, seq) {
            Sighting::New => None,
            Sighting::Full => {
                self.forgot = true;
                None
            }
            Sighting::At(first) => Some(first.into()),
        };
        let Some(naming) = naming else { return };
        let is_duplicate = match naming.row_key(&item.columns, seq) {
            key if key.is_empty() => item.repeats.is_some(),
            key => matches!(self.names.look(&format!("{link}\n{key}"), seq), Sighting::At(_)),
        };
        self.duplicates += u64::from(is_duplicate);
    }

    /// Notes an item that the job has already.
    pub(crate) fn note_known(&mut self, locator: &str, seq: u64) {
        let key = if Locator::is_url(locator) { link_key(locator) } else { locator.to_owned() };
        self.links.look(&key, seq);
    }

    /// What to report about a list that has been read.
    pub(crate) fn end_list(&mut self, list: &str) -> Option<Remark> {
        let (count, forgot) = (std::mem::take(&mut self.duplicates), std::mem::take(&mut self.forgot));
        let only_so_many = forgot.then_some(MOST as u64);
        (count > 0 || forgot).then(|| Remark::RepeatedLinks { count, list: list.to_owned(), only_so_many })
    }
}

/// Two links with the same key lead to the same request: a fragment is never sent.
fn link_key(link: &str) -> String {
    match Url::parse(link) {
        Ok(mut url) => {
            url.set_fragment(None);
            url.into()
        }
        Err(_) => link.to_owned(),
    }
}

/// What happens to a row that repeats a link, once the row that it repeats has an outcome.
pub(crate) enum RepeatPlan {
    /// It is fetched itself.
    Fetch,
    /// It gets a copy of the result under its own name.
    Copy,
    /// This is recorded of it.
    Record(Box<Finished>),
}

/// Whether sources may name one file twice: several sources, or one that is not a folder. A folder alone gives each file
/// once.
pub(crate) fn may_repeat_files(spec: &JobSpec) -> bool {
    spec.sources.len() > 1 || spec.sources.iter().any(|source| source::folder_root(source).is_none())
}

/// Decides about a row with a name of its own.
pub(crate) fn plan_named(outputs: &Outputs, spec: &JobSpec, row: &ItemRow, first: &ItemRow) -> RepeatPlan {
    let has_result = first.output.is_some() && first.output_hash.is_some();
    if !has_result || !has_its_checksum(spec, row, first) {
        return RepeatPlan::Fetch;
    }
    for OutputPlan { spec, naming, .. } in outputs.iter() {
        let text_key = |row: &ItemRow| naming.texts().row_key(&row.columns, row.id.seq);
        // A result without its metadata no longer says when the image was taken.
        let lacks_date = naming.needs_date() && !is_copy(&spec.recipe, &spec.output().save);
        if text_key(row) != text_key(first) || lacks_date {
            return RepeatPlan::Fetch;
        }
    }
    RepeatPlan::Copy
}

/// What is recorded of a row that repeats link and name of another one.
pub(crate) fn duplicate_of(row: &ItemRow, other: &ItemRow, outputs: Vec<ItemOutput>) -> Finished {
    let outcome = match (&other.error, other.state) {
        (Some(error), ItemState::Failed) => Outcome::Failed(error.clone()),
        _ => Outcome::Skipped {
            reason: SkipReason::Duplicate,
            sentence: match &row.locator {
                Locator::Url(_) => format!("The link and the name are those of item {}.", other.id.seq),
                Locator::File(_) | Locator::Page(..) | Locator::Row(_) => {
                    format!("It is the same file as item {}.", other.id.seq)
                }
            },
        },
    };
    let has_failed = matches!(outcome, Outcome::Failed(_));
    Finished {
        bytes_in: if has_failed { 0 } else { other.bytes_in },
        bytes_out: if has_failed { 0 } else { other.bytes_out },
        width_px: other.width_px,
        height_px: other.height_px,
        hash: other.hash.clone(),
        output_hash: other.output_hash.clone(),
        http_status: other.http_status,
        content_type: other.content_type.clone(),
        attempts: 0,
        input_size_px: other.input_size_px,
        outputs: if has_failed { Vec::new() } else { outputs },
        ..Finished::new(row.id, outcome)
    }
}

/// Whether the content of another row has the checksum that a row's list gives.
fn has_its_checksum(spec: &JobSpec, row: &ItemRow, other: &ItemRow) -> bool {
    let Some(column) = &spec.lists.checksum_column else { return true };
    match Checksum::of(row, column) {
        Ok(None) => true,
        Ok(Some(Checksum::Sha256(wanted))) => other.hash == Some(wanted),
        Ok(Some(wanted)) => Checksum::of(other, column).is_ok_and(|had| had == Some(wanted)),
        Err(_) => false,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;

    fn noted(template: &str, rows: &[(&str, &str)]) -> (Vec<Option<u64>>, u64) {
        let mut spec = JobSpec::default();
        template.clone_into(&mut spec.output_mut().sink.name);
        let naming = Naming::new(&spec, PathBuf::from("/out")).unwrap();
        let mut links = RepeatedLinks::new();
        let repeats = (1..).zip(rows).map(|(seq, (url, sku))| {
            let mut item = NewItem::new(Locator::Url((*url).to_owned()));
            item.columns.put("sku", Value::from(*sku));
            links.note(&mut item, seq, Some(&naming));
            item.repeats
        });
        let repeats = repeats.collect();
        (repeats, links.duplicates)
    }

    #[test]
    fn links_that_lead_to_the_same_request_are_repeats() {
        let rows = [
            ("http://h.example/a", "1"),
            ("http://h.example/b", "1"),
            ("HTTP://H.example:80/a#x", "2"),
            ("http://h.example/a?x", "1"),
            ("http://h.example/a", "1"),
        ];
        let repeats = vec![None, None, Some(1), None, Some(1)];
        assert_eq!(noted("{stem}", &rows), (repeats.clone(), 2));
        assert_eq!(noted("{col:sku}", &rows), (repeats.clone(), 1), "the second name is another one");
        assert_eq!(noted("{col:SKU}-{index}", &rows), (repeats, 0), "every name is another one");
    }
}
