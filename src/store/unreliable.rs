//! A store for tests: on request it stalls, changes files while they are read, or fails to sync folders. It serves the
//! local files below the folder of a [`Faults`].

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use super::local::LocalFolders;
use super::output::{Content, OutputFolder, Staged, Temporary};
use super::{CreatedFolders, Entry, Head, NewFile, Space, Spool, Store, StoreKind, StoredFile, write_error};
use crate::error::ItemError;
use crate::model::Locator;

pub(super) const KIND: StoreKind = StoreKind { id: "unreliable", holds, store: &Unreliable };

static FAULTS: LazyLock<Mutex<HashMap<PathBuf, Arc<State>>>> = LazyLock::new(Mutex::default);

/// Which calls wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stall {
    #[default]
    Nothing,
    FolderSyncs,
    Everything,
}

/// A call that a failing device refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Opens a file for reading.
    Open,
    /// Writes a result under a temporary name.
    Stage,
    /// Makes it safe against a power cut.
    Sync,
    /// Gives it its name.
    Publish,
}

/// A failing device: what fails, with which code of the system, and how many calls succeed before.
#[derive(Debug)]
struct Device {
    call: Call,
    code: i32,
    left: u32,
}

#[derive(Debug, Default)]
struct State {
    device: Mutex<Option<Device>>,
    stall: Mutex<Stall>,
    changed: Condvar,
    /// Calls that wait now.
    waiting: AtomicU32,
    changes: AtomicU32,
    failing_syncs: AtomicU32,
}

/// The faults of everything below a folder. Dropping it removes them, and lets waiting calls continue.
#[derive(Debug)]
pub(crate) struct Faults {
    folder: PathBuf,
    state: Arc<State>,
}

impl Faults {
    /// No fault yet.
    pub(crate) fn of(folder: &Path) -> Self {
        let state = Arc::<State>::default();
        all().insert(folder.to_path_buf(), Arc::clone(&state));
        Self { folder: folder.to_path_buf(), state }
    }

    /// Makes every call wait until this is turned off, like calls on a network drive that is unreachable.
    pub(crate) fn stall(&self, stalls: bool) {
        self.set_stall(if stalls { Stall::Everything } else { Stall::Nothing });
    }

    /// The same for syncs of output folders only, which the recorder waits for.
    pub(crate) fn stall_folder_syncs(&self, stalls: bool) {
        self.set_stall(if stalls { Stall::FolderSyncs } else { Stall::Nothing });
    }

    fn set_stall(&self, stall: Stall) {
        *self.state.stall.lock().unwrap_or_else(PoisonError::into_inner) = stall;
        self.state.changed.notify_all();
    }

    /// Calls that wait now.
    pub(crate) fn waiting(&self) -> u32 {
        self.state.waiting.load(Ordering::Acquire)
    }

    /// The next `count` files that are opened change while they are read.
    pub(crate) fn change_while_reading(&self, count: u32) {
        self.state.changes.store(count, Ordering::Release);
    }

    /// After the next `left` calls of this kind, all of them fail with this code of the system.
    pub(crate) fn fail_device(&self, call: Call, code: i32, left: u32) {
        *self.state.device.lock().unwrap_or_else(PoisonError::into_inner) = Some(Device { call, code, left });
    }

    /// The device works again.
    pub(crate) fn repair_device(&self) {
        *self.state.device.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The next `count` syncs of folders fail.
    pub(crate) fn fail_folder_syncs(&self, count: u32) {
        self.state.failing_syncs.store(count, Ordering::Release);
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        self.stall(false);
        all().remove(&self.folder);
    }
}

impl State {
    /// Fails if the device does.
    fn reach_device(&self, call: Call) -> io::Result<()> {
        let mut device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(device) = device.as_mut().filter(|device| device.call == call) else { return Ok(()) };
        match device.left.checked_sub(1) {
            Some(left) => device.left = left,
            None => return Err(io::Error::from_raw_os_error(device.code)),
        }
        Ok(())
    }

    /// Waits while all calls stall.
    fn pass(&self) {
        self.wait_while(|stall| stall == Stall::Everything);
    }

