//! The parameters of a step, checked against the declaration of its operation.

use std::collections::BTreeMap;

use crate::model::{Curve, FieldText, FieldValues, Message, ParamKind, ParamSpec, Unit, Value, spelling};
use crate::op::stage::{Colour, Transfer};

/// Checked parameters: all that were given or have a default, of their declared type and within their range.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    values: BTreeMap<&'static str, Value>,
    view_scale: f64,
    transfer: Transfer,
}

impl Params {
    /// Checks the given values and fills in defaults. An error names the parameter, the given value and the allowed
    /// ones.
    pub fn check(declared: &'static [ParamSpec], given: &BTreeMap<String, Value>) -> Result<Self, Message> {
        let mut spelled = BTreeMap::new();
        for (name, value) in given {
            spelled.insert(find(declared, name)?.name, value);
        }
        let mut values = BTreeMap::new();
        for param in declared {
            let value = match spelled.get(param.name).copied() {
                Some(value) => {
                    check_value(param, value)?;
                    Some(without_escapes(param, value))
                }
                None => param.default_value(),
            };
            if let Some(value) = value {
                values.insert(param.name, value);
            }
        }
        Ok(Self { values, view_scale: 1.0, transfer: Transfer::Srgb })
    }

    /// The same for an image scaled by `scale`: lengths in px shrink in proportion, areas by the square.
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
        Self { values, view_scale: self.view_scale * scale, transfer: self.transfer }
    }

    /// The same for images that encode light in another way.
    pub(crate) fn encoded_by(&self, transfer: Transfer) -> Self {
        Self { transfer, ..self.clone() }
    }

    /// How images encode light.
    pub fn transfer(&self) -> Transfer {
        self.transfer
    }

    /// The scale of the view: 1 for outputs, less for smaller previews.
    pub fn view_scale(&self) -> f64 {
        self.view_scale
    }

    /// A number that may be absent. Integers stay integers only at full scale: round where it matters.
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

    /// A colour as the image stores it; white if none is declared.
    pub fn colour(&self, name: &str) -> Colour {
        self.transfer.painted(Colour::parse(self.text(name)).unwrap_or(Colour::WHITE))
    }

    /// A tone curve; the identity if none is declared.
    pub fn curve(&self, name: &str) -> Curve {
        Curve::parse(self.text(name)).unwrap_or_default()
    }

    /// A choice, a text or a path.
    pub fn text(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }
}

/// The declaration of a parameter, in any spelling of its name; the error lists the parameters there are.
pub(crate) fn find<'a>(declared: &'a [ParamSpec], name: &str) -> Result<&'a ParamSpec, Message> {
    declared.iter().find(|param| spelling::is_same(param.name, name)).ok_or_else(|| {
        let names: Vec<&str> = declared.iter().map(|param| param.name).collect();
        let message = match spelling::nearest(name, names.iter().copied()) {
            Some(near) => Message::new("no_parameter_near").with("near", near),
            None if names.is_empty() => return Message::new("no_parameters").with("name", name),
            None => Message::new("no_parameter"),
        };
        message.with("name", name).with("names", names.join(", "))
    })
}

/// A text without fields as it is meant; one with fields is filled in for each item.
fn without_escapes(param: &ParamSpec, value: &Value) -> Value {
    match (&param.kind, value) {
        (ParamKind::FieldText { .. }, Value::Text(text)) => match FieldText::parse(text) {
            Ok(parsed) if parsed.fields().next().is_none() => Value::Text(parsed.fill(&FieldValues::default())),
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

/// Rejects a value of the wrong type, out of range, or in the wrong syntax.
fn check_value(param: &ParamSpec, value: &Value) -> Result<(), Message> {
    let shaped = match (&param.kind, value) {
        (ParamKind::Colour { .. }, Value::Text(word)) => Colour::parse(word).is_some(),
        (ParamKind::File { .. }, Value::Text(path)) => !path.trim().is_empty(),
        (ParamKind::Curve { .. }, Value::Text(points)) => Curve::parse(points).is_some(),
        _ => true,
    };
    param.check(value)?;
    if let (ParamKind::FieldText { .. }, Value::Text(text)) = (&param.kind, value) {
        FieldText::parse_early(text).map_err(|why| why.with("param", param.name))?;
    }
    if shaped { Ok(()) } else { Err(param.refusal(value)) }
}
