//! A change of scale: twice as many instances of a group report as did within the hour, or half as many.

/// How many times more or fewer is a change of scale; what an autoscaler adds at a time is less.
const FACTOR: u32 = 2;
/// One instance more or fewer never is one: in a small group that would be every replacement.
const ONE: u32 = 1;

/// How many instances reported in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reporting {
    /// The period's beginning, epoch seconds.
    pub epoch_s: i64,
    pub instances: u32,
}

/// Until when another number reported than does now, epoch seconds; `None` where the scale has not changed. `reporting` is
/// of complete periods of `period_s`, oldest first, and the last of them is now. Only what ended at `since_s` or later is
/// compared. `contained` instances were taken out by Cordon itself, which may be replaced: that is no change of scale.
pub fn changed_s(reporting: &[Reporting], period_s: i64, since_s: i64, contained: u32) -> Option<i64> {
    let now = reporting.last()?.instances;
    let ends_s = |one: &Reporting| one.epoch_s.saturating_add(period_s);
    let differs = |one: &&Reporting| {
        let (least, most) = (one.instances.min(now), one.instances.max(now));
        most >= least.saturating_mul(FACTOR) && most - least > ONE.saturating_add(contained)
    };
    reporting.iter().rev().take_while(|one| ends_s(one) >= since_s).find(differs).map(ends_s)
}

#[cfg(test)]
mod tests {
    use super::{Reporting, changed_s};

    fn changed(counts: &[u32], contained: u32) -> Option<i64> {
        let all: Vec<_> = counts.iter().zip(0..).map(|(n, i)| Reporting { epoch_s: i * 300, instances: *n }).collect();
        changed_s(&all, 300, 600, contained)
    }

    #[test]
    fn twice_as_many_or_half_as_many_are_a_change_of_scale() {
        assert_eq!(changed(&[4, 4, 4, 8], 0), Some(900));
        assert_eq!(changed(&[8, 8, 6, 4], 0), Some(600));
        assert_eq!(changed(&[10, 4, 7, 10], 0), Some(600), "down and up again");
    }

    #[test]
    fn an_autoscalers_step_and_what_is_long_ago_are_none() {
        assert_eq!(changed(&[4, 4, 5, 7], 0), None);
        assert_eq!(changed(&[2, 8, 8, 8], 0), None);
        assert_eq!(changed(&[], 0), None);
    }

    #[test]
    fn one_instance_never_is_one_nor_are_those_that_cordon_took_out() {
        assert_eq!(changed(&[2, 2, 1, 2], 0), None);
        assert_eq!(changed(&[1, 1, 1, 2], 0), None);
        assert_eq!(changed(&[4, 4, 4, 2], 1), None);
        assert_eq!(changed(&[4, 4, 4, 1], 1), Some(900));
        assert_eq!(changed(&[4, 4, 4, 0], 0), Some(900));
    }
}
