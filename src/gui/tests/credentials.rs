//! Credentials for hosts in the settings.

use egui::accesskit::Role;

use super::*;
use crate::model::{AccessEntry, AccessKind, SecretRef};

const ADD: &str = "Add credentials…";
const SAVE: &str = "Save credentials";

fn entry(host: &str, kind: AccessKind, secret: SecretRef) -> AccessEntry {
    AccessEntry { host: host.to_owned(), kind, secret }
}

impl Window {
    /// Clicks a control that may be scrolled out of view.
    fn push(&mut self, name: &str) {
        self.harness.get_by_label(name).click_accesskit();
        self.settle();
    }

    fn pick(&mut self, choice: &str) {
        self.harness.get_by_role_and_label(Role::RadioButton, choice).click_accesskit();
        self.settle();
    }

    fn type_secret(&mut self, name: &str, text: &str) {
        self.harness.get_by_role_and_label(Role::PasswordInput, name).focus();
        self.harness.run_steps(2);
        self.harness.get_by_role_and_label(Role::PasswordInput, name).type_text(text);
        self.harness.run_steps(2);
    }
}

#[test]
fn a_typed_secret_is_sent_once_and_never_shown_again() {
    let mut window = window(|_| {});
    window.push("Settings");
    window.push(ADD);
    window.push(SAVE);
    assert!(window.has("Enter a host such as api.example.com, or https://api.example.com:8443."));
    window.type_into("Host", "https://me:pw@api.example.com");
    window.push(SAVE);
    assert!(window.has("Enter a host such as api.example.com, or https://api.example.com:8443."));
    window.type_into("Host", "api.example.com");
    window.push(SAVE);
    assert!(window.has("Enter it here, without line breaks."));
    window.type_secret("Token", "s3cret");
    let shown = window.harness.get_by_role_and_label(Role::PasswordInput, "Token").value().unwrap_or_default();
    assert!(!shown.contains("s3cret"), "{shown}");
    window.push(SAVE);
    let name = "https://api.example.com authorization";
    let kept = window.commands().into_iter().find_map(|command| match command {
        Command::KeepSecret { name, secret } => Some((name, secret.text().to_owned())),
        _ => None,
    });
    assert_eq!(kept, Some((name.to_owned(), "s3cret".to_owned())));
    let wanted = entry("https://api.example.com", AccessKind::Bearer, SecretRef::Settings(name.to_owned()));
    assert_eq!(window.network().access, std::slice::from_ref(&wanted));
    assert!(window.has("https://api.example.com, Token") && window.has("stored so that only you can read it"));
    window.push("Edit: https://api.example.com, Token");
    let box_now = window.harness.get_by_role_and_label(Role::PasswordInput, "Token").value().unwrap_or_default();
    assert_eq!(box_now, "", "what was typed before is not there");
    window.push(SAVE);
    assert_eq!(window.network().access, [wanted]);
}

#[test]
fn credentials_can_be_added_with_the_keyboard_alone() {
    let mut window = window(|_| {});
    window.push("Settings");
    window.harness.get_by_label(ADD).focus();
    window.settle();
    window.key(Modifiers::NONE, Key::Enter);
    assert!(window.harness.get_by_role_and_label(Role::TextInput, "Host").is_focused());
    window.harness.get_by_role_and_label(Role::TextInput, "Host").type_text("api.example.com");
    // The types of credential, the kinds of storage, then the secret.
    for _ in 0..7 {
        window.key(Modifiers::NONE, Key::Tab);
    }
    assert!(window.harness.get_by_role_and_label(Role::PasswordInput, "Token").is_focused());
    window.harness.get_by_role_and_label(Role::PasswordInput, "Token").type_text("s3cret");
    window.key(Modifiers::NONE, Key::Enter);
    assert_eq!(window.network().access.len(), 1);
}

#[test]
fn each_type_of_credential_can_be_referenced_and_its_removal_undone() {
    let mut window = window(|_| {});
    window.push("Settings");
    window.push(ADD);
    window.type_into("Host", "http://127.0.0.1:8080");
    window.pick("Header");
    window.pick("Environment variable");
    window.type_into("Header name", "Host");
    window.type_into("Variable name", "API KEY");
    window.push(SAVE);
    assert!(window.has("This header can't be set. Enter a name such as X-Api-Key."));
    window.type_into("Header name", "X-Api-Key");
    window.push(SAVE);
    assert!(window.has("Enter the name of a variable, such as API_TOKEN."));
    window.type_into("Variable name", "API_KEY");
    window.key(Modifiers::NONE, Key::Enter);
    assert!(window.has("http is not encrypted: anyone on the network can read it."));
    window.push(ADD);
    window.type_into("Host", "nas.local");
    window.pick("User name and password");
    window.pick("~/.netrc");
    window.push(SAVE);
    window.push(ADD);
    window.type_into("Host", "https://nas.local");
    window.pick("Environment variable");
    window.type_into("Variable name", "TOKEN");
    window.push(SAVE);
    assert!(window.has("This host already has this credential: edit it instead."));
    window.push("Discard");
    let key = AccessKind::Header { name: "X-Api-Key".to_owned() };
    let wanted = [
        entry("http://127.0.0.1:8080", key, SecretRef::Env("API_KEY".to_owned())),
        entry("https://nas.local", AccessKind::Basic { user: None }, SecretRef::Netrc),
    ];
    assert_eq!(window.network().access, wanted);
    window.push("Remove: http://127.0.0.1:8080, Header X-Api-Key");
    assert_eq!(window.network().access, wanted[1..]);
    window.push("Undo: http://127.0.0.1:8080, Header X-Api-Key");
    assert_eq!(window.network().access, wanted);
    window.push("Edit: https://nas.local, User name and password");
    window.type_into("User name", "me");
    window.pick("Environment variable");
    window.type_into("Variable name", "NAS");
    window.push(SAVE);
    let me = AccessKind::Basic { user: Some("me".to_owned()) };
    assert_eq!(window.network().access[1], entry("https://nas.local", me, SecretRef::Env("NAS".to_owned())));
}

#[test]
fn the_credentials_form_is_translated_and_every_control_has_a_name() {
    let mut window = window_sized(860.0, 560.0, |engine| engine.snapshot.settings.language = Language::Korean);
    window.push("설정");
    window.push("인증 정보 추가…");
    window.push("인증 정보 저장");
    assert!(window.has("api.example.com 또는 https://api.example.com:8443처럼 입력하세요."));
    window.harness.check_accessibility();
}

#[test]
fn a_password_can_be_sent_by_digest_and_the_focus_returns_to_the_button() {
    let mut window = window(|_| {});
    window.push("Settings");
    window.push(ADD);
    window.type_into("Host", "nas.local");
    window.pick("User name and password");
    window.type_into("User name", "me");
    window.pick("Digest");
    assert!(window.has("Digest answers the server's challenge and never sends the password itself."));
    window.pick("Environment variable");
    window.type_into("Variable name", "NAS");
    window.push(SAVE);
    let me = AccessKind::Digest { user: Some("me".to_owned()) };
    let wanted = [entry("https://nas.local", me, SecretRef::Env("NAS".to_owned()))];
    assert_eq!(window.network().access, wanted);
    assert!(window.harness.get_by_role_and_label(Role::Button, ADD).is_focused());
    let edit = "Edit: https://nas.local, User name me (Digest)";
    window.push(edit);
    assert!(!window.harness.get_by_label(edit).is_focused());
    window.push("Discard");
    assert!(window.harness.get_by_label(edit).is_focused());
    assert_eq!(window.network().access, wanted, "the method is kept");
}
