//! Every kind of source, and what a job, an argument or a path is read as.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::kind::{
    Argument, ArgumentOptions, Columns, Found, Give, MayGive, MenuEntry, Reading, SourceArguments, SourceKind,
};
use super::{fetched_list, files, folder, path_list, query, statements, stdin, url, url_list, watched_folder};
use crate::error::JobError;
use crate::model::{Lang, ListSpec, Message, SourceSpec};

/// General kinds first, as in menus and help: an argument or a path belongs to the last kind that accepts it.
const KINDS: &[&SourceKind] = &[
    &files::KIND,
    &folder::KIND,
    &url::KIND,
    &url_list::KIND,
    &fetched_list::KIND,
    &stdin::KIND,
    &path_list::IN_FILE,
    &path_list::ON_STDIN,
    &query::KIND,
    &statements::KIND,
    &watched_folder::KIND,
    #[cfg(test)]
    &super::toy::KIND,
];

const UNKNOWN_KIND: Message = Message::new("source_kind");

/// Every kind of source.
pub fn kinds() -> &'static [&'static SourceKind] {
    KINDS
}

/// The menu entries that add sources.
pub fn menu_entries() -> impl Iterator<Item = &'static MenuEntry> {
    KINDS.iter().filter_map(|kind| kind.menu.as_ref())
}

/// The kind of a source; an error if a newer version wrote it.
pub fn kind_of(source: &SourceSpec) -> Result<&'static SourceKind, JobError> {
    let kind = KINDS.iter().find(|kind| kind.id == source.kind);
    kind.copied().ok_or_else(|| JobError::Refused(UNKNOWN_KIND.with("kind", &source.kind)))
}

/// Gives everything that a source holds, in order. Returns `Break` if it was cancelled or `give` ended it.
pub fn read(source: &SourceSpec, reading: &Reading<'_>, give: Give<'_>) -> ControlFlow<()> {
    if (reading.cancelled)() {
        return ControlFlow::Break(());
    }
    match kind_of(source) {
        Ok(kind) => (kind.read)(source, reading, give),
        Err(error) => give(Found::Failed(error)),
    }
}

/// What is known of a source's columns before it is read.
pub fn columns(source: &SourceSpec, lists: &ListSpec) -> Columns {
    kind_of(source).map_or(Columns::Unknown, |kind| (kind.columns)(source, lists))
}

/// The folder next to which a source's results go if the user names no output folder.
pub fn results_beside(source: &SourceSpec) -> Option<PathBuf> {
    kind_of(source).ok().and_then(|kind| (kind.results_beside)(source))
}

/// The folder that a source reads; `None` if it is of another kind.
pub fn folder_root(source: &SourceSpec) -> Option<&Path> {
    kind_of(source).ok().filter(|kind| kind.is_folder).and_then(|_| source.first_path())
}

/// Whether the file at a path is an input of a source, or will be when the source is read again.
pub fn may_give(source: &SourceSpec, path: &Path) -> MayGive {
    kind_of(source).map_or(MayGive::No, |kind| (kind.may_give)(source, path))
}

/// The file in which a source's items are named: a list, or a database.
pub fn own_file(source: &SourceSpec) -> Option<PathBuf> {
    kind_of(source).ok().and_then(|kind| (kind.own_file)(source))
}

/// A short name of a source.
pub fn label(source: &SourceSpec) -> String {
    kind_of(source).map_or_else(|_| source.kind.clone(), |kind| (kind.label)(source))
}

/// The source that an argument of `pixloom run` names.
pub fn from_argument(argument: &OsStr, options: ArgumentOptions) -> Result<Option<SourceSpec>, Message> {
    parse(|kind| kind.argument.as_ref(), argument, options)
}

/// The list that a value of `--urls` names.
pub fn from_list_argument(argument: &OsStr) -> Result<Option<SourceSpec>, Message> {
    parse(|kind| kind.list_argument.as_ref(), argument, ArgumentOptions::default())
}

