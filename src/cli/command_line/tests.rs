//! The command line of a job is the inverse of its arguments.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use clap::{ArgMatches, FromArgMatches as _};
use proptest::prelude::*;

use super::super::args::RunArgs;
use super::super::help;
use super::*;
use crate::model::{
    AccessKind, ColourChoice, ConflictPolicy, DamagedPolicy, Durability, FormatChoice, JobSpec, Lang, Limits, ListSpec,
    MetadataPolicy, NetworkSpec, PagesChoice, ParamKind, ProxyChoice, RawChoice, RawPairs, Recipe, RobotsPolicy, Save,
    SecretRef, SinkSpec, Step, Tree, TruncatedPolicy, Value, save,
};

fn matches(words: &[OsString]) -> ArgMatches {
    let words = std::iter::once(OsString::from("pixloom")).chain(words.iter().cloned());
    let matches = help::command(Lang::English).try_get_matches_from(words);
    let matches = matches.unwrap_or_else(|error| panic!("{error}"));
    matches.subcommand_matches("run").unwrap().clone()
}

/// The request that arguments describe.
fn parsed(words: &[OsString]) -> JobSpec {
    let run = RunArgs::from_arg_matches(&matches(words)).unwrap();
    run.spec().unwrap_or_else(|error| panic!("{error}: {words:?}"))
}

fn words_of(spec: &JobSpec) -> Vec<OsString> {
    RunArgs::of_spec(spec).words
}

/// Files and folders that arguments name, some with hostile names.
struct Files {
    dir: tempfile::TempDir,
}

const NAMES: [&str; 6] =
    ["plain.jpg", "two words.png", "it's \"q\" $x `y`.jpg", "줄\n바꿈.webp", "-dash.jpg", "100%=a,b.jpg"];

impl Files {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in NAMES {
            fs::write(dir.path().join(name), b"x").unwrap();
        }
        fs::create_dir_all(dir.path().join("폴 더")).unwrap();
        fs::create_dir_all(dir.path().join("plain folder")).unwrap();
        fs::write(dir.path().join("links, all.csv"), "url,sum,name\nhttps://h.example/a.jpg,,a\n").unwrap();
        fs::write(dir.path().join("more.csv"), "url,sum,name\nhttps://h.example/b.jpg,,b\n").unwrap();
        fs::write(dir.path().join("paths.txt"), "plain.jpg\n").unwrap();
        fs::write(dir.path().join("a file.pem"), "x").unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn named(&self, name: &str) -> OsString {
        self.path(name).into()
    }
}

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    fn often(&mut self) -> bool {
        self.below(2) == 0
    }

    fn perhaps<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.often().then(|| value(self))
    }

    fn text(&mut self) -> String {
        const PARTS: [&str; 12] = ["a", " ", "'", "\"", "$HOME", "한글", "\\", "=", ",", "-", "`x`", "#"];
        let length = 1 + self.below(6);
        let text: String = (0..length).map(|_| *self.one(&PARTS)).collect();
        // Words are trimmed.
        format!("{}z", text.trim_start())
    }
}

