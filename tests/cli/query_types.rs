//! `pixloom query`: values of every type in every format, and names that could be mistaken for something else.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

use crate::database::mysql::Mysql;
use crate::database::postgres::{PASSWORD, Postgres};
use crate::program::Home;
use crate::servers::TestServer;

/// A value of a type: as its database writes it in statements, as text, in JSON, and in Parquet.
struct Typed {
    declared: &'static str,
    literal: &'static str,
    text: String,
    json: Value,
    parquet: Value,
}

/// The same value in all formats.
fn same(declared: &'static str, literal: &'static str, text: &str, value: Value) -> Typed {
    Typed { declared, literal, text: text.to_owned(), json: value.clone(), parquet: value }
}

/// A text in all formats.
fn text(declared: &'static str, literal: &'static str, text: &str) -> Typed {
    same(declared, literal, text, text.into())
}

fn postgres_values() -> Vec<Typed> {
    let big = "x".repeat(1 << 20);
    vec![
        same("boolean", "true", "true", true.into()),
        same("bigint", "-9223372036854775808", "-9223372036854775808", i64::MIN.into()),
        same("real", "0.1", "0.1", 0.1.into()),
        same("double precision", "5e-324", "5e-324", 5e-324.into()),
        same("double precision", "-1.5e300", "-1.5e300", (-1.5e300).into()),
        same("double precision", "'-Infinity'", "-Infinity", "-Infinity".into()),
        same("double precision", "'NaN'", "NaN", "NaN".into()),
        text("numeric", "123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
        text("numeric", "'NaN'", "NaN"),
        text("text", "E'a\"b,\\r\\nc'", "a\"b,\r\nc"),
        text("text", "''", ""),
        text("text", "repeat('x', 1048576)", &big),
        text("bytea", "'\\x00ff'", "\\x00ff"),
        text("bytea", "'\\x5c7866'", "\\x5c7866"),
        text("date", "'0044-03-15 BC'", "0044-03-15 BC"),
        text("timestamptz", "'2024-02-29 12:34:56.5+09'", "2024-02-29 03:34:56.5+00"),
        text("timestamp", "'infinity'", "infinity"),
        text("interval", "'1 year 2 days 03:04:05.678'", "1 year 2 days 03:04:05.678"),
        text("text[]", "ARRAY['a,b', NULL, '']", "{\"a,b\",NULL,\"\"}"),
        text("point", "'(1,2)'", "(1,2)"),
        text("uuid", "'00000000-0000-0000-0000-00000000000a'", "00000000-0000-0000-0000-00000000000a"),
        Typed { json: json!({"a": [1, null]}), ..text("json", "E'{\"a\":\\n[1, null]}'", "{\"a\":\n[1, null]}") },
    ]
}

fn mysql_values() -> Vec<Typed> {
    let big = "x".repeat(1 << 20);
    vec![
        same("bigint", "-9223372036854775808", "-9223372036854775808", i64::MIN.into()),
        same("bigint unsigned", "18446744073709551615", "18446744073709551615", u64::MAX.into()),
        same("bit(64)", "b'1'", "1", 1.into()),
        same("bit(1)", "b'1'", "true", true.into()),
        same("float", "0.1", "0.1", 0.1.into()),
        same("double", "-1.5e300", "-1.5e300", (-1.5e300).into()),
        text(
            "decimal(65,30)",
            "12345678901234567890.000000000000000000000000000001",
            "12345678901234567890.000000000000000000000000000001",
        ),
        text("text", "'a\\0b'", "a\0b"),
        text("text", "'a\"b,\\r\\nc'", "a\"b,\r\nc"),
        text("longtext", "repeat('x', 1048576)", &big),
        text("varchar(9) character set ucs2", "'한'", "한"),
        text("varbinary(9)", "x'00ff'", "\\x00ff"),
        text("date", "'2024-02-29'", "2024-02-29"),
        text("datetime(6)", "'2024-02-29 12:34:56.123456'", "2024-02-29 12:34:56.123456"),
        text("time", "'-838:59:59'", "-838:59:59"),
        same("year", "2024", "2024", 2024.into()),
        text("enum('x','y')", "'y'", "y"),
        text("json", "'{\"a\": 1}'", "{\"a\": 1}"),
        text("uuid", "'00000000-0000-0000-0000-00000000000a'", "00000000-0000-0000-0000-00000000000a"),
    ]
}

fn sqlite_values() -> Vec<Typed> {
    let big = "x".repeat(1 << 20);
    vec![
        same("BOOLEAN", "1", "1", true.into()),
        same("INTEGER", "-9223372036854775808", "-9223372036854775808", i64::MIN.into()),
        same("REAL", "5e-324", "5e-324", 5e-324.into()),
        same("REAL", "9e999", "Infinity", "Infinity".into()),
        text("TEXT", "'a' || char(0) || 'b'", "a\0b"),
        text("TEXT", "printf('%.*c', 1048576, 'x')", &big),
        text("TEXT", "x'ff41'", "\\xff41"),
        text("BLOB", "x'00ff'", "\\x00ff"),
        text("INTEGER", "'abc'", "abc"),
        text("DATE", "'2024-02-29'", "2024-02-29"),
        Typed { json: json!([1, 2]), ..text("JSON", "'[1,2]'", "[1,2]") },
    ]
}

fn csv_field(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.contains(['"', ',', '\r', '\n']) && text.trim() == text;
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

fn field(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => (*value).into(),
        Field::Long(value) => (*value).into(),
        Field::ULong(value) => (*value).into(),
        Field::Double(value) if value.is_nan() => "NaN".into(),
        Field::Double(value) if value.is_infinite() => if *value > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        Field::Double(value) => (*value).into(),
        Field::Str(text) => text.as_str().into(),
        Field::Bytes(bytes) => {
            bytes.data().iter().fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}")).into()
        }
        other => panic!("{other:?}"),
    }
}

