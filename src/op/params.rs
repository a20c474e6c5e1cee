//! Parameters of a step, checked against the declaration of its operation.

use std::collections::BTreeMap;

use super::OpSpec;
use super::curve::Curve;
use super::stage::Colour;
use crate::model::{FileKind, ParamKind, ParamSpec, Unit, Value};

/// Checked parameters: every one that was given or has a default, of its declared type and within its range.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    values: BTreeMap<&'static str, Value>,
    view_scale: f64,
}

impl Params {
    /// Checks what was given and fills in defaults. The error names the parameter, what was given and what is allowed.
    pub fn check(spec: &OpSpec, given: &BTreeMap<String, Value>) -> Result<Self, String> {
        for name in given.keys() {
            find(spec, name)?;
        }
        let mut values = BTreeMap::new();
        for param in spec.params {
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
    pub(super) fn scaled(&self, spec: &OpSpec, scale: f64) -> Self {
        let mut values = self.values.clone();
        for param in spec.params {
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
pub(super) fn find<'a>(spec: &'a OpSpec, name: &str) -> Result<&'a ParamSpec, String> {
    spec.params.iter().find(|param| param.name == name).ok_or_else(|| {
        let names: Vec<&str> = spec.params.iter().map(|param| param.name).collect();
        if names.is_empty() {
            format!("{} takes no parameters, so not \"{name}\"", spec.id)
        } else {
            format!("{} has no parameter \"{name}\"; it has {}", spec.id, names.join(", "))
        }
    })
}

/// What a parameter allows, such as `0 to 200 px`.
pub(super) fn allowed(param: &ParamSpec) -> String {
    let unit = param.unit.suffix();
    match &param.kind {
        ParamKind::Float { min, max, .. } => format!("a number from {min} to {max}{unit}"),
        ParamKind::Int { min, max, .. } => format!("a whole number from {min} to {max}{unit}"),
        ParamKind::Bool { .. } => "true or false".to_owned(),
        ParamKind::Choice { options, .. } => format!("one of {}", options.join(", ")),
        ParamKind::Text { .. } => "a text".to_owned(),
        ParamKind::Colour { .. } => "white, black, transparent, #rgb, #rrggbb or #rrggbbaa".to_owned(),
        ParamKind::File { holds: FileKind::Picture } => "the path of a picture".to_owned(),
        ParamKind::File { holds: FileKind::Table } => "the path of a .cube file".to_owned(),
        ParamKind::Curve { .. } => "points such as 0,0;64,50;255,255, from 0 to 255, in order of input".to_owned(),
    }
}

fn check_value(param: &ParamSpec, value: &Value) -> Result<(), String> {
    let fits = match (&param.kind, value) {
        // A comparison with NaN is false: it is refused like any value out of range.
        (ParamKind::Float { min, max, .. }, Value::Number(number)) => (*min..=*max).contains(number),
        (ParamKind::Int { min, max, .. }, Value::Number(number)) => {
            number.fract() == 0.0 && (*min as f64..=*max as f64).contains(number)
        }
        (ParamKind::Bool { .. }, Value::Bool(_)) | (ParamKind::Text { .. }, Value::Text(_)) => true,
        (ParamKind::Colour { .. }, Value::Text(word)) => Colour::parse(word).is_ok(),
        (ParamKind::File { .. }, Value::Text(path)) => !path.trim().is_empty(),
        (ParamKind::Curve { .. }, Value::Text(points)) => Curve::parse(points).is_some(),
        (ParamKind::Choice { options, .. }, Value::Text(word)) => options.contains(&word.as_str()),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let given = match value {
        Value::Text(text) => format!("\"{text}\""),
        other => other.to_string(),
    };
    Err(format!("{} must be {}, not {given}", param.name, allowed(param)))
}
