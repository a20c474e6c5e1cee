//! The declaration of an operation.

use crate::model::{Message, ParamSpec, Step};
use crate::op::params::Params;
use crate::op::stage::Operation;

/// The declaration of an operation. Its menu entry, editor, command-line syntax, help and checks derive from it.
pub struct OpSpec {
    /// The name in scripts, such as `gaussian_blur`.
    pub id: &'static str,
    /// One plain sentence for people: what it does to an image.
    pub summary: &'static str,
    /// How it works: the formula with its symbols explained, or the rules, and the tool whose result it matches.
    pub formula: &'static str,
    /// The menu that lists it.
    pub group: Group,
    /// Its parameters, in the order of editors.
    pub params: &'static [ParamSpec],
    /// Parameters of the step that an editor adds: those without which the operation would be invalid or do nothing.
    pub starting: &'static [(&'static str, f64)],
    /// Whether the result at a smaller scale looks like the scaled result at full size.
    pub faithful_to_scale: bool,
    /// Makes the operation from validated parameters; rejects contradictory ones. Must not read files: that is the task
    /// of [`Operation::load`].
    pub build: fn(&Params) -> Result<Box<dyn Operation>, Message>,
}

impl OpSpec {
    /// The step that an editor adds when a person picks the operation.
    pub fn starting_step(&self) -> Step {
        self.starting.iter().fold(Step::new(self.id), |step, (name, number)| step.with(name, *number))
    }
}

/// A menu of operations; `ops` has a folder for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Size and shape.
    Geometry,
    /// Brightness and colour.
    Colour,
    /// Sharpness, blur and other neighbourhoods.
    Detail,
    /// Additions to the finished image: watermarks, shadows, a vignette.
    Finish,
}

impl Group {
    /// Every group, in the order of menus.
    pub const ALL: [Self; 4] = [Self::Geometry, Self::Colour, Self::Detail, Self::Finish];

    /// The id of its name in the word catalogues.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Geometry => "group_geometry",
            Self::Colour => "group_colour",
            Self::Detail => "group_detail",
            Self::Finish => "group_finish",
        }
    }
}