/// A random request of the command line.
fn random_spec(dice: &mut Dice, files: &Files) -> JobSpec {
    let mut words: Vec<OsString> = vec!["run".into()];
    for _ in 0..=dice.below(4) {
        words.push(match dice.below(4) {
            0 => files.named("폴 더"),
            1 => format!("https://h.example/{}?a=b&c={}", dice.below(9), dice.below(9)).into(),
            _ => files.named(dice.one::<&str>(&NAMES)),
        });
    }
    if dice.often() {
        words.extend(["--urls".into(), files.named("links, all.csv")]);
    }
    if dice.often() {
        words.extend(["--urls".into(), "https://h.example/list.txt".into()]);
    }
    if dice.often() {
        words.extend(["--files".into(), files.named("paths.txt")]);
    }
    for flag in ["-R", "--all-files"] {
        if dice.often() {
            words.push(flag.into());
        }
    }
    words.extend(random_database(dice, files));
    let mut spec = parsed(&words);
    let has_lists = spec.sources.iter().any(|source| source.kind == "url_list");
    if has_lists && dice.often() {
        let column = |name: &str| Some(name.to_owned());
        spec.lists = ListSpec {
            url_column: column("url"),
            checksum_column: column("sum"),
            encoding: column("euc-kr"),
            ..ListSpec::default()
        };
    }
    spec.recipe = random_recipe(dice);
    spec.output_mut().save = random_save(dice);
    spec.output_mut().sink = SinkSpec {
        dir: dice.perhaps(|dice| files.path(&dice.text())),
        folder: None,
        name: ["{stem}", "-{index:05}", "{stem} '{parent}' $1"][dice.below(3) as usize].to_owned(),
        tree: *dice.one(&[Tree::Keep, Tree::Flat]),
        on_conflict: *dice.one(&[
            ConflictPolicy::Rename,
            ConflictPolicy::Skip,
            ConflictPolicy::Overwrite,
            ConflictPolicy::Fail,
        ]),
        update: dice.often(),
        trash: dice.perhaps(|_| true),
        durability: *dice.one(&[Durability::Group, Durability::Fast]),
        keep_times: dice.often(),
    };
    spec.limits = Limits {
        workers: dice.perhaps(|dice| 1 + dice.below(1024) as usize),
        connections: 1 + dice.below(4096) as usize,
        per_host: 1 + dice.below(4096) as usize,
        db_connections: 1 + dice.below(1024) as usize,
        memory_bytes: dice.perhaps(|dice| 1_000_000 + dice.below(1 << 40)),
        network_wait_s: dice.below(7 * 86_400),
        database_wait_s: dice.below(7 * 86_400),
        network_gone_s: None,
        max_pixels: dice.perhaps(|dice| 1 + dice.below(1_000_000_000)),
        max_side_px: dice.perhaps(|dice| 1 + dice.below(65_535) as u32),
        item_memory_bytes: dice.perhaps(|dice| 1_000_000 + dice.below(1 << 40)),
        item_timeout_s: dice.perhaps(|dice| 1 + dice.below(7 * 86_400)),
        max_bytes: dice.perhaps(|dice| 1 + dice.below(1 << 40)),
        truncated: *dice.one(&[TruncatedPolicy::Fail, TruncatedPolicy::Keep]),
        damaged: *dice.one(&[DamagedPolicy::Fail, DamagedPolicy::Keep]),
        raw: *dice.one(&[RawChoice::Preview, RawChoice::Develop]),
        raw_pairs: *dice.one(&[RawPairs::Both, RawPairs::Raw, RawPairs::Jpeg]),
        pages: *dice.one(&[
            PagesChoice::First,
            PagesChoice::All,
            PagesChoice::Range { from: 2, to: Some(2) },
            PagesChoice::Range { from: 3, to: Some(17) },
            PagesChoice::Range { from: 4, to: None },
        ]),
        max_failures: dice.perhaps(|dice| dice.below(1 << 40)),
    };
    spec.network = random_network(dice, files);
    spec
}

/// A query, and a map for its results, each perhaps.
fn random_database(dice: &mut Dice, files: &Files) -> Vec<OsString> {
    const SQL: [&str; 3] = [
        "SELECT url FROM p",
        "SELECT id, \"a \"\"b\"\"; --\" AS \"$x\", '`한글`' AS url\nFROM \"it's\" -- :comment\nWHERE t > '\\'",
        "-- first a comment\nSELECT * FROM p WHERE (:last IS NULL OR t >= :last)",
    ];
    const MAPS: [&str; 3] = [
        "p(id=hash): w=width",
        "\"my schema\".\"it's, \"\"p\"\"\"(\"키\"=output_hash,n=hash): \"$w\"=width,h=height,s=state",
        "results(n=hash): o=output:web,e=error",
    ];
    let (has_query, has_map) = (dice.often(), dice.often());
    if !has_query && !has_map {
        return Vec::new();
    }
    let dsn = match dice.below(4) {
        0 => files.named("a 'shop' 한글.sqlite"),
        1 => "postgres://me%40home@db.example:5433/a%20b?sslmode=disable&password=env:PW".into(),
        2 => "mysql://pixloom@[::1]/goods?password=settings:shop".into(),
        _ => "mariadb://localhost/goods".into(),
    };
    let mut words: Vec<OsString> = vec!["--db".into(), dsn];
    if has_query {
        words.push(format!("--sql={}", dice.one::<&str>(&SQL)).into());
        words.extend(dice.perhaps(|dice| format!("--key={}", dice.text()).into()));
        words.extend(dice.perhaps(|dice| format!("--since={}", dice.text()).into()));
    }
    if has_map {
        words.extend(["--write-back".into(), dice.one::<&str>(&MAPS).into()]);
        let mode = *dice.one(&["update", "upsert", "insert"]);
        words.extend(dice.perhaps(|_| format!("--write-back-mode={mode}").into()));
        words.extend(dice.perhaps(|dice| format!("--database-wait={}s", dice.below(100_000)).into()));
    }
    words
}

