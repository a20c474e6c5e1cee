//! X-Robots-Tag: whether those who publish a picture ask that it be left out of sets made for training.

use reqwest::header::HeaderMap;

use super::robots_txt::TOKEN;

/// Directives that carry a value behind a colon, so that they are no robot's name.
const WITH_VALUE: [&str; 4] = ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];

/// The directive by which a response asks to be left out, `noai` or `noimageai`.
pub(crate) fn refusal(headers: &HeaderMap) -> Option<&'static str> {
    let mut values = headers.get_all("x-robots-tag").into_iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.find_map(|value| refusal_of(&value))
}

/// Of one header's value: directives between commas; a robot's name with a colon before them speaks to that one alone.
fn refusal_of(value: &str) -> Option<&'static str> {
    let mut is_for_us = true;
    for part in value.split(',') {
        let mut directive = part.trim();
        if let Some((name, rest)) = directive.split_once(':')
            && !WITH_VALUE.iter().any(|known| known.eq_ignore_ascii_case(name.trim()))
        {
            let name = name.trim();
            is_for_us = name == "*" || name.eq_ignore_ascii_case(TOKEN);
            directive = rest.trim();
        }
        let found = ["noai", "noimageai"].into_iter().find(|known| known.eq_ignore_ascii_case(directive));
        if is_for_us && found.is_some() {
            return found;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::noai::*;

    #[test]
    fn only_what_is_said_to_us_or_to_all_counts() {
        for value in
            ["noai", "noindex, NoImageAI", "pixloom: noai", "bot: noindex, *: noai", " Pixloom : nofollow , noai"]
        {
            assert!(refusal_of(value).is_some(), "{value}");
        }
        for value in ["", "noindex", "bot: noai", "bot: noindex, noai", "noairport", "unavailable_after: noai", "ai"] {
            assert!(refusal_of(value).is_none(), "{value}");
        }
        assert!(refusal_of("unavailable_after: 25 Jun 2030 15:00:00 PST, noimageai").is_some());
    }
}
