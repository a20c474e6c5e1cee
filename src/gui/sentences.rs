//! Errors and remarks as sentences: English is their own, Korean is made here from their kind and arguments.

use super::ops;
use super::words::Lang;
use crate::error::{ErrorKind, ItemError, JobError, RecipePlace};
use crate::model::{Locator, Message, Remark};

/// What happened, to which item, and what to do.
pub(crate) fn error(lang: Lang, error: &ItemError) -> String {
    match lang {
        Lang::English => error.to_string(),
        Lang::Korean => korean(error),
    }
}

/// What happened, for a narrow place that stands beside the item's name.
pub(crate) fn brief(lang: Lang, error: &ItemError) -> String {
    let said = error.said().map(|sentence| said(lang, &sentence));
    let (had, wanted, status) = (error.arg("had"), error.arg("wanted"), error.arg("status"));
    let more = match (lang, said.as_deref().unwrap_or(error.arg("detail"))) {
        (Lang::English, _) if !wanted.is_empty() => format!("{had} of {wanted}"),
        (Lang::Korean, _) if !wanted.is_empty() => format!("{wanted} 중 {had}"),
        (_, detail) => [status, detail].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
    };
    let kind = kind(lang, error.kind);
    if more.is_empty() { kind.to_owned() } else { format!("{kind}: {more}") }
}

/// Why a job could not start, or go on. No option of the command line is named here.
pub(crate) fn job(lang: Lang, error: &JobError) -> String {
    match (lang, error) {
        (_, JobError::Refused(sentence) | JobError::Machine(sentence)) => said(lang, sentence),
        (_, JobError::Item(error)) => self::error(lang, error),
        (Lang::English, JobError::Catalog { path, detail }) => {
            format!("The catalog {path} can't be used: {detail}. Nothing was lost.")
        }
        (Lang::English, JobError::Output { path, detail }) => {
            format!("The output folder {path} can't be written to ({detail}). Choose another one.")
        }
        (Lang::English, JobError::Recipe { place, why }) => format!("{place}: {}", said(lang, why)),
        (Lang::Korean, JobError::Recipe { place, why }) => {
            let place = match place {
                RecipePlace::Step(number) => format!("{number}단계"),
                RecipePlace::Save => "저장 설정".to_owned(),
                RecipePlace::File { name, line } => format!("{name} {line}번째 줄"),
                RecipePlace::Argument(typed) => typed.clone(),
            };
            format!("{place}: {}", said(lang, why))
        }
        (Lang::Korean, JobError::Catalog { path, detail }) => {
            format!("기록 파일 {path}을(를) 쓸 수 없습니다({detail}). 잃은 것은 없습니다.")
        }
        (Lang::Korean, JobError::Output { path, detail }) => {
            format!("결과 폴더 {path}에 쓸 수 없습니다({detail}). 다른 폴더를 고르세요.")
        }
        (Lang::Korean, JobError::Locked(job)) => {
            format!("다른 Pixloom이 {}을(를) 처리하고 있습니다.", lang.job_name(job.0))
        }
        (_, error) => error.to_string(),
    }
}

/// A sentence in the window's language: Korean stands under its id.
pub(crate) fn said(lang: Lang, sentence: &Message) -> String {
    let words = match lang {
        Lang::Korean => ops::said(sentence.id()),
        Lang::English => None,
    };
    let Some(words) = words else { return sentence.to_string() };
    let of = sentence.whose();
    let name = |param: &str| match of {
        "" => param.to_owned(),
        "save" => ops::save_name(lang, param),
        op => ops::param(lang, op, param),
    };
    let told = sentence.fill(words, |arg, value| if arg == "param" { name(value) } else { value.to_owned() });
    let (file, line) = sentence.place();
    let place = match (file, line) {
        ("", "") => String::new(),
        (file, "") => format!("{file}: "),
        ("", line) => format!("{line}번째 줄: "),
        (file, line) => format!("{file} {line}번째 줄: "),
    };
    match of {
        "" | "save" => format!("{place}{told}"),
        op => format!("{}: {place}{told}", ops::name(lang, op)),
    }
}

