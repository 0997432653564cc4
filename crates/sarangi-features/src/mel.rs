//! Mel spectrograms.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::Stft;
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::mel_bank::MelBank;
use crate::of_power;
use crate::spectra::{Block, Scale, Spectra};
use crate::{Analysis, ChannelFeature, MelBands, OfPower};

/// A mel spectrogram, with the names and defaults of `librosa.feature.melspectrogram`.
///
/// M\[m, t\] = Σₖ w\[m, k\] · |X\[k, t\]|^power. Proved by `mel_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/mel.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MelSpec {
    /// Exponent of the magnitude: 1 for magnitude, 2 for power; 0.01 to 3. Default 2.
    pub power: f64,
    /// The filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for MelSpec {
    fn default() -> Self {
        Self {
            power: 2.0,
            bands: MelBands::default(),
            analysis: Analysis::default(),
        }
    }
}

impl MelSpec {
    /// The defaults of `librosa.feature.melspectrogram`; the same as [`Default`].
    pub fn librosa() -> Self {
        Self::default()
    }

    /// The defaults of `torchaudio.transforms.MelSpectrogram`: n_fft 400, hop 200, HTK's scale
    /// without scaling of the filters, reflected ends.
    pub fn torchaudio() -> Self {
        Self {
            power: 2.0,
            bands: MelBands::torchaudio(),
            analysis: Analysis::torchaudio(),
        }
    }
}

impl Spec<SampleRate> for MelSpec {
    type Built = Mel;

    fn build(&self, rate: SampleRate) -> Result<Mel> {
        Mel::new(&self.bands, &self.analysis, self.power, rate)
    }
}

/// A planned mel spectrogram: (n_mels, frames).
#[derive(Debug)]
pub struct Mel {
    spectra: Spectra,
    bank: MelBank,
    /// The exponent of the power, half that of the magnitude.
    exponent: f64,
}

impl Mel {
    pub(crate) fn new(
        bands: &MelBands,
        analysis: &Analysis,
        power: f64,
        rate: SampleRate,
    ) -> Result<Self> {
        Self::of(Spectra::new(analysis, rate)?, bands, power)
    }

    /// In double precision, for what shows the quietest bands.
    pub(crate) fn precise(
        bands: &MelBands,
        analysis: &Analysis,
        power: f64,
        rate: SampleRate,
    ) -> Result<Self> {
        Self::of(Spectra::precise(analysis, rate)?, bands, power)
    }

    fn of(spectra: Spectra, bands: &MelBands, power: f64) -> Result<Self> {
        // With more, the loudest sound that is decoded does not fit into a 32-bit float.
        within("mel", "power", power, 0.01..=3.0)?;
        Ok(Self {
            bank: bands.bank(spectra.rate(), spectra.stft().n_fft())?,
            spectra,
            exponent: power / 2.0,
        })
    }

    pub(crate) fn stft(&self) -> &Stft {
        self.spectra.stft()
    }
}

impl ChannelFeature for Mel {
    fn name(&self) -> &'static str {
        "mel"
    }

    fn rate(&self) -> SampleRate {
        self.spectra.rate()
    }

    fn bins(&self) -> usize {
        self.bank.bands()
    }

    fn frames(&self, samples: usize) -> usize {
        self.spectra.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.spectra.blocks(samples, Scale::Power, |block| {
            let Block {
                values,
                first,
                width,
            } = block;
            raise(values, self.exponent);
            self.bank.apply(values, width, out, frames, first);
        })
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        // Other powers and double precision want the spectra for themselves.
        (self.exponent == 1.0).then_some(self)
    }
}

fn raise(block: &mut [f32], exponent: f64) {
    if exponent == 0.5 {
        block.iter_mut().for_each(|x| *x = x.sqrt());
    } else if exponent != 1.0 {
        let exponent = exponent as f32;
        block.iter_mut().for_each(|x| *x = x.powf(exponent));
    }
}

impl OfPower for Mel {
    fn stft(&self) -> &Stft {
        self.spectra.stft()
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = of_power::frames(self, power, out)?;
        self.bank.apply(power, frames, out, frames, 0);
        Ok(())
    }
}

features_of_channels!(Mel);
