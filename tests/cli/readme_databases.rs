//! The examples of README's section about databases, run as they are written: against a shop whose images a local server
//! has, in an SQLite file and on real servers.

use std::iter;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::database::mysql::Mysql;
use crate::database::postgres::Postgres;
use crate::program::{Home, RunOutput, sample, size_px};
use crate::util::server::{Answer, Server, ok, status};

/// The password that the examples find in SHOP_PASSWORD.
const PASSWORD: &str = "shop'$secret";
/// Rows of products: the first two have images, the third one's is missing, the fourth has none.
const PRODUCTS: [(i64, &str, Option<&str>); 4] = [
    (1, "A-1", Some("/lighthouse-coast.jpg")),
    (2, "A-2", Some("/orange-slice.png")),
    (3, "A-3", Some("/gone.jpg")),
    (4, "A-4", None),
];

fn readme(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The examples of a section: code that is indented by four spaces, with its further lines indented more.
fn examples(readme: &str, heading: &str) -> Vec<String> {
    let (_, section) = readme.split_once(&format!("\n{heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut examples: Vec<String> = Vec::new();
    for line in section.lines() {
        let Some(code) = line.strip_prefix("    ") else { continue };
        if code.starts_with(' ') {
            let last = examples.last_mut().unwrap();
            last.push('\n');
            last.push_str(code);
        } else {
            examples.push(code.to_owned());
        }
    }
    examples
}

/// The shop of the examples.
struct Shop {
    home: Home,
    images: Server,
    postgres: &'static Postgres,
    mysql: &'static Mysql,
}

impl Shop {
    fn new() -> Self {
        let images = Server::start(|request| -> Answer {
            let name = request.path.trim_start_matches('/');
            let kind = if name.ends_with("png") { "image/png" } else { "image/jpeg" };
            if name == "gone.jpg" { status(404) } else { ok(sample(name), kind) }
        });
        let (postgres, mysql) = (Postgres::shared(), Mysql::shared());
        let password = PASSWORD.replace('\'', "''");
        postgres.sql("postgres", &format!("CREATE ROLE shop LOGIN PASSWORD '{password}';"));
        postgres.sql("postgres", "CREATE DATABASE shop OWNER shop;");
        mysql.sql("", "CREATE DATABASE wordpress CHARACTER SET utf8mb4;");
        mysql.sql("", &format!("CREATE USER shop@'%' IDENTIFIED BY '{password}';"));
        mysql.sql("", "GRANT ALL ON wordpress.* TO shop@'%';");
        let shop = Self { home: Home::new().with_variable("SHOP_PASSWORD", PASSWORD), images, postgres, mysql };
        shop.fill_wordpress();
        shop.fill_sqlite();
        let rows = PRODUCTS[..2].iter().map(|(_, sku, path)| format!("{sku},{}", shop.url(*path)));
        let rows: Vec<String> = iter::once("sku,url".to_owned()).chain(rows).collect();
        shop.home.file("products.csv", rows.join("\n"));
        shop.home.file("regions.csv", "region\nnorth\nsouth\n");
        shop.home.file("prices.csv", "id,price\n1,10.5\n2,20\n");
        shop
    }

    fn url(&self, path: Option<&str>) -> String {
        path.map(|path| self.images.url(path)).unwrap_or_default()
    }

    /// The values of an `INSERT` of all products.
    fn values(&self) -> String {
        let row = |(id, sku, path): &(i64, &str, Option<&str>)| {
            let url = path.map_or("NULL".to_owned(), |path| format!("'{}'", self.images.url(path)));
            format!("({id}, '{sku}', {url}, '2026-11-0{id} 10:00:00')")
        };
        let rows: Vec<String> = PRODUCTS.iter().map(row).collect();
        format!("INSERT INTO products (id, sku, image_url, updated) VALUES {};", rows.join(", "))
    }

    fn fill_wordpress(&self) {
        let mut statements = vec![
            "CREATE TABLE wp_posts (ID bigint unsigned AUTO_INCREMENT PRIMARY KEY, post_title text, guid varchar(255), \
                 post_status varchar(20), post_type varchar(20));
             CREATE TABLE wp_postmeta (meta_id bigint unsigned AUTO_INCREMENT PRIMARY KEY, post_id bigint unsigned, \
                 meta_key varchar(255), meta_value longtext);"
                .to_owned(),
        ];
        for (id, sku, path) in PRODUCTS {
            let (url, image) = (self.url(path), 100 + id);
            let state = if id == 2 { "draft" } else { "publish" };
            statements.push(format!(
                "INSERT INTO wp_posts VALUES ({id}, '{sku}', '', '{state}', 'product'), \
                     ({image}, '', '{url}', 'inherit', 'attachment');
                 INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES \
                     ({id}, '_thumbnail_id', '{image}'), ({id}, '_sku', '{sku}');"
            ));
        }
        self.mysql.sql("wordpress", &statements.join("\n"));
    }

    fn sqlite(&self) -> Connection {
        Connection::open(self.home.path("shop.sqlite")).unwrap()
    }

    fn fill_sqlite(&self) {
        let sql = "CREATE TABLE orders (id INTEGER PRIMARY KEY, region TEXT);
            INSERT INTO orders VALUES (1, 'north'), (2, 'south'), (3, 'west'), (4, 'north');
            CREATE TABLE events (id INTEGER PRIMARY KEY, day TEXT);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
                INSERT INTO events SELECT i, date('2026-01-01', '+' || (i % 40) || ' days') FROM n;
            CREATE TABLE offers (id INTEGER PRIMARY KEY, price REAL);
            INSERT INTO offers VALUES (1, 9.5), (2, 19.5);";
        self.sqlite().execute_batch(sql).unwrap();
    }

    /// Rows of the SQLite file or of the server, as lines with `|` between columns.
    fn rows(&self, database: &str, sql: &str) -> Vec<String> {
        let text = match database {
            "sqlite" => return lines(&self.sqlite(), sql),
            "postgres" => self.postgres.sql("shop", sql),
            _ => self.mysql.sql("wordpress", sql).replace('\t', "|"),
        };
        text.lines().map(str::to_owned).collect()
    }

    /// Runs an example as it is written; only the ports of the servers are those of the test.
    fn run(&self, example: &str) -> RunOutput {
        let (postgres, mysql) = (self.postgres.port(), self.mysql.port());
        self.home.run_line(&format!("export PGPORT={postgres} MYSQL_TCP_PORT={mysql}\n{example}"))
    }

    /// What the rows say of the results is true; returns their states in order.
    fn check_products(&self, database: &str, most_px: u32) -> Vec<String> {
        let rows =
            self.rows(database, "SELECT sku, state, width, height, sha256, thumb, error FROM products ORDER BY id");
        let mut states = Vec::new();
        for row in rows {
            let fields: Vec<&str> = row.split('|').collect();
            let [sku, state, width, height, hash, thumb, error] = fields[..] else { panic!("{row}") };
            states.push(format!("{sku} {state}"));
            if state == "done" {
                let path = PathBuf::from(thumb);
                assert_eq!(size_px(&path), (width.parse().unwrap(), height.parse().unwrap()), "{row}");
                assert!(size_px(&path).0.max(size_px(&path).1) <= most_px, "{row}");
                assert_eq!(hash, sha256(&path), "{row}");
                assert!(error.is_empty(), "{row}");
            } else {
                assert!(thumb.is_empty() && hash.is_empty(), "{row}");
                assert_eq!(error.contains("404"), state == "failed", "{row}");
            }
        }
        states
    }

    fn csv(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.home.path(name)).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Runs an example and checks its effect.
    fn check(&self, example: &str) {
        let has = |text: &str| example.contains(text);
        match example.split_whitespace().nth(1).unwrap_or_default() {
            "TABLE" => self.create_products(example),
            "run" if has("wordpress") => self.check_wordpress(example),
            "run" if has("postgres://") => self.check_every_night(example),
            "run" if has("--urls") => {
                self.run(example).expect(0);
                let rows = self.rows("sqlite", "SELECT state, thumb FROM products WHERE thumb LIKE '%from-list%'");
                assert_eq!(rows.len(), 2, "{rows:?}");
            }
            "run" => {
                let output = self.run(example).expect(1);
                assert!(output.err.contains("A-3") || output.err.contains("gone.jpg"), "{output:?}");
                assert_eq!(self.check_products("sqlite", 1024), ["A-1 done", "A-2 done", "A-3 failed", "A-4 "]);
            }
            "query" => self.check_query(example),
            _ => self.check_history(example),
        }
    }

    fn create_products(&self, example: &str) {
        self.sqlite().execute_batch(&format!("{example}{}", self.values())).unwrap();
        let owned = "ALTER TABLE products OWNER TO shop;";
        self.postgres.sql("shop", &format!("{example}{}{owned}", self.values()));
    }

    /// The second night, only the row that changed and the one that failed are requested.
    fn check_every_night(&self, example: &str) {
        self.run(example).expect(1);
        assert_eq!(self.check_products("postgres", 1024), ["A-1 done", "A-2 done", "A-3 failed", "A-4 "]);
        let url = self.images.url("/dunes-at-dusk.jpg");
        let change = "SET updated = '2026-11-20 10:00:00', image_url = ";
        self.postgres.sql("shop", &format!("UPDATE products {change} '{url}' WHERE id IN (2, 4);"));
        let before = self.images.hits("/lighthouse-coast.jpg");
        self.run(example).expect(1);
        assert_eq!(self.check_products("postgres", 1024), ["A-1 done", "A-2 done", "A-3 failed", "A-4 done"]);
        assert_eq!(self.images.hits("/lighthouse-coast.jpg"), before, "it had not changed");
        assert_eq!(self.images.hits("/gone.jpg"), 3, "what failed is tried again");
        self.postgres.sql("shop", &format!("UPDATE products SET image_url = '{url}' WHERE id = 3;"));
        self.run(example).expect(0);
        self.run(example).expect(0);
    }

    fn check_wordpress(&self, example: &str) {
        self.run(example).expect(1);
        let rows = self.rows("mysql", "SELECT id, state, width, height, output FROM product_images ORDER BY id");
        let [first, gone] = &rows[..] else { panic!("{rows:?}") };
        assert!(first.starts_with("101|done|600|600|") && first.ends_with("thumbnails/A-1.webp"), "{first}");
        assert!(gone.starts_with("103|failed|"), "{gone}");
        assert_eq!(self.home.files("thumbnails").len(), 1);
        let joined = "SELECT count(*) FROM wp_posts JOIN product_images USING (id);";
        assert_eq!(self.rows("mysql", joined), ["2"], "the key has the type of its column");
    }

    fn check_query(&self, example: &str) {
        let output = self.run(example).expect(0);
        if example.contains("FROM products") {
            let lines: Vec<&str> = output.out.lines().collect();
            assert_eq!(lines[0], "sku,state,width,height,error");
            assert!(lines[1].starts_with("A-1,done,") && lines[3].starts_with("A-3,failed,,,"), "{output:?}");
        } else if example.contains("FROM orders") {
            assert_eq!(self.csv("orders.csv"), ["id,region", "1,north", "4,north", "2,south"]);
        } else if example.contains("events.parquet") {
            assert!(std::fs::read(self.home.path("events.parquet")).unwrap().starts_with(b"PAR1"));
        } else if example.contains("by-day/") {
            let files = self.home.files("by-day");
            let lines = files.iter().map(|name| self.csv(&format!("by-day/{name}")).len()).sum::<usize>();
            assert!(files.len() > 20 && lines == 100, "{lines} lines in {} files", files.len());
        } else if example.contains("INTO") || example.contains("--into") {
            let report = Connection::open(self.home.path("report.sqlite")).unwrap();
            assert_eq!(lines(&report, "SELECT id, price FROM prices ORDER BY id"), ["1|9.5", "2|19.5"]);
        } else if example.contains("UPDATE products") {
            assert_eq!(self.rows("sqlite", "SELECT id, price FROM products WHERE id < 3"), ["1|10.5", "2|20"]);
        } else {
            panic!("this example is not checked: {example}");
        }
    }

    fn check_history(&self, example: &str) {
        let before = self.home.files("images");
        let RunOutput { out, .. } = self.run(example).expect(0);
        assert!(!out.contains(PASSWORD), "{out}");
        if example.contains("--search") {
            assert_eq!(out.matches("thumbnails").count(), 1, "{out}");
        } else if example.contains("--command") {
            assert!(
                out.starts_with("pixloom run ") && out.contains("--write-back") && out.contains("shop.sqlite"),
                "{out}"
            );
        } else if example.starts_with("pixloom jobs") {
            assert!(out.contains("products"), "{out}");
        } else if example.contains("export") {
            assert_eq!(self.csv("rejected.csv").len(), 1, "only the header: no row was rejected");
        } else if example.contains("undo") {
            assert_eq!((before.len(), self.home.files("images").len()), (2, 0));
            assert!(out.contains("stay as they are"), "{out}");
            assert_eq!(self.rows("sqlite", "SELECT count(*) FROM products WHERE state = 'done'"), ["2"]);
        } else {
            panic!("this example is not checked: {example}");
        }
    }
}

fn sha256(path: &Path) -> String {
    let digest = Sha256::digest(std::fs::read(path).unwrap());
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn lines(database: &Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(sql).unwrap();
    let count = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let field = |at| {
            Ok(match row.get_ref(at)? {
                rusqlite::types::ValueRef::Null => String::new(),
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Real(number) => number.to_string(),
                value => value.as_str()?.to_owned(),
            })
        };
        Ok((0..count).map(field).collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_examples_of_the_section_about_databases_work_as_they_are_written() {
    let examples = examples(&readme("README.md"), "## Databases");
    assert!(examples.len() >= 15, "{examples:#?}");
    let shop = Shop::new();
    for example in &examples {
        shop.check(example);
    }
}

#[test]
fn the_korean_section_about_databases_has_the_same_examples() {
    let korean = examples(&readme("README.ko.md"), "## 데이터베이스");
    assert_eq!(korean, examples(&readme("README.md"), "## Databases"));
}
