//! Confidence intervals by drawing again.

use rayon::prelude::*;
use sarangi_core::{Error, Result, Rng, Seed};
use serde::{Deserialize, Serialize};

/// A range that a number lies in with some confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Percentile bootstrap (Efron 1979): tracks are drawn with replacement, as many as there are, the
/// statistic is computed again, and the interval holds the middle share of what came out.
///
/// Tracks are drawn, never chunks: chunks of one track are alike, and an interval that took them for
/// independent would be far too narrow. The same seed gives the same bits on any number of threads.
///
/// The interval knows only what was seen: where every track is told right it is a single point (which
/// the reports leave out), and with a few dozen tracks it is somewhat too narrow. scipy's `bootstrap` with `method="percentile"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bootstrap {
    /// How often tracks are drawn, 1 to 1,000,000.
    pub resamples: usize,
    /// The share of outcomes inside, between 0 and 1.
    pub level: f64,
    /// Where the draws come from.
    pub seed: Seed,
}

impl Default for Bootstrap {
    /// 2,000 resamples, 95 %, seed 0.
    fn default() -> Self {
        Self {
            resamples: 2000,
            level: 0.95,
            seed: Seed(0),
        }
    }
}

impl Bootstrap {
    const MOST_RESAMPLES: usize = 1_000_000;

    /// The interval of any statistic of some of `items` (tracks, mostly): it is given the indices
    /// drawn, each below `items`, as many as there are. `None` where it is not finite for any draw;
    /// draws for which it is not are left out.
    ///
    /// # Errors
    /// [`Error::Config`] if there is no item, or a field is out of its range.
    pub fn interval(
        &self,
        items: usize,
        statistic: impl Fn(&[usize]) -> f64 + Sync,
    ) -> Result<Option<Interval>> {
        self.check(items)?;
        let [interval] = self.intervals(items, |drawn| [statistic(drawn)]);
        Ok(interval)
    }

    pub(crate) fn check(&self, items: usize) -> Result<()> {
        let refuse = |field: &str, reason| Err(Error::config("bootstrap", field, reason));
        if items == 0 {
            return refuse("items", "must be at least one".to_owned());
        }
        if !(1..=Self::MOST_RESAMPLES).contains(&self.resamples) {
            let most = Self::MOST_RESAMPLES;
            return refuse(
                "resamples",
                format!("must be 1 to {most}, got {}", self.resamples),
            );
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            return refuse(
                "level",
                format!("must be between 0 and 1, got {}", self.level),
            );
        }
        Ok(())
    }

    /// Several statistics of the same draws; what [`check`](Self::check) refuses must not come here.
    pub(crate) fn intervals<const N: usize>(
        &self,
        items: usize,
        statistics: impl Fn(&[usize]) -> [f64; N] + Sync,
    ) -> [Option<Interval>; N] {
        let outcomes: Vec<[f64; N]> = (0..self.resamples)
            .into_par_iter()
            .map_init(
                || vec![0; items],
                |drawn, resample| {
                    draw(drawn, &mut self.seed.rng(0, resample as u64));
                    statistics(drawn)
                },
            )
            .collect();
        std::array::from_fn(|which| {
            let of = outcomes.iter().map(|outcome| outcome[which]);
            let mut values: Vec<f64> = of.filter(|value| value.is_finite()).collect();
            values.sort_unstable_by(f64::total_cmp);
            Some(Interval {
                low: quantile(&values, 0.5 * (1.0 - self.level))?,
                high: quantile(&values, 0.5 * (1.0 + self.level))?,
            })
        })
    }
}

fn draw(drawn: &mut [usize], rng: &mut Rng) {
    let items = drawn.len();
    for index in drawn {
        *index = rng.below(items);
    }
}

/// Of ascending values, as numpy's `quantile`: linear between the two nearest.
fn quantile(ascending: &[f64], share: f64) -> Option<f64> {
    let at = share * ascending.len().checked_sub(1)? as f64;
    let below = at.floor() as usize;
    let low = *ascending.get(below)?;
    let high = ascending.get(below + 1).copied().unwrap_or(low);
    Some(low + (high - low) * (at - below as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_numpys() {
        let values = [1.0, 2.0, 4.0, 8.0];
        let quantiles = [0.0, 0.5, 0.9, 1.0].map(|share| quantile(&values, share));
        assert_eq!(quantiles, [1.0, 3.0, 6.800_000_000_000_001, 8.0].map(Some));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn fields_out_of_range_are_refused() {
        let base = Bootstrap::default();
        let none = Bootstrap {
            resamples: 0,
            ..base
        };
        let many = Bootstrap {
            resamples: usize::MAX,
            ..base
        };
        let sure = Bootstrap { level: 1.0, ..base };
        let nan = Bootstrap {
            level: f64::NAN,
            ..base
        };
        for (bootstrap, items, part) in [
            (base, 0, "items"),
            (none, 3, "resamples"),
            (many, 3, "resamples"),
            (sure, 3, "level"),
            (nan, 3, "level"),
        ] {
            let error = bootstrap.interval(items, |_| 0.0).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn outcomes_that_are_no_numbers_are_left_out() {
        let bootstrap = Bootstrap::default();
        assert_eq!(bootstrap.interval(5, |_| f64::NAN).unwrap(), None);
        let sometimes = |drawn: &[usize]| if drawn[0] == 0 { f64::NAN } else { 3.0 };
        let interval = bootstrap.interval(5, sometimes).unwrap();
        assert_eq!(
            interval,
            Some(Interval {
                low: 3.0,
                high: 3.0
            })
        );
    }
}
