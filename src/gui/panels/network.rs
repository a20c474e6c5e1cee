//! Network settings: politeness, rates, proxy, trust.
//!
//! No secret is kept here: a user name and password entered with a proxy's address are passed to the engine, which
//! stores them separately.

use std::path::{Path, PathBuf};

use egui::{Id, Ui};

use super::setting_notes::{below, error_below, note_below};
use crate::engine::NetworkFault;
use crate::gui::forms::network::{self as form, NetworkForm, ProxyWay};
use crate::gui::theme::{self, size};
use crate::gui::widgets::button::Button;
use crate::gui::widgets::icon::Icon;
use crate::gui::widgets::segmented::segmented;
use crate::gui::widgets::{field, label};
use crate::model::Lang;
use crate::model::{NetworkFile, NetworkSpec, ProxyChoice, RobotsPolicy, human};

/// Width of a rate field, in points; the same as the number fields above.
const BOX: f32 = 104.0;

/// What the section needs besides the settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links<'a> {
    /// Language.
    pub(super) lang: Lang,
    /// The errors of files.
    pub(super) faults: &'a [NetworkFault],
    /// A hint about the desktop's dialog for a file.
    pub(super) hint: Option<(NetworkFile, &'static str)>,
}

impl Links<'_> {
    /// Draws the rows; returns the file that is to be chosen with the desktop's dialog.
    pub(super) fn ui(self, ui: &mut Ui, form: &mut NetworkForm, network: &mut NetworkSpec) -> Option<NetworkFile> {
        self.politeness_ui(ui, network);
        self.rates_ui(ui, network);
        self.proxy_ui(ui, form, network);
        self.headers_ui(ui, network);
        let wanted = NetworkFile::ALL.into_iter().filter(|file| self.file_ui(ui, *file, network)).last();
        self.insecure_ui(ui, network);
        wanted
    }

    fn politeness_ui(self, ui: &mut Ui, network: &mut NetworkSpec) {
        let lang = self.lang;
        field::row(ui, lang.word("robots"), size::SETTING_LABEL, |ui| {
            let choices = [RobotsPolicy::Auto, RobotsPolicy::Always, RobotsPolicy::Never]
                .map(|policy| (policy, lang.robots_word(policy)));
            if let Some(policy) = segmented(ui, lang.word("robots"), network.robots, &choices) {
                network.robots = policy;
            }
        });
        note_below(ui, &lang.robots_note(network.robots));
        field::row(ui, lang.word("noai"), size::SETTING_LABEL, |ui| {
            if field::check(ui, lang.word("noai_check"), network.obey_noai) {
                network.obey_noai = !network.obey_noai;
            }
            ui.add_space(size::GAP_SMALL);
            let ink = theme::palette(ui).text2;
            label::text(ui, lang.word("noai_words"), theme::body(), ink);
        });
    }

    fn rates_ui(self, ui: &mut Ui, network: &mut NetworkSpec) {
        let lang = self.lang;
        let shown = network.requests_per_s.map(|rate| rate.to_string()).unwrap_or_default();
        let read = |text: &str| form::read_requests(lang, text);
        self.rate_ui(ui, (lang.word("requests_per_s"), lang.word("at_each_host")), &shown, read, |rate| {
            network.requests_per_s = rate;
        });
        let shown = network.bytes_per_s.map(human::exact_size).unwrap_or_default();
        let read = |text: &str| form::read_bytes(lang, text);
        self.rate_ui(ui, (lang.word("bytes_per_s"), lang.word("in_all")), &shown, read, |rate| {
            network.bytes_per_s = rate;
        });
    }

    /// A field for a rate, which may be empty.
    fn rate_ui<T>(
        self,
        ui: &mut Ui,
        (name, what): (&str, &str),
        shown: &str,
        read: impl Fn(&str) -> Result<Option<T>, &'static str>,
        set: impl FnOnce(Option<T>),
    ) {
        let checked = field::row(ui, name, size::SETTING_LABEL, |ui| {
            let id = Id::unique(("links", name));
            let checked = field::checked(ui, id, name, shown, (BOX, self.lang.word("no_limit")), read);
            label::note(ui, what);
            checked
        });
        error_below(ui, checked.wrong);
        if let Some(rate) = checked.taken {
            set(rate);
        }
    }

    fn proxy_ui(self, ui: &mut Ui, form: &mut NetworkForm, network: &mut NetworkSpec) {
        let lang = self.lang;
        field::row(ui, lang.word("proxy"), size::SETTING_LABEL, |ui| {
            let choices = [
                (ProxyWay::System, lang.word("system")),
                (ProxyWay::None, lang.word("proxy_none")),
                (ProxyWay::Address, lang.word("proxy_own")),
            ];
            if let Some(way) = segmented(ui, lang.word("proxy"), form.proxy_way(network), &choices) {
                form.choose_proxy(way, network);
            }
        });
        if form.proxy_way(network) != ProxyWay::Address {
            return;
        }
        let shown = match &network.proxy {
            ProxyChoice::Url(url) => url.clone(),
            _ => String::new(),
        };
        let checked = field::row(ui, "", size::SETTING_LABEL, |ui| {
            let id = Id::unique("links proxy");
            let width = ui.available_width();
            let read = |text: &str| form::read_proxy(lang, text);
            field::checked(ui, id, lang.word("proxy_address"), &shown, (width, "http://proxy:3128"), read)
        });
        let is_wrong = checked.wrong.is_some();
        error_below(ui, checked.wrong);
        if let Some(proxy) = checked.taken {
            network.proxy = proxy;
        } else if let Some(note) = form::proxy_note(lang, network, is_wrong) {
            note_below(ui, note);
        }
    }

    fn file_ui(self, ui: &mut Ui, file: NetworkFile, network: &mut NetworkSpec) -> bool {
        let lang = self.lang;
        let name = lang.network_file(file);
        let shown = file.given(network).map(|path| path.display().to_string()).unwrap_or_default();
        let wanted = field::row(ui, name, size::SETTING_LABEL, |ui| {
            let button = Button::new(lang.word("choose_file")).height(size::FIELD);
            let width = ui.available_width() - button.measure(ui) - size::GAP;
            let id = Id::unique(("links file", name));
            let typed = field::line_hint(ui, id, name, &shown, (width, lang.network_file_hint(file)));
            if let Some(path) = typed {
                *file.path(network) = Some(path.trim()).filter(|path| !path.is_empty()).map(PathBuf::from);
            }
            let spoken = format!("{}: {name}", lang.word("choose_file"));
            button.named(&spoken).ui(ui).clicked()
        });
        let is_shown = file.given(network).is_some_and(|path| path == Path::new(&shown));
        let fault = self.faults.iter().find(|fault| fault.file == file).filter(|_| is_shown);
        error_below(ui, fault.map(|fault| lang.network_fault(*fault)));
        if let Some((_, hint)) = self.hint.filter(|(of, _)| *of == file) {
            note_below(ui, hint);
        }
        wanted
    }

    /// The headers that say who asks, and from where.
    fn headers_ui(self, ui: &mut Ui, network: &mut NetworkSpec) {
        let lang = self.lang;
        for (name, hint, header) in [
            (lang.word("user_agent"), lang.word("user_agent_hint"), &mut network.user_agent),
            (lang.word("referer"), "https://shop.example/", &mut network.referer),
        ] {
            let shown = header.clone().unwrap_or_default();
            let checked = field::row(ui, name, size::SETTING_LABEL, |ui| {
                let (id, width) = (Id::unique(("links", name)), ui.available_width());
                field::checked(ui, id, name, &shown, (width, hint), |text| form::read_header(lang, text))
            });
            error_below(ui, checked.wrong);
            if let Some(value) = checked.taken {
                *header = value;
            }
        }
    }

    fn insecure_ui(self, ui: &mut Ui, network: &mut NetworkSpec) {
        let lang = self.lang;
        let added = field::row(ui, lang.word("insecure_hosts"), size::SETTING_LABEL, |ui| {
            let id = Id::unique("links insecure");
            let button = Button::new(lang.word("add_host")).height(size::FIELD);
            let width = ui.available_width() - button.measure(ui) - size::GAP;
            let read = |text: &str| form::read_host(lang, text);
            let checked = field::checked(ui, id, lang.word("new_host"), "", (width, "nas.local"), read);
            // The host is added when the field loses the focus, by Enter or by this button.
            if button.ui(ui).clicked() {
                ui.memory_mut(|memory| memory.surrender_focus(id));
            }
            checked
        });
        error_below(ui, added.wrong);
        if let Some(host) = added.taken.flatten() {
            form::add_insecure_host(network, host);
        }
        if network.insecure_hosts.is_empty() {
            return;
        }
        let p = theme::palette(ui);
        let mut removed = None;
        for (index, host) in network.insecure_hosts.iter().enumerate() {
            field::row(ui, "", size::SETTING_LABEL, |ui| {
                let name = lang.remove_named(host);
                if Button::icon_only(Icon::Cross, &name).height(size::FIELD).ui(ui).clicked() {
                    removed = Some(index);
                }
                label::text(ui, host.as_str(), theme::body(), p.warn);
            });
        }
        if let Some(index) = removed {
            network.insecure_hosts.remove(index);
        }
        below(ui, lang.word("insecure_warning"), p.warn);
    }
}
