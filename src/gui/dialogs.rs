//! The desktop's file dialogs: created on the window's thread and awaited without blocking it.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};

use egui::Context;

use crate::model::NetworkFile;

/// What a dialog was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Images to add.
    Images,
    /// A folder to add.
    Folder,
    /// A folder to watch.
    WatchedFolder,
    /// The output folder.
    Output,
    /// A recipe to load.
    LoadRecipe,
    /// A recipe to save.
    SaveRecipe,
    /// A file of the network settings.
    NetworkFile(NetworkFile),
    /// A database in a file.
    DatabaseFile,
    /// The file for the rows of a query.
    QueryFile,
    /// The list for whose rows a query runs.
    QueryList,
    /// A file that a step reads.
    StepFile {
        /// The step's index in the recipe.
        step_index: usize,
        /// Its parameter.
        param: &'static str,
    },
}

/// The result of a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What it was opened for.
    pub(crate) purpose: Purpose,
    /// The chosen paths; empty if the user chose nothing or this desktop has no dialog.
    pub(crate) paths: Vec<PathBuf>,
    /// Whether it ended too fast for anybody to have seen it.
    pub(crate) unseen: bool,
}

type Pending = Pin<Box<dyn Future<Output = Vec<PathBuf>>>>;

/// At most one dialog.
#[derive(Default)]
pub(crate) struct Dialogs {
    open: Option<(Purpose, Pending, f64)>,
}

struct Repaint(Context);

impl Wake for Repaint {
    fn wake(self: Arc<Self>) {
        self.0.request_repaint();
    }
}

impl Dialogs {
    /// Opens a dialog unless one is open.
    pub(crate) fn open(&mut self, purpose: Purpose, title: &str, now_s: f64) {
        if self.open.is_some() {
            return;
        }
        let dialog = rfd::AsyncFileDialog::new().set_title(title);
        let paths = |handles: Option<Vec<rfd::FileHandle>>| {
            handles.unwrap_or_default().iter().map(|handle| handle.path().to_path_buf()).collect()
        };
        let one = |handle: Option<rfd::FileHandle>| handle.map(|it| it.path().to_path_buf()).into_iter().collect();
        let recipes: &[&str] = &["toml"];
        let pending: Pending = match purpose {
            Purpose::Images => {
                let pick = dialog.pick_files();
                Box::pin(async move { paths(pick.await) })
            }
            Purpose::StepFile { .. } | Purpose::NetworkFile(_) | Purpose::DatabaseFile | Purpose::QueryList => {
                let pick = dialog.pick_file();
                Box::pin(async move { one(pick.await) })
            }
            Purpose::Folder | Purpose::WatchedFolder | Purpose::Output => {
                let pick = dialog.pick_folder();
                Box::pin(async move { one(pick.await) })
            }
            Purpose::LoadRecipe => {
                let pick = dialog.add_filter("Recipe", recipes).pick_file();
                Box::pin(async move { one(pick.await) })
            }
            Purpose::QueryFile => {
                let pick = dialog.set_file_name("result.csv").save_file();
                Box::pin(async move { one(pick.await) })
            }
            Purpose::SaveRecipe => {
                let pick = dialog.add_filter("Recipe", recipes).set_file_name("recipe.toml").save_file();
                Box::pin(async move { one(pick.await) })
            }
        };
        self.open = Some((purpose, pending, now_s));
    }

    /// Whether a dialog is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The result, once the dialog has ended.
    pub(crate) fn poll(&mut self, ctx: &Context, now_s: f64) -> Option<Answer> {
        let (purpose, pending, opened_s) = self.open.as_mut()?;
        let waker = Waker::from(Arc::new(Repaint(ctx.clone())));
        let Poll::Ready(paths) = pending.as_mut().poll(&mut TaskContext::from_waker(&waker)) else { return None };
        let answer = Answer { purpose: *purpose, paths, unseen: now_s - *opened_s < 1.0 };
        self.open = None;
        Some(answer)
    }
}
