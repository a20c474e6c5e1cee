//! Settings about who one is at which host: what stands there, and a form to add or change one.
//!
//! A secret that was typed is handed on once and forgotten; what is shown afterwards names only where it is kept.

use egui::{Align, Id, Layout, Ui};

use super::setting_notes::{below, note_below, told};
use crate::engine::is_settable_header;
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::segmented::segmented;
use crate::gui::widgets::{field, label};
use crate::model::Lang;
use crate::model::{AccessEntry, AccessKind, SecretRef, TypedSecret, network};

/// A secret that was typed, and the name to keep it under.
type Kept = (String, TypedSecret);

/// What the section remembers while it is open.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    form: Option<Form>,
    /// Whether it has just been opened.
    is_opened: bool,
    /// The one removed last, and where it stood.
    removed: Option<(usize, AccessEntry)>,
}

/// Which kind of thing a host is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Token,
    User,
    Cookie,
    Header,
}

/// Where the secret is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Whence {
    #[default]
    Typed,
    Variable,
    Netrc,
}

/// What is being typed.
#[derive(Default)]
struct Form {
    /// The entry that it changes; a new one where there is none.
    edits: Option<AccessEntry>,
    host: String,
    kind: Kind,
    header: String,
    user: String,
    from: Whence,
    variable: String,
    secret: String,
    /// Whether it was to be saved as it stands: from then on it is told what is wrong.
    is_judged: bool,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form").field("host", &self.host).finish_non_exhaustive()
    }
}

