//! The reassigned spectrogram.

use std::f64::consts::PI;

use ndarray::{Array2, Zip};
use sarangi_core::{Error, Result, SampleRate, Spec};
use sarangi_dsp::{Complex32, Stft};
use serde::{Deserialize, Serialize};

use crate::{Analysis, Reference};

const NAME: &str = "reassigned";

/// A spectrogram whose values know where their energy lies (Flandrin, Auger and Chassande-Mottin
/// 2002, equations 5.20 and 5.23), with the names and defaults of `librosa.reassigned_spectrogram`.
///
/// With X, X' and X'' the transforms by the window w, by its derivative and by n · w\[n\] (n from the
/// middle), a value at bin frequency f and frame time t belongs to f − Im(X' / X) · rate / 2π and
/// t + Re(X'' / X) / rate. In double precision, since bins divide by what is quiet in them. Proved by
/// the golden files of `reassigned`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReassignedSpec {
    /// Whether frequencies are corrected; else they are those of the bins. Default true.
    pub reassign_frequencies: bool,
    /// Whether times are corrected; else they are those of the frames. Default true.
    pub reassign_times: bool,
    /// The power below which nothing is known: a number that is not negative, or `"max"` for the
    /// largest of the map. Default 10⁻⁶.
    pub ref_power: Reference,
    /// Whether what is not known is said to lie at its bin and frame, instead of NaN. Default false.
    pub fill_nan: bool,
    /// Whether what would lie outside the sound is moved to its edge. Default true.
    pub clip: bool,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for ReassignedSpec {
    fn default() -> Self {
        Self {
            reassign_frequencies: true,
            reassign_times: true,
            ref_power: Reference::Power(1e-6),
            fill_nan: false,
            clip: true,
            analysis: Analysis::default(),
        }
    }
}

impl Spec<SampleRate> for ReassignedSpec {
    type Built = Reassigned;

    fn build(&self, rate: SampleRate) -> Result<Reassigned> {
        if !self.reassign_frequencies && !self.reassign_times {
            let reason = "and reassign_times must not both be false";
            return Err(Error::config(NAME, "reassign_frequencies", reason));
        }
        if let Reference::Power(power) = self.ref_power
            && !(0.0..=1e37).contains(&power)
        {
            let reason = format!("must be 0 to 1e37 or \"max\", got {power}");
            return Err(Error::config(NAME, "ref_power", reason));
        }
        let spec = self.analysis.spec();
        // The window as long as the transform, which is what its derivative is taken of.
        let window = spec.padded_window()?;
        let n_fft = window.len();
        let derivative: Vec<f64> = (0..n_fft)
            .map(|n| (window[(n + 1) % n_fft] - window[(n + n_fft - 1) % n_fft]) / 2.0)
            .collect();
        let middle = (n_fft as f64 - 1.0) / 2.0;
        let times = window
            .iter()
            .enumerate()
            .map(|(n, w)| w * (n as f64 - middle));
        Ok(Reassigned {
            rate,
            stft: spec.build_precise()?,
            by_derivative: self
                .reassign_frequencies
                .then(|| spec.build_precise_with(&derivative))
                .transpose()?,
            by_time: self
                .reassign_times
                .then(|| spec.build_precise_with(&times.collect::<Vec<_>>()))
                .transpose()?,
            spec: self.clone(),
        })
    }
}

/// A reassigned spectrogram, each map (⌊n_fft / 2⌋ + 1, frames).
#[derive(Clone, Debug, PartialEq)]
pub struct ReassignedSpectrogram {
    /// Where each value lies in Hz; NaN where that is not known.
    pub frequencies: Array2<f32>,
    /// Where each value lies in seconds; NaN where that is not known.
    pub times: Array2<f32>,
    /// The magnitudes |X|.
    pub magnitudes: Array2<f32>,
}

/// A planned reassigned spectrogram.
#[derive(Debug)]
pub struct Reassigned {
    rate: SampleRate,
    stft: Stft,
    by_derivative: Option<Stft>,
    by_time: Option<Stft>,
    spec: ReassignedSpec,
}

