//! Medians of large squares from histograms: in constant time per pixel for 8-bit levels (Perreault and Hébert, "Median
//! filtering in constant time", 2007), and in time proportional to the square's side for 16-bit levels (Huang's sliding
//! histogram, in three tiers).

/// Histograms that are reused from tile to tile.
#[derive(Default)]
pub(crate) struct Bins {
    /// The 256 levels of each column.
    fine: Vec<[[u16; 16]; 16]>,
    /// The 16 x 16 levels of each column.
    coarse: Vec<[u16; 16]>,
    /// Counts of 65,536 levels, of groups of 32, and of groups of 1024.
    tiers: Option<Tiers>,
}

/// The samples as 8-bit levels, if all of them are.
pub(crate) fn levels8(samples: &[f32]) -> Option<Vec<u8>> {
    let mut exact = true;
    let levels = samples.iter().map(|value| {
        let level = (value * 255.0 + 0.5) as u8;
        // The same conversion as in `simd`.
        exact &= f32::from(level) * (1.0 / 255.0) == *value;
        level
    });
    let levels = levels.collect();
    exact.then_some(levels)
}

/// The samples as 16-bit levels.
pub(crate) fn levels16(samples: &[f32]) -> Vec<u16> {
    samples.iter().map(|value| (value * 65535.0 + 0.5) as u16).collect()
}

fn add(to: &mut [u16; 16], other: &[u16; 16]) {
    to.iter_mut().zip(other).for_each(|(to, other)| *to = to.wrapping_add(*other));
}

fn subtract(from: &mut [u16; 16], other: &[u16; 16]) {
    from.iter_mut().zip(other).for_each(|(from, other)| *from = from.wrapping_sub(*other));
}

/// The bin that contains the `rank`-th value (from 1), and its rank within the bin.
#[inline]
fn find(bins: &[u16], rank: u32) -> (usize, u32) {
    let mut left = rank;
    for (i, count) in bins.iter().enumerate() {
        let count = u32::from(*count);
        if left <= count {
            return (i, left);
        }
        left -= count;
    }
    (bins.len().saturating_sub(1), left)
}

/// Medians of 8-bit levels. `size` is the size of the result; the levels have a margin of `radius` px.
pub(crate) fn median8(radius: usize, levels: &[u8], size: (usize, usize), bins: &mut Bins, out: &mut [f32]) {
    let ((width, height), side) = (size, 2 * radius + 1);
    let stride = width + 2 * radius;
    let rank = (side * side / 2 + 1) as u32;
    bins.fine.clear();
    bins.fine.resize(stride, [[0; 16]; 16]);
    bins.coarse.clear();
    bins.coarse.resize(stride, [0; 16]);
    let mut rows = levels.chunks_exact(stride);
    rows.by_ref().take(side - 1).for_each(|row| bins.count(row, 1));
    for ((row, leaving), out) in rows.zip(levels.chunks_exact(stride)).zip(out.chunks_exact_mut(width).take(height)) {
        bins.count(row, 1);
        slide(side, rank, &bins.fine, &bins.coarse, out);
        bins.count(leaving, u16::MAX);
    }
}

impl Bins {
    /// Counts a row's levels in the histograms of its columns: `one` is 1, or -1 with wrapping.
    fn count(&mut self, row: &[u8], one: u16) {
        for ((fine, coarse), level) in self.fine.iter_mut().zip(&mut self.coarse).zip(row) {
            let (high, low) = (usize::from(level >> 4), usize::from(level & 15));
            coarse[high] = coarse[high].wrapping_add(one);
            fine[high][low] = fine[high][low].wrapping_add(one);
        }
    }
}

