//! The declaration of an operation's parameter: its unit, range and default. Editors, help and checks derive from it.

use super::message::Message;
use super::recipe::Value;
use super::spelling;
use super::text::fields;
use super::unit::Unit;

/// A parameter's declaration.
#[derive(Clone, Debug)]
pub struct ParamSpec {
    /// The name scripts use, such as `long_edge`.
    pub name: &'static str,
    /// One sentence of help.
    pub summary: &'static str,
    /// The unit of the number.
    pub unit: Unit,
    /// Its type, range and default.
    pub kind: ParamKind,
}

/// A parameter's type, range and default.
#[derive(Clone, Debug)]
pub enum ParamKind {
    /// A number within a range (inclusive). `soft_max` is the end of a slider; typed values may go up to `max`.
    Float {
        /// Smallest value allowed.
        min: f64,
        /// Largest value allowed.
        max: f64,
        /// End of the slider.
        soft_max: f64,
        /// Value if not given.
        default: f64,
    },
    /// An integer within a range. `default: None` means that leaving it out has a meaning of its own.
    Int {
        /// Smallest value allowed.
        min: i64,
        /// Largest value allowed.
        max: i64,
        /// End of the slider.
        soft_max: i64,
        /// Value if not given.
        default: Option<i64>,
    },
    /// true or false.
    Bool {
        /// Value if not given.
        default: bool,
    },
    /// One of several words.
    Choice {
        /// The words allowed.
        options: &'static [&'static str],
        /// Value if not given.
        default: &'static str,
    },
    /// Free text.
    Text {
        /// Value if not given.
        default: &'static str,
    },
    /// Text with fields of the item, such as `{stem}`.
    FieldText {
        /// Value if not given.
        default: &'static str,
    },
    /// A colour: `white`, `black`, `transparent`, `#rgb`, `#rrggbb` or `#rrggbbaa`.
    Colour {
        /// Value if not given.
        default: &'static str,
    },
    /// The path of a file that the step reads; required.
    File {
        /// The kind of file.
        holds: FileKind,
    },
    /// A tone curve: two or more points `input,output` in levels of 255, in order of input, joined by a smooth line;
    /// written `0,0;64,50;255,255`.
    Curve {
        /// Value if not given.
        default: &'static str,
    },
}

/// The kind of file that a parameter names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// An image in any readable format.
    Image,
    /// A colour table (`.cube`).
    Table,
}

impl ParamSpec {
    /// The value if the recipe gives none; `None` if absence has a meaning of its own.
    pub fn default_value(&self) -> Option<Value> {
        match &self.kind {
            ParamKind::Float { default, .. } => Some(Value::Number(*default)),
            ParamKind::Int { default, .. } => default.map(|number| Value::Number(number as f64)),
            ParamKind::Bool { default } => Some(Value::Bool(*default)),
            ParamKind::Choice { default, .. }
            | ParamKind::Text { default }
            | ParamKind::FieldText { default }
            | ParamKind::Colour { default }
            | ParamKind::Curve { default } => Some(Value::Text((*default).to_owned())),
            ParamKind::File { .. } => None,
        }
    }

    /// The allowed values, such as `a number from 0 to 200 px`.
    pub fn allowed(&self) -> Message {
        match &self.kind {
            ParamKind::Float { .. } => self.limited(Message::new("allowed_number")),
            ParamKind::Int { .. } => self.limited(Message::new("allowed_whole")),
            ParamKind::Bool { .. } => Message::new("allowed_boolean"),
            ParamKind::Choice { .. } => self.limited(Message::new("allowed_choice")),
            ParamKind::Text { .. } => Message::new("allowed_text"),
            ParamKind::FieldText { .. } => {
                Message::new("allowed_field_text").with("fields", fields::listed(|field| !field.is_late()))
            }
            ParamKind::Colour { .. } => Message::new("allowed_colour"),
            ParamKind::File { holds: FileKind::Image } => Message::new("allowed_image"),
            ParamKind::File { holds: FileKind::Table } => Message::new("allowed_table"),
            ParamKind::Curve { .. } => Message::new("allowed_curve"),
        }
    }

    /// The message with the parameter's limits or choices.
    fn limited(&self, message: Message) -> Message {
        let unit = self.unit.suffix();
        match &self.kind {
            ParamKind::Float { min, max, .. } => message.with("min", min).with("max", max).with("unit", unit),
            ParamKind::Int { min, max, .. } => message.with("min", min).with("max", max).with("unit", unit),
            ParamKind::Choice { options, .. } => message.with("options", options.join(", ")),
            _ => message,
        }
    }

