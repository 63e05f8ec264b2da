//! Quantiles of the values of a window of time, from a histogram with buckets of equal ratio: adding and forgetting a
//! value costs the same however long the window is.

use std::collections::VecDeque;

/// Buckets an octave: a quantile is right to within one part in 64 of the value.
const STEPS: u32 = 64;
/// Magnitudes from 2⁻³² up to 2³², and everything beyond at the edges.
const OCTAVES: u32 = 64;
const HALF: usize = (STEPS * OCTAVES) as usize;
const LOWEST_EXPONENT: i32 = -32;

/// Values of the last `span_s` seconds. Zero has the middle bucket; negative values mirror the positive ones.
#[derive(Debug, Clone)]
pub struct Usual {
    counts: Vec<u32>,
    recent: VecDeque<(i64, u16)>,
    span_s: i64,
}

impl Usual {
    pub fn over(span_s: i64) -> Self {
        Self { counts: vec![0; 2 * HALF + 1], recent: VecDeque::new(), span_s }
    }

    /// `epoch_s` must not fall from call to call; a value that is not finite counts as the edge.
    pub fn push(&mut self, epoch_s: i64, value: f64) {
        let bucket = bucket(value);
        if let Some(count) = self.counts.get_mut(usize::from(bucket)) {
            *count += 1;
        }
        self.recent.push_back((epoch_s, bucket));
        while let Some(&(_, old)) =
            self.recent.front().filter(|(first_s, _)| *first_s < epoch_s.saturating_sub(self.span_s))
        {
            self.recent.pop_front();
            if let Some(count) = self.counts.get_mut(usize::from(old)) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// The value that a share `of` (0–1) of the window's values does not exceed, as its bucket's upper edge; `None`
    /// for an empty window.
    pub fn quantile(&self, of: f64) -> Option<f64> {
        if self.recent.is_empty() {
            return None;
        }
        let wanted = (of * self.recent.len() as f64).ceil().max(1.0);
        let mut seen = 0.0;
        let at = self.counts.iter().position(|count| {
            seen += f64::from(*count);
            seen >= wanted
        })?;
        Some(upper_edge(at))
    }

    pub fn len(&self) -> usize {
        self.recent.len()
    }

    pub fn is_empty(&self) -> bool {
        self.recent.is_empty()
    }
}

/// The exponent and the first bits of the mantissa are the logarithm, near enough and without computing one.
fn bucket(value: f64) -> u16 {
    if value == 0.0 || value.is_nan() {
        return HALF as u16;
    }
    let bits = value.abs().to_bits();
    let octave = ((bits >> 52) as i32 - 1023 - LOWEST_EXPONENT).clamp(0, OCTAVES as i32 - 1) as u32;
    let step = (bits >> 46) as u32 & (STEPS - 1);
    let height = (octave * STEPS + step + 1).min(HALF as u32) as u16;
    if value > 0.0 { HALF as u16 + height } else { HALF as u16 - height }
}

fn upper_edge(bucket: usize) -> f64 {
    let height = bucket.abs_diff(HALF);
    if height == 0 {
        return 0.0;
    }
    let outward = bucket > HALF;
    let steps = if outward { height } else { height - 1 } as u32;
    let size =
        2_f64.powi(LOWEST_EXPONENT + (steps / STEPS) as i32) * (1.0 + f64::from(steps % STEPS) / f64::from(STEPS));
    if outward { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_within_one_part_in_sixty_of_the_exact_one() {
        let mut usual = Usual::over(1_000_000);
        for at in 0..1000_i64 {
            usual.push(at, (at * 37 % 1000) as f64 * 12.5);
        }
        for of in [0.05, 0.5, 0.9, 0.99] {
            let exact = (1000.0 * of - 1.0) * 12.5;
            let got = usual.quantile(of).unwrap();
            assert!((got - exact).abs() <= exact / 60.0, "{of}: {got} for {exact}");
        }
    }

    #[test]
    fn negative_values_lie_below_zero() {
        let mut usual = Usual::over(100);
        for value in [-8.0, -2.0, 0.0, 2.0, 8.0] {
            usual.push(0, value);
        }
        assert_eq!(usual.quantile(0.5), Some(0.0));
        assert!(usual.quantile(0.1).unwrap() < -7.5);
        assert!(usual.quantile(1.0).unwrap() >= 8.0);
    }

    #[test]
    fn what_is_older_than_the_span_does_not_count() {
        let mut usual = Usual::over(10);
        usual.push(0, 1e6);
        usual.push(11, 1.0);
        assert_eq!(usual.len(), 1);
        assert!(usual.quantile(1.0).unwrap() < 1.1);
    }

    #[test]
    fn not_a_number_and_infinity_have_a_bucket() {
        let mut usual = Usual::over(10);
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE] {
            usual.push(0, value);
        }
        assert!(usual.quantile(0.5).is_some());
    }
}
