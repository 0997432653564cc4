//! Banks of triangular filters on the mel scale.

use std::ops::Range;

use sarangi_core::{Error, Result, SampleRate};
use serde::{Deserialize, Serialize};

use crate::check::within;

/// Frames that are summed side by side: their sums stay in registers.
const LANES: usize = 16;

/// How the filters of a mel bank are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MelNorm {
    /// Each filter has about the same area: band i times 2 / (f\[i+2\] − f\[i\]).
    #[default]
    Slaney,
    /// Each filter peaks at 1.
    None,
}

/// A bank of triangular filters, with the names and defaults of `librosa.filters.mel`.
///
/// A part of other specifications, in whose serialised form its fields stand beside their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MelBands {
    /// Bands, 1 to 4096. Default 128.
    pub n_mels: usize,
    /// Lowest frequency in Hz. Default 0.
    pub fmin: f64,
    /// Highest frequency in Hz; `None` is half the sampling rate. Default `None`.
    pub fmax: Option<f64>,
    /// The scale of the HTK toolkit, 2595 log₁₀(1 + f/700), instead of Slaney's, which is linear
    /// below 1 kHz. Default false.
    pub htk: bool,
    /// The scaling of the filters; `mel_norm` in `librosa.feature.mfcc`. Default Slaney's.
    #[serde(alias = "mel_norm")]
    pub norm: MelNorm,
}

impl Default for MelBands {
    fn default() -> Self {
        Self {
            n_mels: 128,
            fmin: 0.0,
            fmax: None,
            htk: false,
            norm: MelNorm::Slaney,
        }
    }
}

impl MelBands {
    /// librosa's defaults.
    pub fn librosa() -> Self {
        Self::default()
    }

    /// torchaudio's defaults: the scale of HTK, every filter with a peak of 1.
    pub fn torchaudio() -> Self {
        Self {
            htk: true,
            norm: MelNorm::None,
            ..Self::default()
        }
    }

    pub(crate) fn bank(&self, rate: SampleRate, n_fft: usize) -> Result<MelBank> {
        within("mel", "n_mels", self.n_mels, 1..=4096)?;
        within("mel", "fmin", self.fmin, 0.0..=rate.as_f64())?;
        let fmax = self.fmax.unwrap_or(rate.as_f64() / 2.0);
        within("mel", "fmax", fmax, 0.0..=rate.as_f64())?;
        if fmax <= self.fmin {
            return Err(Error::config(
                "mel",
                "fmax",
                format!("must be above fmin ({} Hz), got {fmax} Hz", self.fmin),
            ));
        }
        Ok(MelBank::new(self, fmax, rate, n_fft))
    }
}

/// A planned bank of mel filters, kept without its zeros; as `librosa.filters.mel`.
#[derive(Clone, Debug, Default)]
pub(crate) struct MelBank {
    bands: Vec<Band>,
    weights: Vec<f32>,
}

#[derive(Clone, Copy, Debug)]
struct Band {
    first_bin: usize,
    first_weight: usize,
    bins: usize,
}

impl MelBank {
    fn new(spec: &MelBands, fmax: f64, rate: SampleRate, n_fft: usize) -> Self {
        let (low, high) = (to_mel(spec.fmin, spec.htk), to_mel(fmax, spec.htk));
        let step = (high - low) / (spec.n_mels + 1) as f64;
        let edges: Vec<f64> = (0..spec.n_mels + 2)
            .map(|i| to_hz(low + step * i as f64, spec.htk))
            .collect();
        let mut bank = Self::default();
        let bin_of = |hz: f64| hz * n_fft as f64 / rate.as_f64();
        for edge in edges.windows(3) {
            let [lower, centre, upper] = [edge[0], edge[1], edge[2]];
            let scale = match spec.norm {
                MelNorm::Slaney => 2.0 / (upper - lower),
                MelNorm::None => 1.0,
            };
            let weight = |bin: usize| {
                let f = bin as f64 * rate.as_f64() / n_fft as f64;
                let rising = (f - lower) / (centre - lower);
                let falling = (upper - f) / (upper - centre);
                // librosa rounds the triangle before it is scaled, in single precision.
                rising.min(falling).max(0.0) as f32 * scale as f32
            };
            // A narrow triangle may fall between two bins: then its band is empty.
            let end = (n_fft / 2 + 1).min(bin_of(upper).ceil() as usize + 1);
            bank.push(bin_of(lower) as usize..end, weight);
        }
        bank
    }

    /// Adds a filter, whose weights in a range of bins are 0, then above it, then 0 again.
    pub(crate) fn push(&mut self, mut bins: Range<usize>, weight: impl Fn(usize) -> f32) {
        let end = bins.end;
        let first_bin = bins.find(|&k| weight(k) > 0.0).unwrap_or(0);
        let first_weight = self.weights.len();
        self.weights
            .extend((first_bin..end).map(weight).take_while(|&w| w > 0.0));
        self.bands.push(Band {
            first_bin,
            first_weight,
            bins: self.weights.len() - first_weight,
        });
    }

    /// How many bands there are.
    pub(crate) fn bands(&self) -> usize {
        self.bands.len()
    }

