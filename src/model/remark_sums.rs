//! Sums of the remarks about a job's items: how many items each one is about, and the names of the first.

use super::locator::Locator;
use super::remark::Remark;

/// Different remarks that are counted separately; those with further details count with the first of their kind.
const MAX_REMARKS: usize = 50;

/// The remarks of many items.
#[derive(Clone, Debug, Default)]
pub struct RemarkSums {
    sums: Vec<RemarkSum>,
    names: usize,
}

/// One remark about any number of items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemarkSum {
    /// The remark about the first of them.
    pub remark: Remark,
    /// Number of items.
    pub count: u64,
    /// The numbers and names of the first ones.
    pub items: Vec<(u64, Locator)>,
}

impl RemarkSums {
    /// Sums that keep at most this many names for each remark.
    pub fn with_names(names: usize) -> Self {
        Self { sums: Vec::new(), names }
    }

    /// Adds the remarks of an item.
    pub fn add(&mut self, seq: u64, locator: &Locator, remarks: &[Remark]) {
        for remark in remarks {
            let is_full = self.sums.len() >= MAX_REMARKS;
            let is_same = |sum: &RemarkSum| {
                sum.remark == *remark || ((is_full || remark.sums_up_by_kind()) && sum.remark.word() == remark.word())
            };
            let at = self.sums.iter().position(is_same);
            let at = at.unwrap_or_else(|| {
                self.sums.push(RemarkSum { remark: remark.clone(), count: 0, items: Vec::new() });
                self.sums.len() - 1
            });
            let Some(sum) = self.sums.get_mut(at) else { continue };
            sum.count += 1;
            if sum.items.len() < self.names {
                sum.items.push((seq, locator.clone()));
            }
        }
    }

    /// The sums, in the order in which the remarks first appeared.
    pub fn sums(&self) -> &[RemarkSum] {
        &self.sums
    }
}

impl RemarkSum {
    /// All of it as one remark.
    pub fn remark(&self) -> Remark {
        let items = self.items.iter().map(|(_, locator)| locator.short_name()).collect();
        Remark::OfItems { count: self.count, about: Box::new(self.remark.clone()), items }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Lang;

    #[test]
    fn remarks_are_summed_up_with_the_names_of_the_first_items() {
        let mut sums = RemarkSums::with_names(2);
        let file = |name: &str| Locator::File(format!("/in/{name}").into());
        for (seq, name) in ["a.jpg", "b.jpg", "c.jpg"].into_iter().enumerate() {
            sums.add(seq as u64 + 1, &file(name), &[Remark::LeftOver]);
        }
        sums.add(4, &file("d.tif"), &[Remark::FirstPage { pages: 3 }, Remark::LeftOver]);
        sums.add(5, &file("e.tif"), &[Remark::FirstPage { pages: 7 }]);
        let texts: Vec<String> = sums.sums().iter().map(|sum| sum.remark().to_string()).collect();
        assert_eq!(
            texts,
            [
                "4 images may be damaged: compressed data remains after the last row. (a.jpg, b.jpg, and 2 more)",
                "2 multi-page images: only the first page was used (page=N in --save selects another). (d.tif, e.tif)",
            ]
        );
        let korean = sums.sums()[0].remark().text(Lang::Korean);
        assert!(korean.contains("a.jpg, b.jpg 외 2개"), "{korean}");
        assert_eq!(sums.sums()[0].items, [(1, file("a.jpg")), (2, file("b.jpg"))]);
    }

    #[test]
    fn a_remark_without_a_text_for_many_items_has_one_of_its_own() {
        let mut sums = RemarkSums::with_names(3);
        let link = Locator::Url("https://h/x/a.jpg?token=1".to_owned());
        sums.add(1, &link, &[Remark::CutShort { rows: 3, of_rows: 9, frames: None }]);
        sums.add(2, &link, &[Remark::CutShort { rows: 3, of_rows: 9, frames: None }]);
        sums.add(3, &link, &[Remark::CutShort { rows: 4, of_rows: 9, frames: None }]);
        assert_eq!(sums.sums().len(), 2, "different details are different remarks");
        let text = sums.sums()[0].remark().to_string();
        assert!(text.starts_with("2 images: Ends early: 3 of 9 rows were saved. (a.jpg, a.jpg)"), "{text}");
        for n in 0..100 {
            sums.add(4, &link, &[Remark::CutShort { rows: n, of_rows: 9, frames: None }]);
        }
        assert_eq!(sums.sums().len(), MAX_REMARKS);
    }
}