/// What was left out.
pub(crate) fn remark(lang: Lang, remark: &Remark) -> String {
    match (lang, remark) {
        (Lang::English, Remark::OnlyBelow { folder }) => {
            format!("There are no pictures in {folder} itself, but in folders below it.")
        }
        (Lang::English, Remark::FirstPages { count }) => {
            let pictures = if *count == 1 { "picture" } else { "pictures" };
            format!(
                "Of {count} {pictures} with several pages the first was read. Page, among the ways to save, picks another."
            )
        }
        (Lang::English, remark) => remark.to_string(),
        (Lang::Korean, Remark::NoPictures { folder }) => format!("{folder}에 사진이 없습니다."),
        (Lang::Korean, Remark::OnlyBelow { folder }) => {
            format!("{folder}에는 사진이 없지만 그 하위 폴더에는 있습니다.")
        }
        (Lang::Korean, Remark::NotPictures { count, folder }) => {
            format!("{folder}의 파일 {count}개는 사진이 아니어서 제외했습니다.")
        }
        (Lang::Korean, Remark::RepeatedLinks { count, list, only_so_many }) => {
            let most = only_so_many.map(|most| format!(" 처음 {most}개까지만 비교했습니다."));
            format!("{list}에서 이미 나온 링크 {count}개는 건너뛰었습니다.{}", most.unwrap_or_default())
        }
        (Lang::Korean, Remark::OtherKinds { count, folder, extensions }) => {
            format!("{folder}의 사진 {count}장은 열 수 없는 형식입니다 ({extensions}).")
        }
        (Lang::Korean, Remark::FirstPage { pages }) => format!("{pages}페이지 중 첫 페이지만 읽었습니다."),
        (Lang::Korean, Remark::FirstPages { count }) => format!(
            "여러 페이지가 있는 사진 {count}장은 첫 페이지만 읽었습니다. 저장 설정의 페이지에서 다른 페이지를 고를 수 있습니다."
        ),
        (Lang::Korean, Remark::TakenForSrgb { colours }) => {
            format!("색({colours})을 변환할 수 없어 sRGB로 처리했습니다.")
        }
        (Lang::Korean, Remark::ManyTakenForSrgb { count }) => {
            format!("사진 {count}장의 색(PQ, HLG 또는 비디오 범위)을 sRGB로 처리했습니다.")
        }
        (Lang::Korean, Remark::AboveWhite) => {
            "실수 픽셀은 0~1로 읽는데, 값 대부분이 그보다 커서 흰색이 되었습니다.".to_owned()
        }
        (Lang::Korean, Remark::ManyAboveWhite { count }) => {
            format!("사진 {count}장은 실수 픽셀 값 대부분이 1보다 커서 흰색이 되었습니다. 실수는 0~1로 읽습니다.")
        }
        (Lang::Korean, Remark::LeftOver) => {
            "사진이 손상되었을 수 있습니다. 모든 줄을 읽은 뒤에도 부호 데이터가 남았습니다.".to_owned()
        }
        (Lang::Korean, Remark::ManyLeftOver { count }) => {
            format!("사진 {count}장이 손상되었을 수 있습니다. 모든 줄을 읽은 뒤에도 부호 데이터가 남았습니다.")
        }
        (Lang::Korean, Remark::UnusedAccess { place, near: None }) => {
            format!("{place}에 보낸 요청이 없어 이 주소의 인증 정보를 쓰지 않았습니다.")
        }
        (Lang::Korean, Remark::UnusedAccess { place, near: Some(near) }) => format!(
            "{place}의 인증 정보를 쓰지 않았습니다. 링크는 {near}에 요청했습니다. 그 주소가 맞다면 그 주소로 지정하세요."
        ),
    }
}

/// Several, one behind the other.
pub(crate) fn remarks(lang: Lang, remarks: &[Remark]) -> String {
    remarks.iter().map(|one| remark(lang, one)).collect::<Vec<_>>().join(" ")
}

