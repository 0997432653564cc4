//! The parameters of a continuous wavelet transform.

use sarangi_core::{Error, Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::check::within;
use crate::constant_q::cqt::C1;
use crate::{Cwt, Wavelet};

/// A continuous wavelet transform over scales at equal musical steps, by FFT:
/// W(f, t) = ∫ X(ω) · ψ̂(a·ω) · e^{iωt} dω / 2π with a = ω_peak / (2πf).
///
/// The wavelets are [normalised](Wavelet) so that a tone of amplitude A has magnitude A at its own
/// frequency, whatever that is ("L1"). ssqueezepy's values, `l1_norm=True`, are these times
/// π^¼ / √2 for a Morlet wavelet; PyWavelets', at scale a in samples, these times √a / 2 for a complex
/// Morlet wavelet, up to half a sample later. Proved by `tests/wavelets.rs` against both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CwtSpec {
    /// The wavelet. Default Morlet with w0 = 6.
    pub wavelet: Wavelet,
    /// The lowest frequency in Hz. Default C1, 32.7 Hz.
    pub fmin: f64,
    /// How many scales, 1 to 4096. Default 84.
    pub n_bins: usize,
    /// Scales per octave, 1 to 1200. Default 12.
    pub bins_per_octave: usize,
    /// Samples between two values, 1 to 1,048,576. Default 1.
    pub hop_length: usize,
}

impl Default for CwtSpec {
    fn default() -> Self {
        Self {
            wavelet: Wavelet::default(),
            fmin: C1,
            n_bins: 84,
            bins_per_octave: 12,
            hop_length: 1,
        }
    }
}

impl Spec<SampleRate> for CwtSpec {
    type Built = Cwt;

    fn build(&self, rate: SampleRate) -> Result<Cwt> {
        const NAME: &str = "cwt";
        self.wavelet.check()?;
        within(NAME, "n_bins", self.n_bins, 1..=4096)?;
        within(NAME, "bins_per_octave", self.bins_per_octave, 1..=1200)?;
        within(NAME, "hop_length", self.hop_length, 1..=1 << 20)?;
        let half = rate.as_f64() / 2.0;
        within(NAME, "fmin", self.fmin, 0.1..=half)?;
        let octaves = |bin: usize| bin as f64 / self.bins_per_octave as f64;
        let frequencies: Vec<f64> = (0..self.n_bins)
            .map(|bin| self.fmin * octaves(bin).exp2())
            .collect();
        let highest = frequencies.last().copied().unwrap_or(0.0);
        if highest > half {
            let reason =
                format!("is too large: the last scale is at {highest:.0} Hz, above {half}");
            return Err(Error::config(NAME, "n_bins", reason));
        }
        Ok(Cwt::new(self.clone(), rate, frequencies))
    }
}
