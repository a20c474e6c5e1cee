//! The writing side. Every call is one `BEGIN IMMEDIATE` transaction.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::counters::{NextNumbers, set_next_number};
use super::insert::{Groups, Insert, add_items};
use super::row::{self, status};
use super::sums::Sums;
use super::{CatalogError, job_list, outcome, request, undo, watched, write_back};
use crate::catalog::api::{Added, Adding, Catalog, FileChange, LastRun, WrittenBack};
use crate::error::JobError;
use crate::model::{
    FailureFilter, Finished, Ignored, ItemId, ItemState, JobId, JobSpec, JobState, Locator, Message, NewItem,
    ReplacedFile, SourceSpec, UndoFile,
};

/// The writing connection.
pub(super) struct Writer {
    path: PathBuf,
    connection: Connection,
    groups: Groups,
    /// Identifies the file that was opened.
    file: Option<FileId>,
}

impl Writer {
    pub(super) fn new(path: &Path, connection: Connection) -> Self {
        Self { path: path.to_path_buf(), connection, groups: Groups::default(), file: file_id(path) }
    }

    /// Whether the path still names the file that was opened.
    fn check_file(&self) -> Result<(), JobError> {
        if self.file.is_some() && file_id(&self.path) == self.file {
            return Ok(());
        }
        Err(JobError::Machine(Message::new("catalog_gone").with("path", self.path.display())))
    }

    fn run<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &mut Groups) -> Result<T, CatalogError>,
    ) -> Result<T, JobError> {
        let attempt = || -> Result<T, CatalogError> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction, &mut self.groups)?;
            transaction.commit()?;
            Ok(result)
        };
        attempt().map_err(|error| {
            // Some groups may have been rolled back.
            self.groups.clear();
            error.at(&self.path)
        })
    }
}

/// Device and inode. The file is not opened: closing it would release SQLite's locks.
#[cfg(unix)]
type FileId = (u64, u64);
#[cfg(not(unix))]
type FileId = ();

#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "examines the catalog's own file")]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
#[expect(clippy::disallowed_methods, reason = "examines the catalog's own file")]
fn file_id(path: &Path) -> Option<FileId> {
    path.exists().then_some(())
}

/// The tables whose rows belong to a job.
const OF_JOBS: [&str; 16] = [
    "item",
    "item_output",
    "item_group",
    "item_failure",
    "item_bucket",
    "ignored",
    "job_source",
    "job_request",
    "undo_file",
    "replaced_file",
    "job_folder",
    "link_target",
    "write_back",
    "write_back_rejection",
    "write_back_again",
    "watched_file",
];

impl Catalog for Writer {
    fn create_job(&mut self, spec: &JobSpec, state: JobState) -> Result<JobId, JobError> {
        self.run(|sql, _| request::create_job(sql, spec, state))
    }

    fn set_request(&mut self, job: JobId, request: &JobSpec) -> Result<(), JobError> {
        self.run(|sql, _| request::set_request(sql, job, request))
    }

    fn add_sources(&mut self, job: JobId, sources: &[SourceSpec]) -> Result<u32, JobError> {
        self.run(|sql, _| request::add_sources(sql, job, sources))
    }

    fn set_source(&mut self, job: JobId, n: u32, source: &SourceSpec) -> Result<(), JobError> {
        self.run(|sql, _| request::set_source(sql, job, n, source))
    }

    fn end_source(&mut self, job: JobId, n: u32) -> Result<(), JobError> {
        self.run(|sql, _| request::end_source(sql, job, n))
    }

    fn set_state(&mut self, job: JobId, state: JobState) -> Result<(), JobError> {
        self.run(|sql, _| request::set_state(sql, job, state))
    }

    fn end_run(&mut self, job: JobId, state: JobState) -> Result<JobState, JobError> {
        let state = self.run(|sql, _| {
            outcome::requeue_running(sql, job)?;
            let state = match state {
                JobState::Done if !request::is_complete(sql, job)? => JobState::Paused,
                state => state,
            };
            request::set_state(sql, job, state)?;
            Ok(state)
        })?;
        self.check_file()?;
        Ok(state)
    }

    fn add_items(&mut self, job: JobId, first_seq: u64, items: &[NewItem], adding: &Adding) -> Result<Added, JobError> {
        self.run(|sql, groups| add_items(sql, groups, job, first_seq, items, adding))
    }

    fn add_ignored(&mut self, job: JobId, ignored: &[Ignored]) -> Result<(), JobError> {
        self.run(|sql, _| {
            let mut insert =
                sql.prepare_cached("INSERT OR IGNORE INTO ignored(job_id, path, reason) VALUES (?1, ?2, ?3)")?;
            for Ignored { path, reason } in ignored {
                insert.execute(params![job.0, Locator::File(path.clone()).to_text(), reason.word()])?;
            }
            Ok(())
        })
    }

