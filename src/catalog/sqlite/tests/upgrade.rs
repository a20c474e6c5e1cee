//! Catalogs of earlier versions: `tests/data/catalog_v1.sqlite` was written by version 1.

use std::fs;
use std::path::Path;

use super::*;

/// A catalog of version 1 with four jobs: done; done, with links; killed with everything counted; killed while standard
/// input was read.
fn version_1() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.sqlite");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/catalog_v1.sqlite"), &path).unwrap();
    (dir, path)
}

fn outside(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

fn version(path: &Path) -> i64 {
    outside(path).pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// The version that this program writes.
const LATEST: i64 = 5;

fn files_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_catalog_of_version_1_keeps_its_jobs_items_requests_and_cursors() {
    let (_dir, path) = version_1();
    let before: Vec<String> = item_lines(&outside(&path));
    let (_catalog, readers) = open(&path).unwrap();
    assert_eq!(version(&path), LATEST);
    assert_eq!(item_lines(&outside(&path)), before);
    let reader = readers.reader().unwrap();
    let jobs = reader.jobs(10).unwrap();
    let states: Vec<_> = jobs.iter().map(|job| (job.id.0, job.state, job.total, job.done, job.failed)).collect();
    assert_eq!(
        states,
        [
            (4, JobState::Paused, 3, 1, 0),
            (3, JobState::Paused, 8, 6, 0),
            (2, JobState::Done, 4, 2, 1),
            (1, JobState::Done, 4, 3, 1)
        ]
    );
    let cursors = |job| -> Vec<_> {
        let sources = reader.sources(JobId(job)).unwrap().into_iter();
        sources.map(|source| (source.n, source.taken, source.ended)).collect()
    };
    assert_eq!(cursors(1), [(0, 4, true)]);
    assert_eq!(cursors(3), [(0, 0, true), (1, 0, true), (2, 6, true)]);
    assert_eq!(cursors(4), [(0, 0, true), (1, 2, false)]);
    let spec = reader.spec(JobId(3)).unwrap().unwrap();
    assert_eq!(spec.recipe.steps.len(), 2);
    assert_eq!(serde_json::to_value(spec.output().save.format).unwrap(), "webp");
    assert_eq!(spec.output().sink.dir.as_deref(), Some(Path::new("/tmp/pixloom-v1/out/three")));
    assert_eq!(spec.sources.len(), 3);
    assert_eq!(spec.sources[2].first_path(), Some(Path::new("b")));
    assert_eq!(spec.sources[2].kind, "folder");
    assert_eq!(reader.spec(JobId(4)).unwrap().unwrap().sources[1].kind, "stdin");
    let item = reader.item(ItemId { job: JobId(2), seq: 1 }).unwrap().unwrap();
    assert_eq!((item.http_status, item.output.as_deref()), (Some(200), Some("/tmp/pixloom-v1/out/two/x.png")));
    assert!(reader.is_output(JobId(2), "/tmp/pixloom-v1/out/two/x.png").unwrap());
    assert_eq!(seqs(&reader.waiting(JobId(3), 0, 10).unwrap()), [0; 0], "they are running still");
}

/// The columns of version 1, a row a line.
fn item_lines(sql: &rusqlite::Connection) -> Vec<String> {
    let columns = &crate::catalog::RECORD_COLUMNS[..25];
    let mut select = sql.prepare(&format!("SELECT {} FROM item ORDER BY job_id, seq", columns.join(", "))).unwrap();
    let rows = select.query_map((), |row| {
        Ok((0..25).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect::<Vec<_>>().join("|"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_old_catalog_is_copied_with_what_is_in_its_write_ahead_log_and_no_copy_is_replaced() {
    let (dir, path) = version_1();
    // Another program has it open and has just written to it.
    let other = outside(&path);
    other.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    other.execute("UPDATE item SET content_type = 'image/x-latest' WHERE job_id = 1 AND seq = 1", ()).unwrap();
    fs::write(dir.path().join("catalog.v1.sqlite"), "an older copy").unwrap();
    let (_catalog, readers) = open(&path).unwrap();
    drop(other);
    let copy = dir.path().join("catalog.v1 (1).sqlite");
    assert_eq!(version(&copy), 1);
    let count = |sql: &str| outside(&copy).query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM item WHERE content_type = 'image/x-latest'"), 1);
    assert_eq!(count("SELECT count(*) FROM job WHERE spec LIKE '%\"sources\":%'"), 4);
    assert_eq!(fs::read_to_string(dir.path().join("catalog.v1.sqlite")).unwrap(), "an older copy");
    assert_eq!(readers.reader().unwrap().jobs(10).unwrap().len(), 4);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600, "links may contain secrets");
    }
    assert!(!files_in(dir.path()).iter().any(|name| name.contains(".part")));
}

#[test]
fn a_disk_that_is_full_during_the_upgrade_leaves_the_old_catalog_usable() {
    let (dir, path) = version_1();
    let before = item_lines(&outside(&path));
    // First there is no room for the copy, then none for the new tables.
    fs::create_dir_all(dir.path().join("catalog.v1.sqlite.part/x")).unwrap();
    let error = open(&path).err().unwrap().to_string();
    assert!(error.contains(&format!("could not be upgraded from version 1 to {LATEST}")), "{error}");
    fs::remove_dir_all(dir.path().join("catalog.v1.sqlite.part")).unwrap();
    let mut connection = sqlite::open_writer(&path).unwrap();
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    connection.pragma_update(None, "max_page_count", pages).unwrap();
    let error = schema::prepare(&mut connection, &path).unwrap_err().to_string();
    assert!(error.contains("full") && error.contains("It was not changed"), "{error}");
    drop(connection);
    assert_eq!((version(&path), item_lines(&outside(&path))), (1, before));
    assert_eq!(files_in(dir.path()), ["catalog.sqlite"], "no copy of an upgrade that failed is left");
    open(&path).unwrap();
    assert_eq!(version(&path), LATEST);
}

#[test]
fn a_catalog_in_use_by_an_older_program_is_not_upgraded() {
    let (dir, path) = version_1();
    let lock = crate::catalog::lock_job(&path, JobId(3)).unwrap();
    let error = open(&path).err().unwrap().to_string();
    assert!(error.contains("still working on job 3"), "{error}");
    assert_eq!(version(&path), 1);
    drop(lock);
    open(&path).unwrap();
    assert!(files_in(dir.path()).contains(&"catalog.v1.sqlite".to_owned()));
}

#[test]
fn a_request_of_version_1_that_is_not_json_hides_only_its_own_job() {
    let (_dir, path) = version_1();
    outside(&path).execute("UPDATE job SET spec = '{broken' WHERE id = 2", ()).unwrap();
    let (_catalog, readers) = open(&path).unwrap();
    let reader = readers.reader().unwrap();
    assert_eq!(reader.jobs(10).unwrap().len(), 4);
    assert!(reader.spec(JobId(2)).is_err());
    assert_eq!(reader.spec(JobId(3)).unwrap().unwrap().sources.len(), 3);
}

#[test]
fn a_folder_of_version_1_that_was_read_in_part_keeps_its_cursor() {
    let (_dir, path) = version_1();
    let change = "UPDATE job SET counted = 0, mark_source = 1, mark_taken = 1 WHERE id = 3";
    outside(&path).execute(change, ()).unwrap();
    let (_catalog, readers) = open(&path).unwrap();
    let sources = readers.reader().unwrap().sources(JobId(3)).unwrap();
    let cursors: Vec<_> = sources.iter().map(|source| (source.taken, source.ended)).collect();
    assert_eq!(cursors, [(0, true), (1, false), (0, false)]);
}
