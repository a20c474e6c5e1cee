//! Colour tables in `.cube` files (Cube LUT Specification 1.0, Adobe 2013; also Resolve's variant, with an input range
//! or a curve before the table): parsing, checks and lookups.
//!
//! Files are untrusted: memory grows with the entries that are present, never with the size that a header claims.

use super::transfer_curve::either;
use crate::model::Message;

/// Largest number of entries in a 1D table.
const MAX_1D: usize = 65_536;
/// Largest number of entries along an edge of a 3D table.
const MAX_3D: usize = 129;

/// A colour with an unused fourth component, so that one load reads it.
type Entry = [f32; 4];

/// The contents of a file: a curve per colour, a 3D table, or both in this order.
#[derive(Debug, PartialEq)]
pub(crate) struct CubeLut {
    pub(crate) curves: Option<Curves>,
    pub(crate) table: Option<Table>,
}

/// One function per colour.
#[derive(Debug, PartialEq)]
pub(crate) struct Curves {
    domain: Domain,
    entries: Vec<Entry>,
}

/// A function of all three colours.
#[derive(Debug, PartialEq)]
pub(crate) struct Table {
    domain: Domain,
    /// Entries along an edge.
    edge: usize,
    /// Red varies fastest.
    entries: Vec<Entry>,
}

/// The value of the first entry, and the factor that turns a value into entries counted from there.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Domain {
    low: [f32; 3],
    entries_per_unit: [f32; 3],
}

/// The contents of the lines before the numbers.
#[derive(Default)]
struct Header {
    size_1d: Option<usize>,
    size_3d: Option<usize>,
    low: Option<[f32; 3]>,
    high: Option<[f32; 3]>,
    range_1d: Option<[f32; 2]>,
    range_3d: Option<[f32; 2]>,
}

fn numbers<'a, const N: usize>(words: impl Iterator<Item = &'a str>) -> Result<[f32; N], Message> {
    let mut values = [0.0; N];
    let mut count = 0;
    for word in words {
        let number = word.parse::<f32>().ok().filter(|number| number.is_finite());
        let wrong = || Message::new("cube_no_number").with("word", shortened(word));
        let number = number.ok_or_else(wrong)?;
        if let Some(value) = values.get_mut(count) {
            *value = number;
        }
        count += 1;
    }
    let message = || Message::new("cube_numbers").with("wanted", N);
    if count == N { Ok(values) } else { Err(message().with("count", count)) }
}

fn shortened(word: &str) -> String {
    word.chars().take(40).collect()
}

impl Header {
    fn take(&mut self, keyword: &str, words: std::str::SplitWhitespace<'_>) -> Result<(), Message> {
        fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Message> {
            let is_new = slot.replace(value).is_none();
            if is_new { Ok(()) } else { Err(Message::new("cube_twice")) }
        }
        match keyword {
            "TITLE" => Ok(()),
            "LUT_1D_SIZE" => once(&mut self.size_1d, size(words, MAX_1D)?),
            "LUT_3D_SIZE" => once(&mut self.size_3d, size(words, MAX_3D)?),
            "DOMAIN_MIN" => once(&mut self.low, numbers(words)?),
            "DOMAIN_MAX" => once(&mut self.high, numbers(words)?),
            "LUT_1D_INPUT_RANGE" => once(&mut self.range_1d, numbers(words)?),
            "LUT_3D_INPUT_RANGE" => once(&mut self.range_3d, numbers(words)?),
            other => {
                let message = Message::new("cube_no_word");
                Err(message.with("word", shortened(other)))
            }
        }
    }

    fn domain(&self, range: Option<[f32; 2]>, size: usize) -> Result<Domain, Message> {
        let low = range.map(|[low, _]| [low; 3]).or(self.low).unwrap_or([0.0; 3]);
        let high = range.map(|[_, high]| [high; 3]).or(self.high).unwrap_or([1.0; 3]);
        let width: [f32; 3] = std::array::from_fn(|i| high[i] - low[i]);
        let entries_per_unit = width.map(|width| (size - 1) as f32 / width);
        if width.iter().all(|width| *width > 0.0) && entries_per_unit.iter().all(|count| count.is_normal()) {
            Ok(Domain { low, entries_per_unit })
        } else {
            Err(Message::new("cube_domain"))
        }
    }
}

