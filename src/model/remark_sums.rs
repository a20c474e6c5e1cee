//! Sums of the remarks about a job's items: how many items each one is about, and the names of the first.

use super::locator::Locator;
use super::message::Message;
use super::remark::Remark;

/// Different remarks that are counted separately; those with further details count with the first of their kind.
const MAX_REMARKS: usize = 50;

/// The remarks of many items.
#[derive(Clone, Debug, Default)]
pub struct RemarkSums {
    sums: Vec<RemarkSum>,
    names: usize,
}

/// One kind of remark about any number of items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemarkSum {
    /// The remark about the first of them.
    pub remark: Remark,
    /// Number of items.
    pub count: u64,
    /// Whether the remarks about the others have other details, such as other lost parts.
    pub differs: bool,
    /// The first items.
    pub items: Vec<Remarked>,
}

/// An item that a remark is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remarked {
    /// Its number.
    pub seq: u64,
    /// Its name.
    pub locator: Locator,
    /// The remark with its details.
    pub remark: Remark,
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
                self.sums.push(RemarkSum { remark: remark.clone(), count: 0, differs: false, items: Vec::new() });
                self.sums.len() - 1
            });
            let Some(sum) = self.sums.get_mut(at) else { continue };
            sum.count += 1;
            sum.differs |= sum.remark != *remark;
            if sum.items.len() < self.names {
                sum.items.push(Remarked { seq, locator: locator.clone(), remark: remark.clone() });
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
        let items = self.items.iter().map(|item| item.locator.short_name()).collect();
        Remark::OfItems { count: self.count, about: Box::new(self.remark.clone()), items }
    }

    /// What holds for all of its items: the remark itself, unless its details differ.
    pub fn message(&self) -> Message {
        if self.differs { self.remark.of_many(self.count) } else { self.remark.message() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Lang, Part};

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
        let named = sums.sums()[0].items.iter().map(|item| (item.seq, item.locator.clone()));
        assert_eq!(named.collect::<Vec<_>>(), [(1, file("a.jpg")), (2, file("b.jpg"))]);
    }

    #[test]
    fn items_that_lost_different_parts_keep_their_own_remarks_and_the_sum_claims_none_of_them() {
        let mut sums = RemarkSums::with_names(9);
        let lost = |part| Remark::LeftOut { parts: vec![part], format: "JPEG".to_owned() };
        sums.add(1, &Locator::File("/in/a.jpg".into()), &[lost(Part::Video)]);
        assert_eq!(sums.sums()[0].message().to_string(), "Not kept in JPEG: video of a motion photo.");
        sums.add(2, &Locator::File("/in/b.jpg".into()), &[lost(Part::GainMap)]);
        let [sum] = sums.sums() else { panic!("{sums:?}") };
        let text = sum.message().to_string();
        assert!(text.starts_with("2 images lost metadata or other parts") && !text.contains("video"), "{text}");
        let own: Vec<String> = sum.items.iter().map(|item| item.remark.to_string()).collect();
        assert_eq!(own, ["Not kept in JPEG: video of a motion photo.", "Not kept in JPEG: gain map (HDR)."]);
    }

    #[test]
    fn images_that_grew_by_different_amounts_are_one_line() {
        let mut sums = RemarkSums::with_names(1);
        let file = |n: u64| Locator::File(format!("/in/{n}.jpg").into());
        sums.add(1, &file(1), &[Remark::Grew { from: 1_000, to: 2_000 }]);
        let one = sums.sums()[0].remark().to_string();
        assert!(one.starts_with("1 image: Larger than the original: 1.0 KB became 2.0 KB."), "{one}");
        for n in 2..=60 {
            sums.add(n, &file(n), &[Remark::Grew { from: 1_000, to: 2_000 + n }]);
            sums.add(n, &file(n), &[Remark::CutShort { rows: n as u32, of_rows: 99, frames: None }]);
        }
        let texts: Vec<String> = sums.sums().iter().map(|sum| sum.remark().to_string()).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].starts_with("60 images became larger than their originals."), "{texts:?}");
        assert!(texts[1].starts_with("59 images end early: "), "{texts:?}");
    }

    #[test]
    fn a_remark_without_a_text_for_many_items_has_one_of_its_own() {
        let mut sums = RemarkSums::with_names(3);
        let link = Locator::Url("https://h/x/a.jpg?token=1".to_owned());
        sums.add(1, &link, &[Remark::KeptOriginal]);
        sums.add(2, &link, &[Remark::KeptOriginal]);
        let text = sums.sums()[0].remark().to_string();
        assert!(
            text.starts_with("2 images: Re-encoding did not save enough") && text.contains("(a.jpg, a.jpg)"),
            "{text}"
        );
        for n in 0..100 {
            sums.add(4, &link, &[Remark::NoPictures { folder: n.to_string() }]);
        }
        assert_eq!(sums.sums().len(), MAX_REMARKS);
    }
}
