//! Texts of the window that depend on numbers and states. The words are in the word catalogues.

use super::format::{bytes, clock, rate};
use crate::config::Language;
use crate::engine::{DatabaseTables, Group, ItemsSort, JobAge, JobGroup, NetworkFault, Pruned, Storage, WatchView};
use crate::model::{
    AccessKind, ConflictPolicy, FormatChoice, ItemState, JobRow, JobState, Lang, Message, MetadataPolicy, NetworkFile,
    Progress, ProxyChoice, RobotsPolicy, SecretRef, Tree, Unit, WriteField,
};

impl Lang {
    /// The language of a choice; `system` is the desktop's locale, such as `ko_KR.UTF-8`.
    pub(crate) fn of(choice: Language, system: &str) -> Self {
        match choice {
            Language::Korean => Self::Korean,
            Language::English => Self::English,
            Language::System => Self::of_locale(system),
        }
    }

    /// A text with a count.
    fn counted(self, id: &'static str, count: u64) -> String {
        Message::new(id).count("count", count).text(self)
    }

    /// A text with one argument.
    fn with(self, id: &'static str, name: &'static str, value: &str) -> String {
        Message::new(id).with(name, value).text(self)
    }

    /// `Start 412 items`.
    pub(crate) fn start_items(self, items: u64) -> String {
        self.counted("start_items", items)
    }

    /// `Add 412 items`.
    pub(crate) fn add_counted(self, items: u64) -> String {
        self.counted("add_counted", items)
    }

    /// `products: 3 columns`.
    pub(crate) fn wb_summary(self, table: &str, columns: u64) -> String {
        Message::new("wb_summary").with("table", table).count("count", columns).text(self)
    }

    /// `Key column 1`.
    pub(crate) fn wb_key_numbered(self, number: u64) -> String {
        self.counted("wb_key_numbered", number)
    }

    /// `Column 1`.
    pub(crate) fn wb_column_numbered(self, number: u64) -> String {
        self.counted("wb_column_numbered", number)
    }

    /// `Field for width`.
    pub(crate) fn wb_field_for(self, column: &str) -> String {
        self.with("wb_field_for", "column", column)
    }

    /// `Choose the field for width`.
    pub(crate) fn wb_choose_field(self, column: &str) -> String {
        self.with("wb_choose_field", "column", column)
    }

    /// That there is no such field.
    pub(crate) fn wb_field_wrong(self, field: &str) -> String {
        Message::new("wb_field_wrong").with("field", field).with("fields", WriteField::names()).text(self)
    }

