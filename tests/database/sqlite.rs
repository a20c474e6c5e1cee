//! SQLite and the contract.

use super::contract::{Subject, Words, check};

pub(super) struct Sqlite;

impl Subject for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    #[expect(clippy::expect_used, reason = "tests")]
    fn create(&self) -> String {
        // Removed with the scratch folder of the test run.
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = tempfile::tempdir_in(folder).expect("a folder").keep();
        let path = folder.join("file.db");
        rusqlite::Connection::open(&path).and_then(|file| file.execute_batch("VACUUM")).expect("a file");
        path.display().to_string()
    }

    fn words(&self) -> Words {
        Words {
            slow: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) SELECT sum(i) FROM n",
            million: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) \
                      SELECT i, printf('%032d', i) FROM n",
            begin: "BEGIN IMMEDIATE",
            running: None,
            has_infinity: true,
            has_strict_types: false,
            has_row_locks: false,
        }
    }
}

#[test]
fn sqlite_does_what_every_database_must_do() {
    check(&Sqlite);
}