fn random_recipe(dice: &mut Dice) -> Recipe {
    let steps = (0..dice.below(5)).map(|_| random_step(dice)).collect();
    let recipe = Recipe { steps, ..Recipe::default() };
    let spec = JobSpec { recipe: recipe.clone(), ..JobSpec::default() };
    // Parameters that exclude each other.
    if engine::check_spec(&spec).is_ok() { recipe } else { random_recipe(dice) }
}

fn random_step(dice: &mut Dice) -> Step {
    let op = dice.one(engine::registry());
    let mut step = op.starting_step();
    for param in op.params.iter().filter(|_| dice.below(3) == 0).collect::<Vec<_>>() {
        let value = match &param.kind {
            ParamKind::Float { min, max, .. } => {
                Value::Number(min + (max - min) * dice.below(1 << 52) as f64 / (1_u64 << 52) as f64)
            }
            ParamKind::Int { min, max, .. } => Value::Number((min + dice.below((max - min + 1) as u64) as i64) as f64),
            ParamKind::Bool { .. } => Value::Bool(dice.often()),
            ParamKind::Choice { options, .. } => (*dice.one::<&str>(options)).into(),
            ParamKind::Text { .. } | ParamKind::FieldText { .. } => Value::Text(dice.text()),
            _ => continue,
        };
        step.params.insert(param.name.to_owned(), value);
    }
    let spec = JobSpec { recipe: Recipe { steps: vec![step.clone()], ..Recipe::default() }, ..JobSpec::default() };
    let is_valid = engine::check_spec(&spec).is_ok() && engine::require_effect(&step).is_ok();
    if is_valid { step } else { random_step(dice) }
}

fn random_save(dice: &mut Dice) -> Save {
    let mut save = Save { format: *dice.one(&FormatChoice::all()), ..Save::default() };
    let format = save.format;
    for key in save::keys().iter().filter(|key| key.applies_to(format)) {
        let value = match &key.param.kind {
            _ if !dice.often() => continue,
            ParamKind::Int { min, max, .. } => Value::Number((min + dice.below((max - min + 1) as u64) as i64) as f64),
            ParamKind::Bool { .. } => Value::Bool(dice.often()),
            ParamKind::Choice { options, .. } => (*dice.one::<&str>(options)).into(),
            ParamKind::Colour { .. } => "#102030".into(),
            ParamKind::Text { .. } => Value::Text((64 + dice.below(1 << 40)).to_string()),
            _ => continue,
        };
        let before = save.clone();
        if save.set(key.param.name, &value).is_err() || save.check().is_err() {
            save = before;
        }
    }
    // Said outright, it would be refused for copies.
    let is_default = save.metadata == MetadataPolicy::NoGps && save.colour == ColourChoice::Srgb;
    assert!(is_default || save.given().next().is_some());
    save
}