    /// The first bin and the weights of each filter.
    pub(crate) fn filters(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.bands.iter().map(|band| {
            let weights = &self.weights[band.first_weight..band.first_weight + band.bins];
            (band.first_bin, weights)
        })
    }

    /// Weighs spectra into columns `column..column + width` of `out`.
    ///
    /// # Shapes
    /// `spectra` is row-major (bins, `width`), `out` row-major (bands, `columns`).
    pub(crate) fn apply(
        &self,
        spectra: &[f32],
        width: usize,
        out: &mut [f32],
        columns: usize,
        column: usize,
    ) {
        for (band, row) in self.bands.iter().zip(out.chunks_exact_mut(columns)) {
            let weights = &self.weights[band.first_weight..band.first_weight + band.bins];
            let rows = &spectra[band.first_bin * width..];
            for (piece, out) in row[column..column + width].chunks_mut(LANES).enumerate() {
                let mut sums = [0.0f32; LANES];
                let from = piece * LANES;
                for (&w, spectrum) in weights.iter().zip(rows.chunks_exact(width)) {
                    let spectrum = &spectrum[from..];
                    // A slice of known length is what makes this loop a handful of instructions.
                    if let Some(values) = spectrum.first_chunk::<LANES>() {
                        for (sum, x) in sums.iter_mut().zip(values) {
                            *sum += w * x;
                        }
                    } else {
                        for (sum, x) in sums.iter_mut().zip(spectrum) {
                            *sum += w * x;
                        }
                    }
                }
                out.copy_from_slice(&sums[..out.len()]);
            }
        }
    }
}

/// Hz per mel in the linear part of Slaney's scale.
const SLANEY_STEP: f64 = 200.0 / 3.0;
/// Where the logarithmic part of Slaney's scale begins, in Hz; 15 mel.
const SLANEY_BREAK: f64 = 1000.0;

/// The natural logarithm of the ratio of two neighbouring mels in the logarithmic part.
fn slaney_ratio() -> f64 {
    6.4f64.ln() / 27.0
}

pub(crate) fn to_mel(hz: f64, htk: bool) -> f64 {
    if htk {
        2595.0 * (1.0 + hz / 700.0).log10()
    } else if hz < SLANEY_BREAK {
        hz / SLANEY_STEP
    } else {
        SLANEY_BREAK / SLANEY_STEP + (hz / SLANEY_BREAK).ln() / slaney_ratio()
    }
}

pub(crate) fn to_hz(mel: f64, htk: bool) -> f64 {
    let linear_end = SLANEY_BREAK / SLANEY_STEP;
    if htk {
        700.0 * (10f64.powf(mel / 2595.0) - 1.0)
    } else if mel < linear_end {
        mel * SLANEY_STEP
    } else {
        SLANEY_BREAK * ((mel - linear_end) * slaney_ratio()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scales_are_their_own_inverses_and_agree_with_known_points() {
        for htk in [false, true] {
            for hz in [0.0, 60.0, 999.0, 1000.0, 4000.0, 11_025.0] {
                assert!((to_hz(to_mel(hz, htk), htk) - hz).abs() < 1e-8, "{hz}");
            }
        }
        assert!((to_mel(1000.0, false) - 15.0).abs() < 1e-12);
        assert!((to_mel(6400.0, false) - 42.0).abs() < 1e-12);
        assert!((to_mel(700.0, true) - 2595.0 * 2f64.log10()).abs() < 1e-9);
    }

    #[test]
    fn the_default_bank_has_the_weights_of_librosas() {
        let bank = MelBands::default()
            .bank(SampleRate::HZ_22050, 2048)
            .unwrap();
        // numpy.count_nonzero(librosa.filters.mel(sr=22050, n_fft=2048))
        assert_eq!(bank.weights.len(), 2018);
        assert_eq!(bank.bands(), 128);
    }

    #[test]
    fn every_width_of_block_gives_the_same_sums() {
        let bank = MelBands {
            n_mels: 5,
            ..MelBands::default()
        }
        .bank(SampleRate::HZ_22050, 64)
        .unwrap();
        let spectrum: Vec<f32> = (0..33).map(|k| (k as f32 * 0.7).sin().abs()).collect();
        let mut alone = vec![0.0; 5];
        bank.apply(&spectrum, 1, &mut alone, 1, 0);
        for width in [2, 15, 16, 17, 40] {
            let spectra: Vec<f32> = spectrum.iter().flat_map(|&x| vec![x; width]).collect();
            let mut out = vec![0.0; 5 * (width + 3)];
            bank.apply(&spectra, width, &mut out, width + 3, 2);
            for (row, want) in out.chunks(width + 3).zip(&alone) {
                assert!(row[2..width + 2].iter().all(|x| x == want), "{width}");
                assert!(row[..2].iter().chain(&row[width + 2..]).all(|&x| x == 0.0));
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let refused = |bands: MelBands| bands.bank(SampleRate::HZ_22050, 2048).is_err();
        for fmin in [f64::NAN, -1.0, f64::INFINITY, 11_025.0] {
            assert!(refused(MelBands {
                fmin,
                ..MelBands::default()
            }));
        }
        for n_mels in [0, usize::MAX] {
            assert!(refused(MelBands {
                n_mels,
                ..MelBands::default()
            }));
        }
    }
}
