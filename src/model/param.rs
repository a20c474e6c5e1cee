//! The declaration of an operation's parameter: its unit, range and default. Editors, help and checks derive from it.

use super::message::Message;
use super::recipe::Value;
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
                ParamKind::Text { .. } | ParamKind::Colour { .. } | ParamKind::File { .. } | ParamKind::Curve { .. },
                Value::Text(_),
            ) => true,
            (ParamKind::Choice { options, .. }, Value::Text(word)) => options.contains(&word.as_str()),
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.refusal(value)) }
    }

    /// The message that rejects a value.
    pub fn refusal(&self, value: &Value) -> Message {
        let message = match self.kind {
            ParamKind::Float { .. } => Message::new("must_be_number"),
            ParamKind::Int { .. } => Message::new("must_be_whole"),
            ParamKind::Bool { .. } => Message::new("must_be_boolean"),
            ParamKind::Choice { .. } => Message::new("must_be_choice"),
            ParamKind::Text { .. } => Message::new("must_be_text"),
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
                Err(_) => Value::Text(word),
            },
            ParamKind::Bool { .. } => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => Value::Text(word),
            },
            ParamKind::Choice { .. }
            | ParamKind::Text { .. }
            | ParamKind::Colour { .. }
            | ParamKind::File { .. }
            | ParamKind::Curve { .. } => Value::Text(word),
        }
    }
}
