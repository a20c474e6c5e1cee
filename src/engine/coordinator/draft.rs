//! Commands, and what they do to the listed draft: sources, items, recipe, undo.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::samples;
use super::undo::Edit;
use super::{Coordinator, Listed, OpenIntake, Phase};
use crate::config::Settings;
use crate::engine::api::command::Command;
use crate::engine::api::snapshot::Notice;
use crate::engine::check;
use crate::engine::intake::read_sources::{IntakeNote, IntakeRequest};
use crate::engine::intake::{lists, secrets};
use crate::error::JobError;
use crate::model::{Edge, JobId, JobSpec, JobState, ListSpec, Message, Output, SourceSpec};
use crate::source::PastedText;
use crate::{op, source, store};

impl Coordinator {
    pub(super) fn take(&mut self, command: Command) {
        if let Err(error) = self.obey(command) {
            self.trouble(&error);
        }
    }

    pub(super) fn obey(&mut self, command: Command) -> Result<(), JobError> {
        match command {
            Command::Submit(spec) => self.submit(*spec),
            Command::Add(sources) => self.add(sources, PastedText::default()),
            Command::AddPaths(paths) => self.add(lists::sources_of_paths(&paths), PastedText::default()),
            Command::AddText(text) => self.add_text(&text),
            Command::AddSamples => self.add(samples::sources()?, PastedText::default()),
            Command::Remove(seqs) => self.remove(seqs),
            Command::Clear => self.clear(),
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::SetRecipe(recipe) => self.edit(|spec| Edit::Recipe(std::mem::replace(&mut spec.recipe, recipe))),
            Command::SetSave(save) => {
                self.edit(|spec| Edit::Save(std::mem::replace(&mut spec.output_mut().save, save)))
            }
            Command::SetSink(sink) => {
                self.edit(|spec| Edit::Sink(std::mem::replace(&mut spec.output_mut().sink, sink)))
            }
            Command::SetLists(lists) => self.set_lists(lists),
            Command::SetLimits(limits) => {
                self.settings.limits = limits.clone();
                self.save_settings();
                self.with_draft(|spec| spec.limits = limits);
                Ok(())
            }
            Command::LoadRecipe(path) => self.load_recipe(&path),
            Command::SaveRecipe(path) => self.save_recipe(&path),
            Command::Start => self.start_listed(),
            Command::Pause(job) => {
                self.pause(job);
                Ok(())
            }
            Command::Resume(job) => self.resume(job),
            Command::Cancel(job) => self.cancel(job),
            Command::Retry { job, kind, items } => self.retry(job, kind, items),
            Command::Skip { job, items } => {
                self.call(move |catalog| catalog.skip_failed(job, &items))?;
                self.bump();
                Ok(())
            }
            Command::Show(job) => self.show(job),
            Command::OpenResults(job) => self.open_results(job),
            Command::KeepSecret { name, secret } => Ok(self.parts.secrets.keep_named(&name, &secret)?),
            Command::SaveSettings(settings) => self.take_settings(*settings),
            Command::DismissNotice => {
                self.notice = None;
                Ok(())
            }
        }
    }

    pub(super) fn submit(&mut self, mut spec: JobSpec) -> Result<(), JobError> {
        check(&spec)?;
        lists::check(&spec)?;
        secrets::keep_job(&self.parts.secrets, &mut spec)?;
        let job = {
            let spec = spec.clone();
            self.call(move |catalog| catalog.create_job(&spec, JobState::Queued))?
        };
        self.list(job)?;
        self.enqueue(job)
    }

    /// The job that new items join: the listed draft, or the listed job while it is at work, or a new draft.
    pub(super) fn open_job(&mut self) -> Result<JobId, JobError> {
        if let Some(listed) = &self.listed
            && (listed.state == JobState::Draft || self.is_going(listed.id))
        {
            return Ok(listed.id);
        }
        self.new_draft()?;
        self.listed.as_ref().map(|job| job.id).ok_or_else(|| JobError::Machine(Message::new("no_draft")))
    }

    pub(super) fn is_going(&self, job: JobId) -> bool {
        self.active.as_ref().is_some_and(|a| a.run.job == job && !matches!(a.phase, Phase::Ending { .. }))
    }

