//! Operations on pictures: what there are, how they are written down, and the pipeline that runs them in bands of rows.
//!
//! Knows nothing of files, formats, jobs or windows. A new operation is one file here and its line in [`registry`]: its
//! menu entry, editor, command-line syntax, help and checks all derive from its [`OpSpec`].

#![expect(clippy::inline_always, reason = "loops are inlined into functions compiled for wider vectors")]

mod kernels;
mod ops;
pub mod pipeline;
pub mod recipe;

pub use pipeline::checked_recipe::{Pipeline, StepError};
pub use pipeline::plan::Plan;
pub use pipeline::stage::{Files, Operation, Stage};
pub use recipe::help::{help, list, save_help};
pub use recipe::params::Params;

use crate::model::{Message, ParamSpec, Step, Value};

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

/// Every operation, in the order of menus.
pub fn registry() -> &'static [OpSpec] {
    const {
        &[
            ops::geometry::resize::SPEC,
            ops::geometry::crop::SPEC,
            ops::geometry::trim::SPEC,
            ops::geometry::rotate::SPEC,
            ops::geometry::flip::SPEC,
            ops::geometry::canvas::SPEC,
            ops::geometry::border::SPEC,
            ops::geometry::rounded_corners::SPEC,
            ops::colour::brightness::SPEC,
            ops::colour::contrast::SPEC,
            ops::colour::exposure::SPEC,
            ops::colour::gamma::SPEC,
            ops::colour::levels::SPEC,
            ops::colour::auto_levels::SPEC,
            ops::colour::curves::SPEC,
            ops::colour::linear::SPEC,
            ops::colour::white_balance::SPEC,
            ops::colour::saturation::SPEC,
            ops::colour::vibrance::SPEC,
            ops::colour::hue::SPEC,
            ops::colour::channel_mixer::SPEC,
            ops::colour::lut::SPEC,
            ops::colour::grayscale::SPEC,
            ops::colour::sepia::SPEC,
            ops::colour::duotone::SPEC,
            ops::colour::invert::SPEC,
            ops::colour::solarize::SPEC,
            ops::colour::threshold::SPEC,
            ops::colour::posterize::SPEC,
            ops::detail::sharpen::SPEC,
            ops::detail::clarity::SPEC,
            ops::detail::denoise::SPEC,
            ops::detail::median::SPEC,
            ops::detail::gaussian_blur::SPEC,
            ops::detail::box_blur::SPEC,
            ops::detail::motion_blur::SPEC,
            ops::detail::pixelate::SPEC,
            ops::detail::edge::SPEC,
            ops::detail::emboss::SPEC,
            ops::detail::high_pass::SPEC,
            ops::finish::grain::SPEC,
            ops::finish::watermark_text::SPEC,
            ops::finish::watermark_image::SPEC,
            ops::finish::vignette::SPEC,
            ops::finish::drop_shadow::SPEC,
        ]
    }
}

/// The operation of that name.
pub fn find(id: &str) -> Option<&'static OpSpec> {
    registry().iter().find(|spec| spec.id == id)
}

/// The step an editor adds when a person picks an operation: every parameter at its default, and a size where the
/// operation needs one.
pub fn starting_step(spec: &OpSpec) -> Step {
    let step = Step::new(spec.id);
    if spec.id == ops::geometry::resize::SPEC.id { step.with("long_edge", Value::Number(1600.0)) } else { step }
}

/// "there is no operation called ..., there are ...".
fn unknown(id: &str) -> Message {
    let names: Vec<&str> = registry().iter().map(|spec| spec.id).collect();
    let sentence = Message::new("no_operation", "there is no operation called \"{name}\"; there are {names}");
    sentence.with("name", id).with("names", names.join(", "))
}

#[cfg(test)]
mod tests;
