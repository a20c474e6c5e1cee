//! Whether the results of a job will fit on the disk: checked before the job starts, and again once its first items show
//! how much space the others will need. Links and standard input, whose sizes are not known before, count only then.
//!
//! Only a warning: predictions are rough, and a full disk pauses the job.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use super::dry_run;
use super::item::naming;
use crate::model::{ConflictPolicy, JobRow, JobSpec, NewItem, Remark, is_only_stripped};
use crate::source::{self, Found, Reading, Repeat};
use crate::store::{self, EntryKind};

/// Results are hardly ever more times as large as their inputs (photographs as BMP): below that, nothing is measured.
const MOST_GROWTH: u64 = 24;
/// Images that are rendered to measure how results grow or shrink.
const SAMPLES: usize = 3;
/// Items that show how much space the others need: one in a hundred, but so many at least and at most.
const LEAST_MEASURED: u64 = 10;
const MOST_MEASURED: u64 = 1000;
/// How long the sources of a job are measured. What was found until then is the least that the results need.
const TIME_LIMIT: Duration = Duration::from_millis(500);

/// A warning if the results of a request will probably not fit. Reads the sources that can be read again.
pub fn low_space(spec: &JobSpec) -> Option<Remark> {
    let until = Instant::now() + TIME_LIMIT;
    let cancelled = || Instant::now() >= until;
    let (mut bytes, mut first) = (0_u64, Vec::new());
    for source in &spec.sources {
        let kind = source::kind_of(source).ok()?;
        // A pipe can be read only once.
        let is_pipe = source::own_file(source).is_some_and(|file| store::kind_at(&file) == Some(EntryKind::Other));
        if kind.is_list || kind.repeat == Repeat::Nothing || is_pipe {
            continue;
        }
        let reading = Reading { lists: &spec.lists, cancelled: &cancelled, ..Reading::default() };
        let ended = source::read_paired(source, &reading, spec.limits.raw_pairs, &mut |found| {
            if let Found::Item(item) = found
                && item.error.is_none()
                && let Some(size_bytes) = item.size_bytes
            {
                bytes += size_bytes;
                if first.len() < SAMPLES {
                    first.push(item);
                }
            }
            ControlFlow::Continue(())
        });
        if ended.is_break() {
            break;
        }
    }
    low_space_for(spec, bytes, first)
}

/// The same for local inputs of this many bytes; these are the first of them.
pub(crate) fn low_space_for(spec: &JobSpec, bytes_in: u64, first: Vec<NewItem>) -> Option<Remark> {
    let folder = naming::out_dir(spec).ok()?;
    let free_bytes = store::of_path(&folder).space(&folder).free_bytes?;
    warning(spec, &folder, bytes_in, free_bytes, || dry_run::measure(spec, first))
}

fn warning(
    spec: &JobSpec,
    folder: &Path,
    bytes_in: u64,
    free_bytes: u64,
    measure: impl FnOnce() -> Option<(u64, u64)>,
) -> Option<Remark> {
    // Several outputs may be copies, too.
    let several = spec.outputs.len().max(1) as u64;
    let is_copy = several == 1 && (spec.is_copy() || is_only_stripped(&spec.recipe, &spec.output().save));
    let most_growth = if is_copy { 1 } else { MOST_GROWTH.saturating_mul(several) };
    if bytes_in.saturating_mul(most_growth) <= free_bytes {
        return None;
    }
    let mut needed_bytes = bytes_in;
    if !is_copy {
        let (measured_in, measured_out) = measure().filter(|(measured_in, _)| *measured_in > 0)?;
        needed_bytes = (bytes_in as f64 * (measured_out as f64 / measured_in as f64)) as u64;
    }
    // Results that exist already are skipped or replaced, and take no more space.
    if matches!(spec.output().sink.on_conflict, ConflictPolicy::Skip | ConflictPolicy::Overwrite)
        && needed_bytes > free_bytes
    {
        let mut existing_bytes = 0;
        store::of_path(folder).walk(folder, &mut |path| existing_bytes += store::size_at(path));
        needed_bytes = needed_bytes.saturating_sub(existing_bytes);
    }
    low(folder, needed_bytes, free_bytes)
}

/// What a running job has processed, and the space in its output folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measured {
    /// Items that are done, failed or skipped.
    pub(crate) finished: u64,
    /// Bytes of the results.
    pub(crate) bytes_out: u64,
    /// Free bytes.
    pub(crate) free_bytes: u64,
}

impl Measured {
    pub(crate) fn of(row: &JobRow, free_bytes: u64) -> Self {
        Self { finished: row.done + row.failed + row.skipped, bytes_out: row.bytes_out, free_bytes }
    }
}

/// A warning if the remaining items of a running job will probably not fit, by what those between two measurements needed.
pub(crate) fn low_for_rest(spec: &JobSpec, folder: &Path, total: u64, from: Measured, to: Measured) -> Option<Remark> {
    let items = total.saturating_sub(to.finished);
    let measured = to.finished.saturating_sub(from.finished);
    if items == 0 || measured < (total / 100).clamp(LEAST_MEASURED, MOST_MEASURED) {
        return None;
    }
    let sink = &spec.output().sink;
    let mut bytes = to.bytes_out.saturating_sub(from.bytes_out);
    if sink.update || sink.on_conflict == ConflictPolicy::Overwrite {
        // A result that replaces another takes little more space.
        bytes = bytes.min(from.free_bytes.saturating_sub(to.free_bytes));
    }
    let needed_bytes = (bytes as f64 / measured as f64 * items as f64) as u64;
    let folder = folder.display().to_string();
    let free_bytes = to.free_bytes;
    (needed_bytes > free_bytes).then_some(Remark::LowSpaceForRest { folder, items, measured, needed_bytes, free_bytes })
}