fn parse(
    form: impl Fn(&'static SourceKind) -> Option<&'static Argument>,
    argument: &OsStr,
    options: ArgumentOptions,
) -> Result<Option<SourceSpec>, Message> {
    for form in KINDS.iter().rev().filter_map(|kind| form(kind)) {
        if let Some(source) = (form.parse)(argument, options)? {
            return Ok(Some(source));
        }
    }
    Ok(None)
}

/// The arguments of `pixloom run` that name a source again; `None` if there are none.
pub fn arguments_of(source: &SourceSpec) -> Option<SourceArguments> {
    kind_of(source).ok().and_then(|kind| (kind.arguments_of)(source))
}

/// The source of a dropped or chosen path. Reads the file system.
pub fn from_path(path: &Path) -> Option<SourceSpec> {
    KINDS.iter().rev().filter_map(|kind| kind.from_path).find_map(|from_path| from_path(path))
}

/// What the help of an argument of `pixloom run` says it may be.
pub fn argument_help(lang: Lang) -> String {
    let word = |kind: &SourceKind| Some(worded(lang, kind, "argument", kind.argument.as_ref()?.help).to_owned());
    lang.series("series_and", &KINDS.iter().filter_map(|kind| word(kind)).collect::<Vec<_>>())
}

/// What the help of `--urls` says it may be.
pub fn list_argument_help(lang: Lang) -> String {
    let word =
        |kind: &SourceKind| Some(worded(lang, kind, "list_argument", kind.list_argument.as_ref()?.help).to_owned());
    lang.series("series_or", &KINDS.iter().filter_map(|kind| word(kind)).collect::<Vec<_>>())
}

/// The label of a menu entry.
pub fn menu_label(entry: &'static MenuEntry, lang: Lang) -> &'static str {
    let kind = KINDS.iter().find(|kind| kind.menu.as_ref() == Some(entry));
    kind.map_or(entry.label, |kind| worded(lang, kind, "menu", entry.label))
}

/// The words for a part of a declaration, which has them in English.
fn worded(lang: Lang, kind: &SourceKind, part: &str, english: &'static str) -> &'static str {
    lang.find(&format!("source-{}.{part}", kind.id)).unwrap_or(english)
}

/// Neighbouring sources of one kind with the same options become one source, so that several files are read with one
/// cursor.
pub fn merge(sources: impl IntoIterator<Item = SourceSpec>) -> Vec<SourceSpec> {
    let mut merged: Vec<SourceSpec> = Vec::new();
    for source in sources {
        let takes_many = kind_of(&source).is_ok_and(|kind| kind.takes_many_inputs);
        match merged.last_mut() {
            Some(last) if takes_many && last.kind == source.kind && last.options == source.options => {
                last.inputs.extend(source.inputs);
            }
            _ => merged.push(source),
        }
    }
    merged
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::model::Locator;

    fn locators(source: &SourceSpec, reading: &Reading<'_>) -> Vec<String> {
        let mut found = Vec::new();
        let _ = read(source, reading, &mut |thing| {
            if let Found::Item(item) = thing {
                found.push(item.locator.to_text());
            }
            ControlFlow::Continue(())
        });
        found
    }

    #[test]
    fn a_kind_is_declared_once_and_found_in_arguments_help_paths_menus_and_labels() {
        let toys = from_argument(OsStr::new("toy:3"), ArgumentOptions::default()).unwrap().unwrap();
        assert_eq!(locators(&toys, &Reading::default()), ["/toys/0.png", "/toys/1.png", "/toys/2.png"]);
        let (en, ko) = (Lang::English, Lang::Korean);
        assert_eq!(argument_help(en), "files, folders, http(s) URLs and toys (toy:NUMBER)");
        assert_eq!(argument_help(ko), "파일, 폴더, http(s) URL, toys (toy:NUMBER)", "its Korean words are missing");
        assert_eq!(list_argument_help(en), "a file, the http(s) URL of a list, - for standard input or a box of toys");
        assert_eq!(list_argument_help(ko), "파일, 목록의 http(s) URL, 표준 입력을 뜻하는 - 또는 a box of toys");
        assert_eq!(from_path(Path::new("/attic/toy-box")).map(|source| source.kind), Some("toy".to_owned()));
        let menu = |lang| menu_entries().map(|entry| menu_label(entry, lang)).collect::<Vec<_>>();
        assert_eq!(menu(en), ["Add images…", "Add folder…", "Watch folder…", "Add toys…"]);
        assert_eq!(menu(ko), ["이미지 추가…", "폴더 추가…", "폴더 감시…", "Add toys…"]);
        assert_eq!(label(&toys), "3 toys");
        let stored = serde_json::to_string(&toys).unwrap();
        assert_eq!(serde_json::from_str::<SourceSpec>(&stored).unwrap(), toys);
    }

    #[test]
    fn arguments_become_sources_and_neighbouring_files_become_one() {
        let dir = tempfile::tempdir().unwrap();
        let folder_path = dir.path().to_string_lossy().into_owned();
        let inputs = ["a.png", "b.png", &folder_path, "HTTPS://h.example/c.png", "https://h.example/d.png", "e.csv"];
        let parse = |input: &&str| {
            from_argument(OsStr::new(input), ArgumentOptions { recursive: true, all_files: false }).unwrap()
        };
        let sources = merge(inputs.iter().filter_map(parse));
        let shown: Vec<(&str, usize)> =
            sources.iter().map(|source| (source.kind.as_str(), source.inputs.len())).collect();
        assert_eq!(shown, [("files", 2), ("folder", 1), ("url", 2), ("files", 1)]);
        assert_eq!(sources[1].option("recursive"), Some("true"));
        let list = |argument: &str| from_list_argument(OsStr::new(argument)).map(|source| source.unwrap().kind);
        assert_eq!(list("-"), Ok("stdin".to_owned()));
        assert_eq!(list("http://h.example/list.csv"), Ok("fetched_list".to_owned()));
        assert!(list(&folder_path).unwrap_err().to_string().contains("is a folder"));
        assert!(list("/no/such.csv").unwrap_err().to_string().contains("does not exist"));
        assert_eq!(from_path(Path::new("/no/such.csv")).map(|source| source.kind), Some("url_list".to_owned()));
        assert_eq!(from_path(Path::new("/no/such.png")).map(|source| source.kind), Some("files".to_owned()));
        assert_eq!(from_path(dir.path()).map(|source| source.kind), Some("folder".to_owned()));
    }

    #[test]
    fn several_files_are_read_from_the_cursor() {
        let source = super::files::files((0..5).map(|n| PathBuf::from(format!("/none/{n}.png"))));
        let reading = Reading { first_item: 3, ..Reading::default() };
        assert_eq!(locators(&source, &reading), ["/none/3.png", "/none/4.png"]);
        assert_eq!(may_give(&source, Path::new("/none/0.png")), MayGive::Yes);
        assert_eq!(may_give(&source, Path::new("/none/9.png")), MayGive::No);
        assert_eq!(results_beside(&source), Some(PathBuf::from("/none")));
        assert_eq!(source.inputs.first(), Some(&Locator::File("/none/0.png".into())));
    }

    #[test]
    fn a_kind_of_a_newer_version_is_refused_by_its_name() {
        let source = SourceSpec::new("bucket", Vec::new());
        assert!(kind_of(&source).unwrap_err().to_string().contains("bucket"));
        assert_eq!(columns(&source, &ListSpec::default()), Columns::Unknown);
    }
}
