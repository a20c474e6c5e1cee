//! A tone curve through points: monotone between them, so that no bump appears that nobody drew.

/// A function from 0..1 to 0..1 through points, by monotone cubic interpolation (Fritsch and Carlson, 1980); level
/// before the first point and after the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Input, output and slope of each point, in order of input.
    knots: Vec<(f32, f32, f32)>,
}

/// Points a curve may have.
const MAX_POINTS: usize = 32;

impl Default for Curve {
    fn default() -> Self {
        Self::through(&[(0.0, 0.0), (1.0, 1.0)])
    }
}

impl Curve {
    /// From `0,0;64,50;255,255`, in levels of 255. `None` unless there are two points or more, within 0 to 255, in
    /// strict order of input.
    pub fn parse(text: &str) -> Option<Self> {
        let level = |word: &str| {
            let level: f32 = word.trim().parse().ok()?;
            (0.0..=255.0).contains(&level).then_some(level / 255.0)
        };
        let points: Option<Vec<(f32, f32)>> = text
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

    /// Whether it changes nothing.
    pub fn is_identity(&self) -> bool {
        let ends = self.knots.first().is_some_and(|k| k.0 == 0.0) && self.knots.last().is_some_and(|k| k.0 == 1.0);
        ends && self.knots.iter().all(|(input, output, _)| input == output)
    }

    fn through(points: &[(f32, f32)]) -> Self {
        let rises: Vec<f32> =
            points.iter().zip(points.iter().skip(1)).map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)).collect();
        let slope = |i: usize| match (i.checked_sub(1).and_then(|before| rises.get(before)), rises.get(i)) {
            (Some(before), Some(after)) if before * after <= 0.0 => 0.0,
            // The harmonic mean keeps the curve within its points.
            (Some(before), Some(after)) => 2.0 * before * after / (before + after),
            (Some(only), None) | (None, Some(only)) => *only,
            (None, None) => 0.0,
        };
        Self { knots: points.iter().enumerate().map(|(i, point)| (point.0, point.1, slope(i))).collect() }
    }

    /// The output for an input of 0 to 1.
    pub fn at(&self, value: f32) -> f32 {
        let after = self.knots.partition_point(|knot| knot.0 <= value);
        let before = after.checked_sub(1).and_then(|i| self.knots.get(i));
        match (before, self.knots.get(after)) {
            (Some(a), Some(b)) => {
                let width = b.0 - a.0;
                let t = (value - a.0) / width;
                let (t2, t3) = (t * t, t * t * t);
                (2.0 * t3 - 3.0 * t2 + 1.0) * a.1
                    + (t3 - 2.0 * t2 + t) * width * a.2
                    + (3.0 * t2 - 2.0 * t3) * b.1
                    + (t3 - t2) * width * b.2
            }
            (Some(end), None) | (None, Some(end)) => end.1,
            (None, None) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_curve_goes_through_its_points_and_never_beyond_them() {
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
    fn what_is_no_curve_is_refused() {
        for text in ["", "0,0", "0,0;0,9", "9,0;3,9", "0,0;256,9", "0,0;a,9", "0,0;255", "0,NaN;255,1"] {
            assert!(Curve::parse(text).is_none(), "{text}");
        }
    }
}
