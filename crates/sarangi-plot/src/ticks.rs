//! Ticks at round numbers.

/// Round places on an axis, and how to write them.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticks {
    /// Ascending, all within the range asked for.
    pub values: Vec<f64>,
    step: f64,
}

impl Ticks {
    /// About `count` multiples of 1, 2 or 5 times a power of ten within [`low`, `high`], which must
    /// be finite and ascending; no step is below `smallest`.
    pub fn new(low: f64, high: f64, count: usize, smallest: f64) -> Self {
        let step = round_step((high - low) / count.max(1) as f64).max(smallest);
        let first = (low / step).ceil() as i64;
        let last = (high / step * (1.0 + 1e-12)).floor() as i64;
        // The bound matters only where `low` and `high` differ by less than their rounding.
        let values = (first..=last).take(4 * count).map(|i| i as f64 * step);
        Self {
            values: values.collect(),
            step,
        }
    }

    /// A tick's number, with as many decimals as the step between ticks needs.
    pub fn label(&self, value: f64) -> String {
        if value != 0.0 && !(1e-4..1e6).contains(&value.abs()) {
            return format!("{value:.1e}");
        }
        let decimals = (-self.step.log10()).ceil().clamp(0.0, 6.0) as usize;
        format!("{value:.decimals$}")
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    if !power.is_normal() {
        return 1.0;
    }
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|&round| round >= step * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// The end of an axis from 0 that has room for `high`: the next round number.
pub fn round_up(high: f64, count: usize) -> f64 {
    let step = round_step(high / count.max(1) as f64);
    (high / step * (1.0 - 1e-12)).ceil() * step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, count: usize, smallest: f64) -> Vec<String> {
        let ticks = Ticks::new(low, high, count, smallest);
        ticks.values.iter().map(|&v| ticks.label(v)).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            labels(0.0, 1.0, 5, 0.0),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(labels(1.0, 50.0, 5, 1.0), ["10", "20", "30", "40", "50"]);
        assert_eq!(labels(0.5, 1.5, 8, 1.0), ["1"]);
        assert_eq!(labels(0.0, 0.05, 2, 0.0), ["0.00", "0.05"]);
    }

    #[test]
    fn the_end_of_an_axis_is_round_and_not_below() {
        assert_eq!(round_up(2.31, 5), 2.5);
        assert_eq!(round_up(1.0, 5), 1.0);
        for high in [1e-300, 1e-9, 0.7, 123.0, 1e200] {
            let end = round_up(high, 5);
            assert!(
                end >= high * (1.0 - 1e-9) && end <= 1.5 * high,
                "{high}: {end}"
            );
        }
    }

    #[test]
    fn strange_ranges_have_few_ticks() {
        for (low, high) in [(0.0, 0.0), (1e300, 1e300), (0.0, f64::MAX), (-1.0, 1e-320)] {
            assert!(Ticks::new(low, high, 5, 0.0).values.len() <= 20);
        }
    }
}
