//! The word catalogues are complete, used, and consistent in every language.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use pixloom::model::{Lang, ParamKind, names};

use crate::program::Home;

/// Ids that code composes: each family is checked against what it describes.
const FAMILIES: [&str; 9] =
    ["error-", "remark-", "op-", "save-", "option-", "command-", "examples-", "preset-", "wb_field-"];

/// Calls whose first argument is an id, if it is a literal.
const CALLS: [&str; 8] =
    ["Message::new(", ".word(", ".counted(", "corrupt(", "unsupported(", "too_large(", "cant_encode(", "unavailable("];
/// Families whose English is in the declaration of what they describe.
const DECLARED: [&str; 4] = ["op-", "save-", "source-", "list_format-"];

/// Every text of a language, by id or `id.attribute`, with the arguments that it takes.
fn catalogue(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/words").join(language);
    let mut texts = BTreeMap::new();
    for file in files(&folder, "ftl") {
        let text = std::fs::read_to_string(&file).unwrap();
        let resource = fluent_syntax::parser::parse(text.as_str())
            .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", file.display()));
        for entry in &resource.body {
            let Entry::Message(message) = entry else { continue };
            let id = message.id.name;
            let value = message.value.iter().map(|pattern| (id.to_owned(), arguments(pattern)));
            let attributes = message.attributes.iter();
            let attributes = attributes.map(|it| (format!("{id}.{}", it.id.name), arguments(&it.value)));
            for (id, arguments) in value.chain(attributes) {
                assert!(texts.insert(id.clone(), arguments).is_none(), "{language}: {id} is there twice");
            }
        }
    }
    texts
}

fn arguments(pattern: &Pattern<&str>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(pattern, &mut found);
    found
}

fn collect(pattern: &Pattern<&str>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => collect_inline(inline, found),
            Expression::Select { selector, variants } => {
                collect_inline(selector, found);
                variants.iter().for_each(|variant| collect(&variant.value, found));
            }
        }
    }
}

fn collect_inline(inline: &InlineExpression<&str>, found: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            found.insert(id.name.to_owned());
        }
        InlineExpression::FunctionReference { arguments, .. } => {
            arguments.positional.iter().for_each(|argument| collect_inline(argument, found));
        }
        InlineExpression::Placeable { expression } => {
            if let Expression::Inline(inline) = &**expression {
                collect_inline(inline, found);
            }
        }
        _ => {}
    }
}

/// The files of one extension below a folder.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}

fn has_hangul(text: &str) -> bool {
    text.chars().any(|c| ('가'..='힣').contains(&c))
}

/// Every text in quotes of the source, comments and tests included.
fn quoted() -> BTreeSet<String> {
    let sources = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "rs");
    let texts = sources.iter().map(|path| std::fs::read_to_string(path).unwrap());
    texts.flat_map(|text| text.split('"').map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The ids that code uses literally, with the file.
fn asked_for() -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        for call in CALLS {
            for rest in text.split(call).skip(1) {
                let Some(id) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                    continue;
                };
                ids.insert(id.to_owned(), path.display().to_string());
            }
        }
    }
    ids
}

#[test]
fn languages_have_the_same_texts_with_the_same_arguments() {
    let (english, korean) = (catalogue("en"), catalogue("ko"));
    assert!(english.len() > 500, "{}", english.len());
    for (id, arguments) in &english {
        // Choices such as sRGB are the same in every language.
        let Some(theirs) = korean.get(id) else {
            assert!(id.starts_with("save-"), "Korean has no text for {id}");
            continue;
        };
        assert_eq!(arguments, theirs, "the languages disagree about the arguments of {id}");
    }
    for id in korean.keys().filter(|id| !DECLARED.iter().any(|family| id.starts_with(family))) {
        assert!(english.contains_key(id), "English has no text for {id}");
    }
}

#[test]
fn no_detail_of_an_error_is_written_in_english_in_the_code() {
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let is_test = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        for rest in code.split(".with(\"detail\",").skip(1).filter(|_| !is_test) {
            let value = rest.trim_start();
            let is_english = value.starts_with('"') || value.starts_with("format");
            assert!(!is_english, "{}: {}", path.display(), value.lines().next().unwrap_or_default());
        }
    }
}