    fn next_seq(&mut self, job: JobId) -> Result<u64, JobError> {
        self.run(|sql, _| Ok(NextNumbers::read(sql, job)?.next_seq))
    }

    fn set_running(&mut self, job: JobId, seqs: &[u64]) -> Result<(), JobError> {
        self.run(|sql, _| {
            let mut update = sql.prepare_cached(
                "UPDATE item SET state = 'running', attempts = attempts + 1 \
                 WHERE job_id = ?1 AND seq = ?2 AND state = 'waiting'",
            )?;
            for seq in seqs {
                update.execute(params![job.0, *seq as i64])?;
            }
            Ok(())
        })
    }

    fn set_waiting(&mut self, job: JobId, seqs: &[u64]) -> Result<(), JobError> {
        self.run(|sql, _| seqs.iter().try_for_each(|seq| outcome::give_back(sql, ItemId { job, seq: *seq })))
    }

    fn record_outputs(&mut self, finished: &[&Finished]) -> Result<(), JobError> {
        self.run(|sql, _| finished.iter().try_for_each(|one| outcome::record_output(sql, one)))
    }

    fn displace(&mut self, job: JobId, outputs: &[(u64, String)]) -> Result<(), JobError> {
        self.run(|sql, _| {
            let mut sums = Sums::default();
            for (seq, output) in outputs {
                outcome::displace(sql, ItemId { job, seq: *seq }, output, &mut sums)?;
            }
            Ok(sums.apply(sql, job)?)
        })
    }