fn random_network(dice: &mut Dice, files: &Files) -> NetworkSpec {
    let secret = |dice: &mut Dice| match dice.below(2) {
        0 => SecretRef::Env("TOKEN_1".to_owned()),
        _ => SecretRef::Settings("https://h.example authorization".to_owned()),
    };
    let proxies = [ProxyChoice::System, ProxyChoice::None, ProxyChoice::Url("socks5h://proxy.example:1080".to_owned())];
    let proxy = dice.one(&proxies).clone();
    let mut access = Vec::new();
    let user = |dice: &mut Dice| dice.perhaps(|_| "me and@you".to_owned());
    let kinds = [
        AccessKind::Header { name: "X-Key".to_owned() },
        AccessKind::Cookie,
        AccessKind::Basic { user: user(dice) },
        AccessKind::Digest { user: user(dice) },
        AccessKind::Bearer,
    ];
    for kind in kinds {
        if dice.often() {
            access.push(AccessEntry { host: "http://h.example:81".to_owned(), kind, secret: secret(dice) });
        }
    }
    if matches!(proxy, ProxyChoice::Url(_)) && dice.often() {
        let (host, secret) = ("socks5h://proxy.example:1080".to_owned(), secret(dice));
        access.push(AccessEntry { host, kind: AccessKind::Proxy, secret });
    }
    let file = |dice: &mut Dice| dice.perhaps(|_| files.path("a file.pem"));
    NetworkSpec {
        robots: *dice.one(&[RobotsPolicy::Auto, RobotsPolicy::Always, RobotsPolicy::Never]),
        obey_noai: dice.often(),
        proxy,
        ca_file: file(dice),
        insecure_hosts: (0..dice.below(3)).map(|n| format!("h{n}.example")).collect(),
        access,
        requests_per_s: dice.perhaps(|dice| 0.001 + dice.below(1000) as f64 / 7.0),
        bytes_per_s: dice.perhaps(|dice| 1000 + dice.below(1 << 40)),
        timeout_s: dice.perhaps(|dice| 1 + dice.below(7 * 86_400)),
        connect_timeout_s: dice.perhaps(|dice| 1 + dice.below(7 * 86_400)),
        retries: dice.perhaps(|dice| dice.below(101) as u32),
        user_agent: dice.perhaps(Dice::text),
        referer: dice.perhaps(Dice::text),
        cookie_file: file(dice),
        client_cert: file(dice),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_arguments_of_any_request_are_parsed_to_the_same_request(seed in 1..u64::MAX) {
        let files = Files::new();
        let spec = random_spec(&mut Dice(seed), &files);
        let words = words_of(&spec);
        prop_assert_eq!(parsed(&words), spec, "{:?}", words);
    }

    #[test]
    fn a_posix_shell_reads_any_word_as_it_was(parts in prop::collection::vec("[ -~\\n\\t\u{1}한'\"\\\\$`!]{0,6}", 0..4)) {
        let word = parts.concat();
        prop_assume!(!word.contains('\0'));
        let line = format!("printf '%s' {}", posix(OsStr::new(&word)));
        let output = std::process::Command::new("sh").arg("-c").arg(&line).output().unwrap();
        prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), word, "{}", line);
    }
}

/// Options of `run` that are not part of the request.
const NOT_OF_REQUESTS: [&str; 10] =
    ["help", "json", "quiet", "verbose", "catalog", "lang", "no_config", "dry_run", "allow_empty", "durable"];

