//! The operations that the recipe panel offers, from their declarations.

use crate::engine::{Group, OpSpec, registry};
use crate::model::{ParamSpec, Step};

/// An operation as the window sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// The name scripts use.
    pub(crate) id: &'static str,
    /// One sentence of help.
    pub(crate) summary: &'static str,
    /// How it works.
    pub(crate) formula: &'static str,
    /// Where the menu lists it.
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

/// The step that is added when a person picks an operation: one with an effect, where its defaults have none.
pub(crate) fn starting_step(id: &str) -> Step {
    registry().iter().find(|spec| spec.id == id).map_or_else(|| Step::new(id), OpSpec::starting_step)
}
