//! SVG.

mod root;

pub(super) use root::is_svg;