    pub(super) fn add(&mut self, mut sources: Vec<SourceSpec>, mut links: PastedText) -> Result<(), JobError> {
        secrets::keep_sources(&self.parts.secrets, &mut sources)?;
        secrets::keep_links(&self.parts.secrets, &mut links.urls)?;
        self.write_spec();
        let job = self.open_job()?;
        let added = sources.clone();
        let first = self.call(move |catalog| catalog.add_sources(job, &added))?;
        self.details.summaries.remove(&job);
        let Some(listed) = &mut self.listed else { return Ok(()) };
        listed.spec.sources.extend(sources.iter().cloned());
        let sources = (first..).zip(sources).collect();
        let PastedText { urls, duplicates, .. } = links;
        self.expand(IntakeRequest { sources, urls, duplicates, leave_out_known: true, ..IntakeRequest::of(job) });
        Ok(())
    }

    pub(super) fn add_text(&mut self, text: &str) -> Result<(), JobError> {
        let mut links = source::find_links(text);
        if links.urls.is_empty() && links.paths.is_empty() {
            self.notice = Some(Notice::NothingToAdd);
            return Ok(());
        }
        let paths = std::mem::take(&mut links.paths);
        self.add(lists::sources_of_paths(&paths), links)
    }

    pub(super) fn expand(&mut self, request: IntakeRequest) {
        let job = request.job;
        let expanding =
            self.expanding.entry(job).or_insert_with(|| OpenIntake { requests: 0, stop: Arc::clone(&request.stop) });
        // Counted before it is sent, so that the run never looks as if nothing were to come.
        let run = self.active.as_ref().map(|active| &active.run).filter(|run| run.job == job);
        let link_counts = run.map(|run| run.fetcher.link_counts());
        let request = IntakeRequest { stop: Arc::clone(&expanding.stop), link_counts, ..request };
        if let Some(run) = run {
            run.pending.fetch_add(1, Ordering::AcqRel);
        }
        if self.parts.intake_tx.try_send(request).is_err() {
            self.notice = Some(Notice::RunError(JobError::Machine(Message::new("too_many_sources"))));
            if expanding.requests == 0 {
                self.expanding.remove(&job);
            }
            if let Some(run) = run {
                run.settle();
            }
            return;
        }
        expanding.requests += 1;
    }

    pub(super) fn note(&mut self, note: IntakeNote) {
        match note {
            IntakeNote::RunError { job, error } => {
                let lacking = self.lacking_column(job);
                self.notice = Some(lacking.unwrap_or_else(|| Notice::RunError(error.clone())));
                self.event(Some(job), Edge::SourceFailed { error });
            }
            IntakeNote::Remark { job, remark } => {
                self.notice = Some(Notice::Remark(remark.clone()));
                self.event(Some(job), Edge::SourceRemark { remark });
            }
            IntakeNote::Ended { job, added, duplicates, only_links, is_cut_off } => {
                if let Some(expanding) = self.expanding.get_mut(&job) {
                    expanding.requests -= 1;
                    if expanding.requests == 0 {
                        self.expanding.remove(&job);
                    }
                }
                if let Some(active) = self.active.as_mut().filter(|active| active.run.job == job) {
                    active.is_cut_off |= is_cut_off;
                    active.run.settle();
                    if let Ok(Some(row)) = self.parts.reader.job(job) {
                        self.event(Some(job), Edge::Counted { total: row.total });
                    }
                }
                let may_tell = matches!(self.notice, None | Some(Notice::Added { .. } | Notice::NothingToAdd));
                if self.parts.options.lists_drafts && (duplicates > 0 || added > 0) && may_tell {
                    self.notice = Some(Notice::Added { added, duplicates, only_links });
                }
                self.details.read_at = None;
            }
        }
    }

    /// That one of a draft's lists lacks a column it is to be read by; its own words would name an option of the
    /// command line.
    fn lacking_column(&mut self, job: JobId) -> Option<Notice> {
        self.listed.as_ref().filter(|listed| listed.id == job)?;
        self.list_files().iter().find_map(|file| {
            let name = file.path.file_name().unwrap_or(file.path.as_os_str());
            let column = file.missing.clone()?;
            Some(Notice::NoColumn { list: name.to_string_lossy().into_owned(), column })
        })
    }