fn size<'a>(words: impl Iterator<Item = &'a str>, most: usize) -> Result<usize, Message> {
    let words: Vec<&str> = words.take(2).collect();
    let size = match words.as_slice() {
        [word] => word.parse::<usize>().ok(),
        _ => None,
    };
    size.filter(|size| (2..=most).contains(size)).ok_or_else(|| Message::new("cube_size").with("most", most))
}

impl CubeLut {
    /// Parses a file. The error is a message, with the line where known.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Message> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut header = Header::default();
        let mut entries: Vec<Entry> = Vec::new();
        let mut wanted = 0;
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            let at = |message: Message| message.at_line(i + 1);
            let mut words = line.split_whitespace();
            let Some(first) = words.clone().next().filter(|word| !word.starts_with('#')) else { continue };
            if first.starts_with(|letter: char| letter.is_ascii_alphabetic()) && entries.is_empty() {
                words.next();
                header.take(first, words).map_err(at)?;
                wanted = header.size_1d.unwrap_or(0) + header.size_3d.map_or(0, |edge| edge * edge * edge);
                continue;
            }
            if wanted == 0 {
                return Err(at(Message::new("cube_early_numbers")));
            }
            if entries.len() == wanted {
                return Err(at(Message::new("cube_more").with("wanted", wanted)));
            }
            let [r, g, b] = numbers(words).map_err(at)?;
            entries.push([r, g, b, 0.0]);
        }
        if wanted == 0 {
            return Err(Message::new("cube_no_size"));
        }
        if entries.len() < wanted {
            let message = Message::new("cube_short");
            return Err(message.with("count", entries.len()).with("wanted", wanted));
        }
        let table_entries = entries.split_off(header.size_1d.unwrap_or(0));
        let curves = match header.size_1d {
            Some(size) => Some(Curves { domain: header.domain(header.range_1d, size)?, entries }),
            None => None,
        };
        let table = match header.size_3d {
            Some(edge) => Some(Table { domain: header.domain(header.range_3d, edge)?, edge, entries: table_entries }),
            None => None,
        };
        Ok(Self { curves, table })
    }
}

impl Domain {
    /// The position of a value in entries from the first one, limited to 0 to `last`.
    #[inline(always)]
    fn position(&self, channel: usize, value: f32, last: f32) -> f32 {
        let position = (value - self.low[channel]) * self.entries_per_unit[channel];
        let position = if position > 0.0 { position } else { 0.0 };
        if position < last { position } else { last }
    }
}

impl Curves {
    /// Whether red, green and blue share one curve.
    pub(crate) fn is_neutral(&self) -> bool {
        let same = |[a, b, c]: [f32; 3]| a == b && b == c;
        same(self.domain.low)
            && same(self.domain.entries_per_unit)
            && self.entries.iter().all(|[r, g, b, _]| same([*r, *g, *b]))
    }

    /// Linear interpolation between neighbouring entries.
    #[inline(always)]
    pub(crate) fn at(&self, channel: usize, value: f32) -> f32 {
        let last = self.entries.len() - 1;
        let position = self.domain.position(channel, value, last as f32);
        let before = (position as usize).min(last - 1);
        let part = position - before as f32;
        match self.entries.get(before..before + 2) {
            Some([a, b]) => a[channel] * (1.0 - part) + b[channel] * part,
            _ => value,
        }
    }
}

