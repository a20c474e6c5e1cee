//! Passwords of databases stay where they are kept, whatever a job does with them: the catalog, logs, reports, errors and
//! results hold none.

use std::os::unix::fs::PermissionsExt as _;

use crate::database::mysql::Mysql;
use crate::database::postgres::Postgres;
use crate::program::Home;
use crate::servers::TestServer;

/// Nothing else has these bytes, whole or encoded.
const PASSWORD: &str = "zq7Kennwort/9";
const TRACES: [&str; 2] = ["zq7Kennwort", "enE3S2Vubndvcn"];

/// A user of a server whose password is looked for.
struct User<'a> {
    server: &'a dyn TestServer,
    database: String,
    /// The data source name without a password.
    dsn: String,
    /// The file in which the database's own programs look for the password, and what it holds.
    kept: (&'static str, String),
}

/// Where the password comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Variable,
    Settings,
    Kept,
    Typed,
}

fn home_with(user: &User<'_>, from: From) -> (Home, String) {
    let home = Home::new().with_variable("PIXLOOM_LOG", "trace");
    let home = if from == From::Variable { home.with_variable("SHOP", PASSWORD) } else { home };
    let private = |name: &str, text: &str| {
        let file = home.file(name, text);
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    let dsn = match from {
        From::Variable => format!("{}?password=env:SHOP", user.dsn),
        From::Settings => {
            private("config/pixloom/secrets.toml", &format!("shop = \"{PASSWORD}\"\n"));
            format!("{}?password=settings:shop", user.dsn)
        }
        From::Kept => {
            private(user.kept.0, &user.kept.1);
            user.dsn.clone()
        }
        From::Typed => user.dsn.replacen('@', &format!(":{}@", PASSWORD.replace('/', "%2F")), 1),
    };
    (home, dsn)
}

#[track_caller]
fn check_clean(what: &str, bytes: &[u8]) {
    for trace in TRACES {
        let at = bytes.windows(trace.len()).position(|window| window == trace.as_bytes());
        let around = at.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(200)..bytes.len().min(at + 40)]));
        assert!(around.is_none(), "{what} has the password: {around:?}");
    }
}

fn check(user: &User<'_>, from: From) {
    let (home, dsn) = home_with(user, from);
    home.file("in/a.txt", "a");
    home.file("ids.csv", "id\n1\n2\n");
    home.file("list.jsonl", format!("{{\"url\": \"{}\", \"id\": 1}}\n", home.path("in/a.txt").display()));
    let text = "SELECT id, name FROM shop";
    let back = "shop(id=col:id): name=output_hash";
    let items = format!("SELECT id, '{}' AS path FROM shop", home.path("in/a.txt").display());
    let db = ["--db", dsn.as_str()];
    let query = |more: &[&'static str]| [&["query"], &db[..], more].concat();
    let mut runs: Vec<(Vec<&str>, i32)> = vec![
        (query(&["--sql", text]), 0),
        (query(&["--sql", text, "-o", "all.csv", "--json"]), 0),
        (query(&["--sql", text, "--split", "id", "--parts", "2", "-o", "each/", "--verbose"]), 0),
        (query(&["--sql", text, "--into", "copies", "--key", "id", "--json=items"]), 0),
        (query(&["--sql", "SELECT 1 / (id - :id) FROM nowhere", "--each", "ids.csv"]), 2),
        (
            query(&[
                "--sql",
                "SELECT (SELECT id FROM shop WHERE id >= :id) AS id",
                "--each",
                "ids.csv",
                "-o",
                "one.csv",
            ]),
            1,
        ),
        (query(&["--sql", "DELETE FROM shop"]), 2),
    ];
    let run = |more: &[&'static str]| [&["run", "--sql", items.as_str()], &db[..], more].concat();
    runs.push((run(&["-o", "out", "--write-back", back, "--json"]), 0));
    runs.push((run(&["-o", "out", "--write-back", back, "--dry-run"]), 0));
    runs.push((run(&["-o", "other", "--write-back-table", "results", "--verbose"]), 0));
    runs.push((run(&["-o", "out", "--write-back", "nowhere(id=col:id): name=output"]), 2));
    runs.push((vec!["jobs"], 0));
    runs.extend(["csv", "jsonl"].map(|format| (vec!["export", "2", "--format", format], 0)));
    runs.push((vec!["export", "2", "--format", "parquet", "-o", "items.parquet"], 0));
    for job in ["1", "2", "3", "4", "5", "6"] {
        runs.extend(
            [vec!["jobs", job], vec!["jobs", job, "--json"], vec!["jobs", job, "--command"]].map(|args| (args, 0)),
        );
    }
    for (args, code) in runs {
        let output = home.run(&args);
        check_clean(&format!("{from:?}: {args:?}: its standard output"), output.out.as_bytes());
        check_clean(&format!("{from:?}: {args:?}: its standard error"), output.err.as_bytes());
        assert_eq!(output.code, code, "{from:?}: {args:?}: {}{}", output.out, last_lines(&output.err));
    }
    let is_own = |name: &str| name.ends_with("secrets.toml") || name == user.kept.0;
    for name in home.files(".").iter().filter(|name| !is_own(name)) {
        check_clean(&format!("{from:?}: {name}"), &std::fs::read(home.path(name)).unwrap());
    }
    let changed = user.server.rows(&user.database, "SELECT count(*) FROM shop WHERE name <> 'a';");
    assert_eq!(changed, "2\n");
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("pixloom")).collect();
    lines.join("\n")
}

fn check_all(user: &User<'_>) {
    for from in [From::Variable, From::Settings, From::Kept, From::Typed] {
        user.server.rows(
            &user.database,
            "DROP TABLE IF EXISTS shop; DROP TABLE IF EXISTS copies; DROP TABLE IF EXISTS results; \
             CREATE TABLE shop(id INTEGER PRIMARY KEY, name VARCHAR(100)); INSERT INTO shop VALUES (1, 'a'), (2, 'a');",
        );
        check(user, from);
    }
    // A wrong password is not repeated either.
    let home = Home::new().with_variable("SHOP", "zq7Kennwort-wrong");
    let dsn = format!("{}?password=env:SHOP", user.dsn);
    let output = home.run(&["query", "--db", &dsn, "--sql", "SELECT 1"]).expect(3);
    check_clean("the error", output.err.as_bytes());
}

#[test]
fn a_password_of_postgresql_is_found_in_no_record_log_or_result() {
    let server = Postgres::shared();
    let database = server.create_database();
    server.sql(&database, &format!("CREATE ROLE clerk LOGIN SUPERUSER PASSWORD '{PASSWORD}'"));
    let dsn = format!("postgres://clerk@127.0.0.1:{}/{database}", server.port());
    let kept = (".pgpass", format!("127.0.0.1:{}:*:clerk:{PASSWORD}\n", server.port()));
    check_all(&User { server, database, dsn, kept });
}

#[test]
fn a_password_of_mariadb_is_found_in_no_record_log_or_result() {
    let server = Mysql::shared();
    let database = server.create_database();
    server.sql("", &format!("CREATE USER clerk@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO clerk@'%';"));
    let dsn = format!("mysql://clerk@127.0.0.1:{}/{database}", server.port());
    let kept = (".my.cnf", format!("[client]\nuser = clerk\npassword = \"{PASSWORD}\"\n"));
    check_all(&User { server, database, dsn, kept });
}
