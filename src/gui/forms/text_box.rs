//! The text box of an open sheet: pasted links, or a path.

/// Seconds that the clipboard may take to answer before a text box is offered instead.
pub(crate) const PASTE_PATIENCE_S: f64 = 0.2;

/// The text in the open sheet's box.
#[derive(Debug, Default)]
pub(crate) struct TextBox {
    /// What the user has entered.
    pub(crate) text: String,
    /// A hint above the box.
    pub(crate) hint: Option<&'static str>,
    /// When the clipboard was asked for its text, in seconds since the window opened.
    pub(crate) paste_asked_s: Option<f64>,
}

impl TextBox {
    /// Empties the box, for a sheet that is opened.
    pub(crate) fn reset(&mut self) {
        self.text.clear();
        self.hint = None;
    }

    /// Whether there is something to confirm.
    pub(crate) fn is_filled(&self) -> bool {
        !self.text.trim().is_empty()
    }

    /// The text, once it is confirmed.
    pub(crate) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Whether the clipboard has not answered in time.
    pub(crate) fn paste_is_late(&self, now_s: f64) -> bool {
        self.paste_asked_s.is_some_and(|asked_s| now_s - asked_s >= PASTE_PATIENCE_S)
    }
}
