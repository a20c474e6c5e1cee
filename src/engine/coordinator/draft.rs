//! Commands, and what they change in the listed draft: sources, items, recipe; undo and redo.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::disk::Disk;
use super::recorder::Change;
use super::samples;
use super::undo::{Edit, UndoStack};
use super::{Coordinator, Listed, Phase, SettingsWrites};
use crate::catalog::{Catalog, JobSource};
use crate::config::Settings;
use crate::engine::api::command::Command;
use crate::engine::api::snapshot::{ListFile, Notice};
use crate::engine::api::undo::UndoKind;
use crate::engine::check;
use crate::engine::intake::read_sources::{IntakeNote, IntakeRequest};
use crate::engine::intake::{lists, queries, secrets};
use crate::engine::record::message::{Record, Task, call};
use crate::engine::run::RunError;
use crate::engine::space;
use crate::error::JobError;
use crate::model::{
    Edge, JobId, JobSpec, JobState, ListSpec, Message, NewItem, Output, SinkSpec, SourceSpec, WriteBackSpec,
};
use crate::source;
use crate::source::PastedText;

impl Coordinator {
    pub(super) fn handle(&mut self, command: Command) -> Result<(), JobError> {
        match command {
            Command::Submit(spec) => {
                self.submit(*spec);
                Ok(())
            }
            Command::Add(sources) => self.add(|| Ok(Inputs { sources, ..Inputs::default() })),
            Command::HandOver(sources) => {
                self.raised += 1;
                if sources.is_empty() {
                    return Ok(());
                }
                self.add(|| Ok(Inputs { sources, ..Inputs::default() }))
            }
            Command::AddPaths(paths) => {
                self.add(move || Ok(Inputs { sources: lists::sources_of_paths(&paths), ..Inputs::default() }))
            }
            Command::AddText(text) => self.add(move || Ok(Inputs::of_text(&text))),
            Command::AddSamples => self.add(|| Ok(Inputs { sources: samples::sources()?, ..Inputs::default() })),
            Command::Remove(seqs) => self.remove(seqs),
            Command::Clear => self.clear(),
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::SetRecipe(recipe) => self.edit(|spec| Edit::Recipe(std::mem::replace(&mut spec.recipe, recipe))),
            Command::SetSave(save) => {
                self.edit(|spec| Edit::Save(std::mem::replace(&mut spec.output_mut().save, save)))
            }
            Command::SetOutputs(outputs) => self.set_outputs(outputs),
            Command::SetSink(sink) => self.set_sink(sink),
            Command::SetLists(lists) => self.set_lists(lists),
            Command::SetWriteBack(spec) => {
                self.set_write_back(spec);
                Ok(())
            }
            Command::SetLimits(limits) => self.set_limits(limits),
            command @ (Command::LoadRecipe(_)
            | Command::SaveRecipe(_)
            | Command::CopyCommand(_)
            | Command::Watch { .. }
            | Command::StopWatch(_)
            | Command::CleanUp { .. }) => {
                self.handle_on_disk(command);
                Ok(())
            }
            Command::Start => {
                self.start_listed();
                Ok(())
            }
            Command::Pause(job) => {
                self.pause(job);
                Ok(())
            }
            Command::Resume(job) => self.resume(job),
            Command::Cancel(job) => self.cancel(job),
            Command::Retry { job, failures, items } => self.retry(job, failures, items),
            Command::Skip { job, items } => {
                let skip = move |catalog: &mut dyn Catalog| catalog.skip_failed(job, &items);
                self.ask_recorder(Change::Nothing, skip, |this, skipped| {
                    this.bump();
                    skipped.map(drop)
                })
            }
            Command::Show(job) => self.show(job),
            Command::CheckUndo(job) => {
                self.undo_job(job, UndoKind::Check);
                Ok(())
            }
            Command::UndoJob(job) => {
                self.undo_job(job, UndoKind::Undo);
                Ok(())
            }
            Command::RedoJob(job) => {
                self.undo_job(job, UndoKind::Redo);
                Ok(())
            }
            Command::StopUndo => {
                self.stop_undo();
                Ok(())
            }
            Command::RunAgain(job) => self.run_again(job),
            Command::DeleteJob(job) => self.delete_job(job),
            Command::OpenResults(job) => self.open_results(job),
            Command::KeepSecret { name, secret } => {
                let secrets = Arc::clone(&self.parts.secrets);
                self.on_disk(Disk::Settings, move || Ok(secrets.keep_named(&name, &secret)?), |_, kept| kept);
                Ok(())
            }
            Command::SaveSettings(settings) => {
                self.take_settings(*settings);
                Ok(())
            }
            Command::DismissNotice => {
                self.notice = None;
                Ok(())
            }
        }
    }

