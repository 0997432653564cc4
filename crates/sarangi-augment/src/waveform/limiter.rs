//! Softer where it is loud.

use std::collections::VecDeque;

use ndarray::Axis;
use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::channels::in_place;
use crate::level::{amplitude, peak};
use crate::{Change, Uniform, WaveformAugmentation};

/// The sound is made softer around what is above a threshold, and nothing comes out above it: as
/// `audiomentations.Limiter`.
///
/// The gain that each sample needs, T / |x| if that is below 1, of the loudest channel; its least value
/// over the `attack` to come; from there back to 1 exponentially; the mean of that over the `attack` gone
/// by. The gain therefore falls in a straight line, and has fallen when the peak is there. There is no
/// delay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limiter {
    /// Decibels, −120 to 60. Default \[−24, −2\].
    pub threshold_db: Uniform,
    /// Seconds over which the gain falls before a peak, 0 to 10. Default \[0.0005, 0.025\].
    pub attack: Uniform,
    /// Seconds in which the gain comes back but for a thousandth, 0.0001 to 60. Default \[0.05, 0.7\].
    pub release: Uniform,
    /// Of what the threshold is told in decibels. Default `relative_to_signal_peak`.
    pub threshold_mode: ThresholdMode,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            threshold_db: Uniform::between(-24.0, -2.0),
            attack: Uniform::between(0.0005, 0.025),
            release: Uniform::between(0.05, 0.7),
            threshold_mode: ThresholdMode::RelativeToSignalPeak,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for Limiter {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        self.threshold_db
            .check("limiter", "threshold_db", -120.0..=60.0)?;
        self.attack.check("limiter", "attack", 0.0..=10.0)?;
        self.release.check("limiter", "release", 0.0001..=60.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            threshold_db: self.threshold_db.draw(rng),
            attack: self.attack.draw(rng),
            release: self.release.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let full = match self.threshold_mode {
            ThresholdMode::RelativeToSignalPeak => peak(&wave),
            ThresholdMode::Absolute => 1.0,
        };
        let threshold = full * amplitude(self.threshold_db.value());
        let rate = wave.rate();
        let ahead = rate.samples(self.attack.value());
        let kept = 10f64.powf(-3.0 / (rate.as_f64() * self.release.value()));
        let loudest = wave
            .samples()
            .fold_axis(Axis(0), 0.0f32, |most, x| most.max(x.abs()));
        let needed: Vec<f64> = loudest
            .iter()
            .map(|&x| match f64::from(x) > threshold {
                true => threshold / f64::from(x),
                false => 1.0,
            })
            .collect();
        let gains = gains(&needed, ahead, kept);
        in_place(wave, |row| {
            let pairs = row.iter_mut().zip(&gains);
            pairs.for_each(|(x, gain)| *x = (f64::from(*x) * gain) as f32);
        })
    }
}

/// Of what a threshold is told in decibels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMode {
    /// Of the loudest sample.
    #[default]
    RelativeToSignalPeak,
    /// Of full scale.
    Absolute,
}

/// The gains, none above what is needed: each is a mean of `ahead` + 1 values, none of which is above
/// the least that is needed over as many samples, this one among them.
fn gains(needed: &[f64], ahead: usize, kept: f64) -> Vec<f64> {
    // The places of the values that may yet be the least, which rise.
    let mut least: VecDeque<usize> = VecDeque::new();
    let mut means: VecDeque<f64> = VecDeque::new();
    let (mut value, mut sum) = (1.0f64, 0.0);
    let mut gains = Vec::with_capacity(needed.len());
    // The value at `place − ahead` is that of the samples up to `place`.
    for place in 0..needed.len() + ahead {
        if let Some(&new) = needed.get(place) {
            while least.back().is_some_and(|&old| needed[old] >= new) {
                least.pop_back();
            }
            least.push_back(place);
        }
        if least.front().is_some_and(|&old| old + ahead < place) {
            least.pop_front();
        }
        let target = least.front().map_or(1.0, |&place| needed[place]);
        value = target.min(1.0 - (1.0 - value) * kept);
        sum += value;
        means.push_back(value);
        if means.len() > ahead + 1 {
            sum -= means.pop_front().unwrap_or(0.0);
        }
        if place >= ahead {
            gains.push(sum / means.len() as f64);
        }
    }
    gains
}