impl Table {
    /// Interpolation between the four corners of the tetrahedron that contains the colour.
    #[inline(always)]
    pub(crate) fn at(&self, colour: [f32; 3]) -> [f32; 3] {
        let last = self.edge - 1;
        let mut base = 0;
        let mut axes = [(0.0_f32, 0_usize); 3];
        let mut stride = 1;
        for (channel, axis) in axes.iter_mut().enumerate() {
            let position = self.domain.position(channel, colour[channel], last as f32);
            let before = (position as usize).min(last - 1);
            *axis = (position - before as f32, stride);
            base += before * stride;
            stride *= self.edge;
        }
        // Largest component first. The order is unpredictable, so a branch would be slow.
        let sorted = |a: (f32, usize), b: (f32, usize)| {
            let first = a.0 >= b.0;
            let other = (a.1 ^ b.1) & usize::from(first).wrapping_sub(1);
            ((either(first, a.0, b.0), a.1 ^ other), (either(first, b.0, a.0), b.1 ^ other))
        };
        let [r, g, b] = axes;
        let (r, g) = sorted(r, g);
        let (g, third) = sorted(g, b);
        let (first, second) = sorted(r, g);
        let corners = [base, base + first.1, base + first.1 + second.1, base + first.1 + second.1 + third.1];
        let weights = [1.0 - first.0, first.0 - second.0, second.0 - third.0, third.0];
        let mut sum = [0.0; 4];
        for (corner, weight) in corners.into_iter().zip(weights) {
            if let Some(entry) = self.entries.get(corner) {
                for (sum, part) in sum.iter_mut().zip(entry) {
                    *sum += part * weight;
                }
            }
        }
        [sum[0], sum[1], sum[2]]
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use std::fmt::Write as _;

    use super::*;

    /// A table that samples a function of colours.
    fn table(edge: usize, function: impl Fn([f32; 3]) -> [f32; 3]) -> String {
        let mut text = format!("TITLE \"a test\"\n# a comment\nLUT_3D_SIZE {edge}\n\n");
        let unit = |i: usize| i as f32 / (edge - 1) as f32;
        for i in 0..edge * edge * edge {
            let [r, g, b] = function([unit(i % edge), unit(i / edge % edge), unit(i / edge / edge)]);
            let _ = writeln!(text, "{r} {g}\t{b}");
        }
        text
    }

    #[test]
    fn a_table_returns_its_entries_and_interpolates_linear_functions_exactly() {
        let function = |[r, g, b]: [f32; 3]| [0.5 * r + 0.2 * g, g - 0.25 * b, 1.0 - r];
        for edge in [2, 3, 17, 33] {
            let cube = CubeLut::parse(table(edge, function).as_bytes()).expect("is read");
            let table = cube.table.expect("a table");
            for i in 0..1000 {
                let colour = [i % 10, i / 10 % 10, i / 100].map(|part| part as f32 / 9.0);
                for (got, expected) in table.at(colour).into_iter().zip(function(colour)) {
                    assert!((got - expected).abs() < 1e-5, "{edge} {colour:?}: {got} {expected}");
                }
            }
        }
    }

    #[test]
    fn grays_are_looked_up_on_the_diagonal() {
        // This is why tetrahedra are used: between two grays, only those two grays contribute.
        let cube = CubeLut::parse(table(2, |[r, g, b]| [(r * g * b).powi(1), r.max(g).max(b), 0.0]).as_bytes());
        let table = cube.expect("is read").table.expect("a table");
        for gray in [0.0_f32, 0.3, 0.77, 1.0] {
            let [product, largest, _] = table.at([gray; 3]);
            assert!((product - gray).abs() < 1e-6 && (largest - gray).abs() < 1e-6, "{gray}");
        }
    }

    #[test]
    fn curves_domains_and_ranges_are_applied() {
        let curves = CubeLut::parse(b"LUT_1D_SIZE 3\nDOMAIN_MIN 0 0 0.5\nDOMAIN_MAX 2 1 1\n0 1 0\n.5 .5 1\n1 0 0\n");
        let curves = curves.expect("is read").curves.expect("curves");
        for (channel, value, expected) in
            [(0, 1.0, 0.5), (0, 0.5, 0.25), (1, 0.25, 0.75), (2, 0.75, 1.0), (2, 0.2, 0.0), (1, 7.0, 0.0)]
        {
            assert!((curves.at(channel, value) - expected).abs() < 1e-6, "{channel} {value}");
        }
        assert!(!curves.is_neutral());
        let both =
            b"\xef\xbb\xbfLUT_1D_SIZE 2\r\nLUT_1D_INPUT_RANGE 0 1\r\nLUT_3D_SIZE 2\r\nLUT_3D_INPUT_RANGE 0.0 1.0\r\n\
            0 0 0\r\n1 1 1\r\n0 0 0\r\n1 0 0\r\n0 1 0\r\n1 1 0\r\n0 0 1\r\n1 0 1\r\n0 1 1\r\n1 1 1\r\n";
        let both = CubeLut::parse(both).expect("is read");
        assert!(both.curves.expect("curves").is_neutral());
        let [r, g, b] = both.table.expect("a table").at([0.2, 0.9, 0.4]);
        assert!((r - 0.2).abs() < 1e-6 && (g - 0.9).abs() < 1e-6 && (b - 0.4).abs() < 1e-6);
    }

    #[test]
    fn errors_name_the_line() {
        let good = table(2, |colour| colour);
        for (text, expected) in [
            ("", "LUT_1D_SIZE or LUT_3D_SIZE is missing"),
            ("LUT_3D_SIZE 1\n", "line 1: expected a size from 2 to 129"),
            ("\nLUT_3D_SIZE 130\n", "line 2: expected a size from 2 to 129"),
            ("LUT_3D_SIZE 99999999999999999999\n", "line 1: expected a size"),
            ("LUT_1D_SIZE 65537\n", "line 1: expected a size from 2 to 65536"),
            ("LUT_3D_SIZE 2 2\n", "line 1: expected a size"),
            ("LUT_3D_SIZE\n", "line 1: expected a size"),
            ("LUT_3D_SIZE 2\nLUT_3D_SIZE 3\n", "line 2: duplicate line"),
            ("LUT_3D_SIZE 2\nVIDEO_RANGE\n", "line 2: unknown keyword \"VIDEO_RANGE\""),
            ("0 0 0\nLUT_3D_SIZE 2\n", "line 1: numbers before"),
            ("LUT_1D_SIZE 2\n0 0 0\n", "ends after 1 of 2"),
            ("LUT_1D_SIZE 2\n0 0 0\n1 1\n", "line 3: expected 3 numbers, found 2"),
            ("LUT_1D_SIZE 2\n0 0 0\n1 1 1 1\n", "line 3: expected 3 numbers, found 4"),
            ("LUT_1D_SIZE 2\n0 0 0\n1 1 NaN\n", "line 3: \"NaN\" is not a number"),
            ("LUT_1D_SIZE 2\n0 0 0\n1 1 1e99\n", "line 3: \"1e99\" is not a number"),
            ("LUT_1D_SIZE 2\n0 0 0\nTITLE x\n", "line 3: \"TITLE\" is not a number"),
            ("LUT_1D_SIZE 2\nDOMAIN_MAX 0 1 1\n0 0 0\n1 1 1\n", "domain"),
            ("LUT_1D_SIZE 2\nDOMAIN_MAX 1e-45 1 1\n0 0 0\n1 1 1\n", "domain"),
            ("LUT_1D_SIZE 2\nDOMAIN_MIN -3e38 0 0\nDOMAIN_MAX 3e38 1 1\n0 0 0\n1 1 1\n", "domain"),
            (&format!("{good}0 0 0\n"), "line 13: more than the expected 8"),
            ("\u{0}\u{0}\u{0}\u{0}", "numbers before"),
        ] {
            let error = CubeLut::parse(text.as_bytes()).expect_err(text);
            assert!(error.to_string().contains(expected), "{text:?}: {error}");
        }
        assert!(CubeLut::parse(&[0xff; 100]).is_err());
        let long = format!("LUT_1D_SIZE 2\n{}", "x".repeat(1 << 20));
        assert!(CubeLut::parse(long.as_bytes()).is_err_and(|error| error.to_string().len() < 200));
    }
}
