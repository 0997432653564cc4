//! The framing that spectral features share.

use sarangi_core::{Result, Spec};
use sarangi_dsp::{Istft, Padding, Stft, StftSpec, Window};
use serde::{Deserialize, Serialize};

/// How a feature cuts sound into windowed frames, with librosa's names and the defaults of
/// `librosa.feature`.
///
/// A part of other specifications, in whose serialised form its fields stand beside their own. It
/// differs from [`StftSpec`] in one default only: here, as there, `hop_length` is 512 whatever
/// `n_fft` is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Analysis {
    /// Samples per transform. Default 2048.
    pub n_fft: usize,
    /// Samples between frames. Default 512.
    pub hop_length: usize,
    /// Length of the window in samples; `None` is `n_fft`. Default `None`.
    pub win_length: Option<usize>,
    /// The window. Default Hann.
    pub window: Window,
    /// Whether frame t is centred on sample t · hop. Default true.
    pub center: bool,
    /// What centred frames see beyond the ends. Default zeros.
    pub pad_mode: Padding,
}

impl Default for Analysis {
    fn default() -> Self {
        Self {
            n_fft: 2048,
            hop_length: 512,
            win_length: None,
            window: Window::Hann,
            center: true,
            pad_mode: Padding::Constant,
        }
    }
}

impl Analysis {
    pub(crate) fn stft(&self) -> Result<Stft> {
        self.spec().build(())
    }

    pub(crate) fn precise_stft(&self) -> Result<Stft> {
        self.spec().build_precise()
    }

    pub(crate) fn istft(&self) -> Result<Istft> {
        self.spec().build_inverse()
    }

    pub(crate) fn spec(&self) -> StftSpec {
        StftSpec {
            n_fft: self.n_fft,
            hop_length: Some(self.hop_length),
            win_length: self.win_length,
            window: self.window,
            center: self.center,
            pad_mode: self.pad_mode,
        }
    }
}