    /// `1,200 written back, 3 rejected, 40 waiting`; `None` if nothing is written back.
    pub(crate) fn written_back(self, progress: &Progress) -> Option<String> {
        let level = progress.write_back?;
        let counts = level.counts;
        let parts = [
            (counts.missing, "written_missing"),
            (counts.rejected, "written_rejected"),
            (progress.finished().saturating_sub(level.number), "written_waiting"),
        ];
        let others = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, id)| self.counted(id, count));
        let all = std::iter::once(self.counted("written_back", counts.matched)).chain(others);
        Some(all.collect::<Vec<_>>().join(", "))
    }

    /// `Rejected 3`.
    pub(crate) fn rejected_rows(self, rows: u64) -> String {
        self.counted("rejected_rows", rows)
    }

    /// `3 rows`.
    pub(crate) fn db_rows_shown(self, rows: u64) -> String {
        self.counted("db_rows_shown", rows)
    }

    /// `First 50 rows`.
    pub(crate) fn db_rows_shown_so_far(self, shown: u64) -> String {
        Message::new("db_rows_shown_so_far").count("shown", shown).text(self)
    }

    /// `First 50 of 412 rows`.
    pub(crate) fn db_rows_shown_of(self, shown: u64, rows: u64) -> String {
        Message::new("db_rows_shown_of").count("shown", shown).count("count", rows).text(self)
    }

    /// `Use image as link column`.
    pub(crate) fn db_use_as_link(self, column: &str) -> String {
        self.with("db_use_as_link", "column", column)
    }

    /// How the query must use the greatest value of a column.
    pub(crate) fn db_since_note(self, column: &str) -> String {
        self.with("db_since_note", "column", column)
    }

    /// `Line 2, column 8: …`.
    pub(crate) fn db_position(self, line: usize, column: usize, problem: &str) -> String {
        let at = Message::new("db_position").with("line", line).with("column", column);
        at.with("problem", problem).text(self)
    }

    /// `Connected: PostgreSQL, shop on localhost, user me, 3 tables`.
    pub(crate) fn db_connected(self, found: &DatabaseTables) -> String {
        let message = match &found.user {
            Some(user) => Message::new("db_connected_as").with("user", user),
            None => Message::new("db_connected"),
        };
        let message = message.with("kind", found.kind).with("database", &found.label);
        message.count("count", found.tables.len() as u64).text(self)
    }

    /// `score 85.2`.
    pub(crate) fn score(self, score: f64) -> String {
        Message::new("score").with("score", format!("{score:.1}")).text(self)
    }

    /// `Retry 3 failed`.
    pub(crate) fn retry_failed(self, failed: u64) -> String {
        self.counted("retry_failed", failed)
    }

    /// `412 items`.
    pub(crate) fn items_count(self, items: u64) -> String {
        self.counted("items_count", items)
    }

    /// `Not applied: Watermark text`.
    pub(crate) fn not_applied(self, steps: &str) -> String {
        self.with("not_applied", "steps", steps)
    }

    /// `3 of 412 items`.
    pub(crate) fn items_shown(self, shown: u64, items: u64) -> String {
        Message::new("items_shown").count("shown", shown).count("count", items).text(self)
    }

    /// `3 selected`.
    pub(crate) fn selected_count(self, items: u64) -> String {
        self.counted("selected_count", items)
    }

    /// `large (WebP)`.
    pub(crate) fn output_with_format(self, name: &str, format: FormatChoice) -> String {
        let format =
            format.fixed().map_or_else(|| self.word("format_keep").to_owned(), |format| format.label().to_owned());
        Message::new("output_with_format").with("output", name).with("format", format).text(self)
    }

    /// `262 of 412`.
    pub(crate) fn of_total(self, finished: u64, total: u64, total_is_final: bool) -> String {
        let message = if total_is_final { Message::new("of_total") } else { Message::new("of_total_so_far") };
        message.count("finished", finished).count("total", total).text(self)
    }

    /// `41 /s · 14 MB/s`, or `14 MB/s` while no item has finished.
    pub(crate) fn rates(self, items_per_s: f64, bytes_per_s: f64) -> String {
        let size = bytes(bytes_per_s.max(0.0) as u64);
        if items_per_s <= 0.0 {
            return Message::new("bytes_rate").with("bytes", size).text(self);
        }
        Message::new("rates").with("rate", rate(items_per_s)).with("bytes", size).text(self)
    }

    /// `0:48 left`.
    pub(crate) fn left(self, seconds: f64) -> String {
        self.with("time_left", "time", &clock(seconds))
    }

    /// `409 saved, 3 failed, 118 MB → 11 MB in 1:58`.
    pub(crate) fn done_line(self, progress: &Progress) -> String {
        let p = progress;
        let sizes = Message::new("sizes_in_time")
            .with("before", bytes(p.bytes_in))
            .with("after", bytes(p.bytes_out))
            .with("time", self.took(p.seconds));
        let failed = (p.failed > 0).then(|| self.counted("failed_count", p.failed));
        let skipped = (p.skipped > 0).then(|| self.counted("skipped_count", p.skipped));
        let saved = self.counted("saved_count", p.done);
        let parts = [Some(saved), failed, skipped, Some(sizes.text(self))];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// `8 statements done, 1 failed, 1,234 rows, in 0.4 s`.
    pub(crate) fn query_line(self, progress: &Progress, rows: Option<u64>) -> String {
        let p = progress;
        let failed = (p.failed > 0).then(|| self.counted("failed_count", p.failed));
        let skipped = (p.skipped > 0).then(|| self.counted("skipped_count", p.skipped));
        let rows = rows.map(|rows| self.counted("query_rows", rows));
        let time = self.with("query_time", "time", &self.took(p.seconds));
        let parts = [Some(self.counted("query_done", p.done)), failed, skipped, rows, Some(time)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// `1:58`; below ten seconds with a tenth of a second.
    fn took(self, seconds: f64) -> String {
        if seconds >= 9.95 { clock(seconds) } else { self.with("seconds_short", "seconds", &format!("{seconds:.1}")) }
    }

    /// `~2 min, ~120 MB`.
    pub(crate) fn estimate(self, seconds: f64, bytes_out: u64) -> String {
        let size = bytes(bytes_out);
        if seconds < 90.0 {
            let seconds = format!("{:.0}", seconds.max(1.0));
            Message::new("estimate_seconds").with("seconds", seconds).with("size", size).text(self)
        } else {
            let minutes = (seconds / 60.0).round().max(1.0) as u64;
            Message::new("estimate_minutes").count("minutes", minutes).with("size", size).text(self)
        }
    }

    /// `Sort: name`.
    pub(crate) fn sort_by(self, sort: ItemsSort) -> String {
        self.with("sort_by", "order", self.sort_word(sort))
    }

    /// A sort order.
    pub(crate) fn sort_word(self, sort: ItemsSort) -> &'static str {
        self.word(match sort {
            ItemsSort::Added => "sort-added",
            ItemsSort::Name => "sort-name",
            ItemsSort::State => "sort-state",
            ItemsSort::Size => "sort-size",
        })
    }

    /// An item's state.
    pub(crate) fn item_state(self, state: ItemState) -> &'static str {
        self.word(match state {
            ItemState::Waiting => "item-waiting",
            ItemState::Running => "item-running",
            ItemState::Done => "item-done",
            ItemState::Failed => "item-failed",
            ItemState::Skipped => "item-skipped",
        })
    }

    /// A job's state.
    pub(crate) fn job_state(self, state: JobState) -> &'static str {
        self.word(match state {
            JobState::Draft => "state-draft",
            JobState::Queued => "state-queued",
            JobState::Running => "state-running",
            JobState::Paused => "state-paused",
            JobState::Cancelled => "state-cancelled",
            JobState::Done => "state-done",
        })
    }

    /// The state of a job that watches folders.
    pub(crate) fn watch_job_state(self, state: JobState) -> &'static str {
        if state == JobState::Running { self.word("state-watching") } else { self.job_state(state) }
    }

    /// `Watched: /home/me/inbox`.
    pub(crate) fn watch_named(self, folders: &str) -> String {
        Message::new("watch_named").with("folders", folders).text(self)
    }

    /// `Stop watching /home/me/inbox`.
    pub(crate) fn stop_watching(self, folders: &str) -> String {
        Message::new("stop_watching").with("folders", folders).text(self)
    }

    /// `Watching · 12 saved · 1 failed`.
    pub(crate) fn watch_state(self, watch: &WatchView) -> String {
        let state = match watch {
            WatchView { is_gone: true, .. } => self.word("watch_gone"),
            WatchView { is_paused: true, .. } => self.word("state-paused"),
            _ => self.word("state-watching"),
        };
        let row = &watch.row;
        let mut parts = vec![state.to_owned(), Message::new("watch_saved").count("count", row.done).text(self)];
        let waiting = row.total.saturating_sub(row.done + row.failed + row.skipped);
        if waiting > 0 {
            parts.push(Message::new("watch_waiting").count("count", waiting).text(self));
        }
        if row.failed > 0 {
            parts.push(Message::new("failed_count").count("count", row.failed).text(self));
        }
        parts.join(" · ")
    }

    /// `Certificates not checked: nas.local`.
    pub(crate) fn insecure(self, hosts: &[String]) -> String {
        self.with("certificates_unchecked", "hosts", &hosts.join(", "))
    }

    /// `Job 12`.
    pub(crate) fn job_name(self, id: i64) -> String {
        Message::new("job_name").with("job", id).text(self)
    }

    /// Which jobs are listed.
    pub(crate) fn job_group(self, group: JobGroup) -> &'static str {
        self.word(match group {
            JobGroup::All => "jobs-all",
            JobGroup::Running => "state-running",
            JobGroup::Paused => "state-paused",
            JobGroup::Done => "state-done",
            JobGroup::Cancelled => "state-cancelled",
            JobGroup::WithFailures => "jobs-failures",
        })
    }

    /// From when they are.
    pub(crate) fn job_age(self, age: JobAge) -> &'static str {
        self.word(match age {
            JobAge::Any => "jobs_age-any",
            JobAge::Today => "jobs_age-today",
            JobAge::Week => "jobs_age-week",
            JobAge::Month => "jobs_age-month",
            JobAge::Older => "jobs_age-older",
        })
    }

    /// `1,204 jobs`.
    pub(crate) fn jobs_count(self, jobs: u64) -> String {
        self.counted("jobs_count", jobs)
    }

    /// `3 jobs found`.
    pub(crate) fn jobs_found(self, jobs: u64) -> String {
        self.counted("jobs_found", jobs)
    }

    /// `Ran 1:58`.
    pub(crate) fn job_timing(self, job: &JobRow, now_ms: i64) -> String {
        match job.worked_s(now_ms) {
            seconds if seconds > 0.0 => self.with("job_ran_for", "time", &self.took(seconds)),
            _ => String::new(),
        }
    }

    /// `Job 7 was deleted from the history. Its results stay.`
    pub(crate) fn job_deleted(self, job: i64) -> String {
        Message::new("job_deleted").with("job", job).text(self)
    }

    /// That a command was copied, and how a job that it starts may differ.
    pub(crate) fn command_copied(self, job: i64, remarks: &[Message]) -> String {
        let copied = Message::new("command_copied").with("job", job);
        std::iter::once(&copied).chain(remarks).map(|message| message.text(self)).collect::<Vec<_>>().join(" ")
    }

    /// What a clean-up deleted.
    pub(crate) fn cleaned_up(self, pruned: &Pruned) -> String {
        let message = Message::new("cleaned_up").count("jobs", pruned.jobs).count("items", pruned.items);
        message.with("bytes", bytes(pruned.bytes)).text(self)
    }

    /// What the catalog needs.
    pub(crate) fn catalog_size(self, storage: &Storage) -> String {
        let message = Message::new("catalog_size").count("jobs", storage.size.jobs).count("items", storage.size.items);
        message.with("bytes", bytes(storage.size.bytes)).text(self)
    }

    /// `90 days`.
    pub(crate) fn days(self, days: u32) -> String {
        self.counted("days", days.into())
    }

    /// `Delete 12 jobs`.
    pub(crate) fn delete_jobs(self, jobs: u64) -> String {
        self.counted("delete_jobs", jobs)
    }

    /// What happens if the file exists.
    pub(crate) fn conflict_word(self, policy: ConflictPolicy) -> &'static str {
        self.word(match policy {
            ConflictPolicy::Rename => "conflict-rename",
            ConflictPolicy::Skip => "conflict-skip",
            ConflictPolicy::Overwrite => "conflict-overwrite",
            ConflictPolicy::Fail => "conflict-fail",
        })
    }

    /// Which metadata to keep.
    pub(crate) fn metadata_word(self, policy: MetadataPolicy) -> &'static str {
        self.word(match policy {
            MetadataPolicy::Keep => "metadata-keep",
            MetadataPolicy::NoGps => "metadata-no_gps",
            MetadataPolicy::Strip => "metadata-strip",
        })
    }

    /// Whether to keep subfolders.
    pub(crate) fn tree_word(self, tree: Tree) -> &'static str {
        self.word(match tree {
            Tree::Keep => "tree-keep",
            Tree::Flat => "tree-flat",
        })
    }

    /// `5 items removed`.
    pub(crate) fn removed(self, items: u64) -> String {
        self.counted("removed", items)
    }

    /// `12 links added, 3 duplicates left out`.
    pub(crate) fn added(self, added: u64, duplicates: u64, only_links: bool) -> String {
        let added = self.counted(if only_links { "added_links" } else { "added_items" }, added);
        match duplicates {
            0 => added,
            _ => Message::new("added_duplicates").with("added", added).count("count", duplicates).text(self),
        }
    }

    /// `Show items whose name contains “coast”`.
    pub(crate) fn filter_by(self, text: &str) -> String {
        self.with("filter_by", "text", text)
    }

    /// `and 1,204 more`.
    pub(crate) fn more_groups(self, groups: usize) -> String {
        self.counted("more_groups", groups as u64)
    }

    /// When to obey robots.txt.
    pub(crate) fn robots_word(self, policy: RobotsPolicy) -> &'static str {
        self.word(match policy {
            RobotsPolicy::Auto => "robots-auto",
            RobotsPolicy::Always => "robots-always",
            RobotsPolicy::Never => "robots-never",
        })
    }

    /// A note on that choice.
    pub(crate) fn robots_note(self, policy: RobotsPolicy) -> String {
        match policy {
            RobotsPolicy::Auto => self.counted("robots_note-auto", RobotsPolicy::AUTO_ABOVE as u64),
            RobotsPolicy::Always => self.word("robots_note-always").to_owned(),
            RobotsPolicy::Never => self.word("robots_note-never").to_owned(),
        }
    }

    /// What applies until a proxy's address is entered.
    pub(crate) fn proxy_unset(self, current: &ProxyChoice) -> &'static str {
        self.word(match current {
            ProxyChoice::None => "proxy_unset_none",
            _ => "proxy_unset_system",
        })
    }

    /// `Header X-Key`, as shown in lists.
    pub(crate) fn credential_label(self, kind: &AccessKind) -> String {
        match kind {
            AccessKind::Header { name } => format!("{} {name}", self.word("access_as_header")),
            AccessKind::Cookie => self.word("access_cookie").to_owned(),
            AccessKind::Basic { user: Some(user) } => format!("{} {user}", self.word("access_user")),
            AccessKind::Digest { user: Some(user) } => format!("{} {user} (Digest)", self.word("access_user")),
            AccessKind::Digest { user: None } => format!("{} (Digest)", self.word("access_basic")),
            AccessKind::Basic { user: None } | AccessKind::Proxy => self.word("access_basic").to_owned(),
            AccessKind::Bearer => self.word("access_bearer").to_owned(),
        }
    }

    /// Where a secret is stored, as shown in lists.
    pub(crate) fn secret_label(self, secret: &SecretRef) -> String {
        match secret {
            SecretRef::Env(name) => format!("{} {name}", self.word("access_variable")),
            SecretRef::Netrc => self.word("access_netrc").to_owned(),
            SecretRef::Settings(_) => self.word("access_kept").to_owned(),
        }
    }

    /// `Edit: https://api.example.com`.
    pub(crate) fn edit_named(self, name: &str) -> String {
        self.with("edit_named", "name", name)
    }

    /// `Removed: https://api.example.com`.
    pub(crate) fn removed_named(self, name: &str) -> String {
        self.with("removed_named", "name", name)
    }

    /// `Remove: nas.local`.
    pub(crate) fn remove_named(self, name: &str) -> String {
        self.with("remove_named", "name", name)
    }

    /// The name of a file of the network settings.
    pub(crate) fn network_file(self, file: NetworkFile) -> &'static str {
        self.word(match file {
            NetworkFile::Authorities => "ca_file",
            NetworkFile::Cookies => "cookie_file",
            NetworkFile::ClientCertificate => "client_cert",
        })
    }

    /// What such a file is for.
    pub(crate) fn network_file_hint(self, file: NetworkFile) -> &'static str {
        self.word(match file {
            NetworkFile::Authorities => "ca_hint",
            NetworkFile::Cookies => "cookie_file_hint",
            NetworkFile::ClientCertificate => "client_cert_hint",
        })
    }

    /// Why such a file can't be used.
    pub(crate) fn network_fault(self, fault: NetworkFault) -> &'static str {
        self.word(match fault.file {
            _ if fault.is_missing => "network_fault-missing",
            NetworkFile::Authorities => "network_fault-no_certificate",
            NetworkFile::Cookies => "network_fault-no_cookies",
            NetworkFile::ClientCertificate => "network_fault-no_key",
        })
    }

    /// `shops.csv: no column “url”`.
    pub(crate) fn lacks_column(self, list: &str, column: &str) -> String {
        Message::new("lacks_column").with("list", list).with("column", column).text(self)
    }

    /// `shops.csv has no column “url”.`
    pub(crate) fn list_lacks(self, list: &str, column: &str) -> String {
        Message::new("list_lacks_column").with("list", list).with("column", column).text(self)
    }

    /// `Columns: shops.csv`.
    pub(crate) fn columns_of(self, list: &str) -> String {
        self.with("columns_of", "list", list)
    }

    /// The heading of a group of operations.
    pub(crate) fn group(self, group: Group) -> &'static str {
        self.word(group.word())
    }
}

