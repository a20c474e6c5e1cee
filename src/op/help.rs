//! Help on operations, made from their declarations.

use std::fmt::Write as _;

use super::{OpSpec, params, registry};

/// Every operation with its summary, one a line.
pub fn list() -> String {
    let mut text = String::new();
    for spec in registry() {
        let _ = writeln!(text, "{:<14} {}", spec.id, spec.summary);
    }
    text
}

/// An operation's summary and formula, and each parameter with its unit, range and default.
pub fn help(spec: &OpSpec) -> String {
    let mut text = format!("{}\n  {}\n", spec.id, spec.summary);
    for param in spec.params {
        let default = match param.default_value() {
            Some(value) => format!("[{value}]"),
            None => "[not given]".to_owned(),
        };
        let _ = writeln!(text, "\n  {}: {} {default}\n      {}", param.name, params::allowed(param), param.summary);
    }
    if spec.params.is_empty() {
        text.push_str("\n  It takes no parameters.\n");
    }
    if !spec.faithful_to_scale {
        text.push_str("\n  A preview that fits the window is only approximate.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn help_names_every_parameter_with_range_unit_and_default() {
        let spec = super::super::find("gaussian_blur").expect("registered");
        let text = help(spec);
        assert!(text.contains("sigma: a number from 0 to 200 px [2]"), "{text}");
        for spec in registry() {
            let text = help(spec);
            assert!(spec.params.iter().all(|param| text.contains(param.name) && text.contains(param.summary)));
            assert!(list().contains(spec.summary));
        }
    }
}
