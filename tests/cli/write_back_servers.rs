//! Results that are written back into tables of real servers, which restart, lock and refuse.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::json;

use crate::database::mysql::Mysql;
use crate::database::postgres::{PASSWORD, Postgres, Stop};
use crate::program::Home;
use crate::servers::{Gate, TestServer};
use crate::util::server::{Answer, Server, ok, status};

const MAP: &str = "products(id=col:id): thumb=output, bytes=bytes_out, sha=output_hash, state=state, error=error, \
    at=finished_at";
const PRODUCTS: &str = "CREATE TABLE products(id bigint PRIMARY KEY, thumb text, bytes integer, sha char(64), \
    state varchar(10), error text, at TIME, note varchar(10) DEFAULT 'own')";

/// A home with a list of this many links, and a database with a row for each.
struct Shop {
    home: Home,
    database: String,
    gate: Arc<Gate>,
    _links: Server,
}

impl Shop {
    fn new(server: &dyn TestServer, count: u64) -> Self {
        let gate = Arc::new(Gate::default());
        let passing = Arc::clone(&gate);
        let links = Server::start(move |request| -> Answer {
            let number = request.path.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0);
            passing.pass(number);
            if number % 50 == 49 { status(404) } else { ok(format!("body of {number}"), "text/plain") }
        });
        let home = Home::new().with_variable("SHOP_PASSWORD", PASSWORD);
        let mut list = String::from("id,url\n");
        for id in 1..=count {
            let _ = writeln!(list, "{id},{}", links.url(&format!("/{id}.txt")));
        }
        home.file("list.csv", list);
        let database = server.new_database();
        let rows: Vec<String> = (1..=count).map(|id| format!("({id}, 'old')")).collect();
        let table = PRODUCTS.replace("TIME", server.time_type());
        server.rows(&database, &format!("{table}; INSERT INTO products(id, thumb) VALUES {};", rows.join(", ")));
        Self { home, database, gate, _links: links }
    }

    fn dsn(&self, server: &dyn TestServer) -> String {
        server.dsn_of(&self.database)
    }

    fn args<'a>(dsn: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["run", "--urls", "list.csv", "-o", "out", "--json", "--db", dsn], more].concat()
    }

    /// Every row is what an undisturbed run makes of it.
    fn check_rows(&self, server: &dyn TestServer, count: u64) {
        let is = |test: &str| format!("CASE WHEN {test} THEN 1 ELSE 0 END");
        let select = format!(
            "SELECT id, state, coalesce(bytes, 0), {}, coalesce(char_length(trim(sha)), 0), {}, {}, note \
             FROM products ORDER BY id;",
            is("thumb = 'old'"),
            is("error LIKE '%404%'"),
            is("at > '2020-01-01'"),
        );
        let mut wanted = String::new();
        for id in 1..=count {
            let _ = if id % 50 == 49 {
                writeln!(wanted, "{id}|failed|0|1|0|1|1|own")
            } else {
                writeln!(wanted, "{id}|done|{}|0|64|0|1|own", format!("body of {id}").len())
            };
        }
        assert_eq!(server.rows(&self.database, &select), wanted);
    }
}

#[test]
fn restarts_of_postgresql_and_kills_of_the_program_leave_the_rows_of_an_undisturbed_run() {
    restarts_and_kills(&Postgres::start(&[]));
}

#[test]
fn restarts_of_mariadb_and_kills_of_the_program_leave_the_rows_of_an_undisturbed_run() {
    restarts_and_kills(&Mysql::start(&[]));
}

