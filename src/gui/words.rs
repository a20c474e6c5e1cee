//! Words of the window, in English and Korean. Each is a function, so that a missing one doesn't compile.
//!
//! Numbers come from `format`; operations' words stand in `assets/translations/ko.toml` (see `ops`).

use super::format::{bytes, clock, count, rate};
use crate::config::Language;
use crate::engine::ItemsSort;
use crate::model::{ConflictPolicy, ItemState, JobState, MetadataPolicy, Progress, Tree};

/// A language the window speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    /// English.
    English,
    /// Korean.
    Korean,
}

macro_rules! words {
    ($($name:ident: $english:literal, $korean:literal;)*) => {
        impl Lang {
            $(
                #[doc = $english]
                pub(crate) const fn $name(self) -> &'static str {
                    match self {
                        Self::English => $english,
                        Self::Korean => $korean,
                    }
                }
            )*
        }
    };
}

mod links;

words! {
    open: "Open", "열기";
    add_images: "Add images…", "이미지 추가…";
    add_folder: "Add folder…", "폴더 추가…";
    add_path: "Path or link…", "경로 또는 링크…";
    path_or_link: "Path or link", "경로 또는 링크";
    path_hint: "/home/me/Pictures or https://…", "/home/me/Pictures 또는 https://…";
    paste_links: "Paste links", "링크 붙여넣기";
    edit: "Edit", "편집";
    undo: "Undo", "실행 취소";
    redo: "Redo", "다시 실행";
    search: "Search or command", "검색 또는 명령";
    jobs: "Jobs", "작업";
    settings: "Settings", "설정";
    sources: "Sources", "원본";
    nothing_added: "Nothing added yet", "아직 추가된 항목이 없습니다";
    photos: "Photos", "사진";
    links: "Links", "링크";
    add: "Add…", "추가…";
    limit_now: "Limit now", "현재 병목";
    cores: "Cores", "코어";
    network: "Network", "네트워크";
    disk: "Disk", "디스크";
    memory: "Memory", "메모리";
    grid: "Grid", "격자";
    table: "Table", "표";
    layout: "Layout", "배치";
    filter_items: "Filter items", "항목 거르기";
    filter_hint: "Filter", "거르기";
    all: "All", "전체";
    no_match: "No item matches this filter", "조건에 맞는 항목이 없습니다";
    clear_filter: "Show all items", "모든 항목 보기";
    loading: "Loading…", "불러오는 중…";
    items: "Items", "항목";
    name: "Name", "이름";
    state: "State", "상태";
    size: "Size", "크기";
    output_size: "Output size", "결과 크기";
    dimensions: "Dimensions", "치수";
    error: "Error", "오류";
    scroll_bar: "Scroll items", "항목 스크롤";
    preview_height: "Height of the preview", "미리 보기 높이";
    copied_unchanged: "copied unchanged", "그대로 복사";
    no_steps_copy: "No filters: files are copied as they are.", "필터 없음: 파일을 그대로 복사합니다.";
    preview: "Preview", "미리 보기";
    before: "Before", "원본";
    after: "After", "결과";
    split: "Split", "분할";
    side_by_side: "Side by side", "나란히";
    compare: "Compare", "비교";
    zoom: "Zoom", "배율";
    fit: "Fit", "맞춤";
    full: "100 %", "100 %";
    pixel: "Pixel", "픽셀";
    divider: "Divider between before and after", "원본과 결과의 경계";
    approximate: "Approximate at this size; exact at 100 %", "이 크기에서는 근사치이며 100 %에서 정확합니다";
    select_an_item: "Select an item to preview it", "항목을 선택하면 미리 볼 수 있습니다";
    not_fetched: "This link is fetched when the batch starts.", "이 링크는 처리를 시작하면 가져옵니다.";
    preparing: "Preparing the preview…", "미리 보기를 준비하는 중…";
    retry: "Retry", "다시 시도";
    skip: "Skip", "건너뛰기";
    retry_these: "Retry these", "이것만 다시";
    details: "Details", "자세히";
    recipe: "Recipe", "레시피";
    presets: "Presets", "프리셋";
    preset_web: "Web", "웹";
    preset_thumbnails: "Thumbnails", "썸네일";
    preset_original: "Convert only", "변환만";
    load_recipe: "Load recipe…", "레시피 불러오기…";
    save_recipe: "Save recipe…", "레시피 저장…";
    custom: "Custom", "사용자 지정";
    add_filter: "Add filter", "필터 추가";
    search_filters: "Search filters", "필터 검색";
    no_filter_found: "No filter of that name", "그런 이름의 필터가 없습니다";
    no_steps: "No filters: pictures are only converted and saved.", "필터 없음: 사진을 변환하여 저장만 합니다.";
    group_geometry: "Size and shape", "크기와 모양";
    group_colour: "Light and colour", "빛과 색";
    group_detail: "Detail", "디테일";
    group_finish: "Watermark and frame", "워터마크와 테두리";
    move_up: "Move up", "위로";
    move_down: "Move down", "아래로";
    remove: "Remove", "제거";
    more: "More", "더 보기";
    less: "Less", "간단히";
    how_it_works: "How it works", "작동 방식";
    drag_to_reorder: "Drag to reorder", "끌어서 순서 바꾸기";
    automatic: "auto", "자동";
    save: "Save", "저장";
    format: "Format", "형식";
    format_keep: "As it came", "원본 형식";
    folder: "Folder", "폴더";
    folder_default: "New folder beside", "원본 옆 새 폴더";
    choose_folder: "Choose folder…", "폴더 선택…";
    choose_file: "Choose file…", "파일 선택…";
    pick_colour: "Pick colour", "색 고르기";
    hue: "Hue", "색조";
    saturation: "Saturation", "채도";
    brightness: "Brightness", "밝기";
    opacity: "Opacity", "불투명도";
    conflict: "If taken", "이름이 있으면";
    metadata: "Metadata", "메타데이터";
    subfolders: "Subfolders", "하위 폴더";
    start: "Start", "시작";
    start_hint: "Add pictures or links to begin", "사진이나 링크를 추가하면 시작할 수 있습니다";
    pause: "Pause", "일시정지";
    resume: "Resume", "계속";
    cancel: "Cancel", "취소";
    open_results: "Open results", "결과 폴더 열기";
    new_batch: "New batch", "새 묶음";
    counting: "Counting…", "세는 중…";
    network_gone: "The network is gone. Fetching waits and goes on by itself.", "네트워크가 끊겼습니다. 돌아오면 자동으로 이어집니다.";
    paused: "Paused", "일시정지됨";
    cancelled: "Cancelled", "취소됨";
    queued: "Waiting for another batch", "다른 작업을 기다리는 중";
    job_progress: "Progress", "진행률";
    drop_title: "Drop images here, or paste a list of links", "이미지를 여기에 놓거나 링크 목록을 붙여넣으세요";
    drop_now: "Drop to add", "놓으면 추가됩니다";
    samples: "Try with sample pictures", "예제 사진으로 시작하기";
    originals_safe: "Originals are never changed.", "원본은 절대 바뀌지 않습니다.";
    paste_title: "Paste links", "링크 붙여넣기";
    paste_note: "One link or path a line. Anything else in the text is left out.", "한 줄에 링크나 경로 하나씩. 나머지 글은 무시합니다.";
    paste_box: "Links and paths", "링크와 경로";
    add_links: "Add links", "링크 추가";
    close: "Close", "닫기";
    no_jobs: "No batch has run yet", "아직 실행한 작업이 없습니다";
    show: "Show", "보기";
    running_elsewhere: "Another batch is at work.", "다른 작업이 진행 중입니다.";
    language: "Language", "언어";
    theme: "Theme", "테마";
    system: "System", "시스템";
    dark: "Dark", "어둡게";
    light: "Light", "밝게";
    connections: "Connections", "동시 연결";
    per_host: "Per host", "호스트당 연결";
    workers: "Workers", "작업 스레드";
    memory_budget: "Memory", "메모리";
    network_wait: "Wait for network", "네트워크 대기";
    section_window: "Window", "창";
    section_limits: "What a batch may use", "작업이 쓸 수 있는 자원";
    settings_note: "Automatic values follow this machine.", "자동 값은 이 컴퓨터에 맞춰집니다.";
    palette_title: "Commands", "명령";
    palette_none: "No command of that name", "그런 명령이 없습니다";
    nothing_to_add: "No link and no file in that text", "그 글에는 링크도 파일도 없습니다";
    dismiss: "Dismiss", "닫기";
    dialog_failed: "No file chosen. If no dialog appeared, type a path here.", "선택한 파일이 없습니다. 대화상자가 나타나지 않았다면 경로를 입력하세요.";
    engine_gone: "The engine doesn't answer. Restart Pixloom; nothing was lost.", "엔진이 응답하지 않습니다. Pixloom을 다시 시작하세요. 잃은 것은 없습니다.";
    select_all: "Select all", "모두 선택";
    remove_selected: "Remove selected", "선택 항목 제거";
    copy_location: "Copy location", "위치 복사";
    text_size: "in all", "전체";
    attempts: "Attempts", "시도 횟수";
    location: "Location", "위치";
    kind: "Kind", "종류";
    nothing_elsewhere: "Opening the catalog…", "기록을 여는 중…";
}

