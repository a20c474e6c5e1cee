//! Words about links: how they are fetched, and the columns of their lists.

use super::Lang;
use crate::engine::CaFileFault;
use crate::model::{AccessKind, ProxyChoice, RobotsPolicy, SecretRef};

words! {
    links_note: "Holds for batches that are started from now on.", "지금부터 시작하는 작업에 적용됩니다.";
    robots: "robots.txt", "robots.txt";
    noai: "Marked noai", "noai 표시";
    noai_check: "Leave out what its publisher marks noai", "게시자가 noai로 표시한 것 제외";
    noai_words: "Leave it out", "제외하기";
    requests_per_s: "Requests a second", "초당 요청";
    bytes_per_s: "Bytes a second", "초당 바이트";
    at_each_host: "at each host", "호스트마다";
    in_all: "in all", "전체";
    no_limit: "no limit", "제한 없음";
    wrong_requests: "Give a number from 0.001 on, such as 5 or 0.5.", "0.001 이상의 숫자를 입력하세요. 예: 5 또는 0.5";
    wrong_bytes: "Give 1 kB or more, such as 500kB or 2MB.", "1kB 이상을 입력하세요. 예: 500kB 또는 2MB";
    proxy: "Proxy", "프록시";
    proxy_none: "None", "없음";
    proxy_own: "Address", "주소 입력";
    proxy_url: "Proxy address", "프록시 주소";
    wrong_proxy: "Give an http, https, socks5 or socks5h address, such as http://proxy:3128.", "http, https, socks5, socks5h 주소를 입력하세요. 예: http://proxy:3128";
    proxy_secret: "Its user and password are kept apart, where only you may read them.", "사용자와 암호는 본인만 읽을 수 있는 곳에 따로 보관합니다.";
    ca_file: "CA file", "CA 파일";
    ca_hint: "beside the system's", "시스템 인증서에 더하여";
    insecure_hosts: "Unchecked hosts", "확인 안 하는 호스트";
    insecure_warning: "Their certificates aren't checked: anybody on the way can read and change what they send.", "인증서를 확인하지 않으므로 전송 내용을 중간에서 누구나 읽고 바꿀 수 있습니다.";
    new_host: "Host to leave unchecked", "확인하지 않을 호스트";
    add_host: "Add host", "호스트 추가";
    wrong_host: "Give a host's name or address alone, such as nas.local.", "호스트 이름이나 주소만 입력하세요. 예: nas.local";
    access: "Who you are", "인증 정보";
    access_add: "Add credentials…", "인증 정보 추가…";
    access_note: "They go to that very host alone, never to one that it redirects to.", "지정한 그 호스트에만 보내며, 리디렉션된 다른 호스트에는 보내지 않습니다.";
    access_host: "Host", "호스트";
    access_kind: "What it is told", "보낼 것";
    access_header: "Header", "헤더";
    access_cookie: "Cookie", "쿠키";
    access_basic: "User and password", "사용자와 암호";
    access_bearer: "Token", "토큰";
    access_header_name: "Header name", "헤더 이름";
    access_user: "User", "사용자";
    access_from: "Where it is", "위치";
    access_typed: "Typed here", "여기에 입력";
    access_variable: "Variable", "환경 변수";
    access_netrc: "~/.netrc", "~/.netrc";
    access_password: "Password", "암호";
    access_value: "Value", "값";
    access_variable_name: "Variable name", "변수 이름";
    access_unchanged: "unchanged", "바꾸지 않음";
    access_kept: "kept where only you may read it", "본인만 읽을 수 있는 곳에 보관";
    access_plain: "http is not encrypted: anybody on the way can read it.", "http는 암호화되지 않아 전송 내용을 중간에서 누구나 읽을 수 있습니다.";
    access_save: "Save credentials", "인증 정보 저장";
    access_cancel: "Discard", "취소하기";
    wrong_place: "Give a host such as api.example.com, or https://api.example.com:8443.", "api.example.com 또는 https://api.example.com:8443처럼 입력하세요.";
    wrong_header: "This header can't be set. Give a name such as X-Api-Key.", "설정할 수 없는 헤더입니다. X-Api-Key 같은 이름을 입력하세요.";
    wrong_user: "Give a user, without a colon.", "콜론 없이 사용자를 입력하세요.";
    wrong_variable: "Give a variable's name, such as API_TOKEN.", "API_TOKEN 같은 변수 이름을 입력하세요.";
    wrong_secret: "Type it here; line breaks can't be sent.", "여기에 입력하세요. 줄바꿈은 보낼 수 없습니다.";
    access_twice: "This host is told such a thing already: edit that one.", "이 호스트에는 이미 같은 정보가 있습니다. 그것을 편집하세요.";
    limits_of_links: "Links", "링크";
    lists: "Lists", "목록";
    columns_choose: "Choose column…", "열 선택…";
    columns_title: "Columns of the lists", "목록의 열";
    columns_note: "They hold for every list of this batch.", "이 작업의 모든 목록에 적용됩니다.";
    url_column: "Column of links", "링크 열";
    checksum_column: "Column of checksums", "체크섬 열";
    no_checksum: "None", "없음";
    checksum_note: "MD5, SHA-1 or SHA-256 in hex. What comes with another one fails.", "16진수 MD5, SHA-1 또는 SHA-256입니다. 다르면 실패로 처리합니다.";
}