/// A warning if this many bytes do not fit.
pub fn low(folder: &Path, needed_bytes: u64, free_bytes: u64) -> Option<Remark> {
    let folder = folder.display().to_string();
    (needed_bytes > free_bytes).then_some(Remark::LowSpace { folder, needed_bytes, free_bytes })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::model::{Output, Recipe, SinkSpec, Step};

    fn spec(steps: Vec<Step>, on_conflict: ConflictPolicy, dir: &Path) -> JobSpec {
        let sink = SinkSpec { dir: Some(dir.to_path_buf()), on_conflict, ..SinkSpec::default() };
        let recipe = Recipe { steps, ..Recipe::default() };
        JobSpec { recipe, outputs: vec![Output { sink, ..Output::default() }], ..JobSpec::default() }
    }

    fn needed(remark: Option<Remark>) -> Option<u64> {
        remark.map(|remark| match remark {
            Remark::LowSpace { needed_bytes, .. } => needed_bytes,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn copies_need_what_their_inputs_have_and_images_what_the_first_ones_show() {
        let dir = tempfile::tempdir().unwrap();
        let copy = spec(Vec::new(), ConflictPolicy::Rename, dir.path());
        let never = || panic!("nothing needs to be measured");
        assert_eq!(needed(warning(&copy, dir.path(), 1000, 999, never)), Some(1000));
        assert_eq!(needed(warning(&copy, dir.path(), 1000, 1000, never)), None);
        let small = spec(vec![Step::new("resize").with("percent", 10.0)], ConflictPolicy::Rename, dir.path());
        // There is room even for results that grow.
        assert_eq!(needed(warning(&small, dir.path(), 1000, 24_000, never)), None);
        assert_eq!(needed(warning(&small, dir.path(), 1000, 200, || Some((100, 25)))), Some(250));
        assert_eq!(needed(warning(&small, dir.path(), 1000, 300, || Some((100, 25)))), None);
        assert_eq!(needed(warning(&small, dir.path(), 1000, 300, || None)), None, "unknown is no reason to warn");
    }

    #[test]
    fn results_that_exist_already_need_no_more_space() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), vec![0; 400]).unwrap();
        for (policy, expected) in
            [(ConflictPolicy::Skip, None), (ConflictPolicy::Overwrite, None), (ConflictPolicy::Rename, Some(1000))]
        {
            let copy = spec(Vec::new(), policy, dir.path());
            assert_eq!(needed(warning(&copy, dir.path(), 1000, 700, || None)), expected, "{policy:?}");
        }
        let copy = spec(Vec::new(), ConflictPolicy::Skip, dir.path());
        assert_eq!(needed(warning(&copy, dir.path(), 1000, 500, || None)), Some(600));
    }

    #[test]
    fn remaining_items_need_what_the_first_ones_needed() {
        let dir = tempfile::tempdir().unwrap();
        let copy = spec(Vec::new(), ConflictPolicy::Rename, dir.path());
        let at = |finished, bytes_out, free_bytes| Measured { finished, bytes_out, free_bytes };
        let rest = |spec: &JobSpec, total, from, to| match low_for_rest(spec, dir.path(), total, from, to) {
            Some(Remark::LowSpaceForRest { items, measured, needed_bytes, .. }) => {
                Some((items, measured, needed_bytes))
            }
            other => other.map(|other| panic!("{other:?}")),
        };
        let start = at(0, 0, 10_000);
        assert_eq!(rest(&copy, 110, start, at(10, 1000, 9_999)), Some((100, 10, 10_000)));
        assert_eq!(rest(&copy, 110, start, at(10, 1000, 10_000)), None, "it fits");
        assert_eq!(rest(&copy, 110, start, at(9, 9000, 1000)), None, "too few to tell");
        assert_eq!(rest(&copy, 10_000, start, at(99, 99_000, 1000)), None, "too few of so many");
        assert_eq!(rest(&copy, 1_000_000, start, at(1000, 1000, 9000)), Some((999_000, 1000, 999_000)));
        assert_eq!(rest(&copy, 110, start, at(110, 11_000, 0)), None, "nothing remains");
        let later = at(100, 1_000_000, 2000);
        assert_eq!(rest(&copy, 210, later, at(110, 1_000_100, 1900)), None, "only what this run needed counts");
        let replacing = spec(Vec::new(), ConflictPolicy::Overwrite, dir.path());
        assert_eq!(rest(&replacing, 110, start, at(10, 1000, 9_999)), None, "results that were there are replaced");
        assert_eq!(rest(&replacing, 110, start, at(10, 1000, 9_000)), Some((100, 10, 10_000)));
    }

    #[cfg(unix)]
    #[test]
    fn local_inputs_are_measured_before_the_start_and_links_and_standard_input_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let big = dir.path().join("in/big.bin");
        std::fs::create_dir(dir.path().join("in")).unwrap();
        // A file with a hole: it takes no space.
        std::fs::File::create(&big).unwrap().set_len(1 << 42).unwrap();
        let mut copy = spec(Vec::new(), ConflictPolicy::Rename, &dir.path().join("out/not/there"));
        copy.sources = vec![source::urls(["http://h/a.jpg".to_owned()]), source::stdin(), source::files([big])];
        assert_eq!(needed(low_space(&copy)), Some(1 << 42));
        copy.sources.pop();
        assert_eq!(needed(low_space(&copy)), None);
    }
}
