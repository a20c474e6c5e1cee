//! X-Robots-Tag: whether a publisher forbids the use of an image for training.

use reqwest::header::HeaderMap;

use super::robots_txt::TOKEN;

/// Directives with a value after a colon, which are not names of robots.
const WITH_VALUE: [&str; 4] = ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];

/// The directive of a response against use for training: `noai` or `noimageai`.
pub(crate) fn refusal(headers: &HeaderMap) -> Option<&'static str> {
    let mut values = headers.get_all("x-robots-tag").into_iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.find_map(|value| refusal_of(&value))
}

/// The same for one header: directives separated by commas; after a robot's name and a colon they apply to that robot
/// only.
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
    fn only_directives_for_us_or_for_all_robots_count() {
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
