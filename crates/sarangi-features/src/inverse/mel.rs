//! From mel spectrograms back to spectrograms and sounds.

use ndarray::{Array2, ArrayView2};
use sarangi_core::{Error, Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use super::griffin_lim::{GriffinLim, GriffinLimSpec, PhaseSearch};
use super::nonnegative::{Nonnegative, Room};
use crate::check::within;
use crate::mel_bank::MelBank;
use crate::{Analysis, MelBands};

const NAME: &str = "mel_inverse";

/// The magnitude spectrogram of a mel spectrogram, with the names and defaults of
/// `librosa.feature.inverse.mel_to_stft`; `n_mels` is not guessed from the map.
///
/// The spectrogram S ≥ 0 for which ‖A S − M‖² is least, A being the mel filters, to the power
/// 1 / `power`; of many the one of least squares itself. librosa's lies elsewhere, and its error is
/// not smaller. Proved by the golden files of `inversion`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MelToStftSpec {
    /// The exponent of the mel spectrogram's magnitudes, 0.01 to 3. Default 2.
    pub power: f64,
    /// Samples per transform, 2 to 1,048,576. Default 2048.
    pub n_fft: usize,
    /// The filters.
    #[serde(flatten)]
    pub bands: MelBands,
}

impl Default for MelToStftSpec {
    fn default() -> Self {
        Self {
            power: 2.0,
            n_fft: 2048,
            bands: MelBands::default(),
        }
    }
}

impl Spec<SampleRate> for MelToStftSpec {
    type Built = MelToStft;

    fn build(&self, rate: SampleRate) -> Result<MelToStft> {
        within(NAME, "power", self.power, 0.01..=3.0)?;
        within(NAME, "n_fft", self.n_fft, 2..=1 << 20)?;
        let (bank, bins) = (self.bands.bank(rate, self.n_fft)?, self.n_fft / 2 + 1);
        Ok(MelToStft {
            solver: Nonnegative::new(&bank, bins),
            bank,
            bins,
            power: self.power,
        })
    }
}

/// A planned way back from mel spectrograms.
#[derive(Debug)]
pub struct MelToStft {
    bank: MelBank,
    solver: Nonnegative,
    bins: usize,
    power: f64,
}

impl MelToStft {
    /// The magnitude spectrogram of a mel spectrogram.
    ///
    /// # Shapes
    /// `mel` is (n_mels, frames), the result (⌊n_fft / 2⌋ + 1, frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if it has another number of bands.
    pub fn magnitude(&self, mel: ArrayView2<'_, f32>) -> Result<Array2<f32>> {
        let (bands, frames) = mel.dim();
        expect("mel bands", self.bank.bands(), bands)?;
        let mut out = Array2::zeros((self.bins, frames));
        let (mut values, mut room) = (vec![0.0; self.bins], Room::default());
        for (mel, mut column) in mel.columns().into_iter().zip(out.columns_mut()) {
            let aim = mel.iter().map(|&x| f64::from(x));
            self.solver.solve(aim, &mut values, &mut room);
            for (y, x) in column.iter_mut().zip(&values) {
                *y = x.powf(1.0 / self.power) as f32;
            }
        }
        Ok(out)
    }

    /// The mel spectrogram of a magnitude spectrogram, which is the way there:
    /// `librosa.feature.melspectrogram(S=S**power)`.
    ///
    /// # Shapes
    /// `magnitude` is (⌊n_fft / 2⌋ + 1, frames), the result (n_mels, frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if it has another number of bins.
    pub fn mel(&self, magnitude: ArrayView2<'_, f32>) -> Result<Array2<f32>> {
        let (bins, frames) = magnitude.dim();
        expect("bins", self.bins, bins)?;
        let powers = magnitude.mapv(|x| f64::from(x).powf(self.power) as f32);
        let powers = powers.as_standard_layout();
        let mut out = Array2::zeros((self.bank.bands(), frames));
        if let (Some(powers), Some(rows), 1..) = (powers.as_slice(), out.as_slice_mut(), frames) {
            self.bank.apply(powers, frames, rows, frames, 0);
        }
        Ok(out)
    }
}