    /// Changes which columns of the listed draft's lists are read. Another column of links makes a new draft, which
    /// reads them anew and takes over everything else: so it can be undone, however long they are.
    fn set_lists(&mut self, wanted: ListSpec) -> Result<(), JobError> {
        let Some(listed) = self.listed.as_mut().filter(|job| job.state == JobState::Draft) else { return Ok(()) };
        if listed.spec.lists == wanted {
            return Ok(());
        }
        let is_list = |source: &SourceSpec| source::kind_of(source).is_ok_and(|kind| kind.is_list);
        if listed.spec.lists.url_column == wanted.url_column || !listed.spec.sources.iter().any(is_list) {
            // A checksum is looked up when its item's turn comes.
            self.notice = None;
            let before = std::mem::replace(&mut listed.spec.lists, wanted);
            self.edits.did(Edit::Lists(before));
            self.spec_changed();
            return Ok(());
        }
        self.write_spec();
        let Some(original) = self.listed.clone() else { return Ok(()) };
        let spec = JobSpec { lists: wanted, ..original.spec.clone() };
        let (sources, copied): (Vec<_>, Vec<_>) =
            (0..).zip(spec.sources.clone()).partition(|(_, source)| is_list(source));
        let job = self.call(move |catalog| {
            let job = catalog.create_job(&spec, JobState::Draft)?;
            // Their items are copied from the original.
            copied.iter().try_for_each(|(n, _)| catalog.end_source(job, *n))?;
            Ok(job)
        })?;
        self.list(job)?;
        self.edits.did(Edit::Listed(original.id));
        self.notice = None;
        self.expand(IntakeRequest {
            sources,
            copy_of: Some(original.id),
            copies_no_lists: true,
            leave_out_known: true,
            ..IntakeRequest::of(job)
        });
        Ok(())
    }

    pub(super) fn remove(&mut self, seqs: Vec<u64>) -> Result<(), JobError> {
        let Some(job) = self.listed.as_ref().filter(|job| job.state == JobState::Draft).map(|job| job.id) else {
            return Ok(());
        };
        let removed = self.call(move |catalog| catalog.remove_items(job, &seqs))?;
        self.notice = Some(Notice::Removed(removed.len() as u64));
        self.edits.did(Edit::Removed(removed));
        self.bump();
        Ok(())
    }

    pub(super) fn clear(&mut self) -> Result<(), JobError> {
        self.write_spec();
        let Some(listed) = self.listed.clone() else { return Ok(()) };
        self.new_draft()?;
        if listed.state == JobState::Draft {
            self.notice = Some(Notice::Removed(listed.total));
        }
        self.edits.did(Edit::Listed(listed.id));
        Ok(())
    }

    /// A draft with the listed job's recipe, or the remembered one.
    pub(super) fn new_draft(&mut self) -> Result<(), JobError> {
        let spec = match &self.listed {
            // Where to was decided for that job's sources; the wish for a folder stands in the settings.
            Some(listed) => JobSpec {
                lists: ListSpec::default(),
                outputs: vec![Output { sink: self.settings.sink.clone(), ..listed.spec.output().clone() }],
                ..listed.spec.without_sources()
            },
            None => JobSpec {
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
        let job = self.call(move |catalog| catalog.create_job(&spec, JobState::Draft))?;
        self.list(job)
    }

    /// A job with its request, to be listed.
    pub(super) fn read_listed(&self, job: JobId) -> Result<Option<Listed>, JobError> {
        let reader = &self.parts.reader;
        let row = reader.job(job)?;
        row.map(|row| Ok(Listed { row, spec: reader.spec(job)?.unwrap_or_default() })).transpose()
    }

    /// Lists a job; an empty draft that is left is forgotten.
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
        if let Some(listed) = &self.listed {
            self.edits.did(Edit::Listed(listed.id));
        }
        self.list(job)
    }

    /// Changes the listed draft; an ended job's items are taken over into a new draft first. A job at work stays as it
    /// was started.
    pub(super) fn edit(&mut self, change: impl FnOnce(&mut JobSpec) -> Edit) -> Result<(), JobError> {
        let Some(listed) = &self.listed else { return Ok(()) };
        match listed.state {
            JobState::Draft => {}
            JobState::Done | JobState::Cancelled if self.active.as_ref().is_none_or(|a| a.run.job != listed.id) => {
                let (original, columns) = (listed.id, listed.spec.lists.clone());
                self.new_draft()?;
                if let Some(draft) = &mut self.listed {
                    // What is taken over is still checked against its column.
                    draft.spec.lists = columns;
                }
                self.edits.did(Edit::Listed(original));
                if let Some(draft) = self.listed.as_ref().map(|job| job.id) {
                    self.expand(IntakeRequest { copy_of: Some(original), ..IntakeRequest::of(draft) });
                }
            }
            _ => {
                return Err(JobError::Machine(Message::new("recipe_in_use")));
            }
        }
        let Some(listed) = &mut self.listed else { return Ok(()) };
        let before = change(&mut listed.spec);
        self.edits.did(before);
        self.spec_changed();
        Ok(())
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
            self.settings.sink = listed.spec.output().sink.clone();
        }
    }

