//! What is left of large files when their job is over, and what shows while they are received.

use pixloom::engine::Command;
use pixloom::model::{Edge, JobId, JobState};

use super::desk::{Desk, url};
use crate::util::server::{Server, ok};

const MIB: usize = 1 << 20;

/// A job whose only file is received in part: 18 of 24 MiB.
fn submit(desk: &Desk) -> (Server, JobId) {
    let server = Server::start(|_| {
        let answer = ok(vec![7; 18 * MIB], "application/octet-stream").header("ETag", "\"1\"");
        answer.short_by(6 << 20).stalls_after_body()
    });
    let mut spec = desk.copies(vec![url(server.url("/large.bin"))]);
    spec.limits.memory_bytes = Some(64 << 20);
    let job = desk.submit(spec);
    desk.wait("it is received in part", |snapshot| {
        let progress = snapshot.current.as_ref().map(|view| view.progress).unwrap_or_default();
        progress.bytes_in == 18 << 20 && progress.fraction() > 0.7 && progress.fraction() < 0.75
    });
    (server, job)
}

#[test]
fn the_part_of_a_cancelled_job_is_removed_whether_the_job_was_running_or_paused() {
    let mut desk = Desk::window();
    for was_running in [true, false] {
        let (_server, job) = submit(&desk);
        assert_eq!(desk.output_names().iter().filter(|name| name.contains("-fetch-")).count(), 2);
        if !was_running {
            desk.quit();
            assert_eq!(desk.output_names().len(), 2, "a part and its note: {:?}", desk.output_names());
            desk.start();
            assert_eq!(desk.row_of(job).state, JobState::Paused);
        }
        desk.send(Command::Cancel(job));
        desk.wait("it is cancelled", |snapshot| {
            snapshot.events.iter().any(|event| event.edge == Edge::Cancelled && event.job == Some(job))
        });
        desk.wait("nothing is left", |_| desk.output_names().is_empty());
        desk.wait("it is recorded", |_| desk.row_of(job).state == JobState::Cancelled);
    }
}
