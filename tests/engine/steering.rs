//! Pause, resume, cancel; jobs one after the other.

use pixloom::engine::Command;
use pixloom::model::{Edge, FailureFilter, FormatChoice, ItemState, JobId, JobSpec, JobState, Save, Step};

use super::desk::{Desk, events_behind, file, files_below, last_event, png, sample, save_as, url};
use crate::util::server::{Server, ok};

/// A job that keeps every core busy for a while: large blurs, on copies of one photograph.
fn heavy(desk: &Desk, items: u32) -> JobSpec {
    let photo = sample("tulip-field.jpg");
    let sources = (0..items).map(|n| file(&desk.put(&format!("photo{n}.jpg"), &photo))).collect();
    let blur = Step::new("gaussian_blur").with("sigma", 12.0);
    desk.job(sources, vec![blur.clone(), blur], save_as("png"))
}

/// Submits such a job and waits until it is counted and at work.
fn submit_heavy(desk: &Desk, items: u32) -> JobId {
    let job = desk.submit(heavy(desk, items));
    desk.wait("it is counted, and the cores are busy", |snapshot| {
        let progress = snapshot.current.as_ref().unwrap().progress;
        progress.total_is_final && progress.total == u64::from(items) && progress.busy.cores >= 1.0
    });
    job
}

/// Submits a job whose only link is answered once its server is released, and waits until it was requested.
fn submit_held(desk: &Desk) -> (Server, JobId) {
    let server = Server::start(|_| ok(png(20, 20, 1), "image/png"));
    server.hold();
    let job = desk.submit(desk.copies(vec![url(server.url("/held.png"))]));
    desk.wait("its link was requested", |_| server.busy() == 1);
    (server, job)
}

#[test]
fn a_paused_job_finishes_its_running_items_and_continues_on_resume() {
    let desk = Desk::window();
    let server = Server::start(|_| ok(png(20, 20, 1), "image/png"));
    // Until the job is paused, no link is answered: it can't end before.
    server.hold();
    let mut sources = vec![desk.put_pictures(300)];
    sources.extend((0..300).map(|n| url(server.url(&format!("/{n}.png")))));
    let job = desk.submit(desk.job(sources, vec![Step::new("invert")], FormatChoice::Keep));
    desk.wait("some are done", |_| desk.row_of(job).done > 0);
    let pause = desk.send(Command::Pause(job));
    desk.wait("the command was taken", |snapshot| snapshot.commands_included >= pause);
    server.release();
    desk.wait("it says so, and nothing is in flight", |snapshot| {
        let view = snapshot.current.as_ref().unwrap();
        view.state == JobState::Paused && view.progress.running == 0
    });
    desk.wait("the catalog says so, too", |_| desk.row_of(job).state == JobState::Paused);
    desk.wait("every source was read", |_| desk.row_of(job).total == 600);
    let waiting = || desk.reader().counts(job).unwrap().waiting;
    let (left, hits) = (waiting(), server.accepted());
    assert!(left > 0, "the job was over before it could pause");
    // Nothing starts: a command that is answered later finds everything as it was.
    for _ in 0..20 {
        let sent = desk.send(Command::DismissNotice);
        desk.wait("the command was taken", |snapshot| snapshot.commands_included >= sent);
    }
    assert_eq!((waiting(), server.accepted()), (left, hits));
    desk.send(Command::Resume(job));
    desk.wait_end(job);
    desk.check_all_done_once(job, 600);
}

#[test]
fn repeated_pauses_process_every_item_exactly_once() {
    let desk = Desk::window();
    let server = Server::start(|_| ok(png(20, 20, 1), "image/png"));
    // Until the second pause, no link is answered: the job can't end before.
    server.hold();
    let mut sources = vec![desk.put_pictures(400)];
    sources.extend((0..400).map(|n| url(server.url(&format!("/{n}.png")))));
    let job = desk.submit(desk.job(sources, vec![Step::new("invert")], FormatChoice::Keep));
    let mut pauses = 0;
    while desk.row_of(job).state != JobState::Done {
        let done = desk.row_of(job).done;
        desk.send(Command::Pause(job));
        desk.send(Command::Resume(job));
        pauses += 1;
        if pauses == 2 {
            server.release();
        }
        desk.wait("more is done", |_| desk.row_of(job).done > done || desk.row_of(job).state == JobState::Done);
    }
    assert!(pauses > 1, "{pauses}");
    desk.wait_end(job);
    desk.check_all_done_once(job, 800);
}