/// A kind's short name, for chips and tables.
pub(crate) const fn kind(lang: Lang, kind: ErrorKind) -> &'static str {
    let (english, korean) = match kind {
        ErrorKind::NotFound => ("Not found", "파일 없음"),
        ErrorKind::Unreadable => ("Not readable", "읽기 권한 없음"),
        ErrorKind::Empty => ("Empty", "빈 파일"),
        ErrorKind::NotAPicture => ("Not a picture", "사진이 아님"),
        ErrorKind::Unsupported => ("Not supported", "지원하지 않음"),
        ErrorKind::Truncated => ("Ends early", "중간에 끊김"),
        ErrorKind::Corrupt => ("Damaged", "손상됨"),
        ErrorKind::TooLarge | ErrorKind::BodyTooLarge => ("Too large", "너무 큼"),
        ErrorKind::InputChanged => ("Changed meanwhile", "도중에 바뀜"),
        ErrorKind::BadUrl => ("Bad link", "잘못된 링크"),
        ErrorKind::UnknownHost => ("Unknown host", "알 수 없는 호스트"),
        ErrorKind::Connect => ("No connection", "연결 실패"),
        ErrorKind::Tls => ("Not secure", "보안 연결 실패"),
        ErrorKind::Timeout => ("Timed out", "시간 초과"),
        ErrorKind::HttpStatus => ("Server refused", "서버 오류 응답"),
        ErrorKind::Redirect => ("Redirects", "잘못된 리디렉션"),
        ErrorKind::ShortBody => ("Broke off", "전송 끊김"),
        ErrorKind::Checksum => ("Wrong checksum", "체크섬 불일치"),
        ErrorKind::NoColumn => ("Column missing", "열 없음"),
        ErrorKind::BadResponse => ("Bad answer", "잘못된 응답"),
        ErrorKind::RefusedAddress => ("Not allowed", "허용되지 않음"),
        ErrorKind::Robots => ("Not wished (robots.txt)", "robots.txt 거부"),
        ErrorKind::RobotsUnavailable => ("No robots.txt", "robots.txt 확인 불가"),
        ErrorKind::NoAi => ("Not for training", "학습용 아님"),
        ErrorKind::MissingSecret => ("Secret missing", "비밀 정보 없음"),
        ErrorKind::Conflict => ("Name taken", "이름 중복"),
        ErrorKind::WouldReplaceInput => ("Is an original", "원본과 같은 위치"),
        ErrorKind::Unwritable => ("Not writable", "쓰기 불가"),
        ErrorKind::DiskFull => ("Disk full", "디스크 가득 참"),
        ErrorKind::ReadOnly => ("Read-only disk", "읽기 전용 디스크"),
        ErrorKind::CantEncode => ("Can't encode", "저장 불가 형식"),
        ErrorKind::Recipe => ("Recipe", "레시피"),
        ErrorKind::TookTooLong => ("Took too long", "너무 오래 걸림"),
        ErrorKind::Io => ("Read or write failed", "읽기/쓰기 실패"),
        ErrorKind::Panic => ("Program defect", "프로그램 결함"),
        ErrorKind::Cancelled => ("Stopped", "중단됨"),
    };
    match lang {
        Lang::English => english,
        Lang::Korean => korean,
    }
}

