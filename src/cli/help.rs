//! Help and usage errors in the language of the person. The arguments themselves are declared in `args`.
//!
//! Every text comes from the word catalogues: `command-NAME` and `option-ID`, or `option-COMMAND-ID` where an option
//! means something else for one command.

use std::error::Error as _;
use std::fmt::Write as _;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory as _};

use super::args::Arguments;
use crate::engine;
use crate::model::words::Arg as WordArg;
use crate::model::{Lang, Message};

/// The command line, with its help in that language.
pub(super) fn command(lang: Lang) -> Command {
    let mut command = Arguments::command();
    // Built first, so that `--help` and `help` are there to be described.
    command.build();
    // `--max-failures -1` is a wrong number, and not the option `-1`.
    let command = super::watch::without_idle_options(with_negative_numbers(command));
    described(command.about(lang.word("about")), &Texts::new(lang), None)
}

fn with_negative_numbers(command: Command) -> Command {
    let takes_numbers = |arg: Arg| {
        let takes_values = arg.get_action().takes_values() && !arg.is_positional();
        arg.allow_negative_numbers(takes_values)
    };
    command.mut_args(takes_numbers).mut_subcommands(with_negative_numbers)
}

/// Texts of options in a language.
struct Texts {
    lang: Lang,
    /// The kinds of inputs and lists, which are declared elsewhere.
    kinds: [(&'static str, String); 4],
}

impl Texts {
    fn new(lang: Lang) -> Self {
        let inputs = engine::argument_help(lang);
        let (first, rest) = inputs.split_at(inputs.chars().next().map_or(0, char::len_utf8));
        let kinds = [
            ("inputs", format!("{}{rest}", first.to_uppercase())),
            ("lists", engine::list_argument_help(lang)),
            ("formats", engine::list_formats_help(lang)),
            ("databases", crate::db::dsn_help()),
        ];
        Self { lang, kinds }
    }

    fn find(&self, id: &str) -> Option<String> {
        self.lang.text(id, self.kinds.iter().map(|(name, kinds)| (*name, WordArg::Text(kinds.as_str().into()))))
    }
}

fn described(command: Command, texts: &Texts, name: Option<&str>) -> Command {
    let lang = texts.lang;
    let subcommands: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let mut command = command.mut_args(|arg| described_arg(arg, texts, name));
    if let Some(examples) = lang.find(&format!("examples-{}", name.unwrap_or("pixloom"))) {
        let examples = format!("{}:\n{}", lang.word("examples_heading"), indented(examples));
        let config = if name == Some("run") { format!("{}\n\n", lang.word("config_help")) } else { String::new() };
        command = command.after_help(format!("{config}{examples}"));
    }
    if lang != Lang::English {
        let usage = lang.word("usage_heading");
        command = command
            .subcommand_help_heading(lang.word("commands_heading"))
            .help_template(format!("{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}{{after-help}}"));
        let usage = usage_words(&command.render_usage().to_string(), lang);
        command = command.override_usage(usage);
    }
    for sub in subcommands {
        let Some(about) = lang.find(&format!("command-{sub}")) else { continue };
        command = command.mut_subcommand(&sub, |command| {
            let command = command.about(about);
            if sub == "help" { command } else { described(command, texts, Some(&sub)) }
        });
    }
    command
}

fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// A usage without its heading, with clap's own words translated.
fn usage_words(usage: &str, lang: Lang) -> String {
    let usage = usage.trim_start_matches("Usage:").trim_start();
    usage.replace("[OPTIONS]", lang.word("options_word")).replace("<COMMAND>", lang.word("command_word"))
}

fn described_arg(arg: Arg, texts: &Texts, command: Option<&str>) -> Arg {
    let lang = texts.lang;
    let id = arg.get_id().as_str();
    let own = command.and_then(|command| texts.find(&format!("option-{command}-{id}")));
    let Some(mut help) = own.or_else(|| texts.find(&format!("option-{id}"))) else { return arg };
    if lang == Lang::English {
        return arg.help(help);
    }
    // What clap adds to a help text, and its headings, are English: they are written here.
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let values: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if arg.get_action().takes_values() {
        if !defaults.is_empty() && !arg.is_hide_default_value_set() {
            let default = Message::new("help_default").with("value", defaults.join(", "));
            let _ = write!(help, " [{}]", default.text(lang));
        }
        if !values.is_empty() {
            let values = Message::new("help_values").with("values", values.join(", "));
            let _ = write!(help, " [{}]", values.text(lang));
        }
    }
    let heading = match (arg.get_help_heading(), arg.is_positional()) {
        (Some("Databases"), _) => "databases_heading",
        (Some(_), _) => "links_heading",
        (None, true) => "arguments_heading",
        (None, false) => "options_heading",
    };
    arg.help(help).help_heading(lang.word(heading)).hide_default_value(true).hide_possible_values(true)
}

/// A usage error in that language; `None` where clap's own English text is all there is.
pub(super) fn usage_error(error: &clap::Error, lang: Lang) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    let option = || text(ContextKind::InvalidArg).unwrap_or_default();
    let about_option = |id| Message::new(id).with("option", option());
    let message = match error.kind() {
        ErrorKind::InvalidValue => match text(ContextKind::InvalidValue).filter(|value| !value.is_empty()) {
            Some(value) => about_option("usage_invalid_value").with("value", value),
            None => about_option("usage_no_value"),
        },
        ErrorKind::ValueValidation => {
            let value = text(ContextKind::InvalidValue).unwrap_or_default();
            let why = error.source().map(|why| explained(&why.to_string(), lang)).unwrap_or_default();
            about_option("usage_invalid_value_why").with("value", value).with("why", why)
        }
        ErrorKind::UnknownArgument => about_option("usage_unknown_option"),
        ErrorKind::MissingRequiredArgument => Message::new("usage_missing").with("options", option()),
        ErrorKind::ArgumentConflict => match text(ContextKind::PriorArg).filter(|prior| *prior != option()) {
            Some(others) => about_option("usage_conflict").with("others", others),
            None => about_option("usage_repeated"),
        },
        ErrorKind::InvalidSubcommand => {
            let command = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            Message::new("usage_unknown_command").with("command", command)
        }
        _ => return None,
    };
    let mut lines = vec![Message::new("usage_error").with("text", message.text(lang)).text(lang)];
    if let Some(values) = text(ContextKind::ValidValue).filter(|values| !values.is_empty()) {
        lines.push(format!("  [{}]", Message::new("help_values").with("values", values).text(lang)));
    }
    let similar = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    if let Some(name) = similar.into_iter().find_map(text) {
        lines.push(String::new());
        lines.push(format!("  {}", Message::new("usage_similar").with("name", name).text(lang)));
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        lines.push(String::new());
        lines.push(format!("{}: {}", lang.word("usage_heading"), usage_words(&plain(usage), lang)));
    }
    lines.push(String::new());
    lines.push(lang.word("usage_hint").to_owned());
    Some(lines.join("\n"))
}

/// A usage error in clap's words, except for what it says about numbers.
pub(super) fn english_usage_error(error: &clap::Error, colours: bool) -> String {
    let rendered = error.render();
    let text = if colours { rendered.ansi().to_string() } else { rendered.to_string() };
    match (error.kind(), error.source()) {
        (ErrorKind::ValueValidation, Some(why)) if NO_NUMBER.contains(&why.to_string().as_str()) => {
            let why = why.to_string();
            text.replace(&why, &explained(&why, Lang::English))
        }
        _ => text,
    }
}

/// What the standard library says about a text that is no whole number, and about one beyond the type's range.
const NO_NUMBER: [&str; 4] = [
    "invalid digit found in string",
    "cannot parse integer from empty string",
    "number too large to fit in target type",
    "number too small to fit in target type",
];

/// Why a number was refused; clap's own text where it is about something else.
fn explained(why: &str, lang: Lang) -> String {
    if let Some((_, range)) = why.split_once(" is not in ")
        && let Some((from, to)) = range.split_once("..=")
    {
        return Message::new("usage_range").with("from", from).with("to", to).text(lang);
    }
    if NO_NUMBER.contains(&why) { lang.word("usage_whole_number").to_owned() } else { why.to_owned() }
}

/// A styled text without its escapes.
fn plain(text: &StyledStr) -> String {
    text.to_string()
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_option_has_help_in_every_language() {
        for lang in [Lang::English, Lang::Korean] {
            let mut commands = vec![(None, command(lang))];
            while let Some((name, command)) = commands.pop() {
                for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                    let is_korean = help.chars().any(|c| ('가'..='힣').contains(&c));
                    assert_eq!(is_korean, lang == Lang::Korean, "{name:?} {}: {help}", arg.get_id());
                    assert!(!help.is_empty(), "{name:?} {}", arg.get_id());
                    // A value with help of its own would make the help of every option longer, and is in English.
                    let values = arg.get_possible_values();
                    assert!(values.iter().all(|value| value.get_help().is_none()), "{}", arg.get_id());
                }
                let subs = command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set());
                commands.extend(subs.map(|sub| (Some(sub.get_name().to_owned()), sub.clone())));
            }
        }
    }

    /// The words of our command in a line of a shell: between pipes, up to a redirection or a remark.
    fn words(line: &str) -> Vec<String> {
        let command = line.trim().split(" | ").find(|command| command.starts_with("pixloom ")).unwrap_or_default();
        let command = command.split("  ").next().unwrap_or_default().split(" < ").next().unwrap_or_default();
        let parts = command.split('\'').enumerate();
        parts
            .flat_map(|(i, part)| match i % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    }

    #[test]
    fn every_command_has_examples_that_are_valid_in_every_language() {
        for lang in [Lang::English, Lang::Korean] {
            let mut command = command(lang);
            let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
            for name in names.iter().filter(|name| !["help", "licenses"].contains(&name.as_str())) {
                let examples = lang.find(&format!("examples-{name}")).unwrap_or_else(|| panic!("{name} has none"));
                for line in examples.lines() {
                    let words = words(line);
                    assert_eq!((words[0].as_str(), words[1].as_str()), ("pixloom", name.as_str()), "{line}");
                    let parsed = command.try_get_matches_from_mut(&words);
                    let parsed = parsed.and_then(|mut found| {
                        use clap::FromArgMatches as _;
                        Arguments::from_arg_matches_mut(&mut found)
                    });
                    assert!(parsed.is_ok(), "{line}: {parsed:?}");
                }
                let sub = command.find_subcommand_mut(name).expect("declared");
                let help = sub.render_long_help().to_string();
                let heading = format!("{}:\n  pixloom {name}", lang.word("examples_heading"));
                assert!(help.contains(&heading), "{help}");
            }
        }
    }

    #[test]
    fn help_lists_every_kind_of_source_and_every_format_of_lists() {
        for (lang, wanted) in [
            (
                Lang::English,
                [
                    "Files, folders, http(s) URLs and toys (toy:NUMBER)",
                    ".parquet or .toys (one toy per line)",
                    "a box of toys",
                ],
            ),
            (
                Lang::Korean,
                ["파일, 폴더, http(s) URL, toys (toy:NUMBER)", ".txt (한 줄에 하나, #은 주석)", "a box of toys"],
            ),
        ] {
            let mut command = command(lang);
            let run = command.find_subcommand_mut("run").expect("declared").render_long_help().to_string();
            let run = run.split_whitespace().collect::<Vec<_>>().join(" ");
            for words in wanted {
                assert!(run.contains(words), "{words}: {run}");
            }
        }
    }

    #[test]
    fn a_usage_error_is_explained_in_korean() {
        let wrong = |words: &[&str]| {
            let error = command(Lang::Korean).try_get_matches_from(words).expect_err("wrong");
            usage_error(&error, Lang::Korean).expect("known")
        };
        let text = wrong(&["pixloom", "run", "--workers", "none", "a.jpg"]);
        assert!(text.starts_with("오류: ") && text.contains("--workers") && text.contains("정수를 쓰세요"), "{text}");
        assert!(wrong(&["pixloom", "run", "--workers", "0"]).contains("허용 범위: 1~1024"));
        let text = wrong(&["pixloom", "run", "--tree", "x"]);
        assert!(text.contains("가능한 값: keep, flat"), "{text}");
        let text = wrong(&["pixloom", "run", "--qualty", "3"]);
        assert!(text.contains("알 수 없는 인수") && text.contains("--quality"), "{text}");
        assert!(text.contains("사용법: ") && !text.contains("Usage"), "{text}");
    }
}
