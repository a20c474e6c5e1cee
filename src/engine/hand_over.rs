//! A second start of the program hands what it was given to the window that is open for the same catalog.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::api::command::Command;
use super::api::handle::Handle;
use super::run;
use crate::catalog::{self, Note, WindowLock};
use crate::error::JobError;
use crate::model::{Locator, SourceSpec};

/// How often the window looks for notes.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often a later start looks whether its note was taken.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// A window that has not taken a note by then doesn't respond, and another one is opened.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who shows the window of a catalog.
#[derive(Debug)]
pub enum WindowClaim {
    /// This process. `None` if the catalog can't be claimed, or its window doesn't respond: this one opens all the same.
    Ours(Option<WindowLock>),
    /// Another process, which now has the sources.
    Theirs,
}

/// Claims the window of a catalog, or hands these sources to the process that has it.
pub fn claim_window(catalog_path: &Path, sources: &[SourceSpec]) -> WindowClaim {
    claim_within(catalog_path, sources, PATIENCE)
}

fn claim_within(catalog_path: &Path, sources: &[SourceSpec], patience: Duration) -> WindowClaim {
    let Ok(text) = serde_json::to_string(&absolute(sources)) else { return WindowClaim::Ours(None) };
    let until = Instant::now() + patience;
    let mut note = None::<Note>;
    loop {
        if note.as_ref().is_some_and(Note::is_taken) {
            return WindowClaim::Theirs;
        }
        let lock = catalog::claim_window(catalog_path);
        if !matches!(lock, Ok(None)) || Instant::now() >= until {
            let is_ours = note.is_none_or(Note::take_back);
            return if is_ours { WindowClaim::Ours(lock.ok().flatten()) } else { WindowClaim::Theirs };
        }
        if note.is_none() {
            match Note::leave(catalog_path, &text) {
                Ok(left) => note = Some(left),
                Err(error) => {
                    tracing::warn!(%error, "the open window can't be given anything");
                    return WindowClaim::Ours(None);
                }
            }
        }
        std::thread::sleep(ASK_EVERY);
    }
}

/// The sources with absolute paths: the window has another working directory.
fn absolute(sources: &[SourceSpec]) -> Vec<SourceSpec> {
    let absolute = |locator: &Locator| match locator {
        Locator::File(path) => Locator::File(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
        Locator::Page(..) | Locator::Url(_) | Locator::Row(_) => locator.clone(),
    };
    let of =
        |source: &SourceSpec| SourceSpec { inputs: source.inputs.iter().map(absolute).collect(), ..source.clone() };
    sources.iter().map(of).collect()
}

/// Takes what later starts hand over.
pub(super) struct HandOver {
    stop_tx: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl HandOver {
    pub(super) fn begin(lock: WindowLock, handle: Handle) -> Result<Self, JobError> {
        let (stop_tx, stop_rx) = bounded(0);
        let thread = run::named("pixloom-hand-over", move || {
            loop {
                for note in lock.take_notes() {
                    match serde_json::from_str(&note) {
                        Ok(sources) => drop(handle.send(Command::HandOver(sources))),
                        Err(error) => tracing::warn!(%error, "what another start handed over can't be read"),
                    }
                }
                if !matches!(stop_rx.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Timeout)) {
                    return;
                }
            }
        })?;
        Ok(Self { stop_tx: Some(stop_tx), thread: Some(thread) })
    }
}

impl Drop for HandOver {
    fn drop(&mut self) {
        drop(self.stop_tx.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::source;

    #[test]
    fn a_window_that_does_not_respond_is_not_waited_for_without_end() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("catalog.sqlite");
        let WindowClaim::Ours(Some(window)) = claim_window(&catalog, &[]) else { panic!("it is free") };
        let second = claim_within(&catalog, &[source::folder(dir.path().to_path_buf(), false)], ASK_EVERY);
        assert!(matches!(second, WindowClaim::Ours(None)));
        assert!(window.take_notes().is_empty(), "what it was given is added in its own window only");
    }

    #[test]
    fn a_window_that_closes_leaves_its_place_to_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = dir.path().join("catalog.sqlite");
        let WindowClaim::Ours(window) = claim_window(&catalog, &[]) else { panic!("it is free") };
        std::thread::scope(|scope| {
            let second = scope.spawn(|| claim_window(&catalog, &[]));
            drop(window);
            assert!(matches!(second.join().unwrap(), WindowClaim::Ours(Some(_))));
        });
    }
}
