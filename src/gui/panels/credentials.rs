//! The settings' section on credentials: a list, and a form to add or change an entry.
//!
//! Shows where a secret is stored, never the secret itself.

use egui::{Align, Id, Layout, Ui};

use super::setting_notes::{below, error_below, note_below};
use crate::gui::forms::credentials::{CredentialForm, CredentialKind, Credentials, Mistake, NamedSecret, SecretSource};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::segmented::segmented;
use crate::gui::widgets::{field, label};
use crate::model::{AccessEntry, AccessKind, Lang};

impl Credentials {
    /// Draws the list and the form. Returns an entered secret, which must be stored before the entry is used.
    pub(super) fn ui(&mut self, ui: &mut Ui, lang: Lang, access: &mut Vec<AccessEntry>) -> Option<NamedSecret> {
        let opened = field::row(ui, lang.word("access"), size::SETTING_LABEL, |ui| {
            let button = Button::new(lang.word("access_add")).height(size::FIELD).ui(ui);
            (button.clicked() && self.form.is_none()).then_some(button.id)
        });
        if opened.is_some() {
            self.opener = opened;
            self.form = Some(CredentialForm::default());
            self.is_opened = true;
        }
        self.list_ui(ui, lang, access);
        let saved = self.form.as_mut().and_then(|form| form.ui(ui, lang, access));
        if std::mem::take(&mut self.is_opened) {
            // Scrolls the whole form into view. Its first field gets the focus only now, after the key that opened the
            // form.
            ui.scroll_to_cursor(Some(Align::BOTTOM));
            ui.memory_mut(|memory| memory.request_focus(box_id("host")));
        }
        match saved {
            Some(Left::Saved(kept)) => {
                self.close(ui);
                self.removed = None;
                kept
            }
            Some(Left::Discarded) => {
                self.close(ui);
                None
            }
            None => {
                if self.form.is_none() && !access.iter().any(is_shown) && self.removed.is_none() {
                    note_below(ui, lang.word("access_note"));
                }
                None
            }
        }
    }

    /// Clears the form, including the undo history of its fields.
    fn close(&mut self, ui: &Ui) {
        self.form = None;
        // A click elsewhere has moved the focus already; the button that was pressed is gone.
        if let Some(opener) = self.opener.take() {
            ui.memory_mut(|memory| memory.request_focus(opener));
        }
        ui.data_mut(|data| data.remove::<egui::text_edit::TextEditState>(box_id("secret")));
    }

    fn list_ui(&mut self, ui: &mut Ui, lang: Lang, access: &mut Vec<AccessEntry>) {
        let p = theme::palette(ui);
        let mut removed = None;
        for (index, entry) in access.iter().enumerate().filter(|(_, entry)| is_shown(entry)) {
            let name = format!("{}, {}", entry.host, lang.credential_label(&entry.kind));
            field::row(ui, "", size::SETTING_LABEL, |ui| {
                let remove = lang.remove_named(&name);
                if Button::icon_only(Icon::Cross, &remove).height(size::FIELD).ui(ui).clicked() {
                    removed = Some(index);
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let edit = lang.edit_named(&name);
                    let button = Button::new(lang.word("edit")).named(&edit).height(size::FIELD).ui(ui);
                    if button.clicked() {
                        self.opener = Some(button.id);
                        self.form = Some(CredentialForm::of(entry));
                        self.is_opened = true;
                    }
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        label::text(ui, name.as_str(), theme::body(), p.text).on_hover_text(name.as_str());
                    });
                });
            });
            note_below(ui, &lang.secret_label(&entry.secret));
            if entry.host.starts_with("http://") {
                below(ui, lang.word("access_plain"), p.warn);
            }
        }
        if let Some(index) = removed {
            self.removed = Some((index, access.remove(index)));
        }
        let Some((index, entry)) = &self.removed else { return };
        let taken_back = field::row(ui, "", size::SETTING_LABEL, |ui| {
            let name = format!("{}, {}", entry.host, lang.credential_label(&entry.kind));
            let button = Button::new(lang.word("undo")).height(size::FIELD);
            let pressed = button.named(&format!("{}: {name}", lang.word("undo"))).ui(ui).clicked();
            label::text(ui, lang.removed_named(&name), theme::body(), p.text3);
            pressed
        });
        if taken_back {
            access.insert((*index).min(access.len()), entry.clone());
            self.removed = None;
        }
    }
}

/// Whether the list shows it; a proxy's user is shown with the proxy.
fn is_shown(entry: &AccessEntry) -> bool {
    entry.kind != AccessKind::Proxy
}

fn box_id(name: &str) -> Id {
    Id::unique(("credentials", name))
}

/// How the form was closed.
enum Left {
    Saved(Option<NamedSecret>),
    Discarded,
}