fn restarts_and_kills(server: &dyn TestServer) {
    const ROWS: u64 = 400;
    let shop = Shop::new(server, ROWS);
    let dsn = shop.dsn(server);
    let run = Shop::args(&dsn, &["--write-back", MAP, "--connections", "2"]);
    for (n, limit) in [40, 80, 120, 160, 200, 240].into_iter().enumerate() {
        let mut running = shop.home.start(if n == 0 { &run } else { &["resume", "1", "--json"][..] });
        running.until(|event| event["event"] == "started");
        shop.gate.raise(limit);
        running.until(|event| {
            let ended = ["done", "failed"].map(|name| event[name].as_u64().unwrap_or(0));
            event["event"] == "progress" && ended.iter().sum::<u64>() >= limit - 2
        });
        let was_killed = n % 3 != 2;
        if !was_killed {
            server.crash(n % 2 == 1);
            server.recover();
        }
        running.kill();
        if was_killed {
            server.crash(n % 2 == 1);
            server.recover();
        }
    }
    let mut running = shop.home.start(&["resume", "1", "--json"]);
    running.until(|event| event["event"] == "started");
    server.crash(true);
    shop.gate.raise(ROWS);
    running.until(|event| {
        let ended = ["done", "failed"].map(|name| event[name].as_u64().unwrap_or(0));
        ended.iter().sum::<u64>() == ROWS
    });
    server.recover();
    running.wait().expect(1);
    shop.check_rows(server, ROWS);
}

#[test]
fn a_server_that_stays_away_pauses_the_job_and_a_resume_empties_the_outbox() {
    let postgres = Postgres::start(&[]);
    let shop = Shop::new(&postgres, 10);
    let dsn = shop.dsn(&postgres);
    let mut running = shop.home.start(&Shop::args(&dsn, &["--write-back", MAP, "--database-wait", "1s"]));
    running.until(|event| event["event"] == "started");
    postgres.stop(Stop::Immediate);
    shop.gate.raise(10);
    let stopped = running.wait().expect(3);
    assert!(stopped.err.contains("pixloom resume 1") && stopped.err.contains("has failed for"), "{}", stopped.err);
    let unreachable = shop.home.run(&["resume", "1"]).expect(3);
    assert!(unreachable.err.contains("can't be reached"), "{}", unreachable.err);
    postgres.start_again();
    shop.home.run(&["resume", "1"]).expect(0);
    shop.check_rows(&postgres, 10);
}

#[test]
fn a_trigger_and_locks_and_missing_permissions_are_dealt_with() {
    let postgres = Postgres::shared();
    let shop = Shop::new(postgres, 400);
    let dsn = shop.dsn(postgres);
    shop.gate.raise(400);
    let sql = |text: &str| postgres.sql(&shop.database, text);
    sql(&format!("DROP ROLE IF EXISTS looker; CREATE ROLE looker LOGIN PASSWORD '{}';", PASSWORD.replace('\'', "''")));
    sql("GRANT SELECT ON products TO looker");
    let other = dsn.replacen("//pixloom@", "//looker@", 1);
    let refused = shop.home.run(&Shop::args(&other, &["--write-back", MAP])).expect(2);
    assert!(refused.err.contains("permission"), "{}", refused.err);
    sql("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.id % 100 = 7 THEN RAISE EXCEPTION 'no sevens'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER no BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION no();");
    let database = shop.database.clone();
    let holder = std::thread::spawn(move || {
        Postgres::shared()
            .sql(&database, "BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2); COMMIT")
    });
    let run = shop.home.run(&Shop::args(&dsn, &["--write-back", MAP])).expect(1);
    holder.join().unwrap();
    let mut keys: Vec<String> =
        run.events_of("rejected").iter().map(|event| event["key"].as_str().unwrap().to_owned()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["id=107", "id=207", "id=307", "id=7"]);
    assert!(run.events_of("rejected").iter().all(|event| event["message"].as_str().unwrap().contains("no sevens")));
    sql("DROP TRIGGER no ON products");
    let retried = shop.home.run(&["retry", "1", "--json"]);
    assert_eq!(retried.events_of("finished")[0]["rejected"], json!(0), "{}", retried.out);
    shop.check_rows(postgres, 400);
}

