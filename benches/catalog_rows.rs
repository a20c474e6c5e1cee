//! Rows per second of the catalog against plain inserts of the same columns in batches of the same size.
//!
//!     cargo bench --bench catalog_rows -- [ROWS=100000] [ROUNDS=9]
//!
//! The goal is at most 1.5 times the time of plain inserts.

#![expect(clippy::print_stdout, reason = "a measurement")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use pixloom::catalog::{self, Adding};
use pixloom::db::sqlite;
use pixloom::model::{JobSpec, JobState, Locator, NewItem};

/// Rows of a transaction, as when a list is read.
const BATCH_ROWS: usize = 500;

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse::<usize>().ok());
    let (rows, rounds) = (numbers.next().unwrap_or(100_000), numbers.next().unwrap_or(9));
    let items: Vec<NewItem> = (0..rows).map(item).collect();
    let mut ratios = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let dir = tempfile::tempdir()?;
        let (ours_path, plain_path) = (dir.path().join("catalog.sqlite"), dir.path().join("plain.sqlite"));
        let (ours_s, plain_s) = if round % 2 == 0 {
            let ours_s = ours(&ours_path, &items)?;
            (ours_s, plain(&plain_path, &items)?)
        } else {
            let plain_s = plain(&plain_path, &items)?;
            (ours(&ours_path, &items)?, plain_s)
        };
        println!("catalog {ours_s:.3} s, plain inserts {plain_s:.3} s: {:.2}", ours_s / plain_s);
        ratios.push(ours_s / plain_s);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.2} ({:.2} to {:.2})", ratios[rounds / 2], ratios[0], ratios[rounds - 1]);
    Ok(())
}

fn item(number: usize) -> NewItem {
    let mut item = NewItem::new(Locator::Url(format!("https://images.example.com/{number:08}.jpg")));
    item.columns = serde_json::Map::from_iter([("sku".to_owned(), format!("S{number}").into())]).into();
    item
}

fn ours(path: &Path, items: &[NewItem]) -> Result<f64, Box<dyn Error>> {
    let (mut catalog, _) = catalog::open(path)?;
    let job = catalog.create_job(&JobSpec::default(), JobState::Queued)?;
    let begin = Instant::now();
    let mut first_seq = 1;
    for batch in items.chunks(BATCH_ROWS) {
        catalog.add_items(job, first_seq, batch, &Adding::default())?;
        first_seq += batch.len() as u64;
    }
    Ok(begin.elapsed().as_secs_f64())
}

fn plain(path: &Path, items: &[NewItem]) -> Result<f64, Box<dyn Error>> {
    let mut connection = sqlite::open_writer(path)?;
    sqlite::make_durable(&connection)?;
    connection.execute_batch(
        "CREATE TABLE item(job_id INTEGER, seq INTEGER, locator TEXT, state TEXT, error_kind TEXT, error TEXT, \
         error_args TEXT, finished_at INTEGER, number INTEGER, mtime INTEGER, size INTEGER, extra TEXT, \
         group_id INTEGER, is_keyed INTEGER, PRIMARY KEY (job_id, seq)) WITHOUT ROWID",
    )?;
    let begin = Instant::now();
    let mut seq = 0_i64;
    for batch in items.chunks(BATCH_ROWS) {
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO item(job_id, seq, locator, state, extra, group_id, is_keyed) \
                 VALUES (1, ?1, ?2, 'waiting', ?3, 1, 0)",
            )?;
            for item in batch {
                seq += 1;
                let extra = format!("{{\"sku\":\"S{}\"}}", seq - 1);
                insert.execute((seq, item.locator.to_text(), extra))?;
            }
        }
        transaction.commit()?;
    }
    Ok(begin.elapsed().as_secs_f64())
}