/// A box of the form, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Host(&'static str),
    Header(&'static str),
    User(&'static str),
    Variable(&'static str),
    Secret(&'static str),
}

impl Credentials {
    /// Draws the list and the form. A secret that was typed is to be kept before the entry counts.
    pub(super) fn ui(&mut self, ui: &mut Ui, lang: Lang, access: &mut Vec<AccessEntry>) -> Option<Kept> {
        let opened = field::row_wide(ui, lang.word("access"), size::SETTING_LABEL, |ui| {
            let button = Button::new(lang.word("access_add")).height(size::FIELD);
            button.ui(ui).clicked() && self.form.is_none()
        });
        if opened {
            self.form = Some(Form::default());
            self.is_opened = true;
        }
        self.list_ui(ui, lang, access);
        let saved = self.form.as_mut().and_then(|form| form.ui(ui, lang, access));
        if std::mem::take(&mut self.is_opened) {
            // All of the form is to be seen. Its first box gets the keyboard now that it has seen the key that opened it.
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

    /// Forgets what was typed, also what the box itself would take back.
    fn close(&mut self, ui: &Ui) {
        self.form = None;
        ui.data_mut(|data| data.remove::<egui::text_edit::TextEditState>(box_id("secret")));
    }

    fn list_ui(&mut self, ui: &mut Ui, lang: Lang, access: &mut Vec<AccessEntry>) {
        let p = theme::palette(ui);
        let mut removed = None;
        for (place, entry) in access.iter().enumerate().filter(|(_, entry)| is_shown(entry)) {
            let name = format!("{}, {}", entry.host, lang.access_told(&entry.kind));
            field::row_wide(ui, "", size::SETTING_LABEL, |ui| {
                let remove = lang.remove_named(&name);
                if Button::icon_only(Icon::Cross, &remove).height(size::FIELD).ui(ui).clicked() {
                    removed = Some(place);
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let edit = lang.edit_named(&name);
                    let button = Button::new(lang.word("edit")).named(&edit).height(size::FIELD);
                    if button.ui(ui).clicked() {
                        self.form = Some(Form::of(entry));
                        self.is_opened = true;
                    }
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        label::text(ui, name.as_str(), theme::body(), p.text).on_hover_text(name.as_str());
                    });
                });
            });
            note_below(ui, &lang.access_place(&entry.secret));
            if entry.host.starts_with("http://") {
                below(ui, lang.word("access_plain"), p.warn);
            }
        }
        if let Some(place) = removed {
            self.removed = Some((place, access.remove(place)));
        }
        let Some((place, entry)) = &self.removed else { return };
        let taken_back = field::row_wide(ui, "", size::SETTING_LABEL, |ui| {
            let name = format!("{}, {}", entry.host, lang.access_told(&entry.kind));
            let button = Button::new(lang.word("undo")).height(size::FIELD);
            let pressed = button.named(&format!("{}: {name}", lang.word("undo"))).ui(ui).clicked();
            label::text(ui, lang.removed_named(&name), theme::body(), p.text3);
            pressed
        });
        if taken_back {
            access.insert((*place).min(access.len()), entry.clone());
            self.removed = None;
        }
    }
}

/// A proxy's user is shown with the proxy.
fn is_shown(entry: &AccessEntry) -> bool {
    entry.kind != AccessKind::Proxy
}

fn box_id(name: &str) -> Id {
    Id::unique(("credentials", name))
}

/// How a form was left.
enum Left {
    Saved(Option<Kept>),
    Discarded,
}

impl Form {
    /// One that changes an entry.
    fn of(entry: &AccessEntry) -> Self {
        let (kind, header, user) = match &entry.kind {
            AccessKind::Header { name } => (Kind::Header, name.clone(), String::new()),
            AccessKind::Cookie => (Kind::Cookie, String::new(), String::new()),
            AccessKind::Basic { user } => (Kind::User, String::new(), user.clone().unwrap_or_default()),
            AccessKind::Bearer | AccessKind::Proxy => (Kind::Token, String::new(), String::new()),
        };
        let (from, variable) = match &entry.secret {
            SecretRef::Env(name) => (Whence::Variable, name.clone()),
            SecretRef::Netrc => (Whence::Netrc, String::new()),
            SecretRef::Settings(_) => (Whence::Typed, String::new()),
        };
        let (edits, host) = (Some(entry.clone()), entry.host.clone());
        Self { edits, host, kind, header, user, from, variable, ..Self::default() }
    }

    /// Draws the boxes; tells how the form was left, once it was.
    fn ui(&mut self, ui: &mut Ui, lang: Lang, access: &mut Vec<AccessEntry>) -> Option<Left> {
        let wrong = if self.is_judged { self.entry(lang, access).err() } else { None };
        self.host_ui(ui, lang, wrong);
        self.secret_ui(ui, lang, wrong);
        let (saved, discarded) = field::row_wide(ui, "", size::SETTING_LABEL, |ui| {
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
        self.is_judged = true;
        let entry = self.entry(lang, access).ok()?;
        let kept = (self.from == Whence::Typed && !self.secret.is_empty())
            .then(|| (entry.kept_as(), TypedSecret::new(std::mem::take(&mut self.secret))));
        match access.iter_mut().find(|there| Some(&**there) == self.edits.as_ref()) {
            Some(there) => *there = entry,
            None => access.push(entry),
        }
        Some(Left::Saved(kept))
    }

    fn host_ui(&mut self, ui: &mut Ui, lang: Lang, wrong: Option<Wrong>) {
        line_ui(ui, "host", lang.word("access_host"), &mut self.host, "https://api.example.com");
        told(ui, if let Some(Wrong::Host(words)) = wrong { Some(words) } else { None });
        field::row_wide(ui, lang.word("access_kind"), size::SETTING_LABEL, |ui| {
            let choices = [
                (Kind::Token, lang.word("access_bearer")),
                (Kind::User, lang.word("access_basic")),
                (Kind::Cookie, lang.word("access_cookie")),
                (Kind::Header, lang.word("access_as_header")),
            ];
            if let Some(kind) = segmented(ui, lang.word("access_kind"), self.kind, &choices) {
                self.kind = kind;
                if kind != Kind::User && self.from == Whence::Netrc {
                    self.from = Whence::Typed;
                }
            }
        });
        if self.kind == Kind::Header {
            line_ui(ui, "header", lang.word("access_header_name"), &mut self.header, "X-Api-Key");
            told(ui, if let Some(Wrong::Header(words)) = wrong { Some(words) } else { None });
        }
        if self.kind == Kind::User {
            line_ui(ui, "user", lang.word("access_user"), &mut self.user, "");
            told(ui, if let Some(Wrong::User(words)) = wrong { Some(words) } else { None });
        }
    }

    fn secret_ui(&mut self, ui: &mut Ui, lang: Lang, wrong: Option<Wrong>) {
        field::row_wide(ui, lang.word("access_from"), size::SETTING_LABEL, |ui| {
            let mut choices =
                vec![(Whence::Typed, lang.word("access_typed")), (Whence::Variable, lang.word("access_variable"))];
            if self.kind == Kind::User {
                choices.push((Whence::Netrc, lang.word("access_netrc")));
            }
            if let Some(from) = segmented(ui, lang.word("access_from"), self.from, &choices) {
                self.from = from;
            }
        });
        match self.from {
            Whence::Typed => {
                let name = match self.kind {
                    Kind::Token => lang.word("access_bearer"),
                    Kind::User => lang.word("access_password"),
                    Kind::Cookie | Kind::Header => lang.word("access_value"),
                };
                let hint = if self.keeps().is_some() { lang.word("access_unchanged") } else { "" };
                field::row_wide(ui, name, size::SETTING_LABEL, |ui| {
                    let width = ui.available_width();
                    field::secret(ui, box_id("secret"), name, &mut self.secret, (width, hint));
                });
                match wrong {
                    Some(Wrong::Secret(words)) => told(ui, Some(words)),
                    _ => note_below(ui, lang.word("access_kept")),
                }
            }
            Whence::Variable => {
                line_ui(ui, "variable", lang.word("access_variable_name"), &mut self.variable, "API_TOKEN");
                told(ui, if let Some(Wrong::Variable(words)) = wrong { Some(words) } else { None });
            }
            Whence::Netrc => {}
        }
    }

    /// The secret that stays where it is while no other is typed.
    fn keeps(&self) -> Option<&SecretRef> {
        self.edits.as_ref().map(|entry| &entry.secret).filter(|secret| matches!(secret, SecretRef::Settings(_)))
    }

    /// What was typed, as an entry; else what is wrong, box by box.
    fn entry(&self, lang: Lang, access: &[AccessEntry]) -> Result<AccessEntry, Wrong> {
        let host = network::parse_place(&self.host).map_err(|_| Wrong::Host(lang.word("wrong_place")))?;
        let user = self.user.trim();
        let kind = match self.kind {
            Kind::Token => AccessKind::Bearer,
            Kind::Cookie => AccessKind::Cookie,
            Kind::Header => {
                let name = self.header.trim();
                if !is_settable_header(name) {
                    return Err(Wrong::Header(lang.word("wrong_header")));
                }
                AccessKind::Header { name: name.to_owned() }
            }
            Kind::User => {
                let may_be_empty = self.from == Whence::Netrc;
                if user.contains(':') || (user.is_empty() && !may_be_empty) {
                    return Err(Wrong::User(lang.word("wrong_user")));
                }
                AccessKind::Basic { user: Some(user.to_owned()).filter(|user| !user.is_empty()) }
            }
        };
        let mut others = access.iter().filter(|entry| Some(*entry) != self.edits.as_ref());
        if others.any(|entry| entry.host == host && entry.kind.header() == kind.header()) {
            return Err(Wrong::Host(lang.word("access_twice")));
        }
        let entry = AccessEntry { host, kind, secret: SecretRef::Netrc };
        let secret = match self.from {
            Whence::Netrc => SecretRef::Netrc,
            Whence::Variable => {
                let name = self.variable.trim();
                let is_name =
                    !name.is_empty() && !name.contains(|c: char| c == '=' || c.is_control() || c.is_whitespace());
                if !is_name {
                    return Err(Wrong::Variable(lang.word("wrong_variable")));
                }
                SecretRef::Env(name.to_owned())
            }
            Whence::Typed if self.secret.is_empty() => {
                self.keeps().cloned().ok_or(Wrong::Secret(lang.word("wrong_secret")))?
            }
            Whence::Typed if self.secret.contains(char::is_control) => {
                return Err(Wrong::Secret(lang.word("wrong_secret")));
            }
            Whence::Typed => SecretRef::Settings(entry.kept_as()),
        };
        Ok(AccessEntry { secret, ..entry })
    }
}

fn line_ui(ui: &mut Ui, id: &str, name: &str, text: &mut String, hint: &str) {
    field::row_wide(ui, name, size::SETTING_LABEL, |ui| {
        let width = ui.available_width();
        field::edit(ui, box_id(id), name, text, width, hint);
    });
}
