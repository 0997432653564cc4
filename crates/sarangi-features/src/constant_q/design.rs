//! What the filters of a constant-Q transform are.

use sarangi_core::{Error, Result, SampleRate};
use sarangi_dsp::Window;

use crate::FrameNorm;
use crate::check::within;

/// The numbers that a constant-Q, variable-Q or hybrid transform is made of.
#[derive(Clone, Debug)]
pub(crate) struct Design {
    pub(crate) name: &'static str,
    pub(crate) hop_length: usize,
    pub(crate) fmin: f64,
    pub(crate) n_bins: usize,
    pub(crate) bins_per_octave: usize,
    pub(crate) tuning: f64,
    pub(crate) filter_scale: f64,
    pub(crate) norm: FrameNorm,
    pub(crate) sparsity: f64,
    pub(crate) window: Window,
    pub(crate) scale: bool,
    /// Hz by which every filter is wider; `None` is the ear's equivalent rectangular bandwidth.
    pub(crate) gamma: Option<f64>,
}

/// One bin of the transform.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bin {
    /// Its frequency in Hz.
    pub(super) frequency: f64,
    /// Its bandwidth as a share of the frequency.
    pub(super) alpha: f64,
}

impl Design {
    pub(super) fn check(&self, rate: SampleRate) -> Result<()> {
        let name = self.name;
        within(name, "hop_length", self.hop_length, 1..=1 << 20)?;
        within(name, "n_bins", self.n_bins, 1..=4096)?;
        within(name, "bins_per_octave", self.bins_per_octave, 1..=1200)?;
        within(name, "fmin", self.fmin, 1e-3..=rate.as_f64() / 2.0)?;
        within(name, "tuning", self.tuning, -1e3..=1e3)?;
        within(name, "filter_scale", self.filter_scale, 1e-2..=100.0)?;
        if !(0.0..1.0).contains(&self.sparsity) {
            let reason = format!("must be at least 0 and less than 1, got {}", self.sparsity);
            return Err(Error::config(name, "sparsity", reason));
        }
        if let Some(gamma) = self.gamma {
            within(name, "gamma", gamma, 0.0..=1e6)?;
        }
        let (cutoff, half) = (self.cutoff(), rate.as_f64() / 2.0);
        if cutoff > half {
            let reason = format!(
                "is too large: the highest filter reaches {cutoff:.0} Hz, beyond half the rate of {rate}"
            );
            return Err(Error::config(name, "n_bins", reason));
        }
        Ok(())
    }

    /// All bins, from the lowest.
    pub(super) fn bins(&self) -> Vec<Bin> {
        let per_octave = self.bins_per_octave as f64;
        // With equal steps the resolution is the same everywhere; librosa finds it by differences.
        let width = (2.0 / per_octave).exp2();
        let alpha = (width - 1.0) / (width + 1.0);
        let bin = |bin: usize| Bin {
            frequency: self.fmin * ((bin as f64 + self.tuning) / per_octave).exp2(),
            alpha,
        };
        (0..self.n_bins).map(bin).collect()
    }

    /// A filter's length in samples at this rate.
    pub(super) fn length(&self, bin: &Bin, rate: f64) -> f64 {
        let q = self.filter_scale / bin.alpha;
        q * rate / (bin.frequency + self.wider(bin) / bin.alpha)
    }

    /// The frequency in Hz above which no filter hears anything to speak of.
    pub(super) fn cutoff(&self) -> f64 {
        let reach = |bin: Bin| {
            let q = self.filter_scale / bin.alpha;
            bin.frequency * (1.0 + 0.5 * bandwidth(self.window) / q) + 0.5 * self.wider(&bin)
        };
        self.bins().into_iter().map(reach).fold(0.0, f64::max)
    }

    fn wider(&self, bin: &Bin) -> f64 {
        // Glasberg and Moore 1990
        self.gamma.unwrap_or(bin.alpha * 24.7 / 0.108)
    }
}

/// The equivalent noise bandwidth of a window in bins, as librosa's table has it.
fn bandwidth(window: Window) -> f64 {
    let values = window.symmetric(8192);
    let squares: f64 = values.iter().map(|w| w * w).sum();
    let sum: f64 = values.iter().sum();
    values.len() as f64 * squares / (sum * sum)
}