/// Exports a row of these values and a row of NULLs in every format.
fn check(home: &Home, dsn: &str, run: &dyn Fn(&str), values: &[Typed]) {
    let each = |part: &dyn Fn(usize, &Typed) -> String| {
        values.iter().enumerate().map(|(at, value)| part(at, value)).collect::<Vec<_>>().join(",")
    };
    run(&format!("CREATE TABLE typed({})", each(&|at, value| format!("c{at} {} NULL", value.declared))));
    run(&format!("INSERT INTO typed VALUES ({})", each(&|_, value| value.literal.to_owned())));
    run(&format!("INSERT INTO typed VALUES ({})", each(&|_, _| "NULL".to_owned())));
    for format in ["csv", "jsonl", "parquet"] {
        let file = format!("typed.{format}");
        let sql = "SELECT * FROM typed ORDER BY CASE WHEN c1 IS NULL THEN 1 ELSE 0 END";
        home.run(&["query", "--db", dsn, "--sql", sql, "-o", &file]).expect(0);
    }
    let same = |at: usize, format: &str, found: &Value, wanted: &Value| {
        let declared = values[at].declared;
        let short = |value: &Value| value.to_string().chars().take(80).collect::<String>();
        assert!(found == wanted, "{declared} in {format}: {} is not {}", short(found), short(wanted));
    };
    let csv = std::fs::read_to_string(home.path("typed.csv")).unwrap();
    let wanted = each(&|_, value| csv_field(&value.text));
    let nulls = ",".repeat(values.len() - 1);
    assert!(csv == format!("{}\r\n{wanted}\r\n{nulls}\r\n", each(&|at, _| format!("c{at}"))), "{csv:.2000}");
    let lines = std::fs::read_to_string(home.path("typed.jsonl")).unwrap();
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2, "JSON with line breaks is one line");
    let file = std::fs::File::open(home.path("typed.parquet")).unwrap();
    let file = SerializedFileReader::new(file).unwrap();
    let columns: Vec<Vec<Value>> = file
        .get_row_iter(None)
        .unwrap()
        .map(|row| row.unwrap().get_column_iter().map(|(_, value)| field(value)).collect())
        .collect();
    for (at, value) in values.iter().enumerate() {
        same(at, "JSON", &rows[0][format!("c{at}")], &value.json);
        same(at, "JSON", &rows[1][format!("c{at}")], &Value::Null);
        same(at, "Parquet", &columns[0][at], &value.parquet);
        same(at, "Parquet", &columns[1][at], &Value::Null);
    }
}

/// A server's database, and its data source name.
fn database(server: &dyn TestServer) -> (Home, String, String) {
    let name = server.new_database();
    let dsn = server.dsn_of(&name);
    (Home::new().with_variable("SHOP_PASSWORD", PASSWORD), name, dsn)
}

#[test]
fn values_of_all_types_of_postgresql_are_the_same_in_every_format() {
    let server = Postgres::shared();
    let (home, name, dsn) = database(server);
    check(&home, &dsn, &|sql| drop(server.sql(&name, sql)), &postgres_values());
    // Numbers in JSON keep all digits.
    let sql = "SELECT '{\"n\": 123456789012345678901234567890.5}'::jsonb AS j";
    home.run(&["query", "--db", &dsn, "--sql", sql, "-o", "digits.jsonl"]).expect(0);
    let line = std::fs::read_to_string(home.path("digits.jsonl")).unwrap();
    assert_eq!(line, "{\"j\":{\"n\": 123456789012345678901234567890.5}}\n");
}

#[test]
fn values_of_all_types_of_mariadb_are_the_same_in_every_format() {
    let server = Mysql::shared();
    let (home, name, dsn) = database(server);
    check(&home, &dsn, &|sql| drop(server.sql(&name, sql)), &mysql_values());
}

#[test]
fn values_of_all_kinds_of_sqlite_are_the_same_in_every_format() {
    let home = Home::new();
    let sql = rusqlite::Connection::open(home.path("a.sqlite")).unwrap();
    check(&home, "a.sqlite", &|text| sql.execute_batch(text).unwrap(), &sqlite_values());
}

fn hostile_names(server: &dyn TestServer, quote: char) {
    let (home, database, dsn) = database(server);
    let rows = (1..=20).map(|n| format!("({n})")).collect::<Vec<_>>().join(",");
    server.rows(&database, &format!("CREATE TABLE numbers(n INTEGER); INSERT INTO numbers VALUES {rows};"));
    let quoted = |name: &str| format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")));
    for name in ["select", "x\"y; --", "x`y", "a.b", "a,b", "표 é", "$1", ":id", "%s ?", "'", "\\"] {
        let (table, other) = (quoted(name), quoted(&format!("{name}2")));
        let sql = format!("SELECT n AS {table}, n * 2 AS {other} FROM numbers");
        let key = format!("\"{}\"", name.replace('"', "\"\""));
        let args = ["query", "--db", &dsn, "--sql", &sql, "--split", name, "--parts", "3", "--into", &table];
        for _ in 0..2 {
            home.run(&[&args[..], &["--key", &key]].concat()).expect(0);
            let found = server.rows(&database, &format!("SELECT COUNT(*), SUM({other}) FROM {table};"));
            assert_eq!(found, "20|420\n", "{name}");
        }
    }
}

#[test]
fn hostile_names_of_tables_and_columns_are_taken_as_they_are_by_postgresql() {
    hostile_names(Postgres::shared(), '"');
}

#[test]
fn hostile_names_of_tables_and_columns_are_taken_as_they_are_by_mariadb() {
    hostile_names(Mysql::shared(), '`');
}