impl CredentialForm {
    /// Draws the fields; returns how the form was closed.
    fn ui(&mut self, ui: &mut Ui, lang: Lang, access: &mut Vec<AccessEntry>) -> Option<Left> {
        let wrong = self.mistake(lang, access);
        self.host_ui(ui, lang, wrong);
        self.secret_ui(ui, lang, wrong);
        let (saved, discarded) = field::row(ui, "", size::SETTING_LABEL, |ui| {
            let saved = Button::new(lang.word("access_save")).height(size::FIELD).ui(ui).clicked();
            (saved, Button::new(lang.word("access_cancel")).ghost().height(size::FIELD).ui(ui).clicked())
        });
        if discarded {
            return Some(Left::Discarded);
        }
        let entered = [box_id("secret"), box_id("variable")].into_iter().any(|id| {
            ui.memory(|memory| memory.had_focus_last_frame(id)) && ui.input(|input| input.key_pressed(egui::Key::Enter))
        });
        if !saved && !entered {
            return None;
        }
        self.save(lang, access).map(|saved| Left::Saved(saved.secret))
    }

    fn host_ui(&mut self, ui: &mut Ui, lang: Lang, wrong: Option<Mistake>) {
        line_ui(ui, "host", lang.word("access_host"), &mut self.host, "https://api.example.com");
        error_below(ui, if let Some(Mistake::Host(words)) = wrong { Some(words) } else { None });
        field::row(ui, lang.word("access_kind"), size::SETTING_LABEL, |ui| {
            let choices = [
                (CredentialKind::Token, lang.word("access_bearer")),
                (CredentialKind::User, lang.word("access_basic")),
                (CredentialKind::Cookie, lang.word("access_cookie")),
                (CredentialKind::Header, lang.word("access_as_header")),
            ];
            if let Some(kind) = segmented(ui, lang.word("access_kind"), self.kind, &choices) {
                self.kind = kind;
                if kind != CredentialKind::User && self.from == SecretSource::Netrc {
                    self.from = SecretSource::Typed;
                }
            }
        });
        if self.kind == CredentialKind::Header {
            line_ui(ui, "header", lang.word("access_header_name"), &mut self.header, "X-Api-Key");
            error_below(ui, if let Some(Mistake::Header(words)) = wrong { Some(words) } else { None });
        }
        if self.kind == CredentialKind::User {
            line_ui(ui, "user", lang.word("access_user"), &mut self.user, "");
            error_below(ui, if let Some(Mistake::User(words)) = wrong { Some(words) } else { None });
            field::row(ui, lang.word("access_scheme"), size::SETTING_LABEL, |ui| {
                let choices = [(false, lang.word("access_scheme_basic")), (true, lang.word("access_scheme_digest"))];
                if let Some(is_digest) = segmented(ui, lang.word("access_scheme"), self.is_digest, &choices) {
                    self.is_digest = is_digest;
                }
            });
            if self.is_digest {
                note_below(ui, lang.word("access_digest_note"));
            }
        }
    }

    fn secret_ui(&mut self, ui: &mut Ui, lang: Lang, wrong: Option<Mistake>) {
        field::row(ui, lang.word("access_from"), size::SETTING_LABEL, |ui| {
            let mut choices = vec![
                (SecretSource::Typed, lang.word("access_typed")),
                (SecretSource::Variable, lang.word("access_variable")),
            ];
            if self.kind == CredentialKind::User {
                choices.push((SecretSource::Netrc, lang.word("access_netrc")));
            }
            if let Some(from) = segmented(ui, lang.word("access_from"), self.from, &choices) {
                self.from = from;
            }
        });
        match self.from {
            SecretSource::Typed => {
                let name = match self.kind {
                    CredentialKind::Token => lang.word("access_bearer"),
                    CredentialKind::User => lang.word("access_password"),
                    CredentialKind::Cookie | CredentialKind::Header => lang.word("access_value"),
                };
                let hint = if self.keeps().is_some() { lang.word("access_unchanged") } else { "" };
                field::row(ui, name, size::SETTING_LABEL, |ui| {
                    let width = ui.available_width();
                    field::secret(ui, box_id("secret"), name, &mut self.secret, (width, hint));
                });
                match wrong {
                    Some(Mistake::Secret(words)) => error_below(ui, Some(words)),
                    _ => note_below(ui, lang.word("access_kept")),
                }
            }
            SecretSource::Variable => {
                line_ui(ui, "variable", lang.word("access_variable_name"), &mut self.variable, "API_TOKEN");
                error_below(ui, if let Some(Mistake::Variable(words)) = wrong { Some(words) } else { None });
            }
            SecretSource::Netrc => {}
        }
    }
}

fn line_ui(ui: &mut Ui, id: &str, name: &str, text: &mut String, hint: &str) {
    field::row(ui, name, size::SETTING_LABEL, |ui| {
        let width = ui.available_width();
        field::edit(ui, box_id(id), name, text, width, hint);
    });
}