#[test]
fn every_text_that_code_asks_for_exists_and_no_text_is_unused() {
    let english = catalogue("en");
    let asked = asked_for();
    assert!(asked.len() > 300, "{}", asked.len());
    for (id, path) in &asked {
        assert!(english.contains_key(id), "{path} asks for {id}, which no catalogue has");
    }
    let quoted = quoted();
    for id in english.keys().filter(|id| !FAMILIES.iter().any(|family| id.starts_with(family))) {
        let message = id.split('.').next().unwrap();
        assert!(quoted.contains(message), "nothing uses {id}");
    }
}

#[test]
fn every_operation_parameter_and_choice_is_described_in_korean_and_nothing_else() {
    pixloom::init();
    let korean = catalogue("ko");
    let mut wanted = BTreeSet::new();
    let declare = |wanted: &mut BTreeSet<String>, id: String, choices: &[&str]| {
        wanted.insert(format!("{id}.summary"));
        for choice in choices {
            wanted.insert(format!("{id}.choice-{choice}"));
        }
        wanted.insert(id);
    };
    let choices = |kind: &ParamKind| match kind {
        ParamKind::Choice { options, .. } => *options,
        _ => &[],
    };
    for op in pixloom::engine::registry() {
        declare(&mut wanted, format!("op-{}", op.id), &[]);
        wanted.insert(format!("op-{}.formula", op.id));
        for param in op.params {
            declare(&mut wanted, format!("op-{}-{}", op.id, param.name), choices(&param.kind));
        }
    }
    for key in pixloom::engine::save_keys() {
        let id = format!("save-{}", key.param.name);
        declare(&mut wanted, id.clone(), choices(&key.param.kind));
        for format in key.formats() {
            let own = format.key(key.param.name).unwrap();
            if own.default.contains(char::is_alphabetic) {
                wanted.insert(format!("{id}.default-{}", format.name()));
            }
            if !own.meaning.is_empty() {
                wanted.insert(format!("{id}.meaning-{}", format.name()));
            }
        }
    }
    let english = catalogue("en");
    for id in &wanted {
        assert!(korean.contains_key(id) || english.contains_key(id), "Korean has no text for {id}");
    }
    for id in korean.keys().filter(|id| id.starts_with("op-") || id.starts_with("save-")) {
        assert!(wanted.contains(id), "{id} describes nothing");
    }
    assert!(has_hangul(&names::op_name(Lang::Korean, "sharpen")));
}

#[test]
fn every_kind_of_source_is_described_in_korean_and_nothing_else() {
    let mut wanted = BTreeSet::new();
    for kind in pixloom::engine::source_kinds() {
        let parts = [
            ("argument", kind.argument.is_some()),
            ("list_argument", kind.list_argument.is_some()),
            ("menu", kind.menu.is_some()),
        ];
        wanted.extend(
            parts.iter().filter(|(_, is_there)| *is_there).map(|(part, _)| format!("source-{}.{part}", kind.id)),
        );
    }
    let described: BTreeSet<String> = catalogue("ko").into_keys().filter(|id| id.starts_with("source-")).collect();
    assert_eq!(described, wanted);
}

#[test]
fn the_command_line_speaks_the_language_of_its_locale_or_option() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "t.jpg");
    std::fs::write(home.path("broken.jpg"), "no image").unwrap();
    let korean = home.run(&["--lang", "ko", "run", "t.jpg", "broken.jpg", "-s", "flip", "-o", "out"]).expect(1);
    assert!(korean.out.contains("1개 저장, 1개 실패"), "{korean:?}");
    assert!(korean.err.contains("이미지가 아닙니다 (텍스트로 보입니다)"), "{korean:?}");
    let json = home.run(&["--lang", "ko", "run", "broken.jpg", "-s", "flip", "--json", "-o", "out"]).expect(1);
    assert!(!has_hangul(&json.out), "{json:?}");
    assert!(json.out.contains("not_a_picture"), "{json:?}");
    assert!(has_hangul(&home.run(&["run", "--help", "--lang=ko"]).expect(0).out));
    assert!(!has_hangul(&home.run(&["run", "--help"]).expect(0).out), "tests run in English");
    assert!(has_hangul(&home.run(&["--lang", "ko", "run", "--workers", "0", "t.jpg"]).expect(2).err));
    assert!(!has_hangul(&home.run(&["--lang", "ko", "export", "1", "--format", "csv"]).expect(0).out));
}
