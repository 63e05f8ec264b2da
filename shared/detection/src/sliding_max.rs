//! The largest value of the last so many seconds, at constant cost a value.

use std::collections::VecDeque;

/// Values that could still become the largest, oldest and largest first.
#[derive(Debug, Clone, Default)]
pub struct SlidingMax {
    kept: VecDeque<(i64, f64)>,
}

impl SlidingMax {
    /// `epoch_s` must not fall from call to call.
    pub fn push(&mut self, epoch_s: i64, value: f64) {
        while self.kept.back().is_some_and(|(_, last)| *last <= value) {
            self.kept.pop_back();
        }
        self.kept.push_back((epoch_s, value));
    }

    /// Forgets what is older than `oldest_s`.
    pub fn forget_before(&mut self, oldest_s: i64) {
        while self.kept.front().is_some_and(|(epoch_s, _)| *epoch_s < oldest_s) {
            self.kept.pop_front();
        }
    }

    /// The largest value of at least `oldest_s`; `None` where there is none.
    pub fn since(&self, oldest_s: i64) -> Option<f64> {
        self.kept.iter().find(|(epoch_s, _)| *epoch_s >= oldest_s).map(|(_, value)| *value)
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_is_forgotten_when_it_is_too_old() {
        let mut max = SlidingMax::default();
        for (epoch_s, value) in [(0, 9.0), (10, 1.0), (20, 4.0), (30, 2.0)] {
            max.push(epoch_s, value);
        }
        assert_eq!(max.since(0), Some(9.0));
        assert_eq!(max.since(1), Some(4.0));
        max.forget_before(21);
        assert_eq!(max.since(0), Some(2.0));
        assert_eq!(max.since(31), None);
    }

    proptest::proptest! {
        #[test]
        fn it_agrees_with_a_look_at_every_value(values in proptest::collection::vec(0_u32..50, 1..80), span in 1_i64..40) {
            let mut max = SlidingMax::default();
            for (at, value) in values.iter().enumerate() {
                let now = i64::try_from(at).unwrap();
                max.push(now, f64::from(*value));
                max.forget_before(now - span);
                let slow = values[..=at].iter().rev().take(usize::try_from(span).unwrap() + 1).max().unwrap();
                proptest::prop_assert_eq!(max.since(now - span), Some(f64::from(*slow)));
            }
        }
    }
}
