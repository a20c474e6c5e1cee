//! Results under temporary names, and the folder they are written to. A result gets its final name once its bytes are
//! safe, so a file with a final name is always complete.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

use super::spool::Spool;
use super::write_error;
use crate::config::FSYNC_THREADS;
use crate::error::ItemError;
use crate::model::Locator;

/// What a result is made of.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// These bytes, whose SHA-256 in lower-case hex is known.
    Known(&'a [u8], &'a str),
    /// A copy of this file.
    Copy(&'a Locator),
    /// A temporary file of this folder's own spool: its name there, and the file itself. It is gone afterwards.
    Move(&'a OsStr, &'a File),
}

/// A folder that the results of one job are written to. It is held open while the job runs, so that nothing is written to
/// a link or another folder that replaces it.
pub trait OutputFolder: fmt::Debug + Send + Sync {
    /// Its path, as it was opened.
    fn path(&self) -> &Path;

    /// Writes a result under a temporary name in this folder or one below it, which is created if need be. Errors have no
    /// name: the caller knows the item.
    fn stage(&self, folder: &Path, seq: u64, content: Content<'_>) -> Result<Staged, ItemError>;

    /// Makes the names in these folders, and the folders' own names, safe against a power cut.
    fn sync_folders(&self, folders: &BTreeSet<PathBuf>) -> io::Result<()>;

    /// The folders that were created for results since the last call, outer ones first.
    fn take_created(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Removes a result that has its final name already.
    fn take_back(&self, path: &Path) -> io::Result<()>;

    /// Gives a result another name in its folder. A name that is taken is `AlreadyExists`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes the temporaries of owners that have died, in and below this folder, and calls `each` for every other
    /// file. Returns how many it removed. Saved parts of bodies stay until they are old; the spool finds those in this
    /// folder.
    fn sweep(&self, each: &mut dyn FnMut(&Path)) -> u64;

    /// Where bodies of a job are kept that are too large for memory. Their parts may be saved beyond this process.
    fn spool(&self, job: &str) -> Spool;

    /// Removes the saved parts of a job that is over. From now on none are saved.
    fn discard_parts(&self, job: &str);

    /// Whether the path still leads to the folder that was opened; not if it was moved or deleted.
    fn is_in_place(&self) -> io::Result<bool>;

    /// Ends the writing: removes what marks the folder as in use.
    fn close(&self);
}

/// A complete file under a temporary name, which is removed on drop unless it was published.
pub trait Temporary: fmt::Debug + Send + Sync {
    /// Makes its bytes safe against a power cut. A file whose sync failed must be written again: its pages count as clean
    /// afterwards, and a second sync would succeed without having written them.
    fn sync(&self) -> io::Result<()>;

    /// Sets when it counts as modified.
    fn set_modified(&self, time: SystemTime) -> io::Result<()>;

    /// Gives it its final name in the same folder. Unless it `replaces`, a name that is taken is `AlreadyExists`, and
    /// the temporary stays.
    fn publish(&mut self, to: &Path, replaces: bool) -> io::Result<()>;
}

/// A result under a temporary name.
#[derive(Debug)]
pub struct Staged {
    /// Where it is now.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of its bytes in lower-case hex.
    pub hash: String,
    /// The file itself.
    pub temporary: Box<dyn Temporary>,
}

impl Staged {
    /// Makes its bytes safe against a power cut.
    pub fn sync(&self) -> Result<(), ItemError> {
        self.temporary.sync().map_err(|error| write_error(self.path.parent().unwrap_or(&self.path), &error))
    }
}

/// Makes files safe against a power cut, several at a time. The results are in the order of the files.
pub fn sync_files(staged: &[&Staged]) -> Vec<Result<(), ItemError>> {
    in_parallel(staged, |file| file.sync())
}

/// Runs `work` on all of them, on a few threads, since each mostly waits for the disk.
pub(super) fn in_parallel<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut results = Vec::new();
        while let Some((at, one)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, all.get(at)?))) {
            results.push((at, work(one)));
        }
        results
    };
    let mut results = thread::scope(|scope| {
        let helpers: Vec<_> = (1..FSYNC_THREADS.min(all.len()))
            .filter_map(|n| thread::Builder::new().name(format!("fsync-{n}")).spawn_scoped(scope, run).ok())
            .collect();
        // This thread takes part, so the work is done even if no other thread can be started.
        let mut results = run();
        for helper in helpers {
            match helper.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