    /// Writes the listed draft's edits to the catalog.
    pub(super) fn write_spec(&mut self) {
        if self.spec_dirty.take().is_none() {
            return;
        }
        if let Some(listed) = self.listed.as_ref().filter(|job| job.state == JobState::Draft) {
            let (job, spec) = (listed.id, listed.spec.without_sources());
            if let Err(error) = self.call(move |catalog| catalog.set_request(job, &spec)) {
                self.trouble(&error);
            }
            self.save_settings();
        }
    }

    fn take_settings(&mut self, mut settings: Settings) -> Result<(), JobError> {
        secrets::keep_network(&self.parts.secrets, &mut settings.network)?;
        if settings.network != self.settings.network {
            self.ca_file_fault = secrets::ca_file_fault(&settings.network);
        }
        self.settings = settings;
        self.save_settings();
        Ok(())
    }

    pub(super) fn save_settings(&mut self) {
        if let Some(file) = &self.parts.settings_file
            && let Err(error) = file.save(&self.settings)
        {
            self.notice = Some(Notice::RunError(error));
        }
    }

    pub(super) fn undo(&mut self) -> Result<(), JobError> {
        if let Some(edit) = self.edits.take_back() {
            let inverse = self.apply(edit)?;
            self.edits.undone(inverse);
        }
        self.notice = None;
        Ok(())
    }

    pub(super) fn redo(&mut self) -> Result<(), JobError> {
        if let Some(edit) = self.edits.do_again() {
            let inverse = self.apply(edit)?;
            self.edits.redone(inverse);
        }
        Ok(())
    }

    /// Puts back what an edit holds, and gives the edit that would undo that.
    pub(super) fn apply(&mut self, edit: Edit) -> Result<Edit, JobError> {
        let Some(listed) = &mut self.listed else { return Ok(edit) };
        let job = listed.id;
        let inverse = match edit {
            Edit::Recipe(old) => Edit::Recipe(std::mem::replace(&mut listed.spec.recipe, old)),
            Edit::Save(old) => Edit::Save(std::mem::replace(&mut listed.spec.output_mut().save, old)),
            Edit::Sink(old) => Edit::Sink(std::mem::replace(&mut listed.spec.output_mut().sink, old)),
            Edit::Lists(old) => Edit::Lists(std::mem::replace(&mut listed.spec.lists, old)),
            Edit::Removed(items) => {
                let seqs = items.iter().map(|(seq, _)| *seq).collect();
                self.call(move |catalog| catalog.restore_items(job, &items))?;
                self.bump();
                return Ok(Edit::Restored(seqs));
            }
            Edit::Restored(seqs) => {
                let removed = self.call(move |catalog| catalog.remove_items(job, &seqs))?;
                self.bump();
                return Ok(Edit::Removed(removed));
            }
            Edit::Listed(other) => {
                self.list(other)?;
                return Ok(Edit::Listed(job));
            }
        };
        self.spec_changed();
        Ok(inverse)
    }

    pub(super) fn load_recipe(&mut self, path: &Path) -> Result<(), JobError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let sentence = Message::new("recipe_unread");
            JobError::Refused(sentence.with("path", path.display()).with("detail", error))
        })?;
        let file = op::file::read(&text, &path.display().to_string())?;
        if let Some(save) = file.save {
            self.edit(|spec| Edit::Save(std::mem::replace(&mut spec.output_mut().save, save)))?;
        }
        self.edit(|spec| Edit::Recipe(std::mem::replace(&mut spec.recipe, file.recipe)))
    }

    pub(super) fn save_recipe(&mut self, path: &Path) -> Result<(), JobError> {
        let Some(listed) = &self.listed else { return Ok(()) };
        let text = op::file::write(&listed.spec.recipe, &listed.spec.output().save);
        store::put(path, text.as_bytes()).map_err(|error| {
            let sentence = Message::new("recipe_unwritten");
            JobError::Machine(sentence.with("path", path.display()).with("detail", error))
        })
    }
}
