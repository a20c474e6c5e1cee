//! A tone curve through points, monotone between them, so that it never overshoots.

#![expect(clippy::inline_always, reason = "the loop is inlined into functions compiled for wider vectors")]

/// A function from 0..1 to 0..1 through points, by monotone cubic interpolation (Fritsch and Carlson, 1980: slopes are
/// harmonic means, at the ends those of the line to the next point); constant before the first point and after the
/// last.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// In order of input, the first one starting below 0.
    pieces: Vec<Piece>,
    is_identity: bool,
}

/// `((d t + c) t + b) t + a`, with t from 0 to 1 between two points.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    start: f32,
    inverse_width: f32,
    cubic: [f32; 4],
}

/// Largest number of points of a curve.
const MAX_POINTS: usize = 32;

/// Samples computed together.
const LANES: usize = 32;

impl Default for Curve {
    fn default() -> Self {
        Self::through(&[(0.0, 0.0), (1.0, 1.0)])
    }
}

impl Piece {
    const fn level(start: f32, value: f32) -> Self {
        Self { start, inverse_width: 0.0, cubic: [value, 0.0, 0.0, 0.0] }
    }

    #[inline(always)]
    fn at(&self, value: f32) -> f32 {
        let [a, b, c, d] = self.cubic;
        let t = (value - self.start) * self.inverse_width;
        ((d * t + c) * t + b) * t + a
    }
}

impl Curve {
    /// Parses `0,0;64,50;255,255`, in levels of 255. `None` unless there are at least two points within 0 to 255, in
    /// strict order of input.
    pub fn parse(text: &str) -> Option<Self> {
        let level = |word: &str| {
            let level: f64 = word.trim().parse().ok()?;
            (0.0..=255.0).contains(&level).then_some(level / 255.0)
        };
        let points: Option<Vec<(f64, f64)>> = text
            .split(';')
            .map(|point| {
                let (input, output) = point.split_once(',')?;
                Some((level(input)?, level(output)?))
            })
            .collect();
        let points = points?;
        let ordered = points.iter().zip(points.iter().skip(1)).all(|(a, b)| a.0 < b.0);
        ((2..=MAX_POINTS).contains(&points.len()) && ordered).then(|| Self::through(&points))
    }

    /// Whether it is the identity.
    pub const fn is_identity(&self) -> bool {
        self.is_identity
    }

    fn through(points: &[(f64, f64)]) -> Self {
        let rises: Vec<f64> =
            points.iter().zip(points.iter().skip(1)).map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)).collect();
        let slope = |i: usize| match (i.checked_sub(1).and_then(|before| rises.get(before)), rises.get(i)) {
            (Some(before), Some(after)) if before * after <= 0.0 => 0.0,
            // The harmonic mean keeps the curve within its points.
            (Some(before), Some(after)) => 2.0 * before * after / (before + after),
            (Some(only), None) | (None, Some(only)) => *only,
            (None, None) => 0.0,
        };
        let ends = points.first().zip(points.last());
        let whole = ends.is_some_and(|(first, last)| first.0 == 0.0 && last.0 == 1.0);
        let mut pieces = Vec::with_capacity(points.len() + 1);
        pieces.extend(points.first().map(|first| Piece::level(f32::MIN, first.1 as f32)));
        for (i, (a, b)) in points.iter().zip(points.iter().skip(1)).enumerate() {
            let width = b.0 - a.0;
            let (from, to, rise) = (slope(i) * width, slope(i + 1) * width, b.1 - a.1);
            let cubic = [a.1, from, 3.0 * rise - 2.0 * from - to, from + to - 2.0 * rise];
            // Points that f32 can't distinguish form a step.
            let inverse_width = width.max(1e-12).recip() as f32;
            pieces.push(Piece { start: a.0 as f32, inverse_width, cubic: cubic.map(|part| part as f32) });
        }
        pieces.extend(points.last().map(|last| Piece::level(last.0 as f32, last.1 as f32)));
        Self { pieces, is_identity: whole && points.iter().all(|(input, output)| input == output) }
    }

    /// The output for an input of 0 to 1.
    pub fn at(&self, value: f32) -> f32 {
        let after = self.pieces.partition_point(|piece| piece.start <= value);
        after.checked_sub(1).and_then(|i| self.pieces.get(i)).map_or(value, |piece| piece.at(value))
    }

    /// Replaces each value by its output: [`Curve::at`] for many values.
    #[inline(always)]
    pub fn bend(&self, values: &mut [f32]) {
        if self.is_identity {
            return;
        }
        let (blocks, rest) = values.as_chunks_mut::<LANES>();
        for block in blocks {
            self.bend_block(block);
        }
        if let Some(some) = rest.first().copied() {
            let mut block = [some; LANES];
            block[..rest.len()].copy_from_slice(rest);
            self.bend_block(&mut block);
            rest.copy_from_slice(&block[..rest.len()]);
        }
    }

    /// Every value evaluates every segment without a branch, so that the loop becomes vector instructions.
    #[inline(always)]
    fn bend_block(&self, values: &mut [f32; LANES]) {
        let mut bent = *values;
        for piece in &self.pieces {
            for (bent, value) in bent.iter_mut().zip(values.iter()) {
                let mask = u32::from(*value >= piece.start).wrapping_neg();
                *bent = f32::from_bits(piece.at(*value).to_bits() & mask | bent.to_bits() & !mask);
            }
        }
        *values = bent;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_curve_passes_through_its_points_without_overshooting() {
        let curve = Curve::parse("0,0; 64,20; 128,200; 255,255").expect("is a curve");
        for (input, output) in [(0.0, 0.0), (64.0, 20.0), (128.0, 200.0), (255.0, 255.0)] {
            assert!((curve.at(input / 255.0) * 255.0 - output).abs() < 1e-3, "{input}");
        }
        let values: Vec<f32> = (0..=1000).map(|i| curve.at(i as f32 / 1000.0)).collect();
        assert!(values.windows(2).all(|pair| pair[1] >= pair[0] - 1e-6), "it turns back");
        assert!(
            Curve::parse("0,0;255,255").is_some_and(|curve| curve.is_identity() && (curve.at(0.3) - 0.3).abs() < 1e-6)
        );
    }

    #[test]
    fn many_values_at_once_give_the_same_as_each_alone() {
        for text in ["0,0;64,20;128,200;255,255", "10,255;245,0", "0,9;0.001,90;0.002,3;255,0", "3,3;4,4"] {
            let curve = Curve::parse(text).expect(text);
            for count in [1, 31, 32, 1000] {
                let mut values: Vec<f32> = (0..count).map(|i| i as f32 / 999.0).collect();
                let each: Vec<f32> = values.iter().map(|value| curve.at(*value)).collect();
                curve.bend(&mut values);
                assert_eq!(values, each, "{text}");
                assert!(each.iter().all(|value| (-1e-6..=1.0 + 1e-6).contains(value)), "{text}");
            }
        }
        // Points that f32 can't distinguish.
        let jump = Curve::parse("0,0;1e-60,255;255,255").expect("is a curve");
        assert_eq!([0.0, 0.5, 1.0].map(|value| jump.at(value)), [1.0; 3]);
    }

    #[test]
    fn an_invalid_curve_is_refused() {
        for text in ["", "0,0", "0,0;0,9", "9,0;3,9", "0,0;256,9", "0,0;a,9", "0,0;255", "0,NaN;255,1"] {
            assert!(Curve::parse(text).is_none(), "{text}");
        }
    }
}
