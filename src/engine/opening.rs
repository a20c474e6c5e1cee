//! Opens the catalog in the background, so that the window doesn't wait for a slow disk or another program.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::api::handle::Ends;
use super::api::snapshot::Snapshot;
use super::coordinator::settings::SettingsFile;
use super::{EngineOptions, Running, run};
use crate::catalog;
use crate::config::Settings;
use crate::error::JobError;

/// A lock is reported if it is held for this long: other commands hold it for some milliseconds at a time.
const REPORT_AFTER: Duration = Duration::from_millis(600);
/// Pause between two attempts.
const TRY_AGAIN: Duration = Duration::from_millis(150);

/// An engine whose catalog is being opened.
pub(super) struct Opening {
    stop_tx: Sender<()>,
    thread: JoinHandle<()>,
    running_rx: Receiver<Running>,
}

impl Opening {
    /// Begins to open the catalog. The settings, which say how a window looks, are published at once.
    pub(super) fn begin(options: EngineOptions, ends: Ends) -> Result<Self, JobError> {
        let settings = options.settings_path.clone().map(|path| SettingsFile::new(path).load()).unwrap_or_default();
        publish(&ends, &settings, None);
        let (stop_tx, stop_rx) = bounded(0);
        let (running_tx, running_rx) = bounded(1);
        let thread = run::named("pixloom-opening", move || {
            if let Some(running) = open(options, ends, &settings, &stop_rx) {
                let _ = running_tx.send(running);
            }
        })?;
        Ok(Self { stop_tx, thread, running_rx })
    }

    /// Stops trying; returns what was started by then.
    pub(super) fn end(self) -> Option<Running> {
        drop(self.stop_tx);
        let _ = self.thread.join();
        self.running_rx.try_recv().ok()
    }
}

/// Opens the catalog as soon as that is possible; `None` if it was stopped before.
fn open(options: EngineOptions, ends: Ends, settings: &Settings, stop_rx: &Receiver<()>) -> Option<Running> {
    let began = Instant::now();
    let mut shown = None;
    let (catalog, readers) = loop {
        let fault = match catalog::lock_fault(&options.catalog_path) {
            Some(locked) => Some(locked).filter(|_| began.elapsed() >= REPORT_AFTER),
            None => match catalog::open(&options.catalog_path) {
                Ok(opened) => break opened,
                Err(error) => Some(error),
            },
        };
        if fault != shown {
            publish(&ends, settings, fault.clone());
            shown = fault;
        }
        if !matches!(stop_rx.recv_timeout(TRY_AGAIN), Err(RecvTimeoutError::Timeout)) {
            return None;
        }
    };
    let shared = Arc::clone(&ends.shared);
    match Running::start(options, catalog, readers, ends, None) {
        Ok(running) => Some(running),
        Err(error) => {
            shared.snapshot.store(Arc::new(snapshot(settings, Some(error))));
            shared.wake();
            None
        }
    }
}

fn publish(ends: &Ends, settings: &Settings, fault: Option<JobError>) {
    ends.shared.snapshot.store(Arc::new(snapshot(settings, fault)));
    ends.shared.wake();
}

fn snapshot(settings: &Settings, catalog_fault: Option<JobError>) -> Snapshot {
    Snapshot { settings: settings.clone(), catalog_fault, ..Snapshot::default() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
#[expect(clippy::disallowed_types, reason = "another program locks the catalog")]
mod tests {
    use super::*;
    use crate::engine::{Command, Engine};
    use crate::model::Lang;

    fn options(dir: &std::path::Path) -> EngineOptions {
        let settings_path = Some(dir.join("settings.toml"));
        EngineOptions { settings_path, secrets_path: None, ..EngineOptions::for_window(dir.join("catalog.sqlite")) }
    }

    #[test]
    fn a_locked_catalog_is_reported_and_opened_when_it_is_free() {
        let dir = tempfile::tempdir().unwrap();
        drop(Engine::start(options(dir.path())).unwrap());
        for lock in ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"] {
            let other = rusqlite::Connection::open(dir.path().join("catalog.sqlite")).unwrap();
            other.execute_batch(lock).unwrap();
            let engine = Engine::start_in_background(options(dir.path())).unwrap();
            let handle = engine.handle();
            let waiting = handle.wait_for("the lock is reported", |snapshot| snapshot.catalog_fault.is_some());
            let text = waiting.catalog_fault.as_ref().map(|fault| fault.window_text(Lang::English)).unwrap();
            assert!(text.contains("locked by another program") && text.contains("catalog.sqlite"), "{text}");
            assert!(waiting.current.is_none());
            let clear = handle.send(Command::Clear).unwrap();
            other.execute_batch("ROLLBACK").unwrap();
            let opened = handle.wait_for("the catalog is open", |snapshot| snapshot.commands_included >= clear);
            assert!(opened.current.is_some() && opened.catalog_fault.is_none());
        }
    }

    #[test]
    fn a_window_that_closes_while_the_catalog_is_locked_does_not_wait_for_it() {
        let dir = tempfile::tempdir().unwrap();
        drop(Engine::start(options(dir.path())).unwrap());
        let other = rusqlite::Connection::open(dir.path().join("catalog.sqlite")).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let engine = Engine::start_in_background(options(dir.path())).unwrap();
        engine.handle().wait_for("the lock is reported", |snapshot| snapshot.catalog_fault.is_some());
        drop(engine);
        other.execute_batch("ROLLBACK").unwrap();
    }

    #[test]
    fn the_settings_are_there_before_the_catalog_is_open() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { hides_histogram: true, ..Settings::default() };
        SettingsFile::new(dir.path().join("settings.toml")).save(&settings).unwrap();
        let engine = Engine::start_in_background(options(dir.path())).unwrap();
        assert_eq!(engine.handle().snapshot().settings, settings);
    }

    #[test]
    fn a_catalog_that_is_locked_later_is_reported_while_a_change_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::start(options(dir.path())).unwrap();
        let handle = engine.handle();
        handle.wait_for("a draft is listed", |snapshot| snapshot.current.is_some());
        let other = rusqlite::Connection::open(dir.path().join("catalog.sqlite")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        handle.send(Command::Remove(vec![1])).unwrap();
        handle.wait_for("the lock is reported", |snapshot| snapshot.catalog_fault.is_some());
        other.execute_batch("ROLLBACK").unwrap();
        handle.wait_for("it is over", |snapshot| snapshot.catalog_fault.is_none());
    }
}
