//! Not built yet.

/// Not built yet.
pub fn run(_handle: crate::engine::Handle) -> Result<(), String> {
    Err("not built yet".to_owned())
}