/// The suffix of a number with this unit; none for levels.
pub(crate) const fn suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Levels => "",
        unit => unit.suffix(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{source_menu, source_menu_label};

    #[test]
    fn labels_are_those_of_the_contract() {
        for (id, english, korean) in [
            ("paste_links", "Paste links", "링크 붙여넣기"),
            ("pause", "Pause", "일시정지"),
            ("resume", "Resume", "계속"),
            ("cancel", "Cancel", "취소"),
            ("open_results", "Open results", "결과 폴더 열기"),
            ("undo", "Undo", "되돌리기"),
            ("redo", "Redo", "다시 실행"),
            ("undo_job", "Undo job…", "작업 결과 되돌리기…"),
            ("add_filter", "Add filter", "필터 추가"),
            (
                "drop_title",
                "Drop images here, or paste a list of links",
                "이미지를 여기에 놓거나 링크 목록을 붙여넣으세요",
            ),
        ] {
            assert_eq!((Lang::English.word(id), Lang::Korean.word(id)), (english, korean));
        }
        let (en, ko) = (Lang::English, Lang::Korean);
        let menu = |lang| source_menu().map(|entry| source_menu_label(entry, lang)).take(2).collect::<Vec<_>>();
        assert_eq!((menu(en), menu(ko)), (vec!["Add images…", "Add folder…"], vec!["이미지 추가…", "폴더 추가…"]));
        assert_eq!((en.start_items(412), ko.start_items(412)), ("Start 412 items".into(), "412개 처리 시작".into()));
        assert_eq!(en.start_items(1), "Start 1 item");
        assert_eq!((en.retry_failed(3), ko.retry_failed(3)), ("Retry 3 failed".into(), "실패 3개 다시 시도".into()));
        assert_eq!(en.added(12, 3, true), "12 links added, 3 duplicates left out");
        assert_eq!(en.added(1, 1, true), "1 link added, 1 duplicate left out");
        assert_eq!(ko.added(12, 3, true), "링크 12개를 추가했습니다. 중복 3개는 제외했습니다");
        assert_eq!(en.of_total(1_262, 5_412, false), "1,262 of 5,412+");
        assert_eq!((en.rates(41.0, 14e6), en.rates(0.0, 14e6)), ("41 /s · 14 MB/s".into(), "14 MB/s".into()));
    }

    #[test]
    fn the_summary_of_a_job_has_counts_sizes_and_time() {
        let progress = Progress {
            done: 409,
            failed: 3,
            bytes_in: 118_000_000,
            bytes_out: 11_000_000,
            seconds: 118.0,
            ..Progress::default()
        };
        assert_eq!(Lang::English.done_line(&progress), "409 saved, 3 failed, 118 MB → 11 MB in 1:58");
        let short = Progress { done: 1, seconds: 1.25, ..Progress::default() };
        assert!(Lang::Korean.done_line(&short).ends_with("1.2초 걸림"), "{}", Lang::Korean.done_line(&short));
    }

    #[test]
    fn the_desktops_language_is_used_unless_another_was_chosen() {
        assert_eq!(Lang::of(Language::System, "ko_KR.UTF-8"), Lang::Korean);
        assert_eq!(Lang::of(Language::System, "de_DE.UTF-8"), Lang::English);
        assert_eq!(Lang::of(Language::English, "ko_KR.UTF-8"), Lang::English);
    }
}
