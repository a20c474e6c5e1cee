//! Options of how a run is reported.

use clap::{Args, ValueEnum};

/// How a run is reported.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(super) struct ReportArgs {
    #[arg(long, value_enum, ignore_case = true, value_name = "LINES", require_equals = true, num_args = 0..=1)]
    #[arg(default_missing_value = "progress")]
    json: Option<JsonWord>,
    /// Report only failures and what stops a job.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Report every item, and what was left out.
    #[arg(short, long)]
    pub(super) verbose: bool,
}

/// Which JSON lines `--json` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum JsonWord {
    // Without documentation of their own: it would be shown as help, in English.
    Progress,
    Items,
}

impl ReportArgs {
    /// Whether standard output is for programs.
    pub(super) fn is_json(self) -> bool {
        self.json.is_some()
    }

    /// Whether standard output has a JSON line for each item.
    pub(super) fn has_json_items(self) -> bool {
        self.json == Some(JsonWord::Items)
    }
}
