//! PostgreSQL: the contract, and what only it has.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use pixloom::db::{
    Connection, DbErrorKind as K, Kind, Session, TableName, Value, WriteMode, WritePlan, WriteRow, Written,
};

use super::contract::{Case, Subject, Words, all, check_outages, run};
use super::database::certificates::Authority;
use super::database::postgres::{Postgres, Stop};

const WORDS: Words = Words {
    slow: "SELECT pg_sleep(60)",
    million: "SELECT i, lpad(i::text, 32, '0') FROM generate_series(1, 1000000) AS i",
    begin: "BEGIN",
    running: Some(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND datname = current_database()",
    ),
    has_infinity: true,
    has_strict_types: true,
    has_row_locks: true,
};

/// The server of this process.
pub(super) struct Shared;

impl Subject for Shared {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn create(&self) -> String {
        let server = Postgres::shared();
        server.dsn_with_password(&server.create_database())
    }

    fn words(&self) -> Words {
        WORDS
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(future)
}

/// An empty database that these statements prepare.
fn case(statements: &str) -> Case {
    let server = Postgres::shared();
    let name = server.create_database();
    server.sql(&name, statements);
    Case::new(&server.dsn_with_password(&name), WORDS)
}

async fn plan(connection: &mut dyn Connection, table: &str, key: &str, columns: &[&str], mode: WriteMode) -> WritePlan {
    let name = TableName { schema: None, table: table.to_owned() };
    let table = connection.table(&name).await.unwrap().expect("the table");
    let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
    WritePlan::new(&table, &[key.to_owned()], &columns, mode).unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn a_postgresql_server_keeps_its_data_however_it_is_stopped() {
    let server = Postgres::start(&[]);
    let name = server.create_database();
    server.sql(&name, "CREATE TABLE kept (n int)");
    for (n, how) in [Stop::Fast, Stop::Immediate, Stop::Kill].into_iter().enumerate() {
        server.sql(&name, &format!("INSERT INTO kept VALUES ({n})"));
        server.restart(how);
        assert_eq!(server.sql(&name, "SELECT max(n), count(*) FROM kept"), format!("{n}|{}\n", n + 1), "{how:?}");
    }
    let folder = server.folder().to_owned();
    drop(server);
    assert!(!folder.exists(), "the folder of a server is removed");
}

#[test]
fn a_pool_survives_every_kind_of_restart_of_postgresql() {
    let server = Postgres::start(&[]);
    let rounds = std::cell::Cell::new(0);
    let restart = || {
        let how = [Stop::Fast, Stop::Immediate, Stop::Kill][rounds.replace(rounds.get() + 1) % 3];
        server.restart(how);
    };
    let case = Case::new(&server.dsn_with_password(&server.create_database()), WORDS);
    check_outages(case, &restart, &|| server.stop(Stop::Fast), &|| server.start_again());
}

/// Values of every common type, as SQL writes them.
const EXPRESSIONS: &[&str] = &[
    "12::int2",
    "(-12)::int4",
    "9223372036854775807",
    "4294967295::oid",
    "'x'::\"char\"",
    "'n'::name",
    "'v'::varchar(3)",
    "0::numeric",
    "0.00::numeric",
    "-0.000012::numeric",
    "12345678901234567890.10::numeric",
    "1e20::numeric",
    "10000::numeric",
    "0.0001::numeric",
    "1.00010000::numeric",
    "'NaN'::numeric",
    "'Infinity'::numeric",
    "'-Infinity'::numeric",
    "1e-30::numeric",
    "99999999.99999999::numeric(20,4)",
    "'2024-02-29'::date",
    "'0001-01-01'::date",
    "'0044-03-15 BC'::date",
    "'4713-01-01 BC'::date",
    "'12345-12-31'::date",
    "'infinity'::date",
    "'-infinity'::date",
    "'1999-12-31'::date",
    "'00:00'::time",
    "'24:00'::time",
    "'12:34:56.789'::time",
    "'12:34:56.000001'::time",
    "'12:00+09'::timetz",
    "'12:00-03:30'::timetz",
    "'12:00+00:00:01'::timetz",
    "'2024-02-29 12:34:56.5'::timestamp",
    "'infinity'::timestamp",
    "'-infinity'::timestamp",
    "'0044-03-15 01:02:03.000004 BC'::timestamp",
    "'1969-12-31 23:59:59.999999'::timestamp",
    "'2024-02-29 12:34:56+09'::timestamptz",
    "'0044-03-15 01:02 BC'::timestamptz",
    "'infinity'::timestamptz",
    "'1 year 2 mons -3 days 04:05:06.7'::interval",
    "'-1 year'::interval",
    "'-00:00:00.1'::interval",
    "'0'::interval",
    "'-1 mons +2 days -3 hours'::interval",
    "'1 day'::interval",
    "'-1 day 1 hour'::interval",
    "'100:00:00'::interval",
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
    "'{\"a\" :1}'::json",
    "'{\"a\" :1}'::jsonb",
    "'<a/>'::xml",
    "'192.168.0.1'::inet",
    "'192.168.0.1/24'::inet",
    "'10.0.0.0/8'::cidr",
    "'::1'::inet",
    "'2001:db8::/32'::cidr",
    "'08:00:2b:01:02:03'::macaddr",
    "'08:00:2b:01:02:03:04:05'::macaddr8",
    "B'10110'",
    "B''::varbit",
    "B'101010101'::varbit",
    "'12.34'::money",
    "'(1,2)'::point",
    "'[1,5)'::int4range",
    "'a b'::tsvector",
    "'0/16B3748'::pg_lsn",
    "'pg_class'::regclass",
    "'1 2 3'::int2vector",
    "ROW(1, 'a b', NULL)",
    "ARRAY[1,NULL,3]",
    "ARRAY['a','b c','',NULL,'NULL','x\"y\\z','{','a,b']",
    "ARRAY[[1,2],[3,4]]",
    "'{}'::int[]",
    "'[0:1]={1,2}'::int[]",
    "ARRAY[true,false]",
    "ARRAY[1.50,2]::numeric[]",
    "ARRAY['\\x00ff'::bytea]",
    "ARRAY['2024-02-29 12:00'::timestamp]",
    "ARRAY[0.1,'Infinity']::float8[]",
    "ARRAY[B'1']::varbit[]",
    "ARRAY['1 day'::interval]",
    "'sad'::mood",
    "ARRAY['sad','happy']::mood[]",
    "5::small",
    "ARRAY[5]::small[]",
    "'x'::word",
    "'txt'::unknown",
    "ARRAY['(1,2)'::point]",
    "'{\"(1,a)\"}'::pair[]",
];

#[test]
fn values_of_all_types_are_read_as_postgresql_writes_them() {
    let case = case(
        "CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN small AS int CHECK (VALUE < 10);
         CREATE DOMAIN tiny AS small; CREATE DOMAIN word AS text; CREATE TYPE pair AS (a int, b text)",
    );
    block_on(async {
        let mut connection = case.open(Session { is_read_only: true, ..Session::default() }).await;
        for expression in EXPRESSIONS {
            let sql = format!("SELECT v, format('%s', v) FROM (SELECT {expression} AS v) AS t -- a comment at the end");
            let rows = all(&mut *connection, &sql, &[]).await.unwrap_or_else(|error| panic!("{expression}: {error:?}"));
            let [value, expected] = &rows[0][..] else { panic!("two columns") };
            assert_eq!(value.to_text(), expected.to_text(), "{expression}");
            let sql = format!("SELECT nullif(v::text, v::text)::{0}, 1 FROM (SELECT {expression} AS v) AS t", "text");
            assert_eq!(all(&mut *connection, &sql, &[]).await.unwrap(), [[Value::Null, Value::Int(1)]]);
        }
        let sql =
            "SELECT 0.1::float4, 'NaN'::float8, '-Infinity'::float4, 5::tiny, '\\x00'::bytea, NULL::point, pg_sleep(0)";
        let rows = all(&mut *connection, sql, &[]).await.unwrap();
        let [tenth, nan, infinite, tiny, bytes, null, nothing] = &rows[0][..] else { panic!("seven columns") };
        assert_eq!((tenth, infinite), (&Value::Float(0.1), &Value::Float(f64::NEG_INFINITY)));
        assert!(matches!(nan, Value::Float(value) if value.is_nan()));
        assert_eq!((tiny, bytes, null, nothing), (&Value::Int(5), &Value::Bytes(vec![0]), &Value::Null, &text("")));
        let (columns, _) = connection.describe("SELECT 1::numeric AS n, '(1,2)'::point AS p").await.unwrap();
        let types: Vec<(&str, Kind, &str)> =
            columns.iter().map(|column| (column.name.as_str(), column.kind, column.type_name.as_str())).collect();
        assert_eq!(types, [("n", Kind::Decimal, "numeric"), ("p", Kind::Other, "point")]);
    });
}

#[test]
fn a_type_that_cannot_be_read_is_named_with_its_column() {
    let case = case("CREATE TABLE t (id int PRIMARY KEY, p point)");
    block_on(async {
        let mut connection = case.writer().await;
        let sql = "INSERT INTO t VALUES (1, '(1,2)') RETURNING p";
        let error = all(&mut *connection, sql, &[]).await.expect_err("INSERT can't be selected from");
        assert_eq!(error.kind, K::Statement);
        assert!(
            error.message.contains("column p") && error.message.contains("point") && error.message.contains("p::text"),
            "{error}"
        );
        let sql = "INSERT INTO t VALUES (1, '(1,2)') RETURNING p::text";
        assert_eq!(all(&mut *connection, sql, &[]).await.unwrap(), [[text("(1,2)")]]);
    });
}

#[test]
fn values_are_written_into_columns_of_all_types_and_the_second_time_nothing_changes() {
    let types = [
        ("int2", text("5")),
        ("float4", Value::Float(0.1)),
        ("numeric(10,2)", text("12.345")),
        ("numeric", Value::Float(1e20)),
        ("varchar(20)", text("a,b\"c\\d")),
        ("char(6)", text("abc")),
        ("citext", text("Ab")),
        ("date", text("2024-01-01")),
        ("time(0)", text("12:34:56.7")),
        ("timestamp(3)", text("2024-01-01 00:00:00.123456")),
        ("timestamptz", text("infinity")),
        ("interval", text("1 day")),
        ("uuid", text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
        ("json", text("{\"a\":  1}")),
        ("jsonb", text("[1]")),
        ("xml", text("<a/>")),
        ("inet", text("::1")),
        ("point", text("(1,2)")),
        ("box", text("(3,4),(1,2)")),
        ("text[]", text("{a,\"b c\",NULL}")),
        ("int[][]", text("{{1,2},{3,4}}")),
        ("mood", text("happy")),
        ("mood[]", text("{sad}")),
        ("small", Value::Int(7)),
        ("pair", text("(1,\"a b\")")),
        ("int4range", text("[1,5)")),
        ("bytea", text("abc")),
        ("bit(3)", text("101")),
        ("money", text("12.34")),
        ("text", Value::Bool(true)),
        ("bool", Value::Int(1)),
        ("int4", Value::Bool(true)),
        ("text", Value::Bytes(vec![0xff])),
        ("tsvector", text("'a' 'b'")),
        ("\"char\"", text("x")),
    ];
    let columns: String = (1..).zip(&types).map(|(n, (name, _))| format!(", c{n} {name}")).collect::<Vec<_>>().concat();
    let case = case(&format!(
        "CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN small AS int CHECK (VALUE < 10);
         CREATE TYPE pair AS (a int, b text); CREATE TABLE t (id int PRIMARY KEY{columns})"
    ));
    block_on(async {
        let mut writer = case.writer().await;
        for (n, (name, value)) in (1..).zip(&types) {
            let column = format!("c{n}");
            for mode in [WriteMode::Upsert, WriteMode::Update] {
                let plan = plan(&mut *writer, "t", "id", &[&column], mode).await;
                let rows = [WriteRow { key: vec![Value::Int(n)], values: vec![value.clone()] }];
                let wrote = writer.write(&plan, &rows).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                let changed = u64::from(mode == WriteMode::Upsert);
                assert_eq!(wrote, Written { matched: 1, changed, missing: 0 }, "{name} {mode:?}");
                let wrote = writer.write(&plan, &rows).await.unwrap();
                assert_eq!(wrote, Written { matched: 1, changed: 0, missing: 0 }, "{name} {mode:?} again");
            }
        }
        let sql = "SELECT max(c3)::text, max(c7::text), max(c30), max(c33), max(c9)::text FROM t";
        let expected = ["12.35", "Ab", "true", "\\xff", "12:34:57"].map(text);
        assert_eq!(all(&mut *writer, sql, &[]).await.unwrap(), [expected]);
        // Another case is another text, whatever the column's own rules say.
        let plan = plan(&mut *writer, "t", "id", &["c7"], WriteMode::Update).await;
        let rows = [WriteRow { key: vec![Value::Int(7)], values: vec![text("AB")] }];
        assert_eq!(writer.write(&plan, &rows).await, Ok(Written { matched: 1, changed: 1, missing: 0 }));
    });
}

#[test]
fn too_long_texts_and_values_of_domains_and_triggers_are_refused_with_their_rows() {
    let case = case(
        "CREATE DOMAIN small AS int CHECK (VALUE < 10);
         CREATE TABLE t (id int PRIMARY KEY, v varchar(3), d small, n numeric(4,2), w text);
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN IF NEW.w = 'bad' THEN RAISE EXCEPTION 'row % is bad', NEW.id; END IF; RETURN NEW; END $$;
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION refuse();
         INSERT INTO t (id) VALUES (1)",
    );
    block_on(async {
        let mut writer = case.writer().await;
        for (column, value, part) in [
            ("v", text("abcd"), "too long"),
            ("d", Value::Int(10), "small"),
            ("n", Value::Int(100), "overflow"),
            ("w", text("bad"), "row 1 is bad"),
        ] {
            for mode in [WriteMode::Upsert, WriteMode::Update] {
                let plan = plan(&mut *writer, "t", "id", &[column], mode).await;
                let rows = [WriteRow { key: vec![Value::Int(1)], values: vec![value.clone()] }];
                let error = writer.write(&plan, &rows).await.expect_err(column);
                assert!(
                    error.is_of_row() && error.message.contains(part) && !error.code.is_empty(),
                    "{column}: {error:?}"
                );
            }
        }
    });
}

#[test]
fn a_read_only_session_stays_read_only_whatever_its_statements_set() {
    let case = case(
        "CREATE TABLE t (id int PRIMARY KEY); CREATE SEQUENCE n; CREATE PROCEDURE p(INOUT a int) LANGUAGE plpgsql AS \
         $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; INSERT INTO t VALUES (1); END $$",
    );
    block_on(async {
        let mut reader = case.open(Session { is_read_only: true, ..Session::default() }).await;
        for sql in [
            "SET default_transaction_read_only = off",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
            "SELECT set_config('default_transaction_read_only', 'off', false)",
            "SELECT set_config('transaction_read_only', 'off', false)",
            "SET TRANSACTION READ WRITE",
            "COMMIT",
            "ROLLBACK",
            "BEGIN READ WRITE",
            "COMMIT AND CHAIN",
            "DO $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); INSERT INTO t VALUES (1); END $$",
            "DO $$ BEGIN COMMIT; INSERT INTO t VALUES (1); END $$",
            "WITH w AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT * FROM w",
            "SELECT 1; INSERT INTO t VALUES (1)",
            "SELECT lo_from_bytea(0, '\\x00')",
            "SELECT lo_creat(-1), pg_notify('a', 'b')",
            "EXPLAIN ANALYZE INSERT INTO t VALUES (1)",
            "CREATE TEMPORARY TABLE u AS SELECT 1",
            "SELECT nextval('n')",
            "CALL p(1)",
        ] {
            for is_query in [true, false] {
                let _ = if is_query {
                    all(&mut *reader, sql, &[]).await.map(drop)
                } else {
                    reader.execute(sql, &[]).await.map(drop)
                };
                let error = reader.execute("INSERT INTO t VALUES (1)", &[]).await.expect_err(sql);
                assert_eq!(error.kind, K::ReadOnly, "{sql}: {error:?}");
            }
        }
        let left = "SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM pg_largeobject_metadata)";
        assert_eq!(all(&mut *reader, left, &[]).await.unwrap(), [[Value::Int(0)]]);
    });
}

#[test]
fn tables_are_described_with_their_schemas_keys_and_generated_columns() {
    let case = case(
        "CREATE SCHEMA shop; CREATE SCHEMA \"Odd schema\";
         CREATE TABLE shop.products (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sku varchar(20) NOT NULL,
             price numeric(10,2) DEFAULT 0, twice numeric GENERATED ALWAYS AS (price * 2) STORED, tag text, gone int,
             n int GENERATED BY DEFAULT AS IDENTITY);
         ALTER TABLE shop.products DROP COLUMN gone;
         CREATE UNIQUE INDEX ON shop.products (sku) INCLUDE (price);
         CREATE UNIQUE INDEX ON shop.products (lower(tag));
         CREATE UNIQUE INDEX ON shop.products (tag) WHERE tag <> '';
         ALTER TABLE shop.products ADD CONSTRAINT late UNIQUE (tag, sku) DEFERRABLE;
         CREATE INDEX ON shop.products (price);
         CREATE TABLE \"Odd schema\".\"Odd.Table\" (id int PRIMARY KEY, \"A b\" text UNIQUE);
         CREATE TABLE parts (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
         CREATE VIEW cheap AS SELECT id, price FROM shop.products;
         CREATE TABLE products (id int)",
    );
    let name = |schema: Option<&str>, table: &str| TableName {
        schema: schema.map(ToOwned::to_owned),
        table: table.to_owned(),
    };
    block_on(async {
        let mut connection = case.open(Session { is_read_only: true, ..Session::default() }).await;
        let table = connection.table(&name(Some("shop"), "products")).await.unwrap().unwrap();
        let columns: Vec<_> = table
            .columns
            .iter()
            .map(|c| (c.name.as_str(), c.kind, c.type_name.as_str(), c.is_required, c.has_default, c.is_generated))
            .collect();
        assert_eq!(
            columns,
            [
                ("id", Kind::Int, "bigint", true, true, true),
                ("sku", Kind::Text, "character varying(20)", true, false, false),
                ("price", Kind::Decimal, "numeric(10,2)", false, true, false),
                ("twice", Kind::Decimal, "numeric", false, true, true),
                ("tag", Kind::Text, "text", false, false, false),
                ("n", Kind::Int, "integer", true, true, false),
            ]
        );
        assert_eq!(table.unique_keys, [vec!["id".to_owned()], vec!["sku".to_owned()]]);
        assert_eq!(table.name, name(Some("shop"), "products"));
        for (asked, found) in [
            (name(None, "products"), Some(name(Some("public"), "products"))),
            (name(None, "PRODUCTS"), Some(name(Some("public"), "products"))),
            (name(Some("Shop"), "Products"), Some(name(Some("shop"), "products"))),
            (name(Some("Odd schema"), "Odd.Table"), Some(name(Some("Odd schema"), "Odd.Table"))),
            (name(None, "parts"), Some(name(Some("public"), "parts"))),
            (name(None, "cheap"), Some(name(Some("public"), "cheap"))),
            (name(None, "Odd.Table"), None),
            (name(Some("shop"), "cheap"), None),
        ] {
            assert_eq!(connection.table(&asked).await.unwrap().map(|table| table.name), found, "{asked}");
        }
        let tables = connection.tables().await.unwrap();
        let expected = [
            name(None, "cheap"),
            name(None, "parts"),
            name(None, "products"),
            name(Some("Odd schema"), "Odd.Table"),
            name(Some("shop"), "products"),
        ];
        assert_eq!(tables, expected);
        // Written by a key that the database numbers itself.
        let mut writer = case.writer().await;
        let table = writer.table(&name(Some("shop"), "products")).await.unwrap().unwrap();
        let columns = ["sku".to_owned(), "price".to_owned()];
        let plan = WritePlan::new(&table, &["id".to_owned()], &columns, WriteMode::Upsert).unwrap();
        let rows = [WriteRow { key: vec![Value::Int(70)], values: vec![text("s"), text("1.5")] }];
        assert_eq!(writer.write(&plan, &rows).await, Ok(Written { matched: 1, changed: 1, missing: 0 }));
        let got = all(&mut *writer, "SELECT id, twice::text FROM shop.products", &[]).await.unwrap();
        assert_eq!(got, [[Value::Int(70), text("3.00")]]);
        let odd = writer.table(&name(Some("Odd schema"), "Odd.Table")).await.unwrap().unwrap();
        let plan = WritePlan::new(&odd, &["id".to_owned()], &["A b".to_owned()], WriteMode::Insert).unwrap();
        let rows = [WriteRow { key: vec![Value::Int(1)], values: vec![text("x")] }];
        assert_eq!(writer.write(&plan, &rows).await, Ok(Written { matched: 1, changed: 1, missing: 0 }));
    });
}

#[test]
fn missing_permissions_and_taken_connections_are_named() {
    let server = Postgres::start(&["max_connections = 8", "superuser_reserved_connections = 1"]);
    let name = server.create_database();
    server.sql(&name, "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE ROLE guest LOGIN PASSWORD 'guest'; GRANT SELECT (id) ON t TO guest");
    let guest = format!("postgres://guest:guest@127.0.0.1:{}/{name}", server.port());
    let case = Case::new(&guest, WORDS);
    block_on(async {
        let mut connection = case.writer().await;
        let error = all(&mut *connection, "SELECT v FROM t", &[]).await.expect_err("only id may be read");
        assert_eq!(error.kind, K::Permission, "{error:?}");
        let plan = plan(&mut *connection, "t", "id", &["v"], WriteMode::Update).await;
        let rows = [WriteRow { key: vec![Value::Int(1)], values: vec![text("x")] }];
        let error = connection.write(&plan, &rows).await.expect_err("nothing may be written");
        assert_eq!(error.kind, K::Permission, "{error:?}");
        assert!(!error.is_transient() && !error.is_of_row());
        let mut held = Vec::new();
        let error = loop {
            match case.database.connect(&case.dsn, &case.login, Session::default()).await {
                Ok(connection) => held.push(connection),
                Err(error) => break error,
            }
            assert!(held.len() < 9, "the server takes no more");
        };
        assert_eq!((error.kind, error.is_outage()), (K::TooManyConnections, true), "{error:?}");
    });
}

#[test]
fn tls_and_its_checks_follow_sslmode() {
    let server = Postgres::start(&[]);
    let name = server.create_database();
    let authority = Authority::new("our authority");
    let issued = authority.issue("localhost");
    server.data_file("server.crt", &issued.certificate);
    server.data_file("server.key", &issued.key);
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("root.pem");
    std::fs::write(&root, authority.pem).unwrap();
    let root = format!("sslrootcert={}", root.display());

    let connect = |host: &str, options: &str| {
        let dsn = server.dsn_with_password(&name).replace("127.0.0.1", host);
        let case = Case::new(&format!("{dsn}?{options}"), WORDS);
        block_on(async {
            let mut connection = case.database.connect(&case.dsn, &case.login, Session::default()).await?;
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            all(&mut *connection, sql, &[]).await.map(|rows| rows[0][0] == Value::Bool(true))
        })
    };
    let refused = |host: &str, options: &str| connect(host, options).expect_err(options);
    assert_eq!(connect("127.0.0.1", ""), Ok(false), "the server offers no TLS yet");
    assert_eq!(refused("127.0.0.1", "sslmode=require").kind, K::Tls);
    server.sql("postgres", "ALTER SYSTEM SET ssl = on");
    server.restart(Stop::Fast);
    for (host, options, has_tls) in [
        ("127.0.0.1", String::new(), true),
        ("127.0.0.1", "sslmode=disable".to_owned(), false),
        ("127.0.0.1", "sslmode=allow".to_owned(), false),
        ("127.0.0.1", "sslmode=prefer".to_owned(), true),
        ("127.0.0.1", "sslmode=require&channel_binding=require".to_owned(), true),
        ("127.0.0.1", format!("sslmode=verify-ca&{root}"), true),
        ("localhost", format!("sslmode=verify-full&{root}"), true),
    ] {
        assert_eq!(connect(host, &options), Ok(has_tls), "{options}");
    }
    let error = refused("127.0.0.1", "sslmode=verify-ca");
    assert!(error.kind == K::Tls && error.message.contains("sslrootcert"), "{error:?}");
    let error = refused("127.0.0.1", &format!("sslmode=verify-full&{root}"));
    assert!(error.kind == K::Tls && error.message.contains("name"), "{error:?}");
    assert_eq!(refused("127.0.0.1", "sslmode=verify-ca&sslrootcert=/no/such/file").kind, K::Tls);
}

#[test]
fn sockets_and_kept_settings_of_a_name_are_used() {
    let server = Postgres::shared();
    let name = server.create_database();
    server.sql(&name, "CREATE SCHEMA shop; CREATE TABLE shop.t (id int)");
    let folder = server.folder().display();
    let password = server.dsn_with_password(&name);
    let password = password.split_once("://").and_then(|(_, rest)| rest.split_once('@')).unwrap().0.to_owned();
    let dsn = format!(
        "postgres://{password}@/{name}?host={folder}&port={}&application_name=shop&options=-c%20search_path%3Dshop",
        server.port()
    );
    let case = Case::new(&dsn, WORDS);
    block_on(async {
        let mut connection = case.writer().await;
        let sql = "SELECT inet_server_addr() IS NULL, current_setting('application_name'), count(*) FROM t";
        let expected = [Value::Bool(true), text("shop"), Value::Int(0)];
        assert_eq!(all(&mut *connection, sql, &[]).await.unwrap(), [expected]);
    });
}

#[test]
fn a_statement_is_prepared_again_after_its_table_was_changed() {
    let case = case("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 2)");
    block_on(async {
        let (mut connection, mut other) = (case.writer().await, case.writer().await);
        assert_eq!(all(&mut *connection, "SELECT * FROM t", &[]).await.unwrap(), [[Value::Int(1), Value::Int(2)]]);
        let plan = plan(&mut *connection, "t", "id", &["v"], WriteMode::Update).await;
        let rows = [WriteRow { key: vec![Value::Int(1)], values: vec![Value::Int(2)] }];
        connection.write(&plan, &rows).await.unwrap();
        run(&mut *other, "ALTER TABLE t ALTER v TYPE text").await;
        assert_eq!(all(&mut *connection, "SELECT * FROM t", &[]).await.unwrap(), [[Value::Int(1), text("2")]]);
        assert_eq!(connection.write(&plan, &rows).await, Ok(Written { matched: 1, changed: 0, missing: 0 }));
    });
}
