//! How each feature is best looked at.

use ndarray::{Array2, ArrayView2, s};
use sarangi_plot::{ColourMap, Heat};

use crate::FeatureSpec;

/// What kind of picture a feature is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Look {
    /// Numbers as colours.
    Map {
        /// What is done to the numbers first.
        values: Values,
        /// What the colours mean.
        key: &'static str,
    },
    /// A number for each frame, on an axis of its own.
    Curve {
        label: &'static str,
        /// What its axis begins with.
        floor: Floor,
    },
    /// Frequencies in Hz, over what they were found in.
    Over(Ground, &'static str),
    /// Moments: onsets over the spectrogram, beats over the waveform.
    Onsets,
    Beats,
    /// The samples.
    Wave,
    /// Several features.
    Parts,
    /// Red, green and blue.
    Image,
}

/// What numbers become before they are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Values {
    /// Themselves.
    Plain,
    /// Themselves; the highest hundredth is cut.
    Capped,
    /// Themselves; the range is that of all rows but the first, which is of another size, without
    /// the outermost twentieths.
    Cepstral,
    /// Themselves; zero has the middle colour, the outermost hundredths are cut.
    Signed,
    /// Magnitudes: decibels below the largest, down to so many.
    Magnitude(f32),
    /// Powers: the same.
    Power(f32),
}

/// What a curve's axis begins with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Floor {
    /// Zero.
    Nothing,
    /// The least value above zero, on a logarithmic axis.
    Log,
    /// The least value.
    Least,
}

/// What is behind a curve of frequencies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ground {
    /// The mel spectrogram.
    Mel,
    /// The constant-Q transform, which tells low notes apart.
    Notes,
}

/// What is below the loudest by more is not told from it.
const RANGE: f32 = 80.0;

impl Look {
    pub(super) fn of(spec: &FeatureSpec) -> Self {
        use FeatureSpec as F;
        let map = |values, key| Self::Map { values, key };
        let curve = |label, floor| Self::Curve { label, floor };
        match spec {
            F::StftMagnitude(_)
            | F::Harmonic(_)
            | F::Percussive(_)
            | F::Cqt(_)
            | F::Vqt(_)
            | F::HybridCqt(_) => map(Values::Magnitude(RANGE), "dB"),
            F::Power(_) => map(Values::Power(RANGE), "dB"),
            F::Mel(spec) if spec.power == 1.0 => map(Values::Magnitude(RANGE), "dB"),
            F::Mel(_) => map(Values::Power(RANGE), "dB"),
            F::LogMel(_) | F::LogSpectrogram(_) | F::Scalogram(_) => map(Values::Plain, "dB"),
            F::SpectralContrast(spec) => match spec.linear {
                true => map(Values::Plain, ""),
                false => map(Values::Plain, "dB"),
            },
            F::KaldiFbank(spec) => match spec.use_log_fbank {
                true => map(Values::Plain, "ln of power"),
                false => map(Values::Power(RANGE), "dB"),
            },
            F::Mfcc(_) | F::BeatMfcc(_) | F::KaldiMfcc(_) => map(Values::Cepstral, ""),
            F::Delta(_) | F::Derivative(_) => map(Values::Signed, "per frame"),
            F::Tonnetz(_) => map(Values::Signed, ""),
            F::ChromaStft(_) | F::ChromaCqt(_) | F::ChromaCens(_) | F::Tempogram(_) => {
                map(Values::Plain, "")
            }
            // One tempo stands out by far: over the whole range nothing else would be seen.
            F::FourierTempogram(_) => map(Values::Magnitude(40.0), "dB"),
            F::Pcen(_) => map(Values::Capped, ""),
            F::Onset(_) => curve("Onset strength", Floor::Nothing),
            F::Plp(_) => curve("Pulse", Floor::Nothing),
            F::SpectralBandwidth(_) => curve("Bandwidth (Hz)", Floor::Nothing),
            F::SpectralFlatness(_) => curve("Flatness", Floor::Log),
            F::SpectralFlux(_) => curve("Flux", Floor::Nothing),
            F::ZeroCrossingRate(_) => curve("Crossings per sample", Floor::Nothing),
            F::Rms(_) => curve("RMS", Floor::Nothing),
            F::SpectralCentroid(_) => Self::Over(Ground::Mel, "centroid"),
            F::SpectralRolloff(_) => Self::Over(Ground::Mel, "roll-off"),
            F::Yin(_) | F::Pyin(_) => Self::Over(Ground::Notes, "fundamental frequency"),
            F::OnsetDetect(_) => Self::Onsets,
            F::Beat(_) => Self::Beats,
            F::Waveform(_) => Self::Wave,
            // As what is averaged, if that is a map.
            F::BeatSync(spec) => match Self::of(&spec.of) {
                Self::Map { values, key } => map(values, key),
                Self::Curve { label, floor } => curve(label, floor),
                Self::Over(_, name) => curve(name, Floor::Least),
                _ => map(Values::Plain, ""),
            },
            F::FiveChannel(_) | F::Stack(_) | F::Join(_) => Self::Parts,
            F::Image(_) | F::WaveformImage(_) => Self::Image,
        }
    }
}

