//! The expected cost of running the listed draft, from what previews of its items and earlier jobs of the same recipe have
//! cost. Without either of them, nothing is claimed.

use super::Coordinator;
use crate::catalog::CatalogReader;
use crate::engine::api::costs::CostSum;
use crate::engine::api::snapshot::Estimate;
use crate::engine::run::pools;
use crate::error::JobError;
use crate::model::{JobId, JobSpec, JobState};

/// Items whose sizes are looked up: all of a short list, and pages at equal distances of a long one.
const ALL_UP_TO: u64 = 512;
const PAGES: u64 = 32;
const PAGE_ROWS: u32 = 8;
/// What copying takes: bytes per second, and seconds per file.
const COPY_BYTES_PER_S: f64 = 150e6;
const COPY_FILE_S: f64 = 0.002;

/// The inputs of a draft, as far as their sizes are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Inputs {
    job: JobId,
    total: u64,
    /// Bytes of all of them; `None` if they are links.
    bytes: Option<f64>,
}

/// What an earlier job of the same recipe has cost.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Earlier {
    items: f64,
    bytes_in: f64,
    bytes_out: f64,
    seconds: f64,
}

impl Coordinator {
    /// Expected cost of running the listed draft.
    pub(super) fn estimate(&mut self) -> Option<Estimate> {
        let listed = self.listed.as_ref().filter(|job| job.state == JobState::Draft && job.total > 0)?;
        if self.open_intakes.contains_key(&listed.id) {
            return None;
        }
        let (job, total) = (listed.id, listed.total);
        if self.inputs.is_none_or(|inputs| (inputs.job, inputs.total) != (job, total)) {
            let bytes = total_bytes(self.parts.reader.as_ref(), job, total).ok()?;
            self.inputs = Some(Inputs { job, total, bytes });
        }
        let inputs = self.inputs?;
        let spec = &self.listed.as_ref()?.spec;
        // Previews measure one output, and a decode that several share is paid once.
        let previews = if spec.has_named_outputs() {
            CostSum::default()
        } else {
            self.parts.shared.costs.sum(job, &spec.recipe, &spec.output().save)
        };
        let workers = spec.limits.workers.unwrap_or_else(pools::cores).max(1);
        estimate(inputs, previews, self.earlier(spec), spec.is_copy(), workers)
    }

    /// What the latest job with this recipe and these save settings has cost, if its running time is known.
    fn earlier(&self, spec: &JobSpec) -> Option<Earlier> {
        let (worked, seconds) = self.worked?;
        let reader = &self.parts.reader;
        let request = reader.request(worked).ok().flatten()?;
        let made = |spec: &JobSpec| -> Vec<_> {
            spec.outputs.iter().map(|output| (output.steps.clone(), output.save.clone())).collect()
        };
        if request.recipe != spec.recipe || made(&request) != made(spec) {
            return None;
        }
        let row = reader.job(worked).ok().flatten()?;
        (row.done > 0).then_some(Earlier {
            items: row.done as f64,
            bytes_in: row.bytes_in as f64,
            bytes_out: row.bytes_out as f64,
            seconds: seconds.as_secs_f64(),
        })
    }
}

/// Bytes of all items of a draft, from a sample of them.
fn total_bytes(reader: &dyn CatalogReader, job: JobId, total: u64) -> Result<Option<f64>, JobError> {
    let (mut known, mut bytes) = (0_u64, 0_u64);
    let mut count = |size_bytes: Option<u64>| {
        if let Some(size_bytes) = size_bytes {
            known += 1;
            bytes += size_bytes;
        }
    };
    if total <= ALL_UP_TO {
        reader.after(job, 0, ALL_UP_TO as u32)?.iter().for_each(|row| count(row.size_bytes));
    } else {
        for page in 0..PAGES {
            let page = reader.page_by_seq(job, total * page / PAGES, PAGE_ROWS)?;
            page.rows.iter().for_each(|row| count(row.size_bytes));
        }
    }
    Ok((known > 0).then(|| bytes as f64 / known as f64 * total as f64))
}