    fn wait_while(&self, stalls: impl Fn(Stall) -> bool) {
        let stall = self.stall.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_add(1, Ordering::AcqRel);
        drop(self.changed.wait_while(stall, |stall| stalls(*stall)).unwrap_or_else(PoisonError::into_inner));
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

fn all() -> std::sync::MutexGuard<'static, HashMap<PathBuf, Arc<State>>> {
    FAULTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn state_of(path: &Path) -> Option<Arc<State>> {
    let all = all();
    path.ancestors().find_map(|folder| all.get(folder).cloned())
}

fn holds(locator: &Locator) -> bool {
    locator.path().is_some_and(|path| state_of(path).is_some())
}

/// Takes one of the faults that are left.
fn take(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok()
}

fn pass(path: &Path) -> Option<Arc<State>> {
    let state = state_of(path);
    if let Some(state) = &state {
        state.pass();
    }
    state
}

fn pass_locator(locator: &Locator) -> Option<Arc<State>> {
    locator.path().and_then(pass)
}

struct Unreliable;

impl Store for Unreliable {
    fn head(&self, locator: &Locator) -> io::Result<Head> {
        pass_locator(locator);
        LocalFolders.head(locator)
    }

    fn open(&self, locator: &Locator) -> io::Result<Box<dyn StoredFile>> {
        let state = pass_locator(locator);
        let path = locator.path().ok_or(io::ErrorKind::Unsupported)?;
        state.iter().try_for_each(|state| state.reach_device(Call::Open))?;
        let changes = state.is_some_and(|state| take(&state.changes));
        Ok(Box::new(OpenFile { file: File::open(path)?, changes: changes.then(|| path.to_path_buf()) }))
    }

    fn list(&self, folder: &Locator, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> io::Result<()> {
        pass_locator(folder);
        LocalFolders.list(folder, each)
    }

    fn create_file(&self, locator: &Locator) -> io::Result<Box<dyn NewFile>> {
        pass_locator(locator);
        LocalFolders.create_file(locator)
    }

    fn create_file_in(&self, folder: &Path, locator: &Locator) -> io::Result<Box<dyn NewFile>> {
        pass_locator(locator);
        LocalFolders.create_file_in(folder, locator)
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        pass(folder);
        LocalFolders.remove_folder(folder)
    }

    fn is_taken(&self, path: &Path) -> bool {
        pass(path);
        LocalFolders.is_taken(path)
    }

    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        LocalFolders.absolute(path)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        pass(path);
        LocalFolders.resolve(path)
    }

    fn space(&self, folder: &Path) -> Space {
        pass(folder);
        LocalFolders.space(folder)
    }

    fn check(&self, folder: &Path) -> io::Result<()> {
        pass(folder);
        LocalFolders.check(folder)
    }

    fn create(&self, folder: &Path) -> io::Result<CreatedFolders> {
        pass(folder);
        LocalFolders.create(folder)
    }

    fn open_output(&self, folder: &Path) -> io::Result<Arc<dyn OutputFolder>> {
        let state = pass(folder).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(UnreliableOutput { state, inner: LocalFolders.open_output(folder)? }))
    }
}

/// A file that grows after its first bytes were read, if it is to change.
struct OpenFile {
    file: File,
    changes: Option<PathBuf>,
}

impl Read for OpenFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        if let Some(path) = self.changes.take() {
            OpenOptions::new().append(true).open(path)?.write_all(b"more")?;
        }
        Ok(count)
    }
}

impl StoredFile for OpenFile {
    fn head(&self) -> io::Result<Head> {
        self.file.head()
    }

    fn into_file(self: Box<Self>) -> Result<File, Box<dyn StoredFile>> {
        Ok(self.file)
    }
}

#[derive(Debug)]
struct UnreliableTemporary {
    state: Arc<State>,
    inner: Box<dyn Temporary>,
}

impl Temporary for UnreliableTemporary {
    fn sync(&self) -> io::Result<()> {
        self.state.reach_device(Call::Sync)?;
        self.inner.sync()
    }

    fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.inner.set_modified(time)
    }

    fn publish(&mut self, to: &Path, replaces: bool) -> io::Result<()> {
        self.state.reach_device(Call::Publish)?;
        self.inner.publish(to, replaces)
    }
}

#[derive(Debug)]
struct UnreliableOutput {
    state: Arc<State>,
    inner: Arc<dyn OutputFolder>,
}

impl OutputFolder for UnreliableOutput {
    fn path(&self) -> &Path {
        self.inner.path()
    }

    fn stage(&self, folder: &Path, seq: u64, content: Content<'_>) -> Result<Staged, ItemError> {
        self.state.pass();
        self.state.reach_device(Call::Stage).map_err(|error| write_error(folder, &error))?;
        let staged = self.inner.stage(folder, seq, content)?;
        let temporary = UnreliableTemporary { state: Arc::clone(&self.state), inner: staged.temporary };
        Ok(Staged { temporary: Box::new(temporary), ..staged })
    }

    fn sync_folders(&self, folders: &BTreeSet<PathBuf>) -> io::Result<()> {
        self.state.wait_while(|stall| stall != Stall::Nothing);
        if take(&self.state.failing_syncs) {
            return Err(io::Error::other("the disk did not take the folder"));
        }
        self.inner.sync_folders(folders)
    }

    fn take_created(&self) -> Vec<PathBuf> {
        self.inner.take_created()
    }

    fn take_back(&self, path: &Path) -> io::Result<()> {
        self.inner.take_back(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn sweep(&self, each: &mut dyn FnMut(&Path)) -> u64 {
        self.state.pass();
        self.inner.sweep(each)
    }

    fn spool(&self, job: &str) -> Spool {
        self.inner.spool(job)
    }

    fn discard_parts(&self, job: &str) {
        self.inner.discard_parts(job);
    }

    fn is_in_place(&self) -> io::Result<bool> {
        self.inner.is_in_place()
    }

    fn close(&self) {
        self.inner.close();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::store;

    #[test]
    fn a_read_from_a_stalled_store_waits_until_the_store_answers_again() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), b"abc").unwrap();
        let faults = Faults::of(dir.path());
        faults.stall(true);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| store::read(&Locator::File(dir.path().join("a")), 9));
            while faults.waiting() == 0 {
                std::thread::yield_now();
            }
            assert!(!reader.is_finished());
            faults.stall(false);
            assert_eq!(reader.join().unwrap().unwrap(), b"abc");
        });
    }
}
