//! The order that people expect of names: digits are compared as numbers, and case is ignored.

use std::cmp::Ordering;
use std::iter::Peekable;

/// Natural order: `IMG_2` before `img_10`. Names that differ only in case or leading zeros are compared by characters, so
/// that the order is total.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (folded(a).peekable(), folded(b).peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return a.cmp(b),
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => number(&mut left, &mut right),
            (x, y) => {
                let order = x.cmp(&y);
                left.next();
                right.next();
                order
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase)
}

/// Compares two runs of digits of any length by value, and consumes them.
fn number(
    left: &mut Peekable<impl Iterator<Item = char>>,
    right: &mut Peekable<impl Iterator<Item = char>>,
) -> Ordering {
    while left.next_if_eq(&'0').is_some() {}
    while right.next_if_eq(&'0').is_some() {}
    let mut first_difference = Ordering::Equal;
    loop {
        match (left.next_if(char::is_ascii_digit), right.next_if(char::is_ascii_digit)) {
            (Some(x), Some(y)) => first_difference = first_difference.then(x.cmp(&y)),
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            (None, None) => return first_difference,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::natural_order::*;

    #[test]
    fn numbers_count_as_numbers_and_case_does_not_count() {
        let mut names =
            ["img_10.jpg", "IMG_2.jpg", "b", "A", "a", "img_02.jpg", "img_99999999999999999999999.jpg", "나", "가"];
        names.sort_by(|a, b| natural(a, b));
        let wanted =
            ["A", "a", "b", "IMG_2.jpg", "img_02.jpg", "img_10.jpg", "img_99999999999999999999999.jpg", "가", "나"];
        assert_eq!(names, wanted);
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[aAbB012.]{0,6}", b in "[aAbB012.]{0,6}", c in "[aAbB012.]{0,6}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                prop_assert!(natural(&a, &c).is_le());
            }
        }
    }
}
