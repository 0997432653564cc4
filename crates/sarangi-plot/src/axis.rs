//! What a picture's sides stand for.

use sarangi_core::{Error, Result};

use crate::Ticks;

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, Default)]
pub enum Scale {
    /// Equal steps, equal distances.
    #[default]
    Linear,
    /// Equal ratios, equal distances; for values above 0.
    Log,
    /// By a function that only grows, such as one from Hz to mel.
    By(fn(f64) -> f64),
}

/// What is written beside an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Marks {
    /// Round numbers that are multiples of this or more; 0 for any.
    Round(f64),
    /// Seconds, from a minute on minutes and seconds.
    Clock,
    /// These words at these values; those without room are left out.
    At(Vec<(f64, String)>),
    /// Nothing.
    None,
}

/// One side of a picture: from what to what it goes, how, and what is written beside it.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it is, with its unit, such as `Frequency (Hz)`.
    pub label: String,
    /// The value at its left or lower end.
    pub low: f64,
    /// The value at its right or upper end.
    pub high: f64,
    /// How values are spread. Default linear.
    pub scale: Scale,
    /// What is written beside it. Default round numbers.
    pub marks: Marks,
}

impl Axis {
    /// A linear axis with round numbers.
    pub fn new(label: impl Into<String>, low: f64, high: f64) -> Self {
        Self {
            label: label.into(),
            low,
            high,
            scale: Scale::Linear,
            marks: Marks::Round(0.0),
        }
    }

    /// Time in seconds, from a minute on in minutes and seconds.
    pub fn seconds(low: f64, high: f64) -> Self {
        let label = if high < MINUTE {
            "Time (s)"
        } else {
            "Time (min:s)"
        };
        Self::new(label, low, high).marked(Marks::Clock)
    }

    /// Frequency in Hz.
    pub fn hertz(low: f64, high: f64) -> Self {
        Self::new("Frequency (Hz)", low, high)
    }

    /// The same on another scale.
    pub fn scaled(self, scale: Scale) -> Self {
        Self { scale, ..self }
    }

    /// The same with other marks.
    pub fn marked(self, marks: Marks) -> Self {
        Self { marks, ..self }
    }

    pub(crate) fn check(&self, field: &'static str) -> Result<()> {
        let ends = [self.low, self.high].map(|end| self.place(end));
        if self.low < self.high && ends[0] < ends[1] && ends.iter().all(|end| end.is_finite()) {
            return Ok(());
        }
        let scale = match self.scale {
            Scale::Linear => "",
            Scale::Log => " and above 0",
            Scale::By(_) => " also on its scale",
        };
        let (low, high) = (self.low, self.high);
        let reason = format!("must be finite and grow{scale}, got {low} to {high}");
        Err(Error::config("plot", field, reason))
    }

    /// 0 at the low end, 1 at the high end.
    pub(crate) fn share(&self, value: f64) -> f64 {
        let [low, high] = [self.low, self.high].map(|end| self.place(end));
        (self.place(value) - low) / (high - low)
    }

    /// The marks that have room on a line so many letters long, with their shares; neighbours are
    /// about `spacing` letters apart.
    pub(crate) fn ticks(&self, length: f64, spacing: f64) -> Vec<(f64, String)> {
        let count = (length / spacing).floor().max(1.0) as usize;
        // An end that misses a round number by its rounding has it all the same.
        let slack = 1e-6 * (self.high - self.low);
        let (low, high) = (self.low - slack, self.high + slack);
        let numbers = |smallest: f64| -> Vec<(f64, String)> {
            let ticks = Ticks::new(low, high, count, smallest);
            let named = |&value: &f64| (value, minus(&ticks.label(value)));
            ticks.values.iter().map(named).collect()
        };
        let values = match &self.marks {
            Marks::None => Vec::new(),
            Marks::Clock if self.high >= MINUTE => clock(self.low, self.high, count),
            Marks::Clock => numbers(0.0),
            Marks::At(values) => self.spread(values.clone(), length),
            &Marks::Round(smallest) => match self.scale {
                Scale::Linear => numbers(smallest),
                Scale::Log | Scale::By(_) => {
                    let round = self.spread(self.round(), length);
                    if round.len() < 2 {
                        self.spread(numbers(smallest), length)
                    } else {
                        round
                    }
                }
            },
        };
        let inside = |value: &f64| (low..=high).contains(value);
        values
            .into_iter()
            .filter(|(value, _)| inside(value))
            .map(|(value, text)| (self.share(value), text))
            .collect()
    }

    fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Log => value.max(0.0).ln(),
            Scale::By(function) => function(value),
        }
    }

    /// 0 and 1, 5 and 2 times the powers of ten between the ends, the rounder ones first.
    fn round(&self) -> Vec<(f64, String)> {
        let mut values = vec![0.0];
        for digit in [1.0, 5.0, 2.0] {
            values.extend((-9..=9).map(|power| digit * 10f64.powi(power)));
        }
        values.retain(|value| (self.low..=self.high).contains(value));
        let named = |value: f64| {
            let text = match value {
                0.0 => "0".to_owned(),
                _ if value < 1e-3 => format!("{value:.0e}"),
                _ => format!("{}", (value * 1e9).round() / 1e9),
            };
            (value, minus(&text))
        };
        values.into_iter().map(named).collect()
    }

    /// Of marks in the order of their importance those that do not touch one before them, in the
    /// order of their places.
    fn spread(&self, marks: Vec<(f64, String)>, length: f64) -> Vec<(f64, String)> {
        /// Letters between the middles of two marks.
        const APART: f64 = 1.25;
        let mut kept: Vec<(f64, String)> = Vec::new();
        for (value, text) in marks {
            let at = self.share(value) * length;
            let free =
                |(other, _): &(f64, String)| (at - self.share(*other) * length).abs() >= APART;
            if at.is_finite() && kept.iter().all(free) {
                kept.push((value, text));
            }
        }
        kept.sort_by(|a, b| a.0.total_cmp(&b.0));
        kept
    }
}

const MINUTE: f64 = 60.0;

/// Marks at round minutes or seconds, such as 1:30.
fn clock(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    const STEPS: [f64; 12] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0,
    ];
    let least = (high - low) / count as f64;
    let hours = || (least / 3600.0).ceil().max(1.0) * 3600.0;
    let step = STEPS.into_iter().find(|&step| step >= least);
    let step = step.unwrap_or_else(hours);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last)
        .take(4 * count)
        .map(|i| {
            let seconds = i as f64 * step;
            let sign = if seconds < 0.0 { "−" } else { "" };
            let whole = seconds.abs() as u64;
            (seconds, format!("{sign}{}:{:02}", whole / 60, whole % 60))
        })
        .collect()
}

/// A number with the sign that typographers use.
fn minus(number: &str) -> String {
    number.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis, length: f64) -> Vec<String> {
        axis.ticks(length, 3.0).into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn a_linear_axis_has_round_numbers_with_a_real_minus() {
        let axis = Axis::new("Level (dB)", -80.0, 0.0);
        assert_eq!(texts(&axis, 15.0), ["−80", "−60", "−40", "−20", "0"]);
        assert_eq!(axis.share(-20.0), 0.75);
        let rounded = Axis::new("Level (dB)", -80.000_003, -0.000_003);
        assert_eq!(texts(&rounded, 15.0), texts(&axis, 15.0));
        let rows = Axis::new("Bin", -0.5, 2.5).marked(Marks::Round(1.0));
        assert_eq!(texts(&rows, 60.0), ["0", "1", "2"]);
    }

    #[test]
    fn a_logarithmic_axis_has_the_roundest_numbers_that_have_room() {
        let axis = Axis::hertz(32.0, 11_025.0).scaled(Scale::Log);
        assert_eq!(texts(&axis, 4.0), ["100", "1000", "10000"]);
        let all = texts(&axis, 100.0);
        let want = [50, 100, 200, 500, 1000, 2000, 5000, 10_000].map(|hz| hz.to_string());
        assert_eq!(all, want);
        // Too narrow for two powers: numbers of a linear axis.
        let narrow = Axis::hertz(410.0, 460.0).scaled(Scale::Log);
        assert_eq!(texts(&narrow, 9.0), ["420", "440", "460"]);
    }

    #[test]
    fn an_axis_of_ones_own_scale_may_begin_at_zero() {
        let axis = Axis::hertz(0.0, 8000.0).scaled(Scale::By(|hz| (1.0 + hz / 700.0).ln()));
        let ticks = axis.ticks(20.0, 3.0);
        assert_eq!(ticks[0], (0.0, "0".to_owned()));
        assert!(ticks.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn time_is_in_seconds_and_from_a_minute_on_on_the_clock() {
        assert_eq!(texts(&Axis::seconds(0.0, 3.0), 12.0), ["0", "1", "2", "3"]);
        let axis = Axis::seconds(0.0, 200.0);
        assert_eq!(texts(&axis, 12.0), ["0:00", "1:00", "2:00", "3:00"]);
        assert_eq!(
            texts(&Axis::seconds(0.0, 20_000.0), 12.0),
            ["0:00", "120:00", "240:00"]
        );
    }

    #[test]
    fn words_without_room_are_left_out() {
        let names = ["a", "b", "c", "d"];
        let at = names
            .iter()
            .zip(0..)
            .map(|(n, i)| (f64::from(i), (*n).to_owned()));
        let axis = Axis::new("", 0.0, 3.0).marked(Marks::At(at.collect()));
        assert_eq!(texts(&axis, 30.0), names);
        assert_eq!(texts(&axis, 3.0), ["a", "c"]);
        assert!(texts(&axis.marked(Marks::None), 30.0).is_empty());
    }

    #[test]
    fn an_axis_that_goes_nowhere_is_refused() {
        for axis in [
            Axis::new("", 1.0, 1.0),
            Axis::new("", f64::NAN, 1.0),
            Axis::new("", 0.0, f64::INFINITY),
            Axis::new("", 0.0, 1.0).scaled(Scale::Log),
            Axis::new("", 0.0, 1.0).scaled(Scale::By(|x| -x)),
        ] {
            let error = axis.check("x").unwrap_err().to_string();
            assert!(error.starts_with("plot: x: must be finite"), "{error}");
        }
    }
}
