//! Fewer points that draw the same picture: what falls on one column of the drawing is told by its ends and extremes.

use time::OffsetDateTime;

/// Keeps of each column the first, the lowest, the highest and the last, in order. `points` is in order of time.
pub(super) fn thin<T: Copy>(
    points: &[T],
    column: impl Fn(&T) -> i64,
    lowest: impl Fn(&T) -> f64,
    highest: impl Fn(&T) -> f64,
) -> Vec<T> {
    let mut kept = Vec::new();
    for run in points.chunk_by(|a, b| column(a) == column(b)) {
        let extreme = |better: &dyn Fn(&T, &T) -> bool| {
            let mut found = 0;
            for (index, point) in run.iter().enumerate() {
                if run.get(found).is_some_and(|best| better(point, best)) {
                    found = index;
                }
            }
            found
        };
        let low = extreme(&|a, b| lowest(a) < lowest(b));
        let high = extreme(&|a, b| highest(a) > highest(b));
        let mut indices = vec![0, low, high, run.len().saturating_sub(1)];
        indices.sort_unstable();
        indices.dedup();
        kept.extend(indices.into_iter().filter_map(|index| run.get(index).copied()));
    }
    kept
}

/// Parts without a gap: no two neighbours are farther apart than `apart` says.
pub(super) fn runs<T>(
    points: &[T],
    at: impl Fn(&T) -> OffsetDateTime,
    apart: impl Fn(OffsetDateTime, OffsetDateTime) -> bool,
) -> Vec<&[T]> {
    points.chunk_by(|a, b| !apart(at(a), at(b))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn thinned(points: &[(i64, f64)], width: i64) -> Vec<(i64, f64)> {
        thin(points, |point| point.0 / width, |point| point.1, |point| point.1)
    }

    #[test]
    fn a_single_spike_among_many_points_survives() {
        let mut points: Vec<_> = (0..10_000).map(|at| (at, 1.0)).collect();
        points[5_003].1 = 99.0;
        let thinned = thinned(&points, 100);
        assert!(thinned.contains(&(5_003, 99.0)));
        assert!(thinned.len() <= 400);
    }

    proptest! {
        #[test]
        fn extremes_and_ends_stay_and_nothing_is_made_up(values in prop::collection::vec(-1e9..1e9_f64, 1..200), width in 1..50_i64) {
            let points: Vec<_> = values.iter().enumerate().map(|(at, value)| (i64::try_from(at).unwrap(), *value)).collect();
            let thinned = thinned(&points, width);
            let highest = |points: &[(i64, f64)]| points.iter().map(|point| point.1).fold(f64::MIN, f64::max);
            prop_assert_eq!(highest(&points), highest(&thinned));
            prop_assert_eq!((points.first(), points.last()), (thinned.first(), thinned.last()));
            prop_assert!(thinned.iter().all(|point| points.contains(point)));
            prop_assert!(thinned.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
