//! Errors at the edge of a task: panics become them, and they say what was tried.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{ErrorKind, ItemError};
use crate::model::DamagedPolicy;

/// Runs a task. A panic in it becomes its error.
pub(crate) fn guarded<T>(task: impl FnOnce() -> Result<T, ItemError>) -> Result<T, ItemError> {
    catch_unwind(AssertUnwindSafe(task))
        .unwrap_or_else(|panic| Err(ItemError::nameless(ErrorKind::Panic).with("detail", panic_text(panic.as_ref()))))
}

/// An error that says, where damaged files are accepted, that nothing of this one could be decoded.
pub(crate) fn without_part(error: ItemError, damaged: DamagedPolicy) -> ItemError {
    let is_refused = damaged == DamagedPolicy::Keep && error.kind == ErrorKind::Corrupt;
    if is_refused { error.with("kept", "nothing") } else { error }
}

/// A panic's message.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::guarded::*;

    #[test]
    fn a_panic_in_a_task_becomes_its_error() {
        let result: Result<(), _> = guarded(|| panic!("row {} of 3", 4));
        assert!(result.is_err_and(|e| e.kind == ErrorKind::Panic && e.arg("detail") == "row 4 of 3"));
    }
}