    /// Rejects a value of the wrong type or out of range; the error says what is allowed. The syntax of texts is
    /// checked by the code that parses them.
    pub fn check(&self, value: &Value) -> Result<(), Message> {
        let fits = match (&self.kind, value) {
            // A comparison with NaN is false, so NaN is rejected like any value out of range.
            (ParamKind::Float { min, max, .. }, Value::Number(number)) => (*min..=*max).contains(number),
            (ParamKind::Int { min, max, .. }, Value::Number(number)) => {
                number.fract() == 0.0 && (*min as f64..=*max as f64).contains(number)
            }
            (ParamKind::Bool { .. }, Value::Bool(_))
            | (
                ParamKind::Text { .. }
                | ParamKind::FieldText { .. }
                | ParamKind::Colour { .. }
                | ParamKind::File { .. }
                | ParamKind::Curve { .. },
                Value::Text(_),
            ) => true,
            (ParamKind::Choice { options, .. }, Value::Text(word)) => options.contains(&word.as_str()),
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.refusal(value)) }
    }

    /// The message that rejects a value.
    pub fn refusal(&self, value: &Value) -> Message {
        let message = match &self.kind {
            ParamKind::Float { .. } => Message::new("must_be_number"),
            ParamKind::Int { .. } => Message::new("must_be_whole"),
            ParamKind::Bool { .. } => Message::new("must_be_boolean"),
            ParamKind::Choice { options, .. } => match value {
                Value::Text(word) => must_be_choice(word, options),
                _ => Message::new("must_be_choice"),
            },
            ParamKind::Text { .. } | ParamKind::FieldText { .. } => Message::new("must_be_text"),
            ParamKind::Colour { .. } => Message::new("must_be_colour"),
            ParamKind::File { holds: FileKind::Image } => Message::new("must_be_image"),
            ParamKind::File { holds: FileKind::Table } => Message::new("must_be_table"),
            ParamKind::Curve { .. } => Message::new("must_be_curve"),
        };
        self.limited(message.about(self.name, value))
    }

    /// Converts a word of the command line; one that doesn't fit stays a text, which [`Self::check`] rejects.
    pub fn value_of(&self, word: String) -> Value {
        match self.kind {
            ParamKind::Float { .. } | ParamKind::Int { .. } => match word.trim().parse::<f64>() {
                Ok(number) => Value::Number(number),
                Err(_) => self.respelled(Value::Text(word)),
            },
            ParamKind::Bool { .. } => match word.to_ascii_lowercase().as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => Value::Text(word),
            },
            _ => self.respelled(Value::Text(word)),
        }
    }

    /// A value that a person wrote, as scripts spell it: choices in any case and spelling, numbers with their unit
    /// (`50%`, `800px`). Anything else stays what it is.
    pub fn respelled(&self, value: Value) -> Value {
        let Value::Text(word) = &value else { return value };
        match &self.kind {
            ParamKind::Choice { options, .. } => match spelling::find(word, options.iter().copied()) {
                Some(option) => option.into(),
                None => value,
            },
            ParamKind::Float { .. } | ParamKind::Int { .. } => self.with_unit(word).map_or(value, Value::Number),
            _ => value,
        }
    }

    /// The number of a text that ends with a unit: the parameter's own, or `%` of a scale.
    fn with_unit(&self, text: &str) -> Option<f64> {
        let text = text.trim();
        let digits = text.trim_end_matches(|c: char| c.is_alphabetic() || matches!(c, '%' | '°' | ' '));
        let number: f64 = digits.parse().ok().filter(|number: &f64| number.is_finite())?;
        let unit = text[digits.len()..].trim().to_ascii_lowercase();
        if !unit.is_empty() && unit == self.unit.suffix().trim().to_ascii_lowercase() {
            return Some(number);
        }
        match (unit.as_str(), self.unit, &self.kind) {
            ("%", Unit::Levels, _) => Some(number * 255.0 / 100.0),
            // A scale up to 100 or more counts percent already; a factor does not.
            ("%", Unit::None, ParamKind::Float { max, .. }) if *max < 100.0 => Some(number / 100.0),
            ("%", Unit::None, _) | ("deg", Unit::Degrees, _) => Some(number),
            _ => None,
        }
    }
}

/// The message that rejects a word which is none of the choices; names the nearest.
pub(super) fn must_be_choice(word: &str, options: &[&str]) -> Message {
    match spelling::nearest(word, options.iter().copied()) {
        Some(near) => Message::new("must_be_choice_near").with("near", near),
        None => Message::new("must_be_choice"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(unit: Unit, kind: ParamKind) -> ParamSpec {
        ParamSpec { name: "it", summary: "", unit, kind }
    }

    #[test]
    fn numbers_are_read_with_their_unit() {
        let float = |max| ParamKind::Float { min: 0.0, max, soft_max: max, default: 0.0 };
        let whole = ParamKind::Int { min: 0, max: 9000, soft_max: 9000, default: None };
        for (param, word, number) in [
            (spec(Unit::Percent, float(100.0)), "50%", 50.0),
            (spec(Unit::Percent, float(100.0)), "12.5 %", 12.5),
            (spec(Unit::Px, whole.clone()), "800px", 800.0),
            (spec(Unit::Px, whole.clone()), "800 PX", 800.0),
            (spec(Unit::Degrees, float(360.0)), "90°", 90.0),
            (spec(Unit::Degrees, float(360.0)), "90deg", 90.0),
            (spec(Unit::Stops, float(8.0)), "1.5EV", 1.5),
            (spec(Unit::Megapixels, float(99.0)), "2MP", 2.0),
            // As `-threshold 50%` in ImageMagick.
            (spec(Unit::Levels, float(255.0)), "50%", 127.5),
            (spec(Unit::None, float(10.0)), "150%", 1.5),
            (spec(Unit::None, float(100.0)), "80%", 80.0),
            (spec(Unit::None, whole), "80%", 80.0),
        ] {
            assert_eq!(param.value_of(word.to_owned()), Value::Number(number), "{word}");
            assert_eq!(param.respelled(word.into()), Value::Number(number), "{word}");
        }
    }

    #[test]
    fn a_number_with_another_unit_is_refused() {
        let kind = ParamKind::Float { min: 0.0, max: 9.0, soft_max: 9.0, default: 0.0 };
        for (unit, word) in
            [(Unit::Px, "5%"), (Unit::Percent, "5px"), (Unit::None, "5x"), (Unit::None, "NaN%"), (Unit::Px, "px")]
        {
            let param = spec(unit, kind.clone());
            let value = param.value_of(word.to_owned());
            assert_eq!(value, word.into());
            assert!(param.check(&value).is_err());
        }
    }
}
