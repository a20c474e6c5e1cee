//! Writes rows back into a table of a real database through the same calls as a job, and prints the seconds.
//!
//! usage: cargo bench --bench write_back -- DSN TABLE ROWS [update|upsert|insert]
//!
//! The table has the columns id (unique), width, height, sha256, path and state; `benches/databases.py` makes it, and runs
//! this in turns with other programs.
#![expect(clippy::print_stdout, reason = "prints its result")]

use std::error::Error;
use std::time::Instant;

use pixloom::db::{self, Login, Pool, Session, TableName, Value, WriteMode, WritePlan, WriteRow};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [dsn, table, rows, rest @ ..] = &args[..] else { return Ok(()) };
    let rows: usize = rows.parse()?;
    let mode = match rest.first().map_or("update", String::as_str) {
        "update" => WriteMode::Update,
        "upsert" => WriteMode::Upsert,
        "insert" => WriteMode::Insert,
        other => return Err(format!("unknown mode {other}").into()),
    };
    let (dsn, password) = db::parse_dsn(dsn).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let database = db::database_of(&dsn);
    let name = TableName::parse(table, database.dialect()).ok_or("no table")?;
    let login = Login { user: None, password };
    let pool = Pool::new(dsn, login, Session::default(), 1)?;
    let seconds = runtime.block_on(async {
        let described = pool.get().await?.table(&name).await?.ok_or("no such table")?;
        let columns = ["width", "height", "sha256", "path", "state"].map(str::to_owned);
        let plan = WritePlan::new(&described, &["id".to_owned()], &columns, mode)?;
        let most = database.batch_rows();
        let batches: Vec<Vec<WriteRow>> =
            (0..rows).step_by(most).map(|from| (from..rows.min(from + most)).map(row).collect()).collect();
        let begin = Instant::now();
        let mut changed = 0;
        for batch in &batches {
            changed += pool.get().await?.write(&plan, batch).await?.changed;
        }
        let seconds = begin.elapsed().as_secs_f64();
        if changed == rows as u64 { Ok(seconds) } else { Err(format!("{changed} rows changed").into()) }
    });
    println!("{:.4}", seconds.map_err(|error: Box<dyn Error>| error)?);
    Ok(())
}

fn row(number: usize) -> WriteRow {
    let values = vec![
        Value::Int(1024),
        Value::Int(683),
        Value::Text(format!("{number:064x}")),
        Value::Text(format!("/srv/shop/images/{number:08}.jpg")),
        Value::Text("done".to_owned()),
    ];
    WriteRow { key: vec![Value::Int(number as i64 + 1)], values }
}
