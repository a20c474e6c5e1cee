//! Widgets of the panels. Each draws itself and returns what happened; none knows the engine.

pub(crate) mod badge;
pub(crate) mod button;
pub(crate) mod curve;
pub(crate) mod field;
pub(crate) mod icon;
pub(crate) mod label;
pub(crate) mod menu;
pub(crate) mod number;
pub(crate) mod opener;
pub(crate) mod scroll;
pub(crate) mod segmented;
pub(crate) mod sheet;
pub(crate) mod slider;
pub(crate) mod split_view;
pub(crate) mod splitter;
pub(crate) mod swatch;
pub(crate) mod trailing;
