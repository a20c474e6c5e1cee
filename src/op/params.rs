//! Parameters of a step, checked against the declaration of its operation.

use std::collections::BTreeMap;

use crate::model::{Curve, Message, ParamKind, ParamSpec, Unit, Value};
use crate::op::stage::Colour;

/// Checked parameters: every one that was given or has a default, of its declared type and within its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    values: BTreeMap<&'static str, Value>,
    view_scale: f64,
}

impl Params {
    /// Checks what was given and fills in defaults. The error names the parameter, what was given and what is allowed.
    pub fn check(declared: &'static [ParamSpec], given: &BTreeMap<String, Value>) -> Result<Self, Message> {
        for name in given.keys() {
            find(declared, name)?;
        }
        let mut values = BTreeMap::new();
        for param in declared {
            let value = match given.get(param.name) {
                Some(value) => {
                    check_value(param, value)?;
                    Some(value.clone())
                }
                None => param.default_value(),
            };
            if let Some(value) = value {
                values.insert(param.name, value);
            }
        }
        Ok(Self { values, view_scale: 1.0 })
    }

    /// The same for a picture that is smaller by `scale`: lengths in px become as much smaller, areas by its square.
    pub(crate) fn scaled(&self, declared: &[ParamSpec], scale: f64) -> Self {
        let mut values = self.values.clone();
        for param in declared {
            let factor = match param.unit {
                Unit::Px => scale,
                Unit::Megapixels => scale * scale,
                _ => continue,
            };
            if let Some(Value::Number(number)) = values.get_mut(param.name) {
                *number *= factor;
            }
        }
        Self { values, view_scale: self.view_scale * scale }
    }

    /// How much smaller than in the output the picture is here: 1 for outputs, less in a smaller view.
    pub fn view_scale(&self) -> f64 {
        self.view_scale
    }

    /// A number that may be absent. Whole ones stay whole only at full scale: round where it matters.
    pub fn optional(&self, name: &str) -> Option<f64> {
        match self.values.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A number that has a default.
    pub fn number(&self, name: &str) -> f64 {
        self.optional(name).unwrap_or(0.0)
    }

    /// true or false.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(Value::Bool(true)))
    }

    /// A colour; white where none is declared.
    pub fn colour(&self, name: &str) -> Colour {
        Colour::parse(self.text(name)).unwrap_or(Colour::WHITE)
    }

    /// A tone curve; the straight one where none is declared.
    pub fn curve(&self, name: &str) -> Curve {
        Curve::parse(self.text(name)).unwrap_or_default()
    }

    /// A choice's word, a text, or a path.
    pub fn text(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }
}

/// The declaration of a parameter, or a sentence that says which there are.
pub(crate) fn find<'a>(declared: &'a [ParamSpec], name: &str) -> Result<&'a ParamSpec, Message> {
    declared.iter().find(|param| param.name == name).ok_or_else(|| {
        let names: Vec<&str> = declared.iter().map(|param| param.name).collect();
        if names.is_empty() {
            Message::new("no_parameters", "it takes no parameters, so not \"{name}\"").with("name", name)
        } else {
            let sentence = Message::new("no_parameter", "there is no parameter \"{name}\"; it has {names}");
            sentence.with("name", name).with("names", names.join(", "))
        }
    })
}

/// Refuses a value of another type, out of range, or not of the shape its kind asks for.
fn check_value(param: &ParamSpec, value: &Value) -> Result<(), Message> {
    let shaped = match (&param.kind, value) {
        (ParamKind::Colour { .. }, Value::Text(word)) => Colour::parse(word).is_some(),
        (ParamKind::File { .. }, Value::Text(path)) => !path.trim().is_empty(),
        (ParamKind::Curve { .. }, Value::Text(points)) => Curve::parse(points).is_some(),
        _ => true,
    };
    param.check(value)?;
    if shaped { Ok(()) } else { Err(param.refusal(value)) }
}
