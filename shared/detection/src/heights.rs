//! What a series has held for a while: at each scale, the least of the last 2, 4 or 8 datapoints. Something sustained
//! is compared with what was sustained before, so one odd datapoint is neither news nor an excuse for later.

/// How many datapoints each scale looks at. Each doubles the one before, so one needs only two of the shorter.
pub const SCALES: [usize; 3] = [2, 4, LONGEST];
pub const LONGEST: usize = 8;
/// Datapoints that the longest scale and its delay need; a power of two, so that a mask finds the place.
const RING: usize = 16;

/// A ring of the last `RING` values.
#[derive(Debug, Clone, Copy)]
pub struct Ring {
    values: [f64; RING],
    next: usize,
}

impl Ring {
    pub fn of(value: f64) -> Self {
        Self { values: [value; RING], next: 0 }
    }

    pub fn push(&mut self, value: f64) {
        if let Some(place) = self.values.get_mut(self.next % RING) {
            *place = value;
        }
        self.next = (self.next + 1) % RING;
    }

    /// The value of `ago` pushes before the last; 0 is the last.
    pub fn ago(&self, ago: usize) -> f64 {
        self.values.get((self.next + RING - 1 - ago % RING) % RING).copied().unwrap_or_default()
    }
}

/// The least of the last datapoints at each scale, now and a while ago.
#[derive(Debug, Clone, Copy)]
pub struct Lows {
    raw: Ring,
    lows: [Ring; SCALES.len()],
}

impl Default for Lows {
    fn default() -> Self {
        Self { raw: Ring::of(f64::INFINITY), lows: [Ring::of(f64::INFINITY); SCALES.len()] }
    }
}

impl Lows {
    pub fn push(&mut self, value: f64) {
        self.raw.push(value);
        let (mut newest, mut older) = (value, self.raw.ago(1));
        let mut points = 1;
        for low in &mut self.lows {
            low.push(newest.min(older));
            points *= 2;
            (newest, older) = (low.ago(0), low.ago(points));
        }
    }

    /// The same with the single datapoint as the shortest length: 0 is one datapoint, 1 is the first scale.
    pub fn lasting(&self, length: usize, ago: usize) -> f64 {
        match length.checked_sub(1) {
            None => self.raw.ago(ago),
            Some(scale) => self.at(scale, ago),
        }
    }

    /// At `scale` (an index of [`SCALES`]), the least of the datapoints that ended `ago` datapoints before the last.
    pub fn at(&self, scale: usize, ago: usize) -> f64 {
        self.lows.get(scale).map_or(f64::INFINITY, |low| low.ago(ago))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn each_scale_is_the_least_of_its_datapoints(values in proptest::collection::vec(0_u32..1000, 17..60)) {
            let mut lows = Lows::default();
            for (at, value) in values.iter().enumerate() {
                lows.push(f64::from(*value));
                for (scale, points) in SCALES.into_iter().enumerate() {
                    for ago in [0, points] {
                        let Some(end) = (at + 1).checked_sub(ago).filter(|end| *end >= points) else { continue };
                        let slow = values[end - points..end].iter().min().unwrap();
                        proptest::prop_assert_eq!(lows.at(scale, ago), f64::from(*slow));
                    }
                }
            }
        }
    }
}
