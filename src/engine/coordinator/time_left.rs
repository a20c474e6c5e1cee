//! The time that a run still takes. It is shown while items of very different sizes finish in bursts, so it follows the
//! speed slowly and never jumps.

/// Seconds and items before a prediction is worth showing; of fewer items, this share.
const WARM_UP_S: f64 = 2.0;
const WARM_UP_ITEMS: f64 = 3.0;
const WARM_UP_SHARE: f64 = 0.05;
/// Differences between items and parts of items that are due to rounding.
const ROUNDING: f64 = 1e-6;
/// The speed is an average over at least this many seconds, and over this share of the running time.
const SPEED_OVER_S: f64 = 15.0;
const SPEED_OVER_SHARE: f64 = 0.4;
/// Seconds in which the shown time covers most of a difference to the prediction: a share of the prediction, within
/// these limits.
const FOLLOW_SHARE: f64 = 0.25;
const FOLLOW_S: (f64, f64) = (3.0, 30.0);

/// Predicts when a run ends.
#[derive(Debug, Default)]
pub(crate) struct TimeLeft {
    first: Option<Sample>,
    last: Option<Sample>,
    /// Items per second.
    speed: f64,
    /// When the run is expected to end, as shown, in seconds of running time.
    ends_at_s: Option<f64>,
    /// Items left when that was predicted.
    left: f64,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at_s: f64,
    finished: f64,
}

impl TimeLeft {
    /// Seconds left at this running time, when this many items, and parts of items, are finished and left; `None` while it
    /// is too early.
    pub(crate) fn update(&mut self, at_s: f64, finished: f64, left: f64) -> Option<f64> {
        let now = Sample { at_s, finished };
        let first = *self.first.get_or_insert(now);
        let last = self.last.replace(now).unwrap_or(first);
        let (ran_s, passed_s) = (at_s - first.at_s, at_s - last.at_s);
        let items = (finished - first.finished).max(0.0);
        let average = if ran_s > 0.0 { items / ran_s } else { 0.0 };
        let over_s = SPEED_OVER_S.max(SPEED_OVER_SHARE * ran_s);
        if ran_s < over_s {
            self.speed = average;
        } else if passed_s > 0.0 {
            let now_per_s = (finished - last.finished).max(0.0) / passed_s;
            self.speed += (now_per_s - self.speed) * (1.0 - (-passed_s / over_s).exp());
        }
        // Items that were added or removed change the time at once.
        let is_other_amount = (self.left - (finished - last.finished) - left).abs() > ROUNDING;
        self.left = left;
        let all = items + left;
        let warm_up = if all <= WARM_UP_ITEMS { WARM_UP_SHARE * all } else { WARM_UP_ITEMS };
        if ran_s < WARM_UP_S || items < warm_up || self.speed <= 0.0 {
            return None;
        }
        let predicted_s = at_s + left / self.speed;
        let ends_at_s = match self.ends_at_s {
            Some(shown_s) if !is_other_amount => {
                let follow_s = (FOLLOW_SHARE * (shown_s - at_s)).clamp(FOLLOW_S.0, FOLLOW_S.1);
                shown_s + (predicted_s - shown_s) * (1.0 - (-passed_s / follow_s).exp())
            }
            _ => predicted_s,
        };
        self.ends_at_s = Some(ends_at_s);
        Some(rounded((ends_at_s - at_s).max(0.0)))
    }
}