/// For each other option: arguments that give it.
fn sample(id: &str, files: &Files) -> Option<Vec<OsString>> {
    let pem = files.named("a file.pem");
    let words = |words: &[&str]| Some(words.iter().map(OsString::from).collect());
    let with = |option: &str, value: OsString| Some(vec![option.into(), value]);
    match id {
        "inputs" => Some(vec![files.named("plain.jpg")]),
        "recursive" => Some(vec!["-R".into(), files.named("폴 더")]),
        "all_files" => Some(vec!["--all-files".into(), files.named("폴 더")]),
        "urls" => with("--urls", files.named("links, all.csv")),
        "files" => with("--files", files.named("paths.txt")),
        "url_column" => Some(vec!["--urls".into(), files.named("more.csv"), "--url-column".into(), "url".into()]),
        "checksum_column" => Some(vec!["--urls".into(), files.named("more.csv"), "--checksum-column=sum".into()]),
        "encoding" => Some(vec!["--urls".into(), files.named("more.csv"), "--encoding=euc-kr".into()]),
        // Its steps and save settings are written.
        "recipes" => words(&["--recipe", "web"]),
        "steps" => words(&["-s", "resize:width=9"]),
        "out" => words(&["-o", "/tmp/an out"]),
        "format" => words(&["--format", "webp"]),
        "quality" => words(&["--quality", "7"]),
        "name" => words(&["--name", "{index}"]),
        "tree" => words(&["--tree", "flat"]),
        "on_conflict" => words(&["--on-conflict", "fail"]),
        "update" => words(&["--update"]),
        "trash" => words(&["--trash"]),
        "save" => words(&["--save", "jpeg:progressive=true"]),
        "colour" => words(&["--colour", "keep"]),
        "hdr" => words(&["--hdr", "keep"]),
        "metadata" => words(&["--metadata", "strip"]),
        "min_saving" => words(&["--min-saving", "5"]),
        "keep_smaller" => words(&["--keep-smaller"]),
        "lossless_jpeg" => words(&["--lossless-jpeg"]),
        "workers" => words(&["--workers", "3"]),
        "connections" => words(&["--connections", "3"]),
        "per_host" => words(&["--per-host", "3"]),
        "memory" => words(&["--memory", "3MB"]),
        "network_wait" => words(&["--network-wait", "3s"]),
        "max_megapixels" => words(&["--max-megapixels", "0.5"]),
        "max_side" => words(&["--max-side", "9"]),
        "item_memory" => words(&["--item-memory", "9MB"]),
        "item_timeout" => words(&["--item-timeout", "9s"]),
        "max_bytes" => words(&["--max-bytes", "9"]),
        "max_failures" => words(&["--max-failures", "0"]),
        "truncated" => words(&["--truncated", "keep"]),
        "damaged" => words(&["--damaged", "keep"]),
        "raw" => words(&["--raw", "develop"]),
        "raw_pairs" => words(&["--raw-pairs", "jpeg"]),
        "pages" => words(&["--pages", "2-4"]),
        "keep_times" => words(&["--keep-times"]),
        "fast" => words(&["--fast"]),
        "robots" => words(&["--robots", "never"]),
        "obey_noai" => words(&["--obey-noai"]),
        "proxy" => words(&["--proxy", "none"]),
        "proxy_login" => words(&["--proxy", "http://p.example:3128", "--proxy-login", "env:P"]),
        "ca_file" => with("--ca-file", pem),
        "insecure_host" => words(&["--insecure-host", "nas.local"]),
        "db" | "write_back" => {
            words(&["--db", "/tmp/shop.sqlite", "--write-back", "\"my shop\"(id=hash): w=width,\"a,b\"=state"])
        }
        "write_back_mode" => {
            words(&["--db", "/tmp/shop.sqlite", "--write-back", "p(id=hash): w=width", "--write-back-mode", "insert"])
        }
        "write_back_table" => words(&["--db", "/tmp/shop.sqlite", "--write-back-table", "results"]),
        "database_wait" => {
            words(&["--db", "/tmp/shop.sqlite", "--write-back", "p(id=hash): w=width", "--database-wait", "9s"])
        }
        "sql" => words(&["--db", "/tmp/shop.sqlite", "--sql", "SELECT url FROM p"]),
        "key" => words(&["--db", "/tmp/shop.sqlite", "--sql", "SELECT id, url FROM p", "--key", "id"]),
        "since" => {
            let sql = "SELECT url, t FROM p WHERE (:last IS NULL OR t >= :last)";
            words(&["--db", "/tmp/shop.sqlite", "--sql", sql, "--since", "t"])
        }
        "db_connections" => words(&["--db-connections", "3"]),
        "header" => words(&["--header", "h.example X-Key=env:KEY"]),
        "cookie" => words(&["--cookie", "h.example=env:C"]),
        "basic" => words(&["--basic", "h.example me=env:P"]),
        "bearer" => words(&["--bearer", "h.example=env:T"]),
        "digest" => words(&["--digest", "h.example=netrc"]),
        "user_agent" => words(&["--user-agent", "me"]),
        "referer" => words(&["--referer", "https://h.example"]),
        "load_cookies" => with("--load-cookies", pem),
        "client_cert" => with("--client-cert", pem),
        "requests_per_second" => words(&["--requests-per-second", "0.5"]),
        "bytes_per_second" => words(&["--bytes-per-second", "5kB"]),
        "timeout" => words(&["--timeout", "9s"]),
        "connect_timeout" => words(&["--connect-timeout", "9s"]),
        "retries" => words(&["--retries", "0"]),
        _ => None,
    }
}

#[test]
fn every_option_of_run_has_an_inverse() {
    let files = Files::new();
    let command = help::command(Lang::English);
    let run = command.find_subcommand("run").unwrap();
    let base = vec![OsString::from("run"), files.named("links, all.csv")];
    let without = parsed(&base);
    for option in run.get_arguments().map(|arg| arg.get_id().as_str()).filter(|id| !NOT_OF_REQUESTS.contains(id)) {
        let given =
            sample(option, &files).unwrap_or_else(|| panic!("how is {option} written? Add it to RunArgs::of_spec"));
        let spec = parsed(&[base.clone(), given.clone()].concat());
        assert!(spec != without, "{given:?} changes nothing");
        let words = words_of(&spec);
        assert_eq!(parsed(&words), spec, "{option} is lost in {words:?}");
    }
}

