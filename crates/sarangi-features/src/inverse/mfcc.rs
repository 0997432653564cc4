//! From cepstral coefficients back to mel spectrograms and sounds.

use std::f64::consts::PI;

use ndarray::{Array2, ArrayView2};
use sarangi_core::{Error, Result, SampleRate, Spec};
use sarangi_dsp::dct_matrix;
use serde::{Deserialize, Serialize};

use super::griffin_lim::PhaseSearch;
use super::mel::{MelToAudio, MelToAudioSpec};
use crate::check::within;
use crate::{Analysis, MelBands};

const NAME: &str = "mfcc_inverse";

/// The mel power spectrogram of cepstral coefficients, with the names and defaults of
/// `librosa.feature.inverse.mfcc_to_mel`.
///
/// ref · 10^(D / 10), D being the inverse orthonormal DCT-II of the coefficients, those that were
/// left out taken as 0 and a lifter undone. Proved by the golden files of `inversion`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MfccToMelSpec {
    /// Bands, 1 to 4096. Default 128.
    pub n_mels: usize,
    /// The power of 0 dB. Default 1.
    #[serde(rename = "ref")]
    pub reference: f64,
    /// The lifter that the coefficients were weighed with; 0 for none. Default 0.
    pub lifter: f64,
}

impl Default for MfccToMelSpec {
    fn default() -> Self {
        Self {
            n_mels: 128,
            reference: 1.0,
            lifter: 0.0,
        }
    }
}

impl Spec<()> for MfccToMelSpec {
    type Built = MfccToMel;

    fn build(&self, (): ()) -> Result<MfccToMel> {
        within(NAME, "n_mels", self.n_mels, 1..=4096)?;
        within(NAME, "ref", self.reference, 0.0..=1e37)?;
        within(NAME, "lifter", self.lifter, 0.0..=1e6)?;
        Ok(MfccToMel { spec: self.clone() })
    }
}

/// A planned way back from cepstral coefficients.
#[derive(Clone, Debug)]
pub struct MfccToMel {
    spec: MfccToMelSpec,
}

impl MfccToMel {
    /// The mel power spectrogram of cepstral coefficients.
    ///
    /// # Shapes
    /// `mfcc` is (1 to n_mels, frames), the result (n_mels, frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if it has none or more coefficients.
    pub fn mel(&self, mfcc: ArrayView2<'_, f32>) -> Result<Array2<f32>> {
        let (count, n_mels) = (mfcc.nrows(), self.spec.n_mels);
        if !(1..=n_mels).contains(&count) {
            let expected = format_args!("1 to {n_mels} coefficients");
            return Err(Error::shape(NAME, expected, count));
        }
        let mut basis = dct_matrix(count, n_mels);
        let lifter = self.spec.lifter;
        if lifter > 0.0 {
            for (k, mut row) in basis.outer_iter_mut().enumerate() {
                let weight = 1.0 + lifter / 2.0 * (PI * (k + 1) as f64 / lifter).sin();
                row /= weight as f32 + f32::MIN_POSITIVE;
            }
        }
        let scale = self.spec.reference as f32;
        let mut mel = basis.t().dot(&mfcc);
        mel.mapv_inplace(|level| scale * 10f32.powf(0.1 * level));
        Ok(mel)
    }
}

/// The sound of cepstral coefficients, with the names and defaults of
/// `librosa.feature.inverse.mfcc_to_audio`: [`MfccToMelSpec`], then [`MelToAudioSpec`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MfccToAudioSpec {
    /// The power of 0 dB. Default 1.
    #[serde(rename = "ref")]
    pub reference: f64,
    /// The lifter that the coefficients were weighed with; 0 for none. Default 0.
    pub lifter: f64,
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

impl Default for MfccToAudioSpec {
    fn default() -> Self {
        Self {
            reference: 1.0,
            lifter: 0.0,
            bands: MelBands::default(),
            search: PhaseSearch::default(),
            analysis: Analysis::default(),
        }
    }
}

impl Spec<SampleRate> for MfccToAudioSpec {
    type Built = MfccToAudio;

    fn build(&self, rate: SampleRate) -> Result<MfccToAudio> {
        let mel = MfccToMelSpec {
            n_mels: self.bands.n_mels,
            reference: self.reference,
            lifter: self.lifter,
        };
        let audio = MelToAudioSpec {
            power: 2.0,
            bands: self.bands.clone(),
            search: self.search.clone(),
            analysis: self.analysis.clone(),
        };
        Ok(MfccToAudio {
            mel: mel.build(())?,
            audio: audio.build(rate)?,
        })
    }
}

/// A planned way from cepstral coefficients to sounds.
#[derive(Debug)]
pub struct MfccToAudio {
    mel: MfccToMel,
    audio: MelToAudio,
}

impl MfccToAudio {
    /// The sound of cepstral coefficients, `length` samples long; by default as long as its frames
    /// reach.
    ///
    /// # Shapes
    /// `mfcc` is (1 to n_mels, frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if it is not, or if a sound of that length has another number of frames.
    pub fn signal(&self, mfcc: ArrayView2<'_, f32>, length: Option<usize>) -> Result<Vec<f32>> {
        let mel = self.mel.mel(mfcc)?;
        self.audio.signal(mel.view(), length)
    }
}
