//! Kaldi's mel filter bank.

use sarangi_core::{Error, Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::kaldi::frames::{FrameBlock, FramePower};
use crate::mel_bank::MelBank;
use crate::{ChannelFeature, KaldiFrames};

const NAME: &str = "kaldi_fbank";

/// Kaldi's mel filter bank, with the names and defaults of `torchaudio.compliance.kaldi.fbank`
/// without dither.
///
/// Triangles on the mel scale 1127 ln(1 + f/700), drawn over mels rather than over Hz, weigh the power
/// of pre-emphasised frames; the natural logarithm is taken. Proved by `kaldi_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/kaldi-fbank.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KaldiFbankSpec {
    /// Bands, 4 to 4096. Default 23.
    pub num_mel_bins: usize,
    /// Lowest frequency in Hz. Default 20.
    pub low_freq: f64,
    /// Highest frequency in Hz; 0 or less is so far below half the sampling rate. Default 0.
    pub high_freq: f64,
    /// Whether power is weighed rather than magnitude. Default true.
    pub use_power: bool,
    /// Whether the logarithm is taken. Default true.
    pub use_log_fbank: bool,
    /// Whether the logarithm of the energy is a row before the bands. Default false.
    pub use_energy: bool,
    /// The frames.
    #[serde(flatten)]
    pub frames: KaldiFrames,
}

impl Default for KaldiFbankSpec {
    fn default() -> Self {
        Self {
            num_mel_bins: 23,
            low_freq: 20.0,
            high_freq: 0.0,
            use_power: true,
            use_log_fbank: true,
            use_energy: false,
            frames: KaldiFrames::default(),
        }
    }
}

impl KaldiFbankSpec {
    /// Kaldi's defaults.
    pub fn kaldi() -> Self {
        Self::default()
    }

    pub(crate) fn plan(&self, name: &'static str, rate: SampleRate) -> Result<Bands> {
        within(name, "num_mel_bins", self.num_mel_bins, 4..=4096)?;
        let frames = self.frames.plan(name, rate)?;
        let half = rate.as_f64() / 2.0;
        within(name, "low_freq", self.low_freq, 0.0..=half)?;
        let high = match self.high_freq > 0.0 {
            true => self.high_freq,
            false => half + self.high_freq,
        };
        if !(high > self.low_freq && high <= half) {
            let reason = format!(
                "must lie above low_freq ({} Hz) and at most at {half} Hz, got {high} Hz",
                self.low_freq
            );
            return Err(Error::config(name, "high_freq", reason));
        }
        Ok(Bands {
            bank: bank(
                self.num_mel_bins,
                (self.low_freq, high),
                rate,
                frames.n_fft(),
            ),
            frames,
            root: !self.use_power,
            log: self.use_log_fbank,
        })
    }
}

fn mel(hz: f64) -> f64 {
    1127.0 * (hz / 700.0).ln_1p()
}

fn bank(bands: usize, (low, high): (f64, f64), rate: SampleRate, n_fft: usize) -> MelBank {
    let step = (mel(high) - mel(low)) / (bands + 1) as f64;
    let mut bank = MelBank::default();
    for band in 0..bands {
        let left = mel(low) + band as f64 * step;
        let (centre, right) = (left + step, left + 2.0 * step);
        // The bin at half the rate is in no filter.
        bank.push(0..n_fft / 2, |bin| {
            let at = mel(bin as f64 * rate.as_f64() / n_fft as f64);
            let rising = (at - left) / (centre - left);
            let falling = (right - at) / (right - centre);
            rising.min(falling).max(0.0) as f32
        });
    }
    bank
}

/// Planned mel bands of Kaldi's frames.
#[derive(Debug)]
pub(crate) struct Bands {
    frames: FramePower,
    bank: MelBank,
    root: bool,
    log: bool,
}

impl Bands {
    pub(crate) fn rate(&self) -> SampleRate {
        self.frames.rate()
    }

    pub(crate) fn bands(&self) -> usize {
        self.bank.bands()
    }

    pub(crate) fn frames(&self, samples: usize) -> usize {
        self.frames.frames(samples)
    }

    /// # Shapes
    /// `out` is row-major (bands, frames), `energies` (frames).
    pub(crate) fn compute(
        &self,
        samples: &[f32],
        out: &mut [f32],
        energies: &mut [f32],
    ) -> Result<()> {
        let frames = energies.len();
        self.frames.blocks(samples, |block| {
            let FrameBlock {
                power,
                energies: block_energies,
                first,
            } = block;
            let width = block_energies.len();
            if self.root {
                power.iter_mut().for_each(|x| *x = x.sqrt());
            }
            self.bank.apply(power, width, out, frames, first);
            energies[first..first + width].copy_from_slice(block_energies);
        })?;
        if self.log {
            out.iter_mut().for_each(|x| *x = x.max(f32::EPSILON).ln());
        }
        Ok(())
    }
}

impl Spec<SampleRate> for KaldiFbankSpec {
    type Built = KaldiFbank;

    fn build(&self, rate: SampleRate) -> Result<KaldiFbank> {
        Ok(KaldiFbank {
            bands: self.plan(NAME, rate)?,
            energy: self.use_energy,
        })
    }
}

/// A planned Kaldi filter bank: (num_mel_bins, frames), one row more with the energy.
#[derive(Debug)]
pub struct KaldiFbank {
    bands: Bands,
    energy: bool,
}

impl ChannelFeature for KaldiFbank {
    fn name(&self) -> &'static str {
        NAME
    }

    fn rate(&self) -> SampleRate {
        self.bands.rate()
    }

    fn bins(&self) -> usize {
        self.bands.bands() + usize::from(self.energy)
    }

    fn frames(&self, samples: usize) -> usize {
        self.bands.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(NAME, out, self.bins(), frames)?;
        match self.energy {
            true => {
                let (energies, out) = out.split_at_mut(frames);
                self.bands.compute(samples, out, energies)
            }
            false => self.bands.compute(samples, out, &mut vec![0.0; frames]),
        }
    }
}

features_of_channels!(KaldiFbank);
