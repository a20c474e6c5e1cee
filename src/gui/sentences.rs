//! Errors of items as sentences: English is the error's own, Korean is made here from its kind and arguments.

use super::text::Lang;
use crate::error::{ErrorKind, ItemError};
use crate::model::Remark;

/// What happened, to which item, and what to do.
pub(crate) fn error(lang: Lang, error: &ItemError) -> String {
    match lang {
        Lang::English => error.to_string(),
        Lang::Korean => korean(error),
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
    let detail = match error.arg("detail") {
        "" => String::new(),
        detail => format!(" ({detail})"),
    };
    let safe = "원본은 그대로입니다.";
    let parts = match (error.arg("had"), error.arg("wanted")) {
        ("", _) | (_, "") => detail.clone(),
        (had, wanted) => format!(" ({wanted} 중 {had})"),
    };
    match error.kind {
        ErrorKind::NotFound => format!("{name}: 파일이 없습니다. 이름과 폴더를 확인하세요."),
        ErrorKind::Unreadable => format!("{name}: 읽을 권한이 없습니다. 권한을 준 뒤 다시 시도하세요."),
        ErrorKind::Empty => format!("{name}: 빈 파일입니다 (0바이트)."),
        ErrorKind::NotAPicture => format!("{name}: 사진이 아닙니다{detail}. {safe}"),
        ErrorKind::Unsupported => format!("{name}: 지원하지 않는 형식입니다{detail}. {safe}"),
        ErrorKind::Truncated => format!("{name}: 파일이 중간에 끝납니다{parts}. {safe}"),
        ErrorKind::Corrupt => format!("{name}: 파일이 손상되었습니다{detail}. {safe}"),
        ErrorKind::TooLarge => format!("{name}: 한도보다 큽니다{detail}. {safe}"),
        ErrorKind::InputChanged => format!("{name}: 읽는 동안 바뀌었습니다. 다시 시도하세요."),
        ErrorKind::BadUrl => format!("{name}: 쓸 수 없는 링크입니다{detail}."),
        ErrorKind::UnknownHost => format!("{name}: 호스트 이름을 찾을 수 없습니다{detail}. 링크를 확인하세요."),
        ErrorKind::Connect => format!("{name}: 연결할 수 없습니다{detail}. 나중에 다시 시도하세요."),
        ErrorKind::Tls => format!("{name}: 보안 연결을 맺을 수 없습니다{detail}."),
        ErrorKind::Timeout => format!("{name}: 서버가 너무 오래 응답하지 않습니다{detail}. 나중에 다시 시도하세요."),
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
        ErrorKind::CantEncode => format!("{name}: 이 형식으로는 저장할 수 없습니다{detail}."),
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
mod tests {
    use super::*;

    #[test]
    fn a_truncated_file_is_told_in_both_languages_with_both_sizes() {
        let it = ItemError::new(ErrorKind::Truncated, "IMG_7.jpg").with("had", "2.1 MB").with("wanted", "4.0 MB");
        assert_eq!(error(Lang::English, &it), it.to_string());
        let korean = error(Lang::Korean, &it);
        assert!(korean.contains("IMG_7.jpg") && korean.contains("4.0 MB 중 2.1 MB"), "{korean}");
    }
}
