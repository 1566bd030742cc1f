//! Random numbers that are the same on every machine, and drawing a flow by its popularity.

/// The generator xoshiro256++ (Blackman and Vigna, 2018), seeded by SplitMix64. Not for secrets.
#[derive(Clone, Debug)]
pub(super) struct Random([u64; 4]);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        let mut x = seed;
        Self(std::array::from_fn(|_| {
            x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    #[inline]
    pub(super) fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number below `end`, evenly but for a bias of at most `end` in 2^32; 0 when `end` is 0.
    #[inline]
    pub(super) fn below(&mut self, end: u32) -> u32 {
        scale(high(self.next()), end)
    }

    /// `N` random bytes, at most 8.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let bytes = self.next().to_le_bytes();
        std::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0))
    }
}

/// Flows by popularity, drawn in constant time (Walker's alias method as Vose builds it, 1991): every flow is a
/// column of equal width that it shares with at most one other flow.
#[derive(Clone, Debug)]
pub(super) struct Popularity {
    columns: Box<[Column]>,
    /// The share of each flow; all together 1.
    shares: Box<[f64]>,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    /// Up to here, in 2^-32 of the column, it is the flow's own.
    own: u32,
    /// Whose the rest is.
    other: u32,
}

impl Popularity {
    /// The popularity of flow k (from 0) is proportional to (k + 1)^-exponent.
    pub(super) fn zipf(flows: u32, exponent: f64) -> Self {
        let weights: Vec<f64> = (0..flows.max(1)).map(|k| f64::from(k + 1).powf(-exponent)).collect();
        let sum: f64 = weights.iter().sum();
        let shares: Box<[f64]> = weights.iter().map(|w| w / sum).collect();
        let mut columns: Vec<_> = (0..flows.max(1)).map(|k| Column { own: u32::MAX, other: k }).collect();
        // Heights in units of a column's; the popular ones fill up what the others leave.
        let mut heights: Vec<f64> = shares.iter().map(|share| share * f64::from(flows.max(1))).collect();
        let (mut low, mut high): (Vec<_>, Vec<_>) = (0..heights.len()).partition(|k| heights[*k] < 1.0);
        while let (Some(small), Some(large)) = (low.pop(), high.last().copied()) {
            columns[small] =
                Column { own: fraction(heights[small]), other: u32::try_from(large).unwrap_or(u32::MAX) };
            heights[large] -= 1.0 - heights[small];
            if heights[large] < 1.0 {
                high.pop();
                low.push(large);
            }
        }
        // What is left over is a full column but for rounding.
        Self { columns: columns.into_boxed_slice(), shares }
    }

    /// The share of each flow.
    pub(super) fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// Draws a flow.
    #[inline]
    pub(super) fn draw(&self, random: &mut Random) -> u32 {
        let bits = random.next();
        let flow = scale(high(bits), u32::try_from(self.columns.len()).unwrap_or(u32::MAX));
        match self.columns.get(usize::try_from(flow).unwrap_or(0)) {
            Some(column) if low(bits) > column.own => column.other,
            _ => flow,
        }
    }
}

/// A number from 0 to 1 in units of 2^-32.
fn fraction(x: f64) -> u32 {
    // A float-to-integer cast saturates.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let scaled = (x * f64::from(u32::MAX)) as u32;
    scaled
}

/// `x` of 2^32 as a part of `end`.
#[inline]
fn scale(x: u32, end: u32) -> u32 {
    high(u64::from(x) * u64::from(end))
}

#[inline]
fn high(x: u64) -> u32 {
    low(x >> 32)
}

#[inline]
fn low(x: u64) -> u32 {
    let [.., a, b, c, d] = x.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First outputs for the state 1, 2, 3, 4, from the authors' reference implementation.
    #[test]
    fn xoshiro_as_published() {
        let mut random = Random([1, 2, 3, 4]);
        let expected = [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386];
        for value in expected {
            assert_eq!(random.next(), value);
        }
    }

    #[test]
    fn draws_follow_the_power_law() {
        const DRAWS: u32 = 2_000_000;
        for (flows, exponent) in [(1, 1.1), (7, 0.0), (1000, 1.1), (50, 3.0)] {
            let popularity = Popularity::zipf(flows, exponent);
            let mut random = Random::new(42);
            let mut hits = vec![0_u32; usize::try_from(flows).unwrap()];
            for _ in 0..DRAWS {
                hits[usize::try_from(popularity.draw(&mut random)).unwrap()] += 1;
            }
            let norm: f64 = (1..=flows).map(|k| 1.0 / f64::from(k).powf(exponent)).sum();
            for (k, hits) in hits.iter().enumerate() {
                let rank = f64::from(u32::try_from(k + 1).unwrap());
                let expected = f64::from(DRAWS) / (rank.powf(exponent) * norm);
                let sigma = expected.sqrt();
                assert!(
                    (f64::from(*hits) - expected).abs() <= 6.0 * sigma + 2.0,
                    "flow {k}: {hits}, {expected}"
                );
            }
        }
    }
}
