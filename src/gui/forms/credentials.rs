//! The form for credentials: the user's input so far, and the entry made from it.
//!
//! A typed secret is passed on once and then forgotten.

use crate::engine::is_settable_header;
use crate::model::{AccessEntry, AccessKind, Lang, SecretRef, TypedSecret, network};

/// A secret and the name to store it under.
pub(crate) type NamedSecret = (String, TypedSecret);

/// The state of the settings' section on credentials while it is open.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    /// The entry being added or changed.
    pub(crate) form: Option<CredentialForm>,
    /// The button that opened the form.
    pub(crate) opener: Option<egui::Id>,
    /// Whether the form has just been opened.
    pub(crate) is_opened: bool,
    /// The entry removed last, and its position.
    pub(crate) removed: Option<(usize, AccessEntry)>,
}

/// A saved entry.
pub(crate) struct Saved {
    /// The secret to store, if the user entered one.
    pub(crate) secret: Option<NamedSecret>,
}

/// The type of a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CredentialKind {
    /// A bearer token.
    #[default]
    Token,
    /// A user name and a password.
    User,
    /// A Cookie header.
    Cookie,
    /// Any other header.
    Header,
}

/// Where the secret is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// Entered in the form.
    #[default]
    Typed,
    /// In an environment variable.
    Variable,
    /// In `~/.netrc`.
    Netrc,
}

/// The form's contents.
#[derive(Default)]
pub(crate) struct CredentialForm {
    /// The entry being changed; `None` for a new one.
    pub(crate) edits: Option<AccessEntry>,
    /// The host's address.
    pub(crate) host: String,
    /// The type.
    pub(crate) kind: CredentialKind,
    /// The name of the header.
    pub(crate) header: String,
    /// The user name.
    pub(crate) user: String,
    /// Whether the host asks for Digest, which never sends the password itself.
    pub(crate) is_digest: bool,
    /// Where the secret is stored.
    pub(crate) from: SecretSource,
    /// The name of the variable.
    pub(crate) variable: String,
    /// The secret itself.
    pub(crate) secret: String,
    /// Whether the user has tried to save: from then on, errors are shown.
    pub(crate) is_checked: bool,
}

impl std::fmt::Debug for CredentialForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialForm").field("host", &self.host).finish_non_exhaustive()
    }
}

/// A field of the form, with its error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// The host.
    Host(&'static str),
    /// The name of the header.
    Header(&'static str),
    /// The user name.
    User(&'static str),
    /// The name of the variable.
    Variable(&'static str),
    /// The secret.
    Secret(&'static str),
}

impl CredentialForm {
    /// A form that changes this entry.
    pub(crate) fn of(entry: &AccessEntry) -> Self {
        let (kind, header, user) = match &entry.kind {
            AccessKind::Header { name } => (CredentialKind::Header, name.clone(), String::new()),
            AccessKind::Cookie => (CredentialKind::Cookie, String::new(), String::new()),
            AccessKind::Basic { user } | AccessKind::Digest { user } => {
                (CredentialKind::User, String::new(), user.clone().unwrap_or_default())
            }
            AccessKind::Bearer | AccessKind::Proxy => (CredentialKind::Token, String::new(), String::new()),
        };
        let (from, variable) = match &entry.secret {
            SecretRef::Env(name) => (SecretSource::Variable, name.clone()),
            SecretRef::Netrc => (SecretSource::Netrc, String::new()),
            SecretRef::Settings(_) => (SecretSource::Typed, String::new()),
        };
        let (edits, host) = (Some(entry.clone()), entry.host.clone());
        let is_digest = matches!(entry.kind, AccessKind::Digest { .. });
        Self { edits, host, kind, header, user, is_digest, from, variable, ..Self::default() }
    }

    /// The error, once the user has tried to save.
    pub(crate) fn mistake(&self, lang: Lang, access: &[AccessEntry]) -> Option<Mistake> {
        if self.is_checked { self.entry(lang, access).err() } else { None }
    }

    /// Adds the entry to the list and returns the secret to store; `None` if something is wrong.
    pub(crate) fn save(&mut self, lang: Lang, access: &mut Vec<AccessEntry>) -> Option<Saved> {
        self.is_checked = true;
        let entry = self.entry(lang, access).ok()?;
        let secret = (self.from == SecretSource::Typed && !self.secret.is_empty())
            .then(|| (entry.kept_as(), TypedSecret::new(std::mem::take(&mut self.secret))));
        match access.iter_mut().find(|there| Some(&**there) == self.edits.as_ref()) {
            Some(there) => *there = entry,
            None => access.push(entry),
        }
        Some(Saved { secret })
    }

    /// The stored secret, which is kept unless the user enters another one.
    pub(crate) fn keeps(&self) -> Option<&SecretRef> {
        self.edits.as_ref().map(|entry| &entry.secret).filter(|secret| matches!(secret, SecretRef::Settings(_)))
    }

    /// The entry made from the input, or the first error.
    fn entry(&self, lang: Lang, access: &[AccessEntry]) -> Result<AccessEntry, Mistake> {
        let host = network::parse_origin(&self.host).map_err(|_| Mistake::Host(lang.word("wrong_place")))?;
        let user = self.user.trim();
        let kind = match self.kind {
            CredentialKind::Token => AccessKind::Bearer,
            CredentialKind::Cookie => AccessKind::Cookie,
            CredentialKind::Header => {
                let name = self.header.trim();
                if !is_settable_header(name) {
                    return Err(Mistake::Header(lang.word("wrong_header")));
                }
                AccessKind::Header { name: name.to_owned() }
            }
            CredentialKind::User => {
                let may_be_empty = self.from == SecretSource::Netrc;
                if user.contains(':') || (user.is_empty() && !may_be_empty) {
                    return Err(Mistake::User(lang.word("wrong_user")));
                }
                let user = Some(user.to_owned()).filter(|user| !user.is_empty());
                if self.is_digest { AccessKind::Digest { user } } else { AccessKind::Basic { user } }
            }
        };
        let mut others = access.iter().filter(|entry| Some(*entry) != self.edits.as_ref());
        if others.any(|entry| entry.host == host && entry.kind.header() == kind.header()) {
            return Err(Mistake::Host(lang.word("access_twice")));
        }
        let entry = AccessEntry { host, kind, secret: SecretRef::Netrc };
        let secret = match self.from {
            SecretSource::Netrc => SecretRef::Netrc,
            SecretSource::Variable => {
                let name = self.variable.trim();
                let is_name =
                    !name.is_empty() && !name.contains(|c: char| c == '=' || c.is_control() || c.is_whitespace());
                if !is_name {
                    return Err(Mistake::Variable(lang.word("wrong_variable")));
                }
                SecretRef::Env(name.to_owned())
            }
            SecretSource::Typed if self.secret.is_empty() => {
                self.keeps().cloned().ok_or(Mistake::Secret(lang.word("wrong_secret")))?
            }
            SecretSource::Typed if self.secret.contains(char::is_control) => {
                return Err(Mistake::Secret(lang.word("wrong_secret")));
            }
            SecretSource::Typed => SecretRef::Settings(entry.kept_as()),
        };
        Ok(AccessEntry { secret, ..entry })
    }
}