impl Lang {
    /// When robots.txt is obeyed.
    pub(crate) const fn robots_word(self, policy: RobotsPolicy) -> &'static str {
        match (self, policy) {
            (Self::English, RobotsPolicy::Auto) => "In large batches",
            (Self::English, RobotsPolicy::Always) => "Always",
            (Self::English, RobotsPolicy::Never) => "Never",
            (Self::Korean, RobotsPolicy::Auto) => "대량일 때",
            (Self::Korean, RobotsPolicy::Always) => "항상",
            (Self::Korean, RobotsPolicy::Never) => "안 함",
        }
    }

    /// What that means.
    pub(crate) fn robots_note(self, policy: RobotsPolicy) -> String {
        let above = RobotsPolicy::AUTO_ABOVE;
        match (self, policy) {
            (Self::English, RobotsPolicy::Auto) => {
                format!("Obeyed at hosts of which a batch has more than {above} links.")
            }
            (Self::English, RobotsPolicy::Always) => "Obeyed at every host.".to_owned(),
            (Self::English, RobotsPolicy::Never) => "Not even read. Fetch only what is yours to fetch.".to_owned(),
            (Self::Korean, RobotsPolicy::Auto) => format!("한 작업에 링크가 {above}개를 넘는 호스트에서 따릅니다."),
            (Self::Korean, RobotsPolicy::Always) => "모든 호스트에서 따릅니다.".to_owned(),
            (Self::Korean, RobotsPolicy::Never) => "읽지 않습니다. 가져올 권한이 있는 것만 가져오세요.".to_owned(),
        }
    }

    /// What holds until a proxy's address is given.
    pub(crate) const fn proxy_unset(self, holds: &ProxyChoice) -> &'static str {
        match (self, holds) {
            (Self::English, ProxyChoice::None) => "Until an address stands here, none is used.",
            (Self::English, _) => "Until an address stands here, the system's is used.",
            (Self::Korean, ProxyChoice::None) => "주소를 입력하기 전에는 프록시를 쓰지 않습니다.",
            (Self::Korean, _) => "주소를 입력하기 전에는 시스템 프록시를 씁니다.",
        }
    }

    /// `Bearer token`, as a list shows what a host is told.
    pub(crate) fn access_told(self, kind: &AccessKind) -> String {
        match kind {
            AccessKind::Header { name } => format!("{} {name}", self.access_header()),
            AccessKind::Cookie => self.access_cookie().to_owned(),
            AccessKind::Basic { user: Some(user) } => format!("{} {user}", self.access_user()),
            AccessKind::Basic { user: None } | AccessKind::Proxy => self.access_basic().to_owned(),
            AccessKind::Bearer => self.access_bearer().to_owned(),
        }
    }

    /// Where a secret is, as a list shows it.
    pub(crate) fn access_place(self, secret: &SecretRef) -> String {
        match secret {
            SecretRef::Env(name) => format!("{} {name}", self.access_variable()),
            SecretRef::Netrc => self.access_netrc().to_owned(),
            SecretRef::Settings(_) => self.access_kept().to_owned(),
        }
    }

    /// `Edit: https://api.example.com`.
    pub(crate) fn edit_named(self, name: &str) -> String {
        match self {
            Self::English => format!("Edit: {name}"),
            Self::Korean => format!("편집: {name}"),
        }
    }

    /// `Removed: https://api.example.com`.
    pub(crate) fn removed_named(self, name: &str) -> String {
        match self {
            Self::English => format!("Removed: {name}"),
            Self::Korean => format!("제거함: {name}"),
        }
    }

    /// Why a file of certificate authorities can't be used.
    pub(crate) const fn ca_fault(self, fault: CaFileFault) -> &'static str {
        match (self, fault) {
            (Self::English, CaFileFault::Missing) => "There is no such file. Batches can't start until it is there.",
            (Self::English, CaFileFault::NoCertificate) => {
                "It holds no certificate in PEM. Batches can't start with it."
            }
            (Self::Korean, CaFileFault::Missing) => "그런 파일이 없습니다. 파일이 있어야 작업을 시작할 수 있습니다.",
            (Self::Korean, CaFileFault::NoCertificate) => {
                "PEM 인증서가 없는 파일입니다. 이 파일로는 작업을 시작할 수 없습니다."
            }
        }
    }

    /// `Remove: nas.local`.
    pub(crate) fn remove_named(self, name: &str) -> String {
        format!("{}: {name}", self.remove())
    }

    /// `shops.csv: no column “url”`.
    pub(crate) fn lacks_column(self, list: &str, column: &str) -> String {
        match self {
            Self::English => format!("{list}: no column “{column}”"),
            Self::Korean => format!("{list}: “{column}” 열이 없습니다"),
        }
    }

    /// `shops.csv has no column “url”, so its links aren't listed.`
    pub(crate) fn list_lacks(self, list: &str, column: &str) -> String {
        match self {
            Self::English => format!("{list} has no column “{column}”."),
            Self::Korean => format!("{list}에 “{column}” 열이 없습니다."),
        }
    }

    /// `Columns: shops.csv`.
    pub(crate) fn columns_of(self, list: &str) -> String {
        match self {
            Self::English => format!("Columns: {list}"),
            Self::Korean => format!("열: {list}"),
        }
    }
}
