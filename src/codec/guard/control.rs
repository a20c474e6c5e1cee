//! How a decode is controlled, and where formats with unstoppable decoders are decoded.

use std::sync::Arc;

use super::helpers::Helpers;
use super::host::DecodeHost;
use crate::model::RawChoice;

/// How a decode is controlled, and where formats with unstoppable decoders are decoded.
#[derive(Clone, Copy)]
pub struct DecodeControl<'a> {
    /// Whether to stop; asked often.
    pub cancelled: &'a dyn Fn() -> bool,
    /// Where formats with unstoppable decoders are decoded.
    pub isolation: Isolation<'a>,
    /// Decides about memory and priority while a helper works; `None` keeps to the estimate.
    pub host: Option<&'a dyn DecodeHost>,
    /// How camera raw files are read.
    pub raw: RawChoice,
}

/// Where formats with unstoppable decoders are decoded.
#[derive(Clone, Copy)]
pub enum Isolation<'a> {
    /// In a helper process.
    Helpers(&'a Arc<Helpers>),
    /// In this process: for helpers themselves and for tests of decoders.
    InProcess,
}

impl DecodeControl<'static> {
    /// Decodes in this process and never stops: for helpers themselves and for tests of decoders.
    pub fn in_process() -> Self {
        Self { cancelled: &|| false, isolation: Isolation::InProcess, host: None, raw: RawChoice::default() }
    }
}

impl<'a> DecodeControl<'a> {
    /// Decodes in helpers until `cancelled`.
    pub fn new(cancelled: &'a dyn Fn() -> bool, helpers: &'a Arc<Helpers>) -> Self {
        Self { cancelled, isolation: Isolation::Helpers(helpers), host: None, raw: RawChoice::default() }
    }

    /// The same, with this choice for camera raw files.
    #[must_use]
    pub fn reading_raw(self, raw: RawChoice) -> Self {
        Self { raw, ..self }
    }
}
