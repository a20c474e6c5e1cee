//! What previews have cost, from which a run of the same recipe over the same items is estimated.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::model::{ItemId, JobId, Recipe, Save};

/// Previews that are remembered.
const MAX_KEPT: usize = 64;

/// One item processed and encoded for its preview, on one thread.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    pub(crate) id: ItemId,
    pub(crate) recipe: Recipe,
    pub(crate) save: Save,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) seconds: f64,
}

/// The sum of the costs of some items.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct CostSum {
    pub(crate) items: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) seconds: f64,
}

/// The latest costs.
#[derive(Default)]
pub(crate) struct Costs {
    latest: Mutex<VecDeque<Cost>>,
}

impl Costs {
    /// Remembers a cost, instead of an earlier one of the same item.
    pub(crate) fn add(&self, cost: Cost) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.retain(|kept| kept.id != cost.id || kept.recipe != cost.recipe || kept.save != cost.save);
        if latest.len() == MAX_KEPT {
            latest.pop_front();
        }
        latest.push_back(cost);
    }

    /// What items of this job cost with this recipe.
    pub(crate) fn sum(&self, job: JobId, recipe: &Recipe, save: &Save) -> CostSum {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let same = latest.iter().filter(|cost| cost.id.job == job && cost.recipe == *recipe && cost.save == *save);
        same.fold(CostSum::default(), |sum, cost| CostSum {
            items: sum.items + 1,
            bytes_in: sum.bytes_in + cost.bytes_in,
            bytes_out: sum.bytes_out + cost.bytes_out,
            seconds: sum.seconds + cost.seconds,
        })
    }
}