fn korean(error: &ItemError) -> String {
    let name = match error.arg("name") {
        "" => "항목",
        name => name,
    };
    let said = error.said().map(|sentence| match error.arg("proxy") {
        "" => said(Lang::Korean, &sentence),
        proxy => format!("{}; 사용 중인 프록시: {proxy}", said(Lang::Korean, &sentence)),
    });
    let detail = match said.as_deref().unwrap_or(error.arg("detail")) {
        "" => String::new(),
        detail => format!(" ({})", detail.trim_end_matches('.')),
    };
    let safe = if Locator::is_url(name) { "" } else { " 원본은 그대로입니다." };
    let parts = match (error.arg("had"), error.arg("wanted")) {
        ("", _) | (_, "") => detail.clone(),
        (had, wanted) => format!(" ({wanted} 중 {had})"),
    };
    match error.kind {
        ErrorKind::NotFound => format!("{name}: 파일이 없습니다. 이름과 폴더를 확인하세요."),
        ErrorKind::Unreadable => format!("{name}: 읽을 권한이 없습니다. 권한을 준 뒤 다시 시도하세요."),
        ErrorKind::Empty => format!("{name}: 빈 파일입니다 (0바이트)."),
        ErrorKind::NotAPicture => format!("{name}: 사진이 아닙니다{detail}.{safe}"),
        ErrorKind::Unsupported => format!("{name}: 지원하지 않는 형식입니다{detail}.{safe}"),
        ErrorKind::Truncated => format!("{name}: 파일이 중간에 끝납니다{parts}.{safe}"),
        ErrorKind::Corrupt => format!("{name}: 파일이 손상되었습니다{detail}.{safe}"),
        ErrorKind::TooLarge => format!("{name}: 한도보다 큽니다{detail}.{safe}"),
        ErrorKind::InputChanged => format!("{name}: 읽는 동안 바뀌었습니다. 다시 시도하세요."),
        ErrorKind::BadUrl => format!("{name}: 쓸 수 없는 링크입니다{detail}."),
        ErrorKind::UnknownHost => format!("{name}: 호스트 이름을 찾을 수 없습니다{detail}. 링크를 확인하세요."),
        ErrorKind::Connect => format!("{name}: 연결할 수 없습니다{detail}. 나중에 다시 시도하세요."),
        ErrorKind::Tls => format!(
            "{name}: 보안 연결을 맺을 수 없습니다{detail}. 믿을 수 있는 서버라면 네트워크 설정에 인증 기관 파일이나 호스트를 추가하세요."
        ),
        ErrorKind::Timeout => format!("{name}: 서버가 너무 오래 응답하지 않습니다{detail}. 나중에 다시 시도하세요."),
        ErrorKind::HttpStatus if error.arg("status") == "407" => {
            format!("{name}: 프록시가 사용자 이름과 암호를 요구합니다. 프록시 주소에 함께 적으세요.")
        }
        ErrorKind::HttpStatus => format!("{name}: 서버가 {}(으)로 응답했습니다{detail}.", error.arg("status")),
        ErrorKind::Redirect => format!("{name}: 리디렉션이 올바른 곳으로 가지 않습니다{detail}."),
        ErrorKind::ShortBody => format!("{name}: 전송이 중간에 끊겼습니다{parts}. 다시 시도하세요."),
        ErrorKind::BadResponse => format!("{name}: 서버의 응답이 올바르지 않습니다{detail}."),
        ErrorKind::BodyTooLarge => format!("{name}: 한도 {}보다 큽니다.", error.arg("limit")),
        ErrorKind::Checksum => format!("{name}: 체크섬이 목록과 다릅니다{detail}."),
        ErrorKind::NoColumn => {
            format!("{name}: 이름에 쓸 열 \"{}\"이(가) 목록에 없습니다.", error.arg("column"))
        }
        ErrorKind::RefusedAddress => format!("{name}: 허용되지 않는 주소라 가져오지 않았습니다{detail}."),
        ErrorKind::Robots => {
            format!("{name}: {}의 robots.txt가 허용하지 않아 가져오지 않았습니다.", error.arg("host"))
        }
        ErrorKind::RobotsUnavailable => format!(
            "{name}: {}의 robots.txt를 확인할 수 없어 가져오지 않았습니다{detail}. 나중에 다시 시도하세요.",
            error.arg("host")
        ),
        ErrorKind::NoAi => format!("{name}: 게시자가 {}로 표시하여 가져오지 않았습니다.", error.arg("detail")),
        ErrorKind::MissingSecret => {
            format!("{name}: 접속에 필요한 비밀 정보가 없어 가져오지 않았습니다{detail}.")
        }
        ErrorKind::Conflict => {
            format!("{name}: {}이(가) 이미 있습니다. 다른 이름이나 다른 규칙을 고르세요.", error.arg("output"))
        }
        ErrorKind::WouldReplaceInput => format!(
            "{name}: {}은(는) 원본이며, 원본은 절대 바꾸지 않습니다. 다른 폴더를 고르세요.",
            error.arg("output")
        ),
        ErrorKind::Unwritable => format!("{name}: 폴더에 쓸 수 없습니다{detail}. 다른 폴더를 고르세요."),
        ErrorKind::DiskFull => format!("{name}: 디스크가 가득 찼습니다. 공간을 비운 뒤 계속하세요."),
        ErrorKind::ReadOnly => {
            format!("{name}: 저장할 디스크가 읽기 전용입니다. 쓰기를 허용한 뒤 계속하세요.")
        }
        ErrorKind::CantEncode => format!("{name}: 이 형식으로는 저장할 수 없습니다{detail}."),
        ErrorKind::Recipe if !error.arg("step").is_empty() => {
            format!("{name}: {}단계가 이 사진에 맞지 않습니다{detail}.", error.arg("step"))
        }
        ErrorKind::Recipe => format!("{name}: 이 사진에 맞지 않는 단계가 있습니다{detail}."),
        ErrorKind::Io => format!("{name}: 읽기나 쓰기에 실패했습니다{detail}."),
        ErrorKind::TookTooLong => {
            format!("{name}: 제한 시간({})을 넘겨 중단했습니다. 시간을 늘려 다시 시도해 주세요.", error.arg("limit"))
        }
        ErrorKind::Panic => format!("{name}: 프로그램에 결함이 있습니다{detail}."),
        ErrorKind::Cancelled => format!("{name}: 끝나기 전에 멈췄습니다."),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_truncated_file_is_told_in_both_languages_with_both_sizes() {
        let it = ItemError::new(ErrorKind::Truncated, "IMG_7.jpg").with("had", "2.1 MB").with("wanted", "4.0 MB");
        assert_eq!(error(Lang::English, &it), it.to_string());
        let korean = error(Lang::Korean, &it);
        assert!(korean.contains("IMG_7.jpg") && korean.contains("4.0 MB 중 2.1 MB"), "{korean}");
        assert_eq!(brief(Lang::English, &it), "Ends early: 2.1 MB of 4.0 MB");
        let it = ItemError::new(ErrorKind::HttpStatus, "http://h/a").with("status", 404).with("detail", "Not Found");
        assert_eq!(brief(Lang::English, &it), "Server refused: 404 Not Found");
        assert_eq!(brief(Lang::Korean, &ItemError::new(ErrorKind::Empty, "a")), "빈 파일");
    }

    fn has_hangul(text: &str) -> bool {
        text.chars().any(|c| ('가'..='힣').contains(&c))
    }

    /// Every `.rs` file below a folder.
    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    /// The names that stand in braces.
    fn fields(words: &str) -> BTreeSet<&str> {
        let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        words.split('{').skip(1).filter_map(|rest| rest.split('}').next()).filter(is_name).collect()
    }

    #[test]
    fn every_sentence_that_is_said_anywhere_has_korean_words_and_none_stands_there_in_vain() {
        let mut texts = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
        let said: BTreeSet<&str> =
            texts.iter().flat_map(|text| text.split("Message::new(").skip(1)).filter_map(id).collect();
        assert!(said.len() > 100, "{}", said.len());
        // Those of parameters are chosen by their kind; see below.
        let all = ops::all_said().filter(|(id, _)| !id.starts_with("must_be_"));
        let translated: BTreeSet<&str> = all.map(|(id, _)| id).collect();
        let said: BTreeSet<&str> = said.into_iter().filter(|id| !id.starts_with("must_be_")).collect();
        assert_eq!(said, translated);
        for (id, korean) in ops::all_said() {
            assert!(has_hangul(korean), "{id}: {korean}");
            let english = texts.iter().find_map(|text| text.split_once(&format!("\"{id}\","))).map(|(_, after)| after);
            let lacks = fields(korean).into_iter().find(|field| !english.unwrap_or_default().contains(field));
            assert_eq!(lacks, None, "{id}: {korean}");
        }
    }

    /// The id that a call of `Message::new` begins with.
    fn id(call: &str) -> Option<&str> {
        call.trim_start()
            .strip_prefix('"')?
            .split('"')
            .next()
            .filter(|id| id.len() > 1 && id.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()))
    }

    #[test]
    fn a_value_that_no_parameter_takes_is_refused_in_korean_whatever_its_kind() {
        let wrong = crate::model::Value::Text("?".to_owned());
        for op in ops::all() {
            for spec in op.params {
                let sentence = spec.refusal(&wrong).of(op.id);
                let korean = said(Lang::Korean, &sentence);
                assert!(has_hangul(&korean) && !korean.contains('{'), "{korean}");
                assert!(korean.contains(&ops::param(Lang::Korean, op.id, spec.name)), "{korean}");
                assert_eq!(said(Lang::English, &sentence), sentence.to_string());
            }
        }
    }

    #[test]
    fn whatever_stops_a_job_is_told_in_korean() {
        let sentence = || Message::new("network_gone", "The network is gone.");
        let (path, detail) = ("/home/me/out".to_owned(), "no space".to_owned());
        let recipe =
            |place| JobError::Recipe { place, why: Message::new("watermark_text", "text is required").of("resize") };
        for error in [
            JobError::Refused(sentence()),
            JobError::Machine(sentence()),
            JobError::Catalog { path: path.clone(), detail: detail.clone() },
            JobError::Output { path, detail },
            JobError::Locked(crate::model::JobId(3)),
            JobError::Item(ItemError::new(ErrorKind::DiskFull, "a.jpg")),
            recipe(RecipePlace::Step(2)),
            recipe(RecipePlace::Save),
            recipe(RecipePlace::File { name: "r.toml".to_owned(), line: 3 }),
        ] {
            let korean = job(Lang::Korean, &error);
            assert!(has_hangul(&korean), "{korean}");
            assert!(!job(Lang::English, &error).contains("--"), "no option is named in a window");
        }
    }

    #[test]
    fn every_kind_of_error_has_a_korean_sentence_and_a_name() {
        let words =
            include_str!("../error.rs").split_once("pub enum ErrorKind {").unwrap().1.split_once("\n}\n").unwrap().0;
        let kinds = words.lines().filter_map(|line| line.trim().strip_suffix(',')).map(|name| {
            name.chars().fold(String::new(), |mut word, c| {
                if c.is_uppercase() && !word.is_empty() {
                    word.push('_');
                }
                word.extend(c.to_lowercase());
                word
            })
        });
        let kinds: Vec<ErrorKind> = kinds.filter_map(|word| ErrorKind::from_word(&word)).collect();
        assert!(kinds.len() >= 35, "{}", kinds.len());
        for one in kinds {
            let korean = error(Lang::Korean, &ItemError::new(one, "a.jpg").with("detail", "x"));
            assert!(has_hangul(&korean) && korean.contains("a.jpg"), "{korean}");
            assert!(has_hangul(kind(Lang::Korean, one)) || one == ErrorKind::Robots, "{one:?}");
        }
    }

    #[test]
    fn a_step_that_fits_no_picture_is_told_in_korean_from_what_the_catalog_keeps() {
        let why = Message::new("result_too_large", "the result would be {size}, which exceeds the limit")
            .with("size", "9 x 9 px");
        let it = ItemError::new(ErrorKind::Recipe, "a.jpg").saying(&why.of("resize")).with("step", 2);
        let korean = error(Lang::Korean, &it);
        assert!(korean.contains("2단계") && korean.contains("9 x 9 px가") && korean.contains("크기 조정"), "{korean}");
        assert!(it.particulars().all(|(key, _)| matches!(key, "detail" | "step")));
    }
}
