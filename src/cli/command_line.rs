//! The command line that repeats a job: the inverse of the arguments. Each option is written where it is declared; this
//! collects the words and quotes them for a shell.

#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::engine::{self, ArgumentOptions, SourceArguments};
use crate::model::{AccessEntry, Message, SourceSpec};

/// The words of a command, and what they do not say.
#[derive(Debug, Default)]
pub(super) struct CommandLine {
    /// Everything after the program's name.
    pub(super) words: Vec<OsString>,
    /// The folder in which it must run, because of relative paths in a list.
    pub(super) folder: Option<PathBuf>,
    /// The recipe file that it reads from standard input.
    pub(super) here_document: Option<String>,
    /// How the new job may differ.
    pub(super) remarks: Vec<Message>,
    /// Logins of links that had a user name and a password.
    pub(super) logins: Vec<AccessEntry>,
}

impl CommandLine {
    /// A command without options.
    pub(super) fn new(command: &str) -> Self {
        Self { words: vec![command.into()], ..Self::default() }
    }

    /// A recipe with several outputs, which no option can say: the shell passes it on as a file.
    pub(super) fn recipe_file(&mut self, text: &str) {
        self.value("-r", "/dev/stdin");
        self.here_document = Some(text.to_owned());
    }

    /// An option without a value.
    pub(super) fn flag(&mut self, name: &str, is_on: bool) {
        if is_on {
            self.words.push(name.into());
        }
    }

    /// An option with a value.
    pub(super) fn value(&mut self, name: &str, value: impl AsRef<OsStr>) {
        let value = value.as_ref();
        if value.as_encoded_bytes().first().is_none_or(|first| *first == b'-') && value != "-" {
            // Alone it would be taken for an option.
            let mut word = OsString::from(name);
            word.push("=");
            word.push(value);
            self.words.push(word);
        } else {
            self.words.extend([name.into(), value.to_os_string()]);
        }
    }

    /// An option with a value, unless there is none.
    pub(super) fn given(&mut self, name: &str, value: Option<impl AsRef<OsStr>>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    /// An option with a number, unless there is none.
    pub(super) fn number(&mut self, name: &str, value: Option<impl Display>) {
        self.given(name, value.map(|value| value.to_string()));
    }

    /// An option with a number, unless it is the default.
    pub(super) fn changed<T: Display + PartialEq>(&mut self, name: &str, value: T, default: T) {
        self.number(name, (value != default).then_some(value));
    }

    /// An option with a time limit, unless there is none.
    pub(super) fn time(&mut self, name: &str, seconds: Option<u64>) {
        let unit = |seconds: u64| match seconds {
            seconds if seconds > 0 && seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
            seconds if seconds > 0 && seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
            seconds => format!("{seconds}s"),
        };
        self.given(name, seconds.map(unit));
    }

    /// The sources: inputs first, then lists, as the command line reads them.
    pub(super) fn sources(&mut self, sources: &[SourceSpec]) {
        let mut inputs = Vec::new();
        let mut options = Vec::new();
        let mut flags = Vec::new();
        let mut is_in_order = true;
        for source in sources {
            let Some(named) = engine::arguments_of_source(source) else {
                let label = engine::source_label(source);
                self.remarks.push(Message::new("command_source").with("source", label));
                continue;
            };
            let SourceArguments { inputs: own_inputs, options: own_options, flags: own_flags, folder } = named;
            is_in_order &= own_inputs.is_empty() || options.is_empty();
            if own_inputs.iter().chain(own_options.iter().map(|(_, value)| value)).any(|word| word == "-") {
                self.remarks.push(Message::new("command_stdin"));
            }
            flags.extend(own_flags);
            inputs.extend(own_inputs);
            options.extend(own_options);
            self.folder = folder.or_else(|| self.folder.take());
        }
        // Lists of links are read before lists of paths.
        let place = |option: &str| ["--urls", "--files"].iter().position(|list| *list == option).unwrap_or(2);
        is_in_order &= options.is_sorted_by_key(|(option, _)| place(option));
        if !is_in_order {
            self.remarks.push(Message::new("command_order"));
        }
        for input in inputs {
            let input = self.without_secret(input);
            self.words.push(input);
        }
        self.flags(&flags);
        for (option, value) in options {
            let value = self.without_secret(value);
            self.value(option, value);
        }
    }

    /// A list as the value of an option.
    pub(super) fn list(&mut self, option: &str, list: &SourceSpec) {
        let Some(SourceArguments { options, folder, .. }) = engine::arguments_of_source(list) else {
            return self.remarks.push(Message::new("command_source").with("source", engine::source_label(list)));
        };
        for (_, value) in options {
            if value == "-" {
                self.remarks.push(Message::new("command_stdin"));
            }
            let value = self.without_secret(value);
            self.value(option, value);
        }
        self.folder = folder;
    }

    /// The options that apply to all folders.
    fn flags(&mut self, flags: &[ArgumentOptions]) {
        if flags.windows(2).any(|pair| pair[0] != pair[1]) {
            self.remarks.push(Message::new("command_folders"));
        }
        self.flag("-R", flags.iter().any(|flags| flags.recursive));
        self.flag("--all-files", flags.iter().any(|flags| flags.all_files));
    }

    /// A link without the mark of its secret, which becomes an option of its host.
    fn without_secret(&mut self, word: OsString) -> OsString {
        let Some((url, login)) = word.to_str().and_then(engine::without_secret_mark) else { return word };
        match self.logins.iter().find(|other| other.host == login.host) {
            Some(other) if *other != login => {
                let remark = Message::new("command_logins").with("host", login.host);
                if !self.remarks.contains(&remark) {
                    self.remarks.push(remark);
                }
            }
            Some(_) => {}
            None => self.logins.push(login),
        }
        url.into()
    }

    /// The line for this system's shell.
    pub(super) fn text(&self) -> String {
        self.text_for(if cfg!(windows) { windows } else { posix })
    }

    fn text_for(&self, quoted: fn(&OsStr) -> String) -> String {
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        let command = format!("pixloom {}", words.join(" "));
        let command = match &self.folder {
            Some(folder) => format!("cd {} && {command}", quoted(folder.as_os_str())),
            None => command,
        };
        match &self.here_document {
            Some(text) => format!("{command} <<'PIXLOOM'\n{text}PIXLOOM"),
            None => command,
        }
    }
}

/// A path as a word of this system's shell.
pub(super) fn quoted_path(path: &Path) -> String {
    if cfg!(windows) { windows(path.as_os_str()) } else { posix(path.as_os_str()) }
}

/// Characters that no shell changes.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | ',' | ':' | '=' | '@' | '+' | '%')
}