    fn set_write_back(&mut self, request: Option<WriteBackSpec>) {
        if self.listed.as_ref().is_some_and(|job| job.state == JobState::Draft && !self.queue.contains(job.id)) {
            self.edit_draft(|spec| Edit::WriteBack(std::mem::replace(&mut spec.write_back, request).map(Box::new)));
        }
    }

    fn set_sink(&mut self, sink: SinkSpec) -> Result<(), JobError> {
        let listed_dir = self.listed.as_ref().map(|listed| &listed.spec.output().sink.dir);
        if listed_dir.is_some_and(|dir| *dir != sink.dir) {
            self.settings.sink.dir.clone_from(&sink.dir);
        }
        self.edit(|spec| {
            if !spec.has_named_outputs() {
                return Edit::Sink(std::mem::replace(&mut spec.output_mut().sink, sink));
            }
            let before = Edit::Outputs(spec.outputs.clone());
            for output in &mut spec.outputs {
                output.sink = SinkSpec { folder: output.sink.folder.take(), ..sink.clone() };
            }
            before
        })
    }

    /// Handles a command whose work runs on another thread, which also reports what goes wrong.
    fn handle_on_disk(&mut self, command: Command) {
        match command {
            Command::LoadRecipe(path) => self.load_recipe(path),
            Command::SaveRecipe(path) => self.save_recipe(path),
            Command::CopyCommand(job) => self.copy_command(job),
            Command::Watch { spec, is_once } => self.watch(*spec, is_once),
            Command::StopWatch(job) => self.stop_watch(job),
            Command::CleanUp { older_than_days } => self.clean_up(older_than_days),
            _ => {}
        }
    }

    /// Creates a job and runs it, once its request has been checked.
    pub(super) fn submit(&mut self, mut spec: JobSpec) {
        let (secrets, record_tx) = (Arc::clone(&self.parts.secrets), self.parts.record_tx.clone());
        let databases = Arc::clone(&self.parts.databases);
        let create = move || {
            check(&spec)?;
            lists::check(&spec)?;
            secrets::keep_job(&secrets, &mut spec)?;
            queries::check(&databases, &mut spec)?;
            call(&record_tx, move |catalog| catalog.create_job(&spec, JobState::Queued))
        };
        self.on_disk(Disk::Settings, create, |this, job| {
            let job = job?;
            this.list(job)?;
            this.enqueue_new(job)
        });
    }

    /// Runs `then` with the job that new items join: the listed draft, the listed job while it is running, or a new draft.
    pub(super) fn with_open_job(
        &mut self,
        then: impl FnOnce(&mut Self, JobId) -> Result<(), JobError> + Send + 'static,
    ) -> Result<(), JobError> {
        match &self.listed {
            Some(listed)
                if listed.spec.query.is_none() && (listed.state == JobState::Draft || self.is_going(listed.id)) =>
            {
                let job = listed.id;
                then(self, job)
            }
            _ => self.new_draft(then),
        }
    }

    /// Whether a job is running or about to run, and not about to end.
    pub(super) fn is_going(&self, job: JobId) -> bool {
        let active = self.queue.run(job);
        self.queue.is_about_to_run(job)
            || active.is_some_and(|active| !matches!(active.phase, Phase::Ending { .. } | Phase::Closing(_)))
    }

    /// Adds what `find` returns to the open job. Finding it, and storing its secrets, may take a while; until then the
    /// job counts as being read.
    fn add(&mut self, find: impl FnOnce() -> Result<Inputs, JobError> + Send + 'static) -> Result<(), JobError> {
        self.write_spec();
        self.with_open_job(move |this, job| {
            this.begin_intake(job);
            let (secrets, record_tx) = (Arc::clone(&this.parts.secrets), this.parts.record_tx.clone());
            let databases = Arc::clone(&this.parts.databases);
            let listed = this.listed.as_ref().filter(|listed| listed.id == job);
            let spec = listed.map(|listed| listed.spec.without_sources()).unwrap_or_default();
            let prepare = move || {
                let mut inputs = find()?;
                secrets::keep_sources(&secrets, &mut inputs.sources)?;
                queries::check_sources(&databases, &spec, &mut inputs.sources)?;
                secrets::keep_links(&secrets, &mut inputs.urls)?;
                let sources = inputs.sources.clone();
                let first = call(&record_tx, move |catalog| catalog.add_sources(job, &sources))?;
                Ok((first, inputs))
            };
            this.on_disk(Disk::Settings, prepare, move |this, prepared| this.added(job, prepared));
            Ok(())
        })
    }

