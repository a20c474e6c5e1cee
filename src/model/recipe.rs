//! A recipe: the steps applied to an image, as data. `op` decides whether they are valid.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A list of steps, in the order in which they run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Version of the recipe format: 1, or 2 in a file with outputs.
    pub version: u32,
    /// The steps, first to last.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// One operation with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The operation's id in the registry, such as `resize`.
    pub op: String,
    /// The given parameters only; the registry knows the defaults of the rest.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// A disabled step stays in the list and does nothing.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// true or false.
    Bool(bool),
    /// A number; integers are exact up to 2^53.
    Number(f64),
    /// A word of a choice, or free text.
    Text(String),
}

fn yes() -> bool {
    true
}

impl Recipe {
    /// The version that this program reads and writes.
    pub const VERSION: u32 = 1;

    /// The version of files with outputs or settings of inputs.
    pub const VERSION_OF_OUTPUTS: u32 = 2;

    /// The enabled steps.
    pub fn active(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.enabled)
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self { version: Self::VERSION, steps: Vec::new() }
    }
}

impl Step {
    /// A step with every parameter at its default.
    pub fn new(op: impl Into<String>) -> Self {
        Self { op: op.into(), params: BTreeMap::new(), enabled: true }
    }

    /// The same step with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Value {
    /// For messages: a text is quoted.
    pub fn quoted(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{text}\""),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(flag) => flag.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}
