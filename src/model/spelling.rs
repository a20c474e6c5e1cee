//! Spellings of names: which id a word means, and which one a mistyped word is nearest to.

/// Parts of words that British and American English spell differently, and the spelling that they are compared in.
const VARIANTS: [(&str, &str); 6] = [
    ("color", "colour"),
    ("gray", "grey"),
    ("center", "centre"),
    ("optimise", "optimize"),
    ("posterise", "posterize"),
    ("solarise", "solarize"),
];
/// Shortest word that is looked for inside longer names.
const SHORTEST_PART: usize = 3;

/// The form in which spellings are compared: lower case, underscores, one spelling of each word.
fn compared(word: &str) -> String {
    let word = word.trim().to_lowercase().replace(['-', ' '], "_");
    VARIANTS.into_iter().fold(word, |word, (one, other)| word.replace(one, other))
}

/// Whether two words are spellings of the same name: case, `-` and `_`, and British and American English are equal.
pub fn is_same(one: &str, other: &str) -> bool {
    one == other || compared(one) == compared(other)
}

/// The name that a word spells.
pub fn find<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names.into_iter().find(|name| is_same(word, name))
}

/// The name that a mistyped word is probably meant to be: at most a third of its letters differ, or it is a part of the
/// name (`blur` of `gaussian_blur`).
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = compared(word);
    let length = word.chars().count();
    let mut nearest: Option<(usize, &str)> = None;
    let mut containing = None;
    for name in names {
        let other = compared(name);
        let distance = strsim::osa_distance(&word, &other);
        let allowed = (length.max(other.chars().count()) / 3).max(1);
        if distance <= allowed && length > distance && nearest.is_none_or(|(least, _)| distance < least) {
            nearest = Some((distance, name));
        }
        let is_part = length >= SHORTEST_PART && (other.contains(&word) || word.contains(&other) && other.len() >= 4);
        if is_part && containing.is_none() {
            containing = Some(name);
        }
    }
    nearest.map(|(_, name)| name).or(containing)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] = ["resize", "gaussian_blur", "box_blur", "grayscale", "watermark_text", "colour"];

    #[test]
    fn a_name_is_found_in_any_case_and_in_both_spellings() {
        for (word, name) in [
            ("Resize", "resize"),
            ("gaussian-blur", "gaussian_blur"),
            ("Gaussian Blur", "gaussian_blur"),
            ("greyscale", "grayscale"),
            ("color", "colour"),
        ] {
            assert_eq!(find(word, NAMES), Some(name));
        }
        assert_eq!((find("resizes", NAMES), find("resise", NAMES)), (None, None));
    }

    #[test]
    fn a_mistyped_name_suggests_the_nearest_and_an_unrelated_word_suggests_nothing() {
        for (word, name) in [
            ("resze", "resize"),
            ("reisze", "resize"),
            ("blur", "gaussian_blur"),
            ("watermark", "watermark_text"),
            ("watermark_txet", "watermark_text"),
            ("bxo_blur", "box_blur"),
            ("greysacle", "grayscale"),
        ] {
            assert_eq!(nearest(word, NAMES), Some(name), "{word}");
        }
        for word in ["", "x", "teleport", "한글"] {
            assert_eq!(nearest(word, NAMES), None, "{word}");
        }
    }
}