    fn finish(&mut self, finished: &[&Finished]) -> Result<(), JobError> {
        self.run(|sql, _| {
            let mut jobs: BTreeMap<JobId, (Sums, u64)> = BTreeMap::new();
            for one in finished {
                let (sums, next_number) = match jobs.entry(one.id.job) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        new.insert((Sums::default(), NextNumbers::read(sql, one.id.job)?.next_number))
                    }
                };
                outcome::finish(sql, one, sums, next_number)?;
            }
            for (job, (sums, next_number)) in jobs {
                sums.apply(sql, job)?;
                set_next_number(sql, job, next_number)?;
            }
            Ok(())
        })
    }

    fn requeue_running(&mut self, job: JobId) -> Result<(), JobError> {
        self.run(|sql, _| outcome::requeue_running(sql, job))
    }

    fn begin_run(&mut self, job: JobId) -> Result<LastRun, JobError> {
        self.run(|sql, _| {
            let last_run = outcome::last_run(sql, job)?;
            request::set_state(sql, job, JobState::Running)?;
            Ok(last_run)
        })
    }

    fn retry(&mut self, job: JobId, failures: &FailureFilter, seqs: Option<&[u64]>) -> Result<u64, JobError> {
        self.run(|sql, _| {
            let mut sums = Sums::default();
            let retried = match seqs {
                Some(seqs) => outcome::retry_these(sql, job, failures, seqs, &mut sums)?,
                None => outcome::retry_all(sql, job, failures, &mut sums)?,
            };
            sums.apply(sql, job)?;
            let is_whole_job = seqs.is_none() && failures.is_all();
            let refused = if is_whole_job { write_back::retry_rejections(sql, job)? } else { 0 };
            Ok(retried + refused)
        })
    }

    fn follow_file(&mut self, job: JobId, seq: u64, change: &FileChange) -> Result<bool, JobError> {
        self.run(|sql, _| {
            let mut sums = Sums::default();
            let is_retried = watched::follow(sql, ItemId { job, seq }, change, &mut sums)?;
            sums.apply(sql, job)?;
            Ok(is_retried)
        })
    }

    fn redo(&mut self, job: JobId, seqs: &[u64]) -> Result<u64, JobError> {
        if seqs.is_empty() {
            return Ok(0);
        }
        self.run(|sql, _| {
            let mut sums = Sums::default();
            let mut redone = 0;
            for seq in seqs {
                redone += u64::from(outcome::redo(sql, ItemId { job, seq: *seq }, &mut sums)?);
            }
            sums.apply(sql, job)?;
            Ok(redone)
        })
    }

    fn add_folders(&mut self, job: JobId, folders: &[String]) -> Result<(), JobError> {
        self.run(|sql, _| undo::add_folders(sql, job, folders))
    }

    fn set_replaced(&mut self, job: JobId, replaced: &[ReplacedFile]) -> Result<(), JobError> {
        self.run(|sql, _| replaced.iter().try_for_each(|file| undo::set_replaced(sql, job, file)))
    }

    fn begin_undo(&mut self, job: JobId) -> Result<(), JobError> {
        self.run(|sql, _| undo::begin(sql, job))
    }

    fn record_undo(&mut self, job: JobId, files: &[UndoFile]) -> Result<(), JobError> {
        self.run(|sql, _| undo::record(sql, job, files))
    }

    fn skip_failed(&mut self, job: JobId, seqs: &[u64]) -> Result<u64, JobError> {
        self.run(|sql, _| {
            let mut sums = Sums::default();
            let mut skipped = 0;
            for seq in seqs {
                skipped += u64::from(outcome::skip_failed(sql, ItemId { job, seq: *seq }, &mut sums)?);
            }
            sums.apply(sql, job)?;
            Ok(skipped)
        })
    }

    fn remove_items(&mut self, job: JobId, seqs: &[u64]) -> Result<Vec<(u64, NewItem)>, JobError> {
        self.run(|sql, _| {
            let mut sums = Sums::default();
            let mut removed = Vec::new();
            let mut select = sql.prepare_cached(
                "SELECT locator, extra, size, mtime, error_kind, error, error_args FROM item \
                 WHERE job_id = ?1 AND seq = ?2",
            )?;
            let mut delete = sql.prepare_cached("DELETE FROM item WHERE job_id = ?1 AND seq = ?2")?;
            for seq in seqs {
                let key = params![job.0, *seq as i64];
                let Some(from) = status(sql, ItemId { job, seq: *seq })? else { continue };
                if from.state == ItemState::Running {
                    continue;
                }
                removed.push((*seq, select.query_row(key, row::new_item)?));
                delete.execute(key)?;
                outcome::forget_outputs(sql, ItemId { job, seq: *seq })?;
                sums.remove(*seq, &from);
            }
            sums.apply(sql, job)?;
            Ok(removed)
        })
    }

    fn restore_items(&mut self, job: JobId, items: &[(u64, NewItem)]) -> Result<(), JobError> {
        self.run(|sql, groups| {
            let numbers = NextNumbers::read(sql, job)?;
            let mut insert = Insert::new(sql, groups, job, numbers);
            for (seq, item) in items {
                insert.put(*seq, item)?;
            }
            insert.end(None)?;
            Ok(())
        })
    }

    fn begin_write_back(&mut self, job: JobId) -> Result<(), JobError> {
        self.run(|sql, _| Ok(write_back::begin(sql, job)?))
    }

    fn write_back(&mut self, job: JobId, written: &WrittenBack) -> Result<(), JobError> {
        self.run(|sql, _| Ok(write_back::advance(sql, job, written)?))
    }

    fn delete_job(&mut self, job: JobId) -> Result<(), JobError> {
        self.run(|sql, groups| {
            if NextNumbers::read(sql, job)?.state != JobState::Draft.word() {
                return Err(CatalogError::Other(format!("job {job} is not a draft, and history is kept")));
            }
            for table in OF_JOBS {
                sql.execute(&format!("DELETE FROM {table} WHERE job_id = ?1"), [job.0])?;
            }
            sql.execute("DELETE FROM job WHERE id = ?1", [job.0])?;
            groups.forget(job);
            Ok(())
        })
    }

    fn set_deleted(&mut self, jobs: &[JobId], is_deleted: bool) -> Result<u64, JobError> {
        self.run(|sql, _| {
            let mut changed = 0;
            for job in jobs {
                changed += u64::from(job_list::set_deleted(sql, *job, is_deleted)?);
            }
            Ok(changed)
        })
    }

    fn delete_rows(&mut self, jobs: &[JobId], most: u32) -> Result<(u64, bool), JobError> {
        self.run(|sql, groups| {
            let mut deleted = 0;
            for job in jobs {
                groups.forget(*job);
                let (items, are_left) = job_list::delete_rows(sql, *job, u64::from(most) - deleted, &OF_JOBS)?;
                deleted += items;
                if are_left {
                    return Ok((deleted, true));
                }
            }
            Ok((deleted, false))
        })
    }

    fn reclaim(&mut self, most_pages: u32) -> Result<bool, JobError> {
        let reclaim = || -> Result<bool, CatalogError> {
            // It returns a row for each page.
            let mut pages = self.connection.prepare(&format!("PRAGMA incremental_vacuum({most_pages})"))?;
            let mut rows = pages.query(())?;
            while rows.next()?.is_some() {}
            let left: i64 = self.connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
            Ok(left > 0)
        };
        reclaim().map_err(|error| error.at(&self.path))
    }

    fn rebuild(&mut self) -> Result<(), JobError> {
        let rebuild = || -> Result<(), CatalogError> {
            self.connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            Ok(self.connection.execute_batch("VACUUM")?)
        };
        rebuild().map_err(|error| error.at(&self.path))
    }
}