impl Lang {
    /// The language of a choice; `system` tells what the desktop speaks (a locale such as `ko_KR.UTF-8`).
    pub(crate) fn of(choice: Language, system: &str) -> Self {
        match choice {
            Language::Korean => Self::Korean,
            Language::System if system.starts_with("ko") => Self::Korean,
            Language::English | Language::System => Self::English,
        }
    }

    /// `Start 412 items`.
    pub(crate) fn start_items(self, items: u64) -> String {
        match self {
            Self::English if items == 1 => "Start 1 item".to_owned(),
            Self::English => format!("Start {} items", count(items)),
            Self::Korean => format!("{}개 처리 시작", count(items)),
        }
    }

    /// `Retry 3 failed`.
    pub(crate) fn retry_failed(self, failed: u64) -> String {
        match self {
            Self::English => format!("Retry {} failed", count(failed)),
            Self::Korean => format!("실패 {}개 다시 시도", count(failed)),
        }
    }

    /// `412 items`.
    pub(crate) fn items_count(self, items: u64) -> String {
        match self {
            Self::English if items == 1 => "1 item".to_owned(),
            Self::English => format!("{} items", count(items)),
            Self::Korean => format!("{}개 항목", count(items)),
        }
    }

    /// `3 selected`.
    pub(crate) fn selected_count(self, items: u64) -> String {
        match self {
            Self::English => format!("{} selected", count(items)),
            Self::Korean => format!("{}개 선택", count(items)),
        }
    }