impl Reassigned {
    /// The reassigned spectrogram of one channel.
    ///
    /// # Errors
    /// [`Error::Shape`] if the sound has not one frame.
    pub fn spectrogram(&self, samples: &[f32]) -> Result<ReassignedSpectrogram> {
        let spectrum = self.stft.complex(samples)?;
        let magnitudes = spectrum.mapv(|x| f64::from(x.re).hypot(f64::from(x.im)) as f32);
        let least = match self.spec.ref_power {
            Reference::Power(power) => power.sqrt(),
            Reference::Peak(_) => magnitudes
                .iter()
                .fold(0.0f32, |peak, &x| peak.max(x))
                .into(),
        };
        let rate = self.rate.as_f64();
        let offset = if self.spec.analysis.center {
            0
        } else {
            self.stft.n_fft() / 2
        };
        let hop = self.stft.hop_length();
        let bin = |(k, _): (usize, usize)| k as f64 * rate / self.stft.n_fft() as f64;
        let time = |(_, t): (usize, usize)| (t * hop + offset) as f64 / rate;
        let place = |plan: &Option<Stft>,
                     grid: &dyn Fn((usize, usize)) -> f64,
                     correction: &dyn Fn(Complex32) -> f64,
                     end: f64| {
            let Some(plan) = plan else {
                return Ok(Array2::from_shape_fn(spectrum.raw_dim(), |at| {
                    grid(at) as f32
                }));
            };
            let other = plan.complex(samples)?;
            let mut places = Array2::zeros(spectrum.raw_dim());
            Zip::indexed(&mut places)
                .and(&spectrum)
                .and(&other)
                .and(&magnitudes)
                .for_each(|at, y, &x, &other, &magnitude| {
                    let known = magnitude > 0.0 && f64::from(magnitude) >= least;
                    let mut place = match known {
                        true => grid(at) + correction(quotient(other, x)),
                        false if self.spec.fill_nan => grid(at),
                        false => f64::NAN,
                    };
                    if self.spec.clip {
                        place = place.clamp(0.0, end);
                    }
                    *y = place as f32;
                });
            Ok::<_, Error>(places)
        };
        Ok(ReassignedSpectrogram {
            frequencies: place(
                &self.by_derivative,
                &bin,
                &|x| f64::from(-x.im) * 0.5 * rate / PI,
                rate / 2.0,
            )?,
            times: place(
                &self.by_time,
                &time,
                &|x| f64::from(x.re) / rate,
                samples.len() as f64 / rate,
            )?,
            magnitudes,
        })
    }
}

/// x / y without the squares of y, which quiet bins have none of in single precision.
fn quotient(x: Complex32, y: Complex32) -> Complex32 {
    let [a, b, c, d] = [x.re, x.im, y.re, y.im].map(f64::from);
    let square = c * c + d * d;
    let (re, im) = ((a * c + b * d) / square, (b * c - a * d) / square);
    Complex32::new(re as f32, im as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_and_a_click_are_found_where_they_are() {
        let rate = SampleRate::HZ_22050;
        let tone: Vec<f32> = (0..22_050)
            .map(|n| (std::f32::consts::TAU * 1234.5 * n as f32 / 22_050.0).sin())
            .collect();
        let plan = ReassignedSpec::default().build(rate).unwrap();
        let map = plan.spectrogram(&tone).unwrap();
        // Bins 113 to 117 are within the window's main lobe.
        for bin in 113..118 {
            let hz = map.frequencies[[bin, 20]];
            assert!((hz - 1234.5).abs() < 0.5, "{bin}: {hz}");
        }
        let mut click = vec![0.0; 22_050];
        click[10_000] = 1.0;
        let map = plan.spectrogram(&click).unwrap();
        let heard = map.times.iter().filter(|time| !time.is_nan());
        assert!(heard.clone().count() > 1000);
        for &time in heard {
            assert!((time - 10_000.0 / 22_050.0).abs() < 1e-3, "{time}");
        }
    }

    #[test]
    fn nonsense_names_its_field() {
        let refused = |change: fn(&mut ReassignedSpec)| {
            let mut spec = ReassignedSpec::default();
            change(&mut spec);
            spec.build(SampleRate::HZ_22050).unwrap_err().to_string()
        };
        let error = refused(|spec| {
            spec.reassign_frequencies = false;
            spec.reassign_times = false;
        });
        assert!(
            error.starts_with("reassigned: reassign_frequencies"),
            "{error}"
        );
        let error = refused(|spec| spec.ref_power = Reference::Power(-1.0));
        assert!(error.starts_with("reassigned: ref_power"), "{error}");
        let plan = ReassignedSpec::default()
            .build(SampleRate::HZ_22050)
            .unwrap();
        assert!(plan.spectrogram(&[]).is_err());
    }
}
