//! Operations on pictures: what there are, how they are written down, and the pipeline that runs them in bands of rows.
//!
//! Knows nothing of files, formats, jobs or windows. A new operation is one file here and its line in [`registry`]: its
//! menu entry, editor, command-line syntax, help and checks all derive from its [`OpSpec`].

#![expect(clippy::inline_always, reason = "loops are inlined into functions compiled for wider vectors")]

mod blurred;
mod cube;
pub mod file;
mod focus;
mod footprint;
mod gravity;
pub mod help;
mod histogram;
mod letters;
mod light;
mod margins;
mod matrix;
mod params;
mod pipeline;
mod plan;
mod run;
mod simd;
pub mod stage;
mod stamp;
pub mod syntax;
mod taps;
mod tiles;
mod turn;
mod wide_gaussian;

mod auto_levels;
mod border;
mod box_blur;
mod brightness;
mod canvas;
mod channel_mixer;
mod clarity;
mod contrast;
mod crop;
mod curves;
mod denoise;
mod drop_shadow;
mod duotone;
mod edge;
mod emboss;
mod exposure;
mod flip;
mod gamma;
mod gaussian_blur;
mod grain;
mod grayscale;
mod high_pass;
mod hue;
mod invert;
mod levels;
mod linear;
mod lut;
mod median;
mod motion_blur;
mod pixelate;
mod posterize;
mod resize;
mod rotate;
mod rounded_corners;
mod saturation;
mod sepia;
mod sharpen;
mod solarize;
mod threshold;
mod trim;
mod vibrance;
mod vignette;
mod watermark_image;
mod watermark_text;
mod white_balance;

pub use help::{help, list, save_help};
pub use params::Params;
pub use pipeline::{Pipeline, StepError};
pub use plan::Plan;
pub use stage::{Files, Operation, Stage};

use crate::model::{ParamSpec, Sentence, Step, Value};

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
    pub build: fn(&Params) -> Result<Box<dyn Operation>, Sentence>,
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
            resize::SPEC,
            crop::SPEC,
            trim::SPEC,
            rotate::SPEC,
            flip::SPEC,
            canvas::SPEC,
            border::SPEC,
            rounded_corners::SPEC,
            brightness::SPEC,
            contrast::SPEC,
            exposure::SPEC,
            gamma::SPEC,
            levels::SPEC,
            auto_levels::SPEC,
            curves::SPEC,
            linear::SPEC,
            white_balance::SPEC,
            saturation::SPEC,
            vibrance::SPEC,
            hue::SPEC,
            channel_mixer::SPEC,
            lut::SPEC,
            grayscale::SPEC,
            sepia::SPEC,
            duotone::SPEC,
            invert::SPEC,
            solarize::SPEC,
            threshold::SPEC,
            posterize::SPEC,
            sharpen::SPEC,
            clarity::SPEC,
            denoise::SPEC,
            median::SPEC,
            gaussian_blur::SPEC,
            box_blur::SPEC,
            motion_blur::SPEC,
            pixelate::SPEC,
            edge::SPEC,
            emboss::SPEC,
            high_pass::SPEC,
            grain::SPEC,
            watermark_text::SPEC,
            watermark_image::SPEC,
            vignette::SPEC,
            drop_shadow::SPEC,
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
    if spec.id == resize::SPEC.id { step.with("long_edge", Value::Number(1600.0)) } else { step }
}

/// "there is no operation called ..., there are ...".
fn unknown(id: &str) -> Sentence {
    let names: Vec<&str> = registry().iter().map(|spec| spec.id).collect();
    let sentence = Sentence::new("no_operation", "there is no operation called \"{name}\"; there are {names}");
    sentence.with("name", id).with("names", names.join(", "))
}

#[cfg(test)]
mod tests;
