//! What the command line says: JSON lines for programs, sentences for people.

use std::fmt::Write;

use serde_json::{Value, json};

use super::human;
use crate::engine::{DryRun, PlannedItem};
use crate::model::{ItemRow, JobId, Progress};

/// `total` is null until the sources have ended.
fn total(progress: &Progress) -> Value {
    if progress.total_is_final { json!(progress.total) } else { Value::Null }
}

pub(super) fn started(job: JobId, progress: &Progress) -> Value {
    json!({ "event": "started", "job": job, "total": total(progress) })
}

pub(super) fn progress(job: JobId, progress: &Progress) -> Value {
    json!({
        "event": "progress", "job": job, "done": progress.done, "failed": progress.failed,
        "skipped": progress.skipped, "total": total(progress), "bytes_in": progress.bytes_in,
        "bytes_out": progress.bytes_out,
    })
}

pub(super) fn failed(row: &ItemRow) -> Value {
    let (kind, message) =
        row.error.as_ref().map_or((String::new(), String::new()), |error| (error.kind.word(), error.to_string()));
    json!({
        "event": "failed", "item": row.id.seq, "locator": row.locator.to_text(), "kind": kind, "message": message,
    })
}

pub(super) fn finished(job: JobId, progress: &Progress, seconds: f64) -> Value {
    json!({
        "event": "finished", "job": job, "done": progress.done, "failed": progress.failed,
        "skipped": progress.skipped, "seconds": (seconds * 1000.0).round() / 1000.0,
    })
}

/// `409 saved, 3 failed, 118 MB -> 11 MB in 1:58`
pub(super) fn summary(progress: &Progress, seconds: f64) -> String {
    let mut parts = vec![format!("{} saved", progress.done)];
    if progress.failed > 0 {
        parts.push(format!("{} failed", progress.failed));
    }
    if progress.skipped > 0 {
        parts.push(format!("{} skipped", progress.skipped));
    }
    let (from, to) = (human::bytes(progress.bytes_in), human::bytes(progress.bytes_out));
    parts.push(format!("{from} -> {to} in {}", human::clock(seconds)));
    parts.join(", ")
}

pub(super) fn planned(item: &PlannedItem) -> String {
    let to = match (&item.error, &item.output) {
        (Some(error), _) => format!("fails: {error}"),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => "named once it is fetched or made".to_owned(),
    };
    let size = item.size_px.map(|(w, h)| format!(" ({w} x {h})")).unwrap_or_default();
    let taken = if item.conflict { " [name taken]" } else { "" };
    format!("{} -> {to}{size}{taken}", item.locator)
}

pub(super) fn planned_json(item: &PlannedItem) -> Value {
    json!({
        "event": "planned", "locator": item.locator.to_text(),
        "output": item.output.as_ref().map(|path| path.display().to_string()), "conflict": item.conflict,
        "width": item.size_px.map(|(w, _)| w), "height": item.size_px.map(|(_, h)| h),
        "error": item.error.as_ref().map(ToString::to_string),
    })
}

pub(super) fn plan(plan: &DryRun) -> String {
    let mut text = format!(
        "{} items, {} would fail, {} names are taken. To {}",
        plan.items,
        plan.failing,
        plan.conflicts,
        plan.out_dir.display()
    );
    if plan.bytes_in > 0 {
        let _ = write!(
            text,
            "\n{} -> about {} in about {}, about {} of memory",
            human::bytes(plan.bytes_in),
            human::bytes(plan.bytes_out),
            human::clock(plan.seconds),
            human::bytes(plan.memory_bytes)
        );
    }
    if plan.links > 0 {
        let _ = write!(text, "\n{} links: their sizes are known once they are fetched", plan.links);
    }
    text
}

pub(super) fn plan_json(plan: &DryRun) -> Value {
    json!({
        "event": "plan", "items": plan.items, "links": plan.links, "failing": plan.failing,
        "conflicts": plan.conflicts, "out_dir": plan.out_dir.display().to_string(), "bytes_in": plan.bytes_in,
        "bytes_out": plan.bytes_out, "seconds": plan.seconds, "memory_bytes": plan.memory_bytes,
    })
}