    /// `262 of 412`.
    pub(crate) fn of_total(self, finished: u64, total: u64, total_is_final: bool) -> String {
        let more = if total_is_final { "" } else { "+" };
        match self {
            Self::English => format!("{} of {}{more}", count(finished), count(total)),
            Self::Korean => format!("{}개{more} 중 {}개", count(total), count(finished)),
        }
    }

    /// `41 /s · 14 MB/s`.
    pub(crate) fn rates(self, items_per_s: f64, bytes_per_s: f64) -> String {
        let size = bytes(bytes_per_s.max(0.0) as u64);
        match self {
            Self::English => format!("{} /s · {size}/s", rate(items_per_s)),
            Self::Korean => format!("초당 {}개 · {size}", rate(items_per_s)),
        }
    }

    /// `0:48 left`.
    pub(crate) fn left(self, seconds: f64) -> String {
        match self {
            Self::English => format!("{} left", clock(seconds)),
            Self::Korean => format!("{} 남음", clock(seconds)),
        }
    }

    /// `409 saved, 3 failed, 118 MB → 11 MB in 1:58`.
    pub(crate) fn done_line(self, progress: &Progress) -> String {
        let p = progress;
        let sizes = format!("{} → {}", bytes(p.bytes_in), bytes(p.bytes_out));
        let time = self.took(p.seconds);
        let mut parts = Vec::with_capacity(4);
        match self {
            Self::English => {
                parts.push(format!("{} saved", count(p.done)));
                if p.failed > 0 {
                    parts.push(format!("{} failed", count(p.failed)));
                }
                if p.skipped > 0 {
                    parts.push(format!("{} skipped", count(p.skipped)));
                }
                parts.push(format!("{sizes} in {time}"));
            }
            Self::Korean => {
                parts.push(format!("{}개 저장", count(p.done)));
                if p.failed > 0 {
                    parts.push(format!("{}개 실패", count(p.failed)));
                }
                if p.skipped > 0 {
                    parts.push(format!("{}개 건너뜀", count(p.skipped)));
                }
                parts.push(format!("{sizes}, {time} 걸림"));
            }
        }
        parts.join(", ")
    }