#[test]
fn keys_and_values_of_other_types_fit_and_a_table_for_results_is_created_twice() {
    let postgres = Postgres::shared();
    let shop = Shop::new(postgres, 3);
    let dsn = shop.dsn(postgres);
    shop.gate.raise(3);
    let sql = |text: &str| postgres.sql(&shop.database, text);
    sql("CREATE SCHEMA \"my.shop\"; CREATE TYPE fate AS ENUM ('done', 'failed', 'skipped'); \
         CREATE TABLE \"my.shop\".\"or\"\"der\"(id uuid, day date, price numeric, ok boolean, data jsonb, state fate, \
         at timestamp, size real, PRIMARY KEY (id));");
    let list = std::fs::read_to_string(shop.home.path("list.csv")).unwrap();
    let links: Vec<&str> = list.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    let id = |n: usize| format!("00000000-0000-0000-0000-00000000000{n}");
    let mut lines = String::new();
    for (n, link) in links.iter().enumerate() {
        let row = json!({"url": link, "id": id(n), "day": "2026-01-31", "price": 1.50, "ok": n == 0, "data": format!("{{\"a\": [{n}]}}")});
        let _ = writeln!(lines, "{row}");
    }
    shop.home.file("list.jsonl", lines);
    let map = "\"my.shop\".\"or\"\"der\"(id=col:id): day=col:day, price=col:price, ok=col:ok, data=col:data, \
               state=state, at=finished_at, size=bytes_out";
    let args = ["run", "--urls", "list.jsonl", "-o", "out", "--db", &dsn, "--write-back", map, "--json"];
    let args = [&args[..], &["--write-back-mode", "upsert"]].concat();
    for changed in [3, 3] {
        let run = shop.home.run(&args).expect(0);
        assert_eq!(run.events_of("finished")[0]["changed"], json!(changed), "{}", run.out);
    }
    let rows = sql("SELECT day, price, ok, data->'a'->>0, state, size FROM \"my.shop\".\"or\"\"der\" ORDER BY id");
    assert_eq!(rows, "2026-01-31|1.5|t|0|done|9\n2026-01-31|1.5|f|1|done|9\n2026-01-31|1.5|f|2|done|9\n");
    for out in ["one", "two"] {
        let args = ["run", "--urls", "list.csv", "-o", out, "--db", &dsn, "--write-back-table", "results"];
        shop.home.run(&args).expect(0);
    }
    let rows = sql("SELECT count(*), count(*) FILTER (WHERE output LIKE '%/two/%'), min(bytes_out) FROM results");
    assert_eq!(rows, "3|3|9\n");
}

#[test]
fn mariadb_names_the_rows_that_a_trigger_refuses_and_keeps_a_table_for_results() {
    let server = Mysql::shared();
    let shop = Shop::new(server, 200);
    let dsn = shop.dsn(server);
    shop.gate.raise(200);
    server.sql(
        &shop.database,
        "DELIMITER //\nCREATE TRIGGER no BEFORE UPDATE ON products FOR EACH ROW BEGIN IF NEW.id % 100 = 7 THEN \
         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no sevens'; END IF; END //\nDELIMITER ;\n",
    );
    let run = shop.home.run(&Shop::args(&dsn, &["--write-back", MAP])).expect(1);
    let mut keys: Vec<String> =
        run.events_of("rejected").iter().map(|event| event["key"].as_str().unwrap().to_owned()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["id=107", "id=7"], "{}", run.out);
    server.sql(&shop.database, "DROP TRIGGER no;");
    shop.home.run(&["retry", "1", "--json"]);
    shop.check_rows(server, 200);
    for out in ["one", "two"] {
        let args = ["run", "--urls", "list.csv", "-o", out, "--db", &dsn, "--write-back-table", "results"];
        shop.home.run(&args).expect(1);
    }
    let rows =
        server.rows(&shop.database, "SELECT count(*), sum(output LIKE '%/two/%'), sum(state = 'failed') FROM results;");
    assert_eq!(rows, "200|196|4\n");
}