fn estimate(
    inputs: Inputs,
    previews: CostSum,
    earlier: Option<Earlier>,
    copies: bool,
    workers: usize,
) -> Option<Estimate> {
    let total = inputs.total as f64;
    if copies && let Some(bytes) = inputs.bytes {
        return Some(Estimate { seconds: bytes / COPY_BYTES_PER_S + total * COPY_FILE_S, bytes_out: bytes as u64 });
    }
    // How many times as much as these there is: by bytes if they are known, else by items.
    let times = |bytes_in: f64, items: f64| match inputs.bytes {
        Some(bytes) if bytes_in > 0.0 => bytes / bytes_in,
        _ => total / items.max(1.0),
    };
    let by_earlier = earlier.map(|it| (times(it.bytes_in, it.items), it));
    let by_previews = (previews.items > 0).then(|| (times(previews.bytes_in as f64, previews.items as f64), previews));
    let bytes_out = match (by_previews, by_earlier) {
        (Some((times, sum)), _) => sum.bytes_out as f64 * times,
        (None, Some((times, it))) => it.bytes_out * times,
        (None, None) => return None,
    };
    // An earlier run includes what a preview does not: fetching, writing, and all cores at once.
    let seconds = match (by_earlier, by_previews) {
        (Some((times, it)), _) => it.seconds * times,
        (None, Some((times, sum))) => sum.seconds * times / (workers as f64).min(total),
        (None, None) => return None,
    };
    Some(Estimate { seconds, bytes_out: bytes_out as u64 })
}

#[cfg(test)]
mod tests {
    use super::super::estimate::*;

    const LOCAL: Inputs = Inputs { job: JobId(1), total: 100, bytes: Some(400e6) };

    fn sum(items: u64, bytes_in: u64, bytes_out: u64, seconds: f64) -> CostSum {
        CostSum { items, bytes_in, bytes_out, seconds }
    }

    #[test]
    fn an_estimate_follows_the_items_and_what_their_previews_have_cost() {
        let previews = sum(2, 8_000_000, 800_000, 1.0);
        let of = |inputs| estimate(inputs, previews, None, false, 2);
        assert_eq!(of(LOCAL), Some(Estimate { seconds: 25.0, bytes_out: 40_000_000 }));
        let twice = Inputs { total: 200, bytes: Some(800e6), ..LOCAL };
        assert_eq!(of(twice), Some(Estimate { seconds: 50.0, bytes_out: 80_000_000 }));
        let larger = estimate(LOCAL, sum(2, 8_000_000, 4_000_000, 3.0), None, false, 2);
        assert_eq!(larger, Some(Estimate { seconds: 75.0, bytes_out: 200_000_000 }), "another recipe");
    }

    #[test]
    fn an_earlier_run_of_the_same_recipe_gives_the_time() {
        let earlier = Earlier { items: 50.0, bytes_in: 200e6, bytes_out: 10e6, seconds: 8.0 };
        let previews = sum(1, 4_000_000, 400_000, 9.0);
        let both = estimate(LOCAL, previews, Some(earlier), false, 2);
        assert_eq!(both, Some(Estimate { seconds: 16.0, bytes_out: 40_000_000 }));
        let links = Inputs { bytes: None, ..LOCAL };
        let of_links = estimate(links, CostSum::default(), Some(earlier), false, 2);
        assert_eq!(of_links, Some(Estimate { seconds: 16.0, bytes_out: 20_000_000 }), "by items");
    }

    #[test]
    fn nothing_is_claimed_without_a_basis_and_copies_keep_their_size() {
        assert_eq!(estimate(LOCAL, CostSum::default(), None, false, 2), None);
        let copied = estimate(LOCAL, CostSum::default(), None, true, 2);
        assert!(copied.is_some_and(|it| it.bytes_out == 400_000_000 && it.seconds < 10.0), "{copied:?}");
    }
}