    /// `1:58`; what took less than ten seconds, with a tenth of a second.
    fn took(self, seconds: f64) -> String {
        match self {
            _ if seconds >= 9.95 => clock(seconds),
            Self::English => format!("{seconds:.1} s"),
            Self::Korean => format!("{seconds:.1}초"),
        }
    }

    /// `~2:05, ~120 MB`.
    pub(crate) fn estimate(self, seconds: f64, bytes_out: u64) -> String {
        let size = bytes(bytes_out);
        let minutes = (seconds / 60.0).round().max(1.0) as u64;
        match self {
            Self::English if seconds < 90.0 => format!("~{:.0} s, ~{size}", seconds.max(1.0)),
            Self::English => format!("~{} min, ~{size}", count(minutes)),
            Self::Korean if seconds < 90.0 => format!("약 {:.0}초, 약 {size}", seconds.max(1.0)),
            Self::Korean => format!("약 {}분, 약 {size}", count(minutes)),
        }
    }

    /// `Sort: name`.
    pub(crate) fn sort_by(self, sort: ItemsSort) -> String {
        match self {
            Self::English => format!("Sort: {}", self.sort_word(sort)),
            Self::Korean => format!("정렬: {}", self.sort_word(sort)),
        }
    }

    /// An order's word.
    pub(crate) const fn sort_word(self, sort: ItemsSort) -> &'static str {
        match (self, sort) {
            (Self::English, ItemsSort::Added) => "added",
            (Self::English, ItemsSort::Name) => "name",
            (Self::English, ItemsSort::State) => "state",
            (Self::English, ItemsSort::Size) => "size",
            (Self::Korean, ItemsSort::Added) => "추가한 순서",
            (Self::Korean, ItemsSort::Name) => "이름",
            (Self::Korean, ItemsSort::State) => "상태",
            (Self::Korean, ItemsSort::Size) => "크기",
        }
    }

    /// An item's state.
    pub(crate) const fn item_state(self, state: ItemState) -> &'static str {
        match (self, state) {
            (Self::English, ItemState::Waiting) => "Waiting",
            (Self::English, ItemState::Running) => "Running",
            (Self::English, ItemState::Done) => "Done",
            (Self::English, ItemState::Failed) => "Failed",
            (Self::English, ItemState::Skipped) => "Skipped",
            (Self::Korean, ItemState::Waiting) => "대기",
            (Self::Korean, ItemState::Running) => "처리 중",
            (Self::Korean, ItemState::Done) => "완료",
            (Self::Korean, ItemState::Failed) => "실패",
            (Self::Korean, ItemState::Skipped) => "건너뜀",
        }
    }

    /// A job's state.
    pub(crate) const fn job_state(self, state: JobState) -> &'static str {
        match (self, state) {
            (Self::English, JobState::Draft) => "Draft",
            (Self::English, JobState::Queued) => "Queued",
            (Self::English, JobState::Running) => "Running",
            (Self::English, JobState::Paused) => "Paused",
            (Self::English, JobState::Cancelled) => "Cancelled",
            (Self::English, JobState::Done) => "Done",
            (Self::Korean, JobState::Draft) => "초안",
            (Self::Korean, JobState::Queued) => "대기 중",
            (Self::Korean, JobState::Running) => "진행 중",
            (Self::Korean, JobState::Paused) => "일시정지됨",
            (Self::Korean, JobState::Cancelled) => "취소됨",
            (Self::Korean, JobState::Done) => "완료",
        }
    }

    /// `Certificates not checked: nas.local`.
    pub(crate) fn insecure(self, hosts: &[String]) -> String {
        let hosts = hosts.join(", ");
        match self {
            Self::English => format!("Certificates not checked: {hosts}"),
            Self::Korean => format!("인증서 확인 안 함: {hosts}"),
        }
    }

    /// `Batch 12`.
    pub(crate) fn job_name(self, id: i64) -> String {
        match self {
            Self::English => format!("Batch {id}"),
            Self::Korean => format!("작업 {id}"),
        }
    }

    /// What happens when a name is taken.
    pub(crate) const fn conflict_word(self, policy: ConflictPolicy) -> &'static str {
        match (self, policy) {
            (Self::English, ConflictPolicy::Rename) => "Keep both",
            (Self::English, ConflictPolicy::Skip) => "Skip the item",
            (Self::English, ConflictPolicy::Overwrite) => "Replace the old file",
            (Self::English, ConflictPolicy::Fail) => "Report an error",
            (Self::Korean, ConflictPolicy::Rename) => "둘 다 보관",
            (Self::Korean, ConflictPolicy::Skip) => "건너뛰기",
            (Self::Korean, ConflictPolicy::Overwrite) => "이전 파일 바꾸기",
            (Self::Korean, ConflictPolicy::Fail) => "오류로 알리기",
        }
    }

    /// What of the metadata goes along.
    pub(crate) const fn metadata_word(self, policy: MetadataPolicy) -> &'static str {
        match (self, policy) {
            (Self::English, MetadataPolicy::Keep) => "Keep all",
            (Self::English, MetadataPolicy::NoGps) => "Without GPS",
            (Self::English, MetadataPolicy::Strip) => "None",
            (Self::Korean, MetadataPolicy::Keep) => "모두 유지",
            (Self::Korean, MetadataPolicy::NoGps) => "GPS 제외",
            (Self::Korean, MetadataPolicy::Strip) => "없음",
        }
    }

    /// Whether folders are mirrored.
    pub(crate) const fn tree_word(self, tree: Tree) -> &'static str {
        match (self, tree) {
            (Self::English, Tree::Keep) => "Mirrored",
            (Self::English, Tree::Flat) => "All in one folder",
            (Self::Korean, Tree::Keep) => "그대로 따름",
            (Self::Korean, Tree::Flat) => "한 폴더에 모음",
        }
    }

    /// `5 items removed`.
    pub(crate) fn removed(self, items: u64) -> String {
        match self {
            Self::English => format!("{} removed", self.items_count(items)),
            Self::Korean => format!("{}개 항목을 제거했습니다", count(items)),
        }
    }

    /// `12 links added, 3 duplicates left out`.
    pub(crate) fn added(self, added: u64, duplicates: u64, only_links: bool) -> String {
        let added = match (self, only_links) {
            (Self::English, false) => format!("{} added", self.items_count(added)),
            (Self::English, true) if added == 1 => "1 link added".to_owned(),
            (Self::English, true) => format!("{} links added", count(added)),
            (Self::Korean, false) => format!("{}개 항목을 추가했습니다", count(added)),
            (Self::Korean, true) => format!("링크 {}개를 추가했습니다", count(added)),
        };
        match (self, duplicates) {
            (_, 0) => added,
            (Self::English, 1) => format!("{added}, 1 duplicate left out"),
            (Self::English, _) => format!("{added}, {} duplicates left out", count(duplicates)),
            (Self::Korean, _) => format!("{added}. 중복 {}개는 제외했습니다", count(duplicates)),
        }
    }

    /// `Show items holding “coast”`.
    pub(crate) fn filter_by(self, text: &str) -> String {
        match self {
            Self::English => format!("Show items whose name holds “{text}”"),
            Self::Korean => format!("이름에 “{text}”이(가) 있는 항목 보기"),
        }
    }

    /// `and 1,204 more folders`.
    pub(crate) fn more_groups(self, groups: usize) -> String {
        match self {
            Self::English => format!("and {} more", count(groups as u64)),
            Self::Korean => format!("외 {}개", count(groups as u64)),
        }
    }

    /// `seconds` after a number.
    pub(crate) const fn seconds_suffix(self) -> &'static str {
        match self {
            Self::English => " s",
            Self::Korean => "초",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::*;

    #[test]
    fn the_words_that_tests_and_screen_readers_look_for_are_those_of_the_contract() {
        let (en, ko) = (Lang::English, Lang::Korean);
        assert_eq!((en.add_images(), ko.add_images()), ("Add images…", "이미지 추가…"));
        assert_eq!((en.add_folder(), ko.add_folder()), ("Add folder…", "폴더 추가…"));
        assert_eq!((en.paste_links(), ko.paste_links()), ("Paste links", "링크 붙여넣기"));
        assert_eq!(en.added(12, 3, true), "12 links added, 3 duplicates left out");
        assert_eq!(en.added(1, 1, true), "1 link added, 1 duplicate left out");
        assert_eq!(ko.added(12, 3, true), "링크 12개를 추가했습니다. 중복 3개는 제외했습니다");
        assert_eq!((en.pause(), ko.pause()), ("Pause", "일시정지"));
        assert_eq!((en.resume(), ko.resume()), ("Resume", "계속"));
        assert_eq!((en.cancel(), ko.cancel()), ("Cancel", "취소"));
        assert_eq!((en.open_results(), ko.open_results()), ("Open results", "결과 폴더 열기"));
        assert_eq!((en.undo(), ko.undo()), ("Undo", "실행 취소"));
        assert_eq!((en.add_filter(), ko.add_filter()), ("Add filter", "필터 추가"));
        assert_eq!((en.start_items(412), ko.start_items(412)), ("Start 412 items".into(), "412개 처리 시작".into()));
        assert_eq!(en.start_items(1), "Start 1 item");
        assert_eq!((en.retry_failed(3), ko.retry_failed(3)), ("Retry 3 failed".into(), "실패 3개 다시 시도".into()));
    }

    #[test]
    fn a_finished_job_says_what_it_saved_and_how_long_it_took() {
        let progress = Progress {
            done: 409,
            failed: 3,
            bytes_in: 118_000_000,
            bytes_out: 11_000_000,
            seconds: 118.0,
            ..Progress::default()
        };
        assert_eq!(Lang::English.done_line(&progress), "409 saved, 3 failed, 118 MB → 11 MB in 1:58");
    }

    #[test]
    fn the_desktops_language_counts_when_nothing_else_was_chosen() {
        assert_eq!(Lang::of(Language::System, "ko_KR.UTF-8"), Lang::Korean);
        assert_eq!(Lang::of(Language::System, "de_DE.UTF-8"), Lang::English);
        assert_eq!(Lang::of(Language::English, "ko_KR.UTF-8"), Lang::English);
    }
}