    fn added(&mut self, job: JobId, prepared: Result<(u32, Inputs), JobError>) -> Result<(), JobError> {
        let (first, inputs) = match prepared {
            Ok((_, inputs)) if inputs.sources.is_empty() && inputs.urls.is_empty() => {
                self.end_intake(job);
                self.notice = Some(Notice::NothingToAdd);
                return Ok(());
            }
            Ok(prepared) => prepared,
            Err(error) => {
                self.end_intake(job);
                return Err(error);
            }
        };
        if let Some(listed) = self.listed.as_mut().filter(|listed| listed.id == job) {
            listed.spec.sources.extend(inputs.sources.iter().cloned());
        }
        let sources = (first..).zip(inputs.sources).map(JobSource::unread).collect();
        let (urls, duplicates) = (inputs.urls, inputs.duplicates);
        self.send_intake(IntakeRequest { sources, urls, duplicates, leave_out_known: true, ..IntakeRequest::of(job) });
        Ok(())
    }

    /// Starts reading the sources of a request.
    pub(super) fn read_sources(&mut self, request: IntakeRequest) {
        self.begin_intake(request.job);
        self.send_intake(request);
    }

    /// Counts a request of a job that is about to be read, so that a run does not look complete before it is.
    pub(super) fn begin_intake(&mut self, job: JobId) {
        let intake = self.open_intakes.entry(job).or_default();
        intake.requests += 1;
        if let Some(active) = self.queue.run(job) {
            active.run.pending.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn send_intake(&mut self, request: IntakeRequest) {
        let job = request.job;
        let stop = self.open_intakes.get_mut(&job).map(|intake| {
            intake.is_read_once |= request.is_read_once();
            Arc::clone(&intake.stop)
        });
        let stop = stop.unwrap_or_default();
        let link_counts = self.queue.run(job).map(|active| active.run.fetcher.link_counts());
        if self.parts.intake_tx.try_send(IntakeRequest { stop, link_counts, ..request }).is_err() {
            self.notice = Some(Notice::Failed(JobError::Machine(Message::new("too_many_sources"))));
            self.end_intake(job);
        }
    }

    pub(super) fn end_intake(&mut self, job: JobId) {
        if let Some(intake) = self.open_intakes.get_mut(&job) {
            intake.requests -= 1;
            if intake.requests == 0 {
                self.open_intakes.remove(&job);
            }
        }
        if let Some(active) = self.queue.run(job) {
            active.run.settle();
        }
    }

    pub(super) fn note(&mut self, note: IntakeNote) {
        match note {
            IntakeNote::Failed { job, error } => {
                self.event(Some(job), Edge::SourceFailed { error: error.clone() });
                self.explain(job, error);
            }
            IntakeNote::Remark { job, remark } => {
                self.note_folder(job, &remark);
                self.notice = Some(Notice::Remark(remark.clone()));
                self.event(Some(job), Edge::SourceRemark { remark });
            }
            IntakeNote::Retried { job } => {
                if let Some(active) = self.queue.run(job) {
                    active.run.retry();
                }
            }
            IntakeNote::Ended { job, added, duplicates, only_links, is_cut_off, failure } => {
                if let (Some(active), Some(error)) = (self.queue.run_mut(job), &failure) {
                    active.run.set_error(RunError::Fatal(error.clone()));
                }
                self.end_intake(job);
                if let Some(active) = self.queue.run_mut(job) {
                    active.is_cut_off |= is_cut_off;
                    if let Ok(Some(row)) = self.parts.reader.job(job) {
                        self.event(Some(job), Edge::Counted { total: row.total });
                    }
                }
                if let Some(error) = failure {
                    self.report(&error);
                }
                if let Err(error) = self.divide_again() {
                    self.report(&error);
                }
                // The statements of a query job were not added by anybody.
                let is_query =
                    self.listed.as_ref().is_some_and(|listed| listed.id == job && listed.spec.query.is_some());
                let may_replace = matches!(self.notice, None | Some(Notice::Added { .. } | Notice::NothingToAdd));
                let may_replace = may_replace && !is_query;
                if self.parts.options.lists_drafts && (duplicates > 0 || added > 0) && may_replace {
                    self.notice = Some(Notice::Added { added, duplicates, only_links });
                }
                self.details.read_at = None;
                if self.listed.as_ref().is_some_and(|listed| listed.id == job) {
                    self.check_room();
                }
            }
        }
    }

    /// Shows why a source could not be read. If a list of the listed draft lacks a requested column, that is the reason;
    /// the error's own text would name an option of the command line.
    fn explain(&mut self, job: JobId, error: JobError) {
        let listed = self.listed.as_ref().filter(|listed| listed.id == job && self.parts.options.lists_drafts);
        let Some(spec) = listed.map(|listed| listed.spec.clone()) else {
            self.notice = Some(Notice::Failed(error));
            return;
        };
        self.on_disk(
            Disk::Settings,
            move || Ok(lists::files(&spec)),
            move |this, files| {
                let lacking = files.ok().and_then(|files| files.iter().find_map(lacking_column));
                this.notice = Some(lacking.unwrap_or(Notice::Failed(error)));
                Ok(())
            },
        );
    }

    /// Changes which columns of the listed draft's lists are read. For another column of links, a new draft reads the lists
    /// again and copies everything else, so that even a change of long lists can be undone.
    fn set_lists(&mut self, wanted: ListSpec) -> Result<(), JobError> {
        let Some(listed) = self.listed.as_mut().filter(|job| job.state == JobState::Draft) else { return Ok(()) };
        if listed.spec.lists == wanted {
            return Ok(());
        }
        let is_list = |source: &SourceSpec| source::kind_of(source).is_ok_and(|kind| kind.is_list);
        if listed.spec.lists.url_column == wanted.url_column || !listed.spec.sources.iter().any(is_list) {
            // Checksums are looked up when their items are processed.
            self.notice = None;
            let before = std::mem::replace(&mut listed.spec.lists, wanted);
            self.edits.push(Edit::Lists(before));
            self.spec_changed();
            return Ok(());
        }
        self.write_spec();
        let Some(original) = self.listed.clone() else { return Ok(()) };
        let spec = JobSpec { lists: wanted, ..original.spec.clone() };
        let (sources, copied): (Vec<_>, Vec<_>) =
            (0..).zip(spec.sources.clone()).partition(|(_, source)| is_list(source));
        let create = move |catalog: &mut dyn Catalog| {
            let job = catalog.create_job(&spec, JobState::Draft)?;
            // Their items are copied from the original.
            copied.iter().try_for_each(|(n, _)| catalog.end_source(job, *n))?;
            Ok(job)
        };
        self.ask_recorder(Change::Listing, create, move |this, job| {
            let job = job?;
            this.list(job)?;
            this.edits.push(Edit::Listed(original.id));
            this.notice = None;
            this.read_sources(IntakeRequest {
                sources: sources.into_iter().map(JobSource::unread).collect(),
                copy_of: Some(original.id),
                copies_no_lists: true,
                leave_out_known: true,
                ..IntakeRequest::of(job)
            });
            Ok(())
        })
    }

    pub(super) fn remove(&mut self, seqs: Vec<u64>) -> Result<(), JobError> {
        let Some(job) = self.listed.as_ref().filter(|job| job.state == JobState::Draft).map(|job| job.id) else {
            return Ok(());
        };
        let remove = move |catalog: &mut dyn Catalog| catalog.remove_items(job, &seqs);
        self.ask_recorder(Change::Items, remove, |this, removed| {
            let removed = removed?;
            this.notice = Some(Notice::Removed(removed.len() as u64));
            this.edits.push(Edit::Removed(removed));
            this.bump();
            Ok(())
        })
    }

    pub(super) fn clear(&mut self) -> Result<(), JobError> {
        self.write_spec();
        let Some(listed) = self.listed.clone() else { return Ok(()) };
        if self.is_empty_draft(&listed) {
            return Ok(());
        }
        self.new_draft(move |this, _| {
            if listed.state == JobState::Draft {
                this.notice = Some(Notice::Removed(listed.total));
            }
            this.edits.push(Edit::Listed(listed.id));
            Ok(())
        })
    }

    /// Whether a job is a draft to which nothing was added.
    fn is_empty_draft(&self, job: &Listed) -> bool {
        job.state == JobState::Draft
            && job.total == 0
            && job.spec.sources.is_empty()
            && !self.open_intakes.contains_key(&job.id)
            && !self.queue.contains(job.id)
    }

    /// Leaves the listed job, and returns the edit that brings it back. An empty draft is deleted.
    pub(super) fn leave(&mut self, listed: &Listed) -> Edit {
        if !self.is_empty_draft(listed) {
            return Edit::Listed(listed.id);
        }
        let job = listed.id;
        self.record(Record::Call(delete(job)));
        Edit::EmptyDraft(Box::new(listed.spec.clone()))
    }

    /// Lists a new draft with the listed job's recipe, or the remembered one, then runs `then` with it.
    pub(super) fn new_draft(
        &mut self,
        then: impl FnOnce(&mut Self, JobId) -> Result<(), JobError> + Send + 'static,
    ) -> Result<(), JobError> {
        let spec = match &self.listed {
            // The output folder was chosen for that job's sources; the user's choice is in the settings.
            Some(listed) if listed.spec.query.is_none() => JobSpec {
                lists: ListSpec::default(),
                outputs: self.outputs_of_next(&listed.spec),
                ..listed.spec.without_sources()
            },
            _ => JobSpec {
                recipe: self.settings.recipe.clone(),
                outputs: vec![Output {
                    save: self.settings.save.clone(),
                    sink: self.settings.sink.clone(),
                    ..Output::default()
                }],
                limits: self.settings.limits.clone(),
                ..JobSpec::default()
            },
        };
        let create = move |catalog: &mut dyn Catalog| catalog.create_job(&spec, JobState::Draft);
        self.ask_recorder(Change::Listing, create, move |this, job| {
            let job = job?;
            this.list(job)?;
            then(this, job)
        })
    }

    /// A job with its request, to be listed.
    pub(super) fn read_listed(&self, job: JobId) -> Result<Option<Listed>, JobError> {
        let reader = &self.parts.reader;
        let row = reader.job(job)?;
        row.map(|row| Ok(Listed { row, spec: reader.spec(job)?.unwrap_or_default() })).transpose()
    }

    /// Lists a job.
    pub(super) fn list(&mut self, job: JobId) -> Result<(), JobError> {
        self.write_spec();
        self.listed = Some(self.read_listed(job)?.ok_or_else(|| JobError::no_job(job))?);
        self.details.read_at = None;
        self.bump();
        Ok(())
    }

    pub(super) fn show(&mut self, job: JobId) -> Result<(), JobError> {
        if self.listed.as_ref().is_some_and(|listed| listed.id == job) {
            return Ok(());
        }
        let left = self.listed.clone();
        self.list(job)?;
        if let Some(left) = left {
            let edit = self.leave(&left);
            self.edits.push(edit);
        }
        Ok(())
    }

    /// Changes the listed draft. If the listed job has ended, its items are copied into a new draft first. A started job
    /// can't be changed.
    pub(super) fn edit(&mut self, change: impl FnOnce(&mut JobSpec) -> Edit + Send + 'static) -> Result<(), JobError> {
        let Some(listed) = &self.listed else { return Ok(()) };
        if listed.spec.query.is_some() {
            return Err(JobError::Machine(Message::new("recipe_query")));
        }
        match listed.state {
            JobState::Draft if !self.queue.contains(listed.id) => {
                self.edit_draft(change);
                Ok(())
            }
            JobState::Done | JobState::Cancelled if !self.queue.contains(listed.id) => {
                let (original, columns) = (listed.id, listed.spec.lists.clone());
                let dir = listed.spec.output().sink.dir.clone();
                self.new_draft(move |this, draft| {
                    if let Some(listed) = &mut this.listed {
                        // Copied items are still checked against their column, and their results go to the same folder.
                        listed.spec.lists = columns;
                        listed.spec.set_out_dir(dir.as_deref());
                    }
                    this.edits.push(Edit::Listed(original));
                    this.read_sources(IntakeRequest { copy_of: Some(original), ..IntakeRequest::of(draft) });
                    this.edit_draft(change);
                    Ok(())
                })
            }
            _ => Err(JobError::Machine(Message::new("recipe_in_use"))),
        }
    }

    fn edit_draft(&mut self, change: impl FnOnce(&mut JobSpec) -> Edit) {
        let Some(listed) = &mut self.listed else { return };
        let before = change(&mut listed.spec);
        self.edits.push(before);
        self.spec_changed();
    }

    pub(super) fn with_draft(&mut self, change: impl FnOnce(&mut JobSpec)) {
        if let Some(listed) = self.listed.as_mut().filter(|job| job.state == JobState::Draft) {
            change(&mut listed.spec);
            self.spec_changed();
        }
    }

    pub(super) fn spec_changed(&mut self) {
        self.spec_dirty.get_or_insert_with(Instant::now);
        if let Some(listed) = &self.listed {
            self.settings.recipe = listed.spec.recipe.clone();
            self.settings.save = listed.spec.output().save.clone();
            // A folder that was chosen for the sources of one job is not for the next one: `SetSink` says what the user chose.
            let dir = self.settings.sink.dir.take();
            self.settings.sink = SinkSpec { dir, folder: None, ..listed.spec.output().sink.clone() };
        }
    }

    /// Writes the listed draft's edits to the catalog and the settings, without waiting for it.
    pub(super) fn write_spec(&mut self) {
        if self.spec_dirty.take().is_none() {
            return;
        }
        if let Some(listed) = self.listed.as_ref().filter(|job| job.state == JobState::Draft) {
            let (job, spec) = (listed.id, listed.spec.without_sources());
            let write = Record::Call(Box::new(move |catalog| {
                if let Err(error) = catalog.set_request(job, &spec) {
                    tracing::error!(%error, "a draft could not be written");
                }
            }));
            self.record(write);
            self.save_settings();
            self.check_room();
        }
    }

    /// Checks in the background whether the results of the listed draft will fit on the disk.
    fn check_room(&mut self) {
        let listed = self.listed.as_ref().filter(|job| job.state == JobState::Draft);
        let Some(listed) = listed.filter(|_| self.parts.options.lists_drafts) else { return };
        let (job, spec, readers) = (listed.id, listed.spec.clone(), self.parts.readers.clone());
        let check = move || {
            const FIRST: u32 = 3;
            let reader = readers.reader()?;
            let bytes = reader.waiting_bytes(job)?;
            let first = reader.waiting(job, 0, FIRST)?.into_iter();
            let first = first.map(|row| NewItem { size_bytes: row.size_bytes, ..NewItem::new(row.locator) });
            Ok(space::low_space_for(&spec, bytes, first.collect()))
        };
        self.on_disk(Disk::Output, check, move |this, low_space| {
            // A prediction that fails is no reason to say anything.
            this.low_space = low_space.ok().flatten().map(|remark| (job, remark));
            this.bump();
            Ok(())
        });
    }

    /// Applies settings. They take effect at once; their secrets are stored before they are written.
    fn take_settings(&mut self, settings: Settings) {
        let before = std::mem::replace(&mut self.settings, settings).network;
        let given = self.settings.network.clone();
        if given == before {
            return self.save_settings();
        }
        let (secrets, mut network) = (Arc::clone(&self.parts.secrets), given.clone());
        self.settings_writes.secrets_pending += 1;
        let keep = move || {
            secrets::keep_network(&secrets, &mut network)?;
            let faults = secrets::file_faults(&network);
            Ok((network, faults))
        };
        self.on_disk(Disk::Settings, keep, move |this, kept| {
            this.settings_writes.secrets_pending -= 1;
            let is_current = this.settings.network == given;
            let result = match kept {
                Ok((network, faults)) if is_current => {
                    this.settings.network = network;
                    this.network_faults = faults;
                    Ok(())
                }
                Ok(_) => Ok(()),
                Err(error) => {
                    if is_current {
                        this.settings.network = before;
                    }
                    Err(error)
                }
            };
            this.save_settings();
            result
        });
    }

    /// Writes the settings. If they are being written already, they are written once more afterwards.
    pub(super) fn save_settings(&mut self) {
        let Some(file) = self.parts.settings_file.clone() else { return };
        if self.settings_writes.is_running || self.settings_writes.secrets_pending > 0 {
            self.settings_writes.is_outdated = true;
            return;
        }
        self.settings_writes = SettingsWrites { is_running: true, ..SettingsWrites::default() };
        let settings = self.settings.clone();
        self.on_disk(
            Disk::Settings,
            move || file.save(&settings),
            |this, saved| {
                this.settings_writes.is_running = false;
                if std::mem::take(&mut this.settings_writes.is_outdated) {
                    this.save_settings();
                }
                saved
            },
        );
    }

    pub(super) fn undo(&mut self) -> Result<(), JobError> {
        self.notice = None;
        let edit = self.edits.pop_undo();
        edit.map_or(Ok(()), |edit| self.apply(edit, UndoStack::push_redo))
    }

    pub(super) fn redo(&mut self) -> Result<(), JobError> {
        let edit = self.edits.pop_redo();
        edit.map_or(Ok(()), |edit| self.apply(edit, UndoStack::push_undo))
    }

    /// Restores the value in an edit, and keeps the edit that would undo that.
    fn apply(&mut self, edit: Edit, keep: fn(&mut UndoStack, Edit)) -> Result<(), JobError> {
        let Some(listed) = &mut self.listed else {
            keep(&mut self.edits, edit);
            return Ok(());
        };
        let job = listed.id;
        let inverse = match edit {
            Edit::Recipe(old) => Edit::Recipe(std::mem::replace(&mut listed.spec.recipe, old)),
            Edit::Save(old) => Edit::Save(std::mem::replace(&mut listed.spec.output_mut().save, old)),
            Edit::Outputs(old) => Edit::Outputs(std::mem::replace(&mut listed.spec.outputs, old)),
            Edit::Sink(old) => Edit::Sink(std::mem::replace(&mut listed.spec.output_mut().sink, old)),
            Edit::Lists(old) => Edit::Lists(std::mem::replace(&mut listed.spec.lists, old)),
            Edit::WriteBack(old) => {
                let new = std::mem::replace(&mut listed.spec.write_back, old.map(|request| *request));
                Edit::WriteBack(new.map(Box::new))
            }
            Edit::Removed(items) => {
                let seqs = items.iter().map(|(seq, _)| *seq).collect();
                let restore = move |catalog: &mut dyn Catalog| catalog.restore_items(job, &items);
                return self.ask_recorder(Change::Items, restore, move |this, restored| {
                    restored?;
                    this.bump();
                    keep(&mut this.edits, Edit::Restored(seqs));
                    Ok(())
                });
            }
            Edit::Restored(seqs) => {
                let remove = move |catalog: &mut dyn Catalog| catalog.remove_items(job, &seqs);
                return self.ask_recorder(Change::Items, remove, move |this, removed| {
                    let removed = removed?;
                    this.bump();
                    keep(&mut this.edits, Edit::Removed(removed));
                    Ok(())
                });
            }
            Edit::Listed(other) => {
                let left = listed.clone();
                self.list(other)?;
                let inverse = self.leave(&left);
                keep(&mut self.edits, inverse);
                return Ok(());
            }
            Edit::JobDeleted(deleted) => return self.set_deleted(deleted, false, keep, Edit::JobRestored(deleted)),
            Edit::JobRestored(restored) => return self.set_deleted(restored, true, keep, Edit::JobDeleted(restored)),
            Edit::EmptyDraft(spec) => {
                let create = move |catalog: &mut dyn Catalog| catalog.create_job(&spec, JobState::Draft);
                return self.ask_recorder(Change::Listing, create, move |this, other| {
                    this.list(other?)?;
                    keep(&mut this.edits, Edit::Listed(job));
                    Ok(())
                });
            }
        };
        self.spec_changed();
        keep(&mut self.edits, inverse);
        Ok(())
    }
}

/// What a command adds to a job.
#[derive(Default)]
struct Inputs {
    sources: Vec<SourceSpec>,
    /// Pasted links, which do not belong to a source.
    urls: Vec<String>,
    /// Pasted links that were repeated.
    duplicates: u64,
}

impl Inputs {
    fn of_text(text: &str) -> Self {
        let PastedText { urls, paths, duplicates } = source::find_links(text);
        Self { sources: lists::sources_of_paths(&paths), urls, duplicates }
    }
}

/// Deletes an empty draft.
pub(super) fn delete(job: JobId) -> Task {
    Box::new(move |catalog| {
        if let Err(error) = catalog.delete_job(job) {
            tracing::warn!(%error, "an empty draft could not be deleted");
        }
    })
}

fn lacking_column(file: &ListFile) -> Option<Notice> {
    let name = file.path.file_name().unwrap_or(file.path.as_os_str());
    let column = file.missing.clone()?;
    Some(Notice::NoColumn { list: name.to_string_lossy().into_owned(), column })
}