#[test]
fn retries_during_a_run_process_every_item_exactly_once() {
    const LATE: u64 = 3;
    const SMALL: u64 = 100;
    let desk = Desk::window();
    // A link that is answered only after the retry keeps the job at work until then.
    let server = Server::start(|_| ok(png(20, 20, 1), "image/png"));
    server.hold();
    let mut sources: Vec<_> = (0..LATE).map(|n| file(&desk.path(&format!("in/late{n}.jpg")))).collect();
    sources.push(url(server.url("/link.png")));
    for n in 0..SMALL {
        sources.push(file(&desk.put(&format!("{n}.png"), png(200, 200, n as u32))));
    }
    let blur = Step::new("gaussian_blur").with("sigma", 12.0);
    let job = desk.submit(desk.job(sources, vec![blur], FormatChoice::Keep));
    desk.wait("the missing ones have failed, and some are done", |_| {
        let row = desk.row_of(job);
        row.failed == LATE && row.done > 0
    });
    // They are slow: while they are done, what was in flight when they were handed out gets its outcome.
    for n in 0..LATE {
        desk.put(&format!("late{n}.jpg"), sample("tulip-field.jpg"));
    }
    let retry = desk.send(Command::Retry { job, failures: FailureFilter::ALL, items: None });
    desk.wait("the command was taken", |snapshot| snapshot.commands_included >= retry);
    assert_eq!(desk.row_of(job).state, JobState::Running);
    server.release();
    desk.wait("all is done", |_| desk.row_of(job).state == JobState::Done && desk.row_of(job).failed == 0);
    desk.wait_end(job);
    desk.check_all_done_once(job, (LATE + SMALL) as usize + 1);
}

#[test]
fn a_job_that_keeps_every_core_busy_is_cancelled_soon_and_leaves_nothing_half_done() {
    let desk = Desk::window();
    let job = submit_heavy(&desk, 80);
    desk.send(Command::Cancel(job));
    desk.wait("it shows", |snapshot| snapshot.current.as_ref().unwrap().state == JobState::Cancelled);
    desk.wait("nothing of it is at work", |snapshot| {
        snapshot.events.iter().any(|event| event.edge == Edge::Cancelled && event.job == Some(job))
    });
    let row = desk.row_of(job);
    assert_eq!((row.state, row.failed), (JobState::Cancelled, 0));
    let counts = desk.reader().counts(job).unwrap();
    assert_eq!((counts.running, counts.done + counts.waiting), (0, 80), "{counts:?}");
    assert!(counts.waiting > 40, "most of it was never begun: {counts:?}");
    let files = files_below(&desk.out());
    assert_eq!(files.len() as u64, row.done);
    assert!(!files.keys().any(|name| name.contains(".part")), "{:?}", files.keys());
}

#[test]
fn jobs_run_one_after_the_other_and_a_queued_one_can_be_cancelled() {
    let desk = Desk::window();
    let (server, first) = submit_held(&desk);
    let sources: Vec<_> = (0..3).map(|n| file(&desk.put(&format!("{n}.png"), png(20, 20, n)))).collect();
    let mut second = desk.copies(sources.clone());
    second.output_mut().sink.dir = Some(desk.path("second"));
    let mut third = desk.copies(sources);
    third.output_mut().sink.dir = Some(desk.path("third"));
    let seen = last_event(&desk.snapshot());
    desk.send(Command::Submit(Box::new(second)));
    desk.send(Command::Submit(Box::new(third)));
    let queued = desk.wait_for("both are queued", |_| {
        let jobs = desk.reader().jobs(10).unwrap().into_iter();
        let queued: Vec<_> = jobs.filter(|job| job.state == JobState::Queued).map(|job| job.id).collect();
        (queued.len() == 2).then_some(queued)
    });
    assert!(events_behind(&desk.snapshot(), seen).all(|event| event.edge != Edge::Started), "the first is at work");
    assert_eq!(desk.snapshot().running_elsewhere, Some(first), "the latest is listed");
    let (third, second) = (queued[0], queued[1]);
    desk.send(Command::Cancel(third));
    desk.wait("the third is cancelled", |_| desk.row_of(third).state == JobState::Cancelled);
    server.release();
    desk.wait_end(second);
    assert_eq!(desk.row_of(first).state, JobState::Done);
    assert_eq!((desk.row_of(third).state, desk.path("third").exists()), (JobState::Cancelled, false));
    assert_eq!(files_below(&desk.path("second")).len(), 3);
    // A cancelled job resumes when it is named.
    desk.send(Command::Resume(third));
    desk.wait_end(third);
    assert_eq!(files_below(&desk.path("third")).len(), 3);
}

#[test]
fn a_cancelled_job_resumes_when_it_is_named() {
    let desk = Desk::window();
    let (server, job) = submit_held(&desk);
    desk.send(Command::Cancel(job));
    desk.wait("it is cancelled", |snapshot| snapshot.events.iter().any(|event| event.edge == Edge::Cancelled));
    assert!(desk.rows(job).iter().all(|row| row.state == ItemState::Waiting));
    server.release();
    desk.send(Command::Resume(job));
    desk.wait_end(job);
    desk.check_all_done_once(job, 1);
}

#[test]
fn commands_are_numbered_and_the_snapshot_says_which_of_them_it_includes() {
    let desk = Desk::window();
    let before = desk.snapshot().commands_included;
    let first = desk.send(Command::SetSave(Save { quality: Some(11), ..Save::default() }));
    let second = desk.send(Command::SetSave(Save { quality: Some(12), ..Save::default() }));
    let third = desk.handle().clone().send(Command::Start).unwrap();
    assert_eq!((first, second, third), (before + 1, before + 2, before + 3));
    desk.wait("all three are included", |snapshot| {
        let quality = snapshot.current.as_ref().and_then(|view| view.save.quality);
        match snapshot.commands_included {
            number if number < first => assert_eq!(quality, None),
            number if number == first => assert_eq!(quality, Some(11)),
            _ => assert_eq!(quality, Some(12)),
        }
        snapshot.commands_included == third
    });
}
