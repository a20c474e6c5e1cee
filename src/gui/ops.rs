//! The operations offered in the recipe panel, from their declarations.

use crate::engine::{Group, OpSpec, registry};
use crate::model::{ParamSpec, Step};

/// An operation as the window sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// The name in scripts.
    pub(crate) id: &'static str,
    /// A summary in one sentence.
    pub(crate) summary: &'static str,
    /// How it works.
    pub(crate) formula: &'static str,
    /// Its group in the menu.
    pub(crate) group: Group,
    /// Its parameters.
    pub(crate) params: &'static [ParamSpec],
}

/// Every registered operation.
pub(crate) fn all() -> Vec<Op> {
    registry()
        .iter()
        .map(|spec| Op {
            id: spec.id,
            summary: spec.summary,
            formula: spec.formula,
            group: spec.group,
            params: spec.params,
        })
        .collect()
}

/// The step that is added when the user picks an operation. Where the defaults have no effect, it has parameters that
/// do.
pub(crate) fn starting_step(id: &str) -> Step {
    registry().iter().find(|spec| spec.id == id).map_or_else(|| Step::new(id), OpSpec::starting_step)
}
