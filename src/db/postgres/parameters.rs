//! Types of parameters that are also tested for NULL.

use tokio_postgres::types::Type;

/// The statement without tests of parameters for NULL, so that their other uses decide their types, and the types that are
/// known then: text for parameters without another use. The result is only parsed by the server, never run, so literals
/// that look like parameters do no harm.
pub(super) fn without_null_tests(sql: &str) -> (String, Vec<Type>) {
    let (mut text, mut rest) = (String::new(), sql);
    let mut has_use: Vec<bool> = Vec::new();
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        let digits = after[1..].find(|c: char| !c.is_ascii_digit()).map_or(after.len(), |end| end + 1);
        let (parameter, after) = after.split_at(digits.max(1));
        rest = after;
        let number: usize = parameter[1..].parse().unwrap_or(0);
        if !(1..=usize::from(u16::MAX)).contains(&number) {
            text.push_str(parameter);
            continue;
        }
        if has_use.len() < number {
            has_use.resize(number, false);
        }
        if is_null_test(after) {
            text.push_str("NULL");
        } else {
            has_use[number - 1] = true;
            text.push_str(parameter);
        }
    }
    text.push_str(rest);
    (text, has_use.into_iter().map(|has_use| if has_use { Type::UNKNOWN } else { Type::TEXT }).collect())
}

fn is_null_test(text: &str) -> bool {
    let mut words = text
        .split(|c: char| !c.is_ascii_alphanumeric() && !c.is_whitespace())
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let is = |word: Option<&str>, wanted: &str| word.is_some_and(|word| word.eq_ignore_ascii_case(wanted));
    is(words.next(), "is") && {
        let word = words.next();
        is(word, "null") || is(word, "not") && is(words.next(), "null")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_for_null_do_not_decide_types() {
        for (sql, expected, types) in [
            ("WHERE ($1 IS NULL OR b >= $1)", "WHERE (NULL IS NULL OR b >= $1)", vec![Type::UNKNOWN]),
            ("$2 is\n not null, $1", "NULL is\n not null, $1", vec![Type::UNKNOWN, Type::TEXT]),
            ("$1 IS DISTINCT FROM $10", "$1 IS DISTINCT FROM $10", {
                let mut types = vec![Type::TEXT; 10];
                (types[0], types[9]) = (Type::UNKNOWN, Type::UNKNOWN);
                types
            }),
            ("$$ $ $x$ $0", "$$ $ $x$ $0", vec![]),
        ] {
            assert_eq!(without_null_tests(sql), (expected.to_owned(), types), "{sql}");
        }
    }
}