fn expect(what: &str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    Err(Error::shape(NAME, format_args!("{expected} {what}"), got))
}

/// The sound of a mel spectrogram, with the names and defaults of
/// `librosa.feature.inverse.mel_to_audio`: [`MelToStftSpec`], then [`GriffinLimSpec`].
///
/// (librosa sets neither the momentum nor the first phases there.) Proved by the golden files of
/// `inversion`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MelToAudioSpec {
    /// The exponent of the mel spectrogram's magnitudes, 0.01 to 3. Default 2.
    pub power: f64,
    /// The filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// The search for phases.
    #[serde(flatten)]
    pub search: PhaseSearch,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for MelToAudioSpec {
    fn default() -> Self {
        Self {
            power: 2.0,
            bands: MelBands::default(),
            search: PhaseSearch::default(),
            analysis: Analysis::default(),
        }
    }
}

impl Spec<SampleRate> for MelToAudioSpec {
    type Built = MelToAudio;

    fn build(&self, rate: SampleRate) -> Result<MelToAudio> {
        let griffin_lim = GriffinLimSpec {
            search: self.search.clone(),
            analysis: self.analysis.clone(),
        };
        let griffin_lim = griffin_lim.build(())?;
        let mel = MelToStftSpec {
            power: self.power,
            n_fft: self.analysis.n_fft,
            bands: self.bands.clone(),
        };
        Ok(MelToAudio {
            mel: mel.build(rate)?,
            griffin_lim,
        })
    }
}

/// A planned way from mel spectrograms to sounds.
#[derive(Debug)]
pub struct MelToAudio {
    mel: MelToStft,
    griffin_lim: GriffinLim,
}

impl MelToAudio {
    /// The sound of a mel spectrogram, `length` samples long; by default as long as its frames reach.
    ///
    /// # Shapes
    /// `mel` is (n_mels, frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if it is not, or if a sound of that length has another number of frames.
    pub fn signal(&self, mel: ArrayView2<'_, f32>, length: Option<usize>) -> Result<Vec<f32>> {
        let magnitude = self.mel.magnitude(mel)?;
        self.griffin_lim.signal(magnitude.view(), length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sarangi_core::Seed;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// What is the mel spectrogram of something has a solution without error.
        #[test]
        fn the_mel_spectrogram_of_the_result_is_the_one_given(
            seed in any::<u64>(),
            n_mels in 1usize..60,
            n_fft in 30usize..600,
            htk in any::<bool>(),
        ) {
            let spec = MelToStftSpec {
                n_fft,
                bands: MelBands { n_mels, htk, ..MelBands::default() },
                ..MelToStftSpec::default()
            };
            let plan = spec.build(SampleRate::HZ_22050).unwrap();
            let mut rng = Seed(seed).named("mel");
            let map = Array2::from_shape_simple_fn((n_fft / 2 + 1, 3), || rng.normal().powi(3).abs() as f32);
            let mel = plan.mel(map.view()).unwrap();
            let back = plan.magnitude(mel.view()).unwrap();
            prop_assert!(back.iter().all(|&x| x >= 0.0));
            let again = plan.mel(back.view()).unwrap();
            let peak = mel.iter().fold(0.0f32, |peak, &x| peak.max(x));
            for (a, b) in mel.iter().zip(&again) {
                prop_assert!((a - b).abs() <= 1e-3 * peak, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_nonsense_does_no_harm() {
        let plan = MelToStftSpec::default()
            .build(SampleRate::HZ_22050)
            .unwrap();
        assert!(plan.magnitude(Array2::zeros((40, 3)).view()).is_err());
        assert!(plan.mel(Array2::zeros((40, 3)).view()).is_err());
        for value in [f32::NAN, -1.0, f32::INFINITY] {
            plan.magnitude(Array2::from_elem((128, 2), value).view())
                .unwrap();
        }
        let spec = MelToAudioSpec {
            power: 0.0,
            ..MelToAudioSpec::default()
        };
        let error = spec.build(SampleRate::HZ_22050).unwrap_err().to_string();
        assert!(error.starts_with("mel_inverse: power"), "{error}");
    }
}
