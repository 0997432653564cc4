//! Phases for a magnitude spectrogram.

use std::f64::consts::TAU;

use ndarray::{Array2, ArrayView2, Zip};
use sarangi_core::{Error, Result, Seed, Spec};
use sarangi_dsp::{Complex32, Istft, Stft};
use serde::{Deserialize, Serialize};

use crate::Analysis;
use crate::check::within;

const NAME: &str = "griffin_lim";

/// The phases with which a search begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseInit {
    /// Uniformly random.
    #[default]
    Random,
}

/// How phases are searched for, with the names and defaults of `librosa.griffinlim`.
///
/// A part of other specifications, in whose serialised form its fields stand beside their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PhaseSearch {
    /// Rounds, at most 100,000. Default 32.
    pub n_iter: usize,
    /// By how much a round goes beyond what it found, 0 to 2; above 1 it may not converge. Default
    /// 0.99.
    pub momentum: f64,
    /// The first phases: `"random"`, or `None` for zeros. Default random.
    pub init: Option<PhaseInit>,
    /// What random phases follow from. Default 0.
    pub random_state: Seed,
}

impl Default for PhaseSearch {
    fn default() -> Self {
        Self {
            n_iter: 32,
            momentum: 0.99,
            init: Some(PhaseInit::Random),
            random_state: Seed(0),
        }
    }
}

/// A sound whose magnitude spectrogram is nearly the one given (Griffin and Lim 1984; Perraudin et
/// al. 2013, "A fast Griffin–Lim algorithm"), with the names and defaults of `librosa.griffinlim`.
///
/// Each round makes a sound Y of the spectrogram so far and takes the phases of
/// STFT(Y) − m / (1 + m) · (that of the round before), m being the momentum. Proved by the golden
/// files of `inversion`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GriffinLimSpec {
    /// The search.
    #[serde(flatten)]
    pub search: PhaseSearch,
    /// The frames of the spectrogram; `n_fft` is not guessed from its bins.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Spec<()> for GriffinLimSpec {
    type Built = GriffinLim;

    fn build(&self, (): ()) -> Result<GriffinLim> {
        within(NAME, "n_iter", self.search.n_iter, 0..=100_000)?;
        within(NAME, "momentum", self.search.momentum, 0.0..=2.0)?;
        Ok(GriffinLim {
            stft: self.analysis.stft()?,
            istft: self.analysis.istft()?,
            center: self.analysis.center,
            search: self.search.clone(),
        })
    }
}

/// A planned search for phases; any thread may use it.
#[derive(Debug)]
pub struct GriffinLim {
    stft: Stft,
    istft: Istft,
    center: bool,
    search: PhaseSearch,
}

impl GriffinLim {
    /// The sound of a magnitude spectrogram, `length` samples long; by default as long as its frames
    /// reach.
    ///
    /// # Shapes
    /// `magnitude` is (⌊n_fft / 2⌋ + 1, frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if it is not, or if a sound of that length has another number of frames.
    pub fn signal(
        &self,
        magnitude: ArrayView2<'_, f32>,
        length: Option<usize>,
    ) -> Result<Vec<f32>> {
        let (bins, frames) = magnitude.dim();
        if bins != self.stft.bins() || frames == 0 {
            let expected = format_args!("({}, frames)", self.stft.bins());
            return Err(Error::shape(
                NAME,
                expected,
                format_args!("({bins}, {frames})"),
            ));
        }
        let n_fft = self.stft.n_fft();
        let length = length.unwrap_or_else(|| {
            let reach = n_fft + self.stft.hop_length() * (frames - 1);
            reach - if self.center { n_fft / 2 * 2 } else { 0 }
        });
        let held = self.stft.frames(length);
        if held != frames {
            let expected = format_args!("a length of {frames} frames");
            let got = format_args!("{length} samples, which are {held}");
            return Err(Error::shape(NAME, expected, got));
        }
        let magnitude = magnitude.as_standard_layout();
        let mut phased = self.beginning(magnitude.view());
        let mut before = Array2::default((bins, frames));
        let mut rebuilt = before.clone();
        let mut scratch = self.stft.scratch();
        let beyond = (self.search.momentum / (1.0 + self.search.momentum)) as f32;
        for _ in 0..self.search.n_iter {
            let sound = self.istft.signal(phased.view(), length)?;
            // Made here in rows, so that there are slices.
            if let Some(rows) = rebuilt.as_slice_mut() {
                self.stft
                    .complex_into(&sound, 0..frames, rows, &mut scratch)?;
            }
            Zip::from(&mut phased)
                .and(&rebuilt)
                .and(&before)
                .and(&magnitude)
                .for_each(|x, &now, &before, &s| {
                    let aim = now - before * beyond;
                    // Squares of quiet values are too small for single precision.
                    let [re, im] = [f64::from(aim.re), f64::from(aim.im)];
                    let size = (re * re + im * im).sqrt() as f32;
                    *x = aim / (size + f32::MIN_POSITIVE) * s;
                });
            std::mem::swap(&mut rebuilt, &mut before);
        }
        self.istft.signal(phased.view(), length)
    }

    /// The magnitudes with their first phases.
    fn beginning(&self, magnitude: ArrayView2<'_, f32>) -> Array2<Complex32> {
        match self.search.init {
            None => magnitude.mapv(|s| Complex32::new(s, 0.0)),
            Some(PhaseInit::Random) => {
                let mut rng = self.search.random_state.named("griffin_lim.phases");
                magnitude.mapv(|s| {
                    let angle = TAU * rng.uniform();
                    Complex32::new(angle.cos() as f32, angle.sin() as f32) * s
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn no_spectrogram_makes_it_panic_and_the_length_is_kept(
            bins in 0usize..20,
            frames in 0usize..6,
            n_fft in 2usize..40,
            hop_length in 1usize..20,
            length in prop::option::of(0usize..200),
            center in any::<bool>(),
            value in prop::sample::select(vec![0.0f32, 1.0, -3.0, 1e30, f32::NAN]),
        ) {
            let spec = GriffinLimSpec {
                search: PhaseSearch { n_iter: 3, ..PhaseSearch::default() },
                analysis: Analysis { n_fft, hop_length, center, ..Analysis::default() },
            };
            let map = Array2::from_elem((bins, frames), value);
            let whole = Array2::from_elem((n_fft / 2 + 1, frames), value);
            let plan = spec.build(()).unwrap();
            for map in [map, whole] {
                if let (Ok(sound), Some(length)) = (plan.signal(map.view(), length), length) {
                    prop_assert_eq!(sound.len(), length);
                }
            }
        }
    }

    #[test]
    fn a_seed_gives_the_same_bits_and_nonsense_names_its_field() {
        let map = Array2::from_shape_fn((33, 9), |(k, t)| ((k * t) % 7) as f32);
        let sound = |seed| {
            let spec = GriffinLimSpec {
                search: PhaseSearch {
                    random_state: Seed(seed),
                    ..PhaseSearch::default()
                },
                analysis: Analysis {
                    n_fft: 64,
                    hop_length: 16,
                    ..Analysis::default()
                },
            };
            spec.build(()).unwrap().signal(map.view(), None).unwrap()
        };
        assert_eq!(sound(1), sound(1));
        assert_ne!(sound(1), sound(2));
        assert_eq!(sound(1).len(), 128);
        let mut spec = GriffinLimSpec::default();
        spec.search.momentum = -0.1;
        let error = spec.build(()).unwrap_err().to_string();
        assert!(error.starts_with("griffin_lim: momentum"), "{error}");
    }
}