/// Whole seconds below a minute, then steps of 5 s, from ten minutes on minutes.
fn rounded(seconds: f64) -> f64 {
    let step = if seconds < 60.0 {
        1.0
    } else if seconds < 600.0 {
        5.0
    } else {
        60.0
    };
    (seconds / step).round() * step
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown every 50 ms while items finish at these times: running time, and seconds left.
    fn shown(finish_times_s: &[f64]) -> Vec<(f64, f64)> {
        let total = finish_times_s.len() as u64;
        let end_s = finish_times_s.last().copied().unwrap_or_default();
        let mut left = TimeLeft::default();
        let ticks = (end_s / 0.05) as u64;
        (0..ticks)
            .filter_map(|tick| {
                let at_s = tick as f64 * 0.05;
                let finished = finish_times_s.iter().filter(|time| **time <= at_s).count() as u64;
                left.update(at_s, finished as f64, (total - finished) as f64).map(|left_s| (at_s, left_s))
            })
            .collect()
    }

    /// The largest change from one moment to the next beyond the time that has passed, as a share of what was shown.
    fn largest_jump(shown: &[(f64, f64)]) -> f64 {
        let jumps = shown.windows(2).filter_map(|pair| {
            let [(before_s, before), (after_s, after)] = pair else { return None };
            let change = (after - (before - (after_s - before_s))).abs();
            // One step of what is shown is no jump.
            (change > 5.0).then_some(change / before.max(1.0))
        });
        jumps.fold(0.0, f64::max)
    }

    /// Two workers, with items that take these seconds in turn.
    fn two_workers(items: usize, seconds: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut free_at_s = [0.0_f64; 2];
        let mut times: Vec<f64> = (0..items)
            .map(|item| {
                let next = usize::from(free_at_s[1] < free_at_s[0]);
                free_at_s[next] += seconds(item);
                free_at_s[next]
            })
            .collect();
        times.sort_by(f64::total_cmp);
        times
    }

    #[test]
    fn the_time_left_does_not_jump_with_bursts_or_with_large_items_between_small_ones() {
        let cases = [
            ("equal items", two_workers(400, |_| 0.3)),
            ("a large one between small ones", two_workers(300, |item| if item % 25 == 24 { 6.0 } else { 0.1 })),
            ("bursts of 40 every 8 s", (0..400).map(|item| 8.0 * (f64::from(item / 40) + 1.0)).collect()),
            ("a slower second half", two_workers(300, |item| if item < 150 { 0.1 } else { 0.5 })),
        ];
        for (name, times) in cases {
            let jump = largest_jump(&shown(&times));
            assert!(jump < 0.1, "{name}: {jump:.2}");
        }
    }

    #[test]
    fn the_time_left_is_about_right_after_a_quarter_and_is_shown_soon() {
        let times = two_workers(400, |item| if item % 10 == 9 { 2.0 } else { 0.2 });
        let end_s = times.last().copied().unwrap_or_default();
        let shown = shown(&times);
        assert!(shown.first().is_some_and(|(at_s, _)| *at_s < 3.0));
        for (at_s, left_s) in shown.into_iter().filter(|(at_s, _)| *at_s > end_s / 4.0) {
            let truth = end_s - at_s;
            assert!((left_s - truth).abs() <= 0.2 * truth + 5.0, "{left_s} of {truth} at {at_s}");
        }
    }

    #[test]
    fn items_that_are_added_count_at_once() {
        let mut left = TimeLeft::default();
        let mut before = None;
        for tick in 0..400 {
            let tick = f64::from(tick);
            before = left.update(tick * 0.05, tick, 1000.0 - tick);
        }
        let after = left.update(20.0, 400.0, 1600.0);
        assert!(before.is_some_and(|s| s < 40.0) && after.is_some_and(|s| s > 70.0), "{before:?} {after:?}");
    }

    #[test]
    fn nothing_is_predicted_from_nothing() {
        let mut left = TimeLeft::default();
        let early = [(0.0, 0.0, 10.0), (5.0, 0.0, 10.0), (5.1, 1.0, 9.0)];
        assert_eq!(early.map(|(at_s, finished, items)| left.update(at_s, finished, items)), [None; 3]);
    }

    #[test]
    fn the_time_of_one_large_file_is_predicted_from_its_received_part() {
        let mut left = TimeLeft::default();
        let shown = (0..600).map(|tick| {
            let at_s = f64::from(tick) * 0.05;
            let received = at_s / 100.0;
            left.update(at_s, received, 1.0 - received)
        });
        let shown: Vec<_> = shown.collect();
        assert_eq!((shown[20], shown[90]), (None, None));
        assert!(shown[120..].iter().all(Option::is_some));
        assert_eq!(shown[599], Some(70.0), "30 of 100 s have passed");
    }
}