/// A word for a POSIX shell. One with control characters, or that is not text, is made by `printf`, so that a terminal can
/// show it.
fn posix(word: &OsStr) -> String {
    let text = word.to_str();
    if let Some(text) = text.filter(|text| !text.chars().any(char::is_control)) {
        if !text.is_empty() && !text.starts_with('=') && text.chars().all(is_plain) {
            return text.to_owned();
        }
        return format!("'{}'", text.replace('\'', "'\\''"));
    }
    let bytes = word.as_encoded_bytes();
    // Command substitution drops newlines at the end.
    let end = bytes.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
    let (body, newlines) = bytes.split_at(end);
    let mut format = String::new();
    for chunk in body.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '%' => format.push_str("%%"),
                '\\' => format.push_str("\\\\"),
                '\'' => format.push_str("'\\''"),
                c if c.is_control() => {
                    let mut buffer = [0; 4];
                    c.encode_utf8(&mut buffer).bytes().for_each(|byte| format.push_str(&octal(byte)));
                }
                c => format.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| format.push_str(&octal(*byte)));
    }
    let quoted = if body.is_empty() { String::new() } else { format!("\"$(printf -- '{format}')\"") };
    let newlines = if newlines.is_empty() { String::new() } else { format!("'{}'", "\n".repeat(newlines.len())) };
    quoted + &newlines
}

/// A byte as `printf` reads it.
fn octal(byte: u8) -> String {
    format!("\\{byte:03o}")
}

/// A word for `cmd.exe` and PowerShell: in quotes, with the rules of the C runtime for quotes inside.
fn windows(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    if !text.is_empty() && text.chars().all(|c| (is_plain(c) || c == '\\') && c != '%' && c != ',' && c != '@') {
        return text.into_owned();
    }
    let mut quoted = String::from("\"");
    let mut backslashes = 0;
    for c in text.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => {
                quoted.push_str(&"\\".repeat(backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        quoted.push(c);
    }
    // Backslashes before the closing quote would escape it.
    quoted.push_str(&"\\".repeat(backslashes));
    quoted.push('"');
    quoted
}