impl Values {
    /// The heat map of numbers between edges.
    pub(super) fn heat(self, map: ArrayView2<'_, f32>, x: Vec<f64>, y: Vec<f64>) -> Heat {
        let decibels = |factor: f32, range: f32| -> Array2<f32> {
            let peak = map.fold(f32::MIN_POSITIVE, |peak, &x| peak.max(x));
            map.mapv(|x| (factor * (x / peak).log10()).max(-range))
        };
        let plain = || Heat::new(map.to_owned(), x.clone(), y.clone());
        match self {
            Self::Plain => plain(),
            Self::Capped => plain().between(None, quantiles(map.iter().copied(), 100).1),
            Self::Magnitude(range) => Heat::new(decibels(20.0, range), x, y).between(-range, 0.0),
            Self::Power(range) => Heat::new(decibels(10.0, range), x, y).between(-range, 0.0),
            Self::Cepstral => {
                let first = usize::from(map.nrows() > 1);
                let (low, high) = quantiles(map.slice(s![first.., ..]).iter().copied(), 20);
                plain().coloured(ColourMap::Viridis).between(low, high)
            }
            Self::Signed => {
                let (_, most) = quantiles(map.iter().map(|x| x.abs()), 100);
                let least = most.map(|most| -most);
                plain().coloured(ColourMap::Diverging).between(least, most)
            }
        }
    }
}

/// What one in so many of the finite numbers are below and above, if those two differ.
fn quantiles(values: impl Iterator<Item = f32>, one_in: usize) -> (Option<f32>, Option<f32>) {
    let mut values: Vec<f32> = values.filter(|x| x.is_finite()).collect();
    values.sort_unstable_by(f32::total_cmp);
    let beyond = values.len() / one_in;
    let (low, high) = (values.get(beyond), values.iter().rev().nth(beyond));
    match (low, high) {
        (Some(low), Some(high)) if low < high => (Some(*low), Some(*high)),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn heat(values: Values, map: &Array2<f32>) -> Heat {
        let edges = |cells: usize| (0..=cells).map(|i| i as f64).collect();
        values.heat(map.view(), edges(map.ncols()), edges(map.nrows()))
    }

    #[test]
    fn magnitudes_and_powers_are_decibels_below_the_largest() {
        let map = array![[100.0, 10.0, 0.0]];
        assert_eq!(
            heat(Values::Magnitude(RANGE), &map).values,
            array![[0.0, -20.0, -80.0]]
        );
        assert_eq!(
            heat(Values::Power(RANGE), &map).values,
            array![[0.0, -10.0, -80.0]]
        );
        let silence = heat(Values::Power(RANGE), &Array2::zeros((1, 2)));
        assert_eq!(silence.values, array![[-80.0, -80.0]]);
    }

    #[test]
    fn the_first_coefficient_does_not_drown_the_others() {
        let map = array![[-500.0, -400.0], [-3.0, 2.0], [1.0, 5.0]];
        assert_eq!(heat(Values::Cepstral, &map).range, (Some(-3.0), Some(5.0)));
        let signed = heat(Values::Signed, &array![[-3.0, 1.0]]);
        assert_eq!(signed.range, (Some(-3.0), Some(3.0)));
        assert_eq!(
            heat(Values::Signed, &Array2::zeros((2, 2))).range,
            (None, None)
        );
    }
}
