//! The declaration of an operation.

use crate::model::{Message, ParamSpec};
use crate::op::params::Params;
use crate::op::stage::Operation;

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
    /// Makes the operation from checked parameters; refuses those that make no sense together. Reads no file: that is
    /// for [`Operation::load`].
    pub build: fn(&Params) -> Result<Box<dyn Operation>, Message>,
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
    /// What is put on or around the finished picture: watermarks, frames, shadows.
    Finish,
}