#[test]
fn a_command_is_short_where_one_option_says_it_all() {
    let files = Files::new();
    let words = ["run", "-s", "resize:long_edge=1600", "--format", "webp", "--quality", "82", "-o", "/out put"];
    let mut words: Vec<OsString> = words.iter().map(OsString::from).collect();
    words.insert(1, files.named("two words.png"));
    let line = RunArgs::of_spec(&parsed(&words));
    let input = files.path("two words.png");
    let expected =
        format!("pixloom run '{}' -s resize:long_edge=1600 --format webp --quality 82 -o '/out put'", input.display());
    assert_eq!(line.text_for(posix), expected);
}

#[test]
fn logins_of_links_are_options_that_refer_to_them_and_marks_are_never_written() {
    let marked = |path: &str, number: u32| {
        crate::model::Locator::Url(format!("https://h.example/{path}#pixloom-secret={number}"))
    };
    let source = SourceSpec::new("url", vec![marked("a.jpg", 1), marked("b.jpg", 1)]);
    let line = RunArgs::of_spec(&JobSpec { sources: vec![source], ..JobSpec::default() });
    let login = "'https://h.example=settings:https://h.example/1'";
    let expected =
        format!("pixloom run https://h.example/a.jpg https://h.example/b.jpg --basic {}", login.trim_matches('\''));
    assert_eq!(line.text_for(posix), expected);
    assert_eq!(line.remarks, []);
    let source = SourceSpec::new("url", vec![marked("a.jpg", 1), marked("b.jpg", 2)]);
    let line = RunArgs::of_spec(&JobSpec { sources: vec![source], ..JobSpec::default() });
    assert!(line.remarks[0].to_string().contains("several logins for https://h.example"), "{:?}", line.remarks);
}

#[test]
fn what_a_command_does_not_say_is_remarked() {
    let at = |path: &str| vec![crate::model::Locator::File(path.into())];
    let folder = |path: &str, recursive: &str| SourceSpec::new("folder", at(path)).with("recursive", recursive);
    let remarks = |sources: Vec<SourceSpec>| -> Vec<String> {
        let line = RunArgs::of_spec(&JobSpec { sources, ..JobSpec::default() });
        line.remarks.iter().map(ToString::to_string).collect()
    };
    let mixed = remarks(vec![folder("/a", "true"), folder("/b", "false")]);
    assert!(mixed.len() == 1 && mixed[0].contains("some folders with their subfolders"), "{mixed:?}");
    let order = remarks(vec![SourceSpec::new("url_list", at("/l.csv")), SourceSpec::new("files", at("/a.jpg"))]);
    assert!(order.len() == 1 && order[0].contains("in another order"), "{order:?}");
    let stdin = remarks(vec![SourceSpec::new("stdin", Vec::new())]);
    assert!(stdin.len() == 1 && stdin[0].contains("standard input"), "{stdin:?}");
    let unknown = remarks(vec![SourceSpec::new("bucket", Vec::new())]);
    assert!(unknown.len() == 1 && unknown[0].contains("can't be named"), "{unknown:?}");
}

#[test]
fn a_list_of_relative_paths_is_read_in_its_folder() {
    let list = SourceSpec::new("path_list", vec![crate::model::Locator::File("/lists/a b.txt".into())]);
    let line = RunArgs::of_spec(&JobSpec { sources: vec![list.with("folder", "/my shop")], ..JobSpec::default() });
    assert_eq!(line.text_for(posix), "cd '/my shop' && pixloom run --files '/lists/a b.txt'");
}

#[test]
fn words_are_quoted_as_each_shell_reads_them() {
    for (word, expected) in [
        ("plain", "plain"),
        ("", "''"),
        ("두 단어", "'두 단어'"),
        ("it's", "'it'\\''s'"),
        ("{stem}", "'{stem}'"),
        ("=x", "'=x'"),
        ("a\nb", "\"$(printf -- 'a\\012b')\""),
        ("a'%\\\n", "\"$(printf -- 'a'\\''%%\\\\')\"'\n'"),
    ] {
        assert_eq!(posix(OsStr::new(word)), expected);
    }
    for (word, expected) in [
        ("C:\\a\\b.jpg", "C:\\a\\b.jpg"),
        ("C:\\a b\\", "\"C:\\a b\\\\\""),
        ("say \"hi\"", "\"say \\\"hi\\\"\""),
        ("", "\"\""),
        ("{stem}", "\"{stem}\""),
    ] {
        assert_eq!(windows(OsStr::new(word)), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_text_is_made_by_printf() {
    use std::os::unix::ffi::OsStrExt;
    assert_eq!(posix(OsStr::from_bytes(b"/a\xff")), "\"$(printf -- '/a\\377')\"");
}