/// Medians along a row, from the histograms of its columns.
fn slide(side: usize, rank: u32, fine: &[[[u16; 16]; 16]], coarse: &[[u16; 16]], out: &mut [f32]) {
    let mut sum = [0; 16];
    coarse.iter().take(side - 1).for_each(|column| add(&mut sum, column));
    // For each group of 16 levels: the counts over the columns up to `upto`, updated when needed.
    let mut segments = [([0; 16], 0); 16];
    let columns = coarse.iter().skip(side - 1).zip(coarse);
    for (x, ((arriving, leaving), out)) in columns.zip(out).enumerate() {
        add(&mut sum, arriving);
        let (high, rank) = find(&sum, rank);
        let (segment, upto) = &mut segments[high];
        let end = x + side;
        // If more columns changed than the square has, counting again from the start is cheaper.
        if 2 * (end - *upto) > side {
            *segment = [0; 16];
            fine.get(x..end).unwrap_or_default().iter().for_each(|column| add(segment, &column[high]));
            *upto = end;
        }
        for at in *upto..end {
            if let (Some(arriving), Some(leaving)) = (fine.get(at), fine.get(at - side)) {
                add(segment, &arriving[high]);
                subtract(segment, &leaving[high]);
            }
        }
        *upto = end;
        let (low, _) = find(segment, rank);
        *out = (high * 16 + low) as f32 * (1.0 / 255.0);
        subtract(&mut sum, leaving);
    }
}

/// Levels of 16 bits.
const LEVELS: usize = 65536;

/// Levels in a group of the middle tier, and of the upper tier.
const MIDDLE: usize = 32;
const UPPER: usize = 1024;

/// A histogram of 16-bit levels.
struct Tiers {
    levels: Vec<u16>,
    middle: Vec<u16>,
    upper: [u16; LEVELS / UPPER],
}

impl Tiers {
    fn count(&mut self, level: u16, one: u16) {
        let level = usize::from(level);
        self.levels[level] = self.levels[level].wrapping_add(one);
        self.middle[level / MIDDLE] = self.middle[level / MIDDLE].wrapping_add(one);
        self.upper[level / UPPER] = self.upper[level / UPPER].wrapping_add(one);
    }

    fn find(&self, rank: u32) -> usize {
        let (upper, rank) = find(&self.upper, rank);
        let groups = upper * (UPPER / MIDDLE);
        let middle = self.middle.get(groups..groups + UPPER / MIDDLE).unwrap_or_default();
        let (middle, rank) = find(middle, rank);
        let first = (groups + middle) * MIDDLE;
        first + find(self.levels.get(first..first + MIDDLE).unwrap_or_default(), rank).0
    }
}

/// Medians of 16-bit levels, as [`median8`].
pub(crate) fn median16(radius: usize, levels: &[u16], size: (usize, usize), bins: &mut Bins, out: &mut [f32]) {
    let ((width, height), side) = (size, 2 * radius + 1);
    let stride = width + 2 * radius;
    let rank = (side * side / 2 + 1) as u32;
    let tiers = bins.tiers.insert(Tiers {
        levels: vec![0; LEVELS],
        middle: vec![0; LEVELS / MIDDLE],
        upper: [0; LEVELS / UPPER],
    });
    let rows = |from: usize| levels.chunks_exact(stride).skip(from).take(side);
    for row in rows(0) {
        row.iter().take(side).for_each(|level| tiers.count(*level, 1));
    }
    // Moves right in even rows and left in odd ones, so that each square differs from the last by one column or row.
    for (y, out) in out.chunks_exact_mut(width).take(height).enumerate() {
        let rightwards = y % 2 == 0;
        for i in 0..width {
            let x = if rightwards { i } else { width - 1 - i };
            if let Some(out) = out.get_mut(x) {
                *out = tiers.find(rank) as f32 * (1.0 / 65535.0);
            }
            if i + 1 == width {
                let line = |row: Option<&[u16]>, one: u16, tiers: &mut Tiers| {
                    let row = row.and_then(|row| row.get(x..x + side)).unwrap_or_default();
                    for level in row {
                        tiers.count(*level, one);
                    }
                };
                if y + 1 < height {
                    line(levels.chunks_exact(stride).nth(y), u16::MAX, tiers);
                    line(levels.chunks_exact(stride).nth(y + side), 1, tiers);
                }
                continue;
            }
            let (leaving, arriving) = if rightwards { (x, x + side) } else { (x + side - 1, x - 1) };
            for row in rows(y) {
                if let (Some(leaving), Some(arriving)) = (row.get(leaving), row.get(arriving)) {
                    tiers.count(*leaving, u16::MAX);
                    tiers.count(*arriving, 1);
                }
            }
        }
    }
}
