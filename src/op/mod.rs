//! Operations on pictures: what there are, and the pipeline that runs them.
//!
//! Knows nothing of files, formats, jobs or windows.

use crate::model::ParamSpec;

/// An operation's declaration. Its menu entry, editor, command-line syntax, help and checks all derive from it.
pub struct OpSpec {
    /// The name scripts use, such as `gaussian_blur`.
    pub id: &'static str,
    /// One sentence of help, with the formula where there is one.
    pub summary: &'static str,
    /// Where menus list it.
    pub group: Group,
    /// Its parameters, in the order of editors.
    pub params: &'static [ParamSpec],
    /// Whether the result at a smaller scale looks like the result at full scale, scaled down.
    pub faithful_to_scale: bool,
}

/// Where menus list an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Size and shape.
    Geometry,
    /// Light and colour.
    Colour,
    /// Sharpness, blur and other neighbourhoods.
    Detail,
}

/// Every operation, in the order of menus.
pub fn registry() -> &'static [OpSpec] {
    &[]
}
