//! The framing that spectral features share.

use sarangi_core::{Result, Spec};
use sarangi_dsp::{Istft, Padding, Stft, StftSpec, Window};
use serde::{Deserialize, Serialize};

use crate::ChannelFeature;
use crate::stream::FrameSource;

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
    /// librosa's defaults.
    pub fn librosa() -> Self {
        Self::default()
    }

    /// torchaudio's defaults: 400 samples every 200, the ends mirrored.
    pub fn torchaudio() -> Self {
        Self {
            n_fft: 400,
            hop_length: 200,
            pad_mode: Padding::Reflect,
            ..Self::default()
        }
    }

    pub(crate) fn stft(&self) -> Result<Stft> {
        self.spec().build(())
    }

    pub(crate) fn precise_stft(&self) -> Result<Stft> {
        self.spec().build_precise()
    }

    /// Frames by which half a transform reaches back, if frames are centred.
    pub(crate) fn delay(&self) -> usize {
        match self.center {
            true => self.n_fft / (2 * self.hop_length.max(1)),
            false => 0,
        }
    }

    /// The same frames of a sound that is padded already.
    pub(crate) fn uncentred(&self) -> Self {
        Self {
            center: false,
            ..self.clone()
        }
    }

    /// These frames of a sound as it comes, computed by a plan that is not centred.
    pub(crate) fn source(&self, plan: Box<dyn ChannelFeature>) -> FrameSource {
        let padding = self.center.then_some(self.pad_mode);
        FrameSource::new(plan, self.n_fft, self.hop_length, padding)
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
