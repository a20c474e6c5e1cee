//! `pixloom query`: many statements over a pool of connections.

use std::io::{self, BufWriter, Write};

use super::follow::{self, FollowOptions};
use super::query_args::QueryArgs;
use super::query_results::prints_result;
use super::{CatalogChoice, Exit, lang, warn};
use crate::engine::{self, Command, QueryTarget};
use crate::error::JobError;
use crate::model::{ConflictPolicy, JobId, Message};
use crate::store;

/// Runs a query job.
pub(super) fn run(args: &QueryArgs, catalog: &CatalogChoice) -> Result<Exit, JobError> {
    let request = args.request()?;
    if let QueryTarget::File { path, .. } = &request.target
        && request.on_conflict == ConflictPolicy::Skip
        && store::kind_at(path).is_some()
    {
        warn(&Message::new("query_out_skipped").with("path", path.display()).text(lang()));
        return Ok(Exit::AllDone);
    }
    let engine = catalog.engine()?;
    let spec = engine.query_job(request)?;
    engine::check_output(&spec)?;
    let options = FollowOptions {
        to_stdout: prints_result(&spec),
        allow_empty: args.allow_empty,
        ..FollowOptions::of(&catalog.option)
    };
    let (exit, job) = follow::follow_job(engine, Command::Submit(Box::new(spec)), None, args.report, options)?;
    print_result(catalog, job, exit)
}

/// Writes the rows of a job that has ended to standard output, if they go there.
pub(super) fn print_result(catalog: &CatalogChoice, job: Option<JobId>, exit: Exit) -> Result<Exit, JobError> {
    let (Some(job), Exit::AllDone | Exit::SomeFailed) = (job, exit) else { return Ok(exit) };
    let Some(history) = engine::history(&catalog.path)? else { return Ok(exit) };
    if !history.request(job)?.is_some_and(|request| prints_result(&request)) {
        return Ok(exit);
    }
    let mut to = BufWriter::new(io::stdout());
    engine::write_query_result(history.as_ref(), job, &mut to)?;
    match to.flush() {
        Ok(()) => Ok(exit),
        Err(error) => {
            warn(&Message::new("output_failed").with_message("detail", error).text(lang()));
            Ok(Exit::Stopped)
        }
    }
}
