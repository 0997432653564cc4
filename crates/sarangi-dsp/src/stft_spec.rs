//! The parameters of a short-time Fourier transform.

use sarangi_core::{Error, Result, Spec};
use serde::{Deserialize, Serialize};

use crate::{Framing, Istft, Padding, Stft, Window};

/// The longest transform that is planned: about 48 s at 22,050 Hz.
const LONGEST: usize = 1 << 20;

/// A short-time Fourier transform, with the names and defaults of `librosa.stft`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StftSpec {
    /// Samples per transform, 2 to 1,048,576. Default 2048.
    pub n_fft: usize,
    /// Samples between frames; `None` is a quarter of `win_length`. Default `None`.
    pub hop_length: Option<usize>,
    /// Length of the window in samples, at most `n_fft`; a shorter window is put in the middle of
    /// the frame. `None` is `n_fft`. Default `None`.
    pub win_length: Option<usize>,
    /// The window, taken as periodic. Default Hann.
    pub window: Window,
    /// Whether frame t is centred on sample t · hop. Default true.
    pub center: bool,
    /// What centred frames see beyond the ends. Default zeros.
    pub pad_mode: Padding,
}

impl Default for StftSpec {
    fn default() -> Self {
        Self {
            n_fft: 2048,
            hop_length: None,
            win_length: None,
            window: Window::Hann,
            center: true,
            pad_mode: Padding::Constant,
        }
    }
}

/// A checked specification: the framing, and the window as long as the frame.
pub(crate) struct Layout {
    pub(crate) framing: Framing,
    pub(crate) window: Vec<f64>,
}

impl StftSpec {
    pub(crate) fn layout(&self) -> Result<Layout> {
        let refuse =
            |field: &'static str, reason: String| Err(Error::config("stft", field, reason));
        let n_fft = self.n_fft;
        if !(2..=LONGEST).contains(&n_fft) {
            return refuse("n_fft", format!("must be 2 to {LONGEST}, got {n_fft}"));
        }
        let win_length = self.win_length.unwrap_or(n_fft);
        if !(1..=n_fft).contains(&win_length) {
            return refuse(
                "win_length",
                format!("must be 1 to n_fft ({n_fft}), got {win_length}"),
            );
        }
        let hop = self.hop_length.unwrap_or((win_length / 4).max(1));
        if !(1..=LONGEST).contains(&hop) {
            return refuse("hop_length", format!("must be 1 to {LONGEST}, got {hop}"));
        }
        let before = (n_fft - win_length) / 2;
        let mut window = vec![0.0; n_fft];
        window[before..before + win_length].copy_from_slice(&self.window.periodic(win_length));
        Ok(Layout {
            framing: Framing::new(n_fft, hop, self.center.then_some(self.pad_mode)),
            window,
        })
    }

    /// Builds the transform in double precision, as librosa computes it; twice the time.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that makes no sense.
    pub fn build_precise(&self) -> Result<Stft> {
        Ok(Stft::precise(self.layout()?))
    }

    /// The window, put in the middle of `n_fft` samples.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that makes no sense.
    pub fn padded_window(&self) -> Result<Vec<f64>> {
        Ok(self.layout()?.window)
    }

    /// Builds the transform in double precision with a window of one's own.
    ///
    /// # Shapes
    /// `window` has `n_fft` items; `window` and `win_length` of the specification do not count.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that makes no sense, [`Error::Shape`] if the window
    /// has another length.
    pub fn build_precise_with(&self, window: &[f64]) -> Result<Stft> {
        let mut layout = self.layout()?;
        if window.len() != self.n_fft {
            let expected = format_args!("a window of {} samples", self.n_fft);
            return Err(Error::shape("stft", expected, window.len()));
        }
        layout.window.copy_from_slice(window);
        Ok(Stft::precise(layout))
    }

    /// Builds the inverse transform.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that makes no sense.
    pub fn build_inverse(&self) -> Result<Istft> {
        Ok(Istft::new(self.layout()?))
    }
}

impl Spec<()> for StftSpec {
    type Built = Stft;

    fn build(&self, (): ()) -> Result<Stft> {
        Ok(Stft::new(self.layout()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_survives_json_and_refuses_strangers() {
        let spec = StftSpec {
            n_fft: 1024,
            window: Window::Hamming,
            ..StftSpec::default()
        };
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<StftSpec>(&json).unwrap(), spec);
        assert!(serde_json::from_str::<StftSpec>(r#"{"nfft": 3}"#).is_err());
    }

    #[test]
    fn nonsense_names_its_field() {
        let with = |change: fn(&mut StftSpec)| {
            let mut spec = StftSpec::default();
            change(&mut spec);
            spec.build(()).unwrap_err().to_string()
        };
        assert!(with(|s| s.n_fft = 0).starts_with("stft: n_fft"));
        assert!(with(|s| s.n_fft = usize::MAX).starts_with("stft: n_fft"));
        assert!(with(|s| s.hop_length = Some(0)).starts_with("stft: hop_length"));
        assert!(with(|s| s.win_length = Some(0)).starts_with("stft: win_length"));
        assert!(with(|s| s.win_length = Some(2049)).starts_with("stft: win_length"));
    }

    #[test]
    fn a_window_of_ones_own_is_taken() {
        let spec = StftSpec {
            n_fft: 32,
            win_length: Some(20),
            ..StftSpec::default()
        };
        let signal: Vec<f32> = (0..100).map(|n| (n * n % 7) as f32).collect();
        let window = spec.padded_window().unwrap();
        let own = spec.build_precise_with(&window).unwrap();
        let usual = spec.build_precise().unwrap();
        assert_eq!(own.power(&signal).unwrap(), usual.power(&signal).unwrap());
        assert!(spec.build_precise_with(&window[1..]).is_err());
    }
}
