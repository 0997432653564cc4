//! What the rows of a map stand for.

use std::f64::consts::LN_2;

use sarangi_core::SampleRate;
use sarangi_plot::{Axis, Marks, Scale};

use crate::mel_bank::{to_hz, to_mel};
use crate::{CqtSpec, FeatureSpec, MelBands};

/// The axis beside a map, and where its rows lie on it.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) axis: Axis,
    /// One more than there are rows, growing.
    pub(super) edges: Vec<f64>,
    /// Whether the first row of the map is the one on top.
    pub(super) falling: bool,
    /// The rows of the map that are shown first and last, if not all are.
    pub(super) shown: Option<(usize, usize)>,
}

/// The tempi that are shown, in beats per minute.
const TEMPI: (f64, f64) = (30.0, 480.0);
const NOTES: [&str; 12] = [
    "C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B",
];
/// Those without a sign, which are named if there is no room for all.
const NATURAL: [usize; 7] = [0, 7, 4, 9, 2, 5, 11];
const CENTROIDS: [&str; 6] = [
    "fifths x", "fifths y", "minor x", "minor y", "major x", "major y",
];
/// The frequency of C0 in Hz.
const C0: f64 = 16.351_597_831_287_414;

impl Rows {
    /// The rows of a feature, of which the map has `bins`.
    pub(super) fn of(spec: &FeatureSpec, bins: usize, rate: SampleRate) -> Self {
        use FeatureSpec as F;
        let half = rate.as_f64() / 2.0;
        let rows = match spec {
            F::StftMagnitude(crate::StftMagnitudeSpec(stft)) | F::Power(crate::PowerSpec(stft)) => {
                Self::spectrum(stft.n_fft, half)
            }
            F::LogSpectrogram(spec) => Self::spectrum(spec.stft.n_fft, half),
            F::Harmonic(spec) => Self::spectrum(spec.analysis.n_fft, half),
            F::Percussive(spec) => Self::spectrum(spec.analysis.n_fft, half),
            F::Mel(spec) => Self::mel(&spec.bands, half),
            F::LogMel(spec) => Self::mel(&spec.bands, half),
            F::Pcen(spec) => Self::mel(&spec.bands, half),
            F::KaldiFbank(spec) if !spec.use_energy => {
                let high = match spec.high_freq > 0.0 {
                    true => spec.high_freq,
                    false => half + spec.high_freq,
                };
                let bands = MelBands {
                    n_mels: spec.num_mel_bins,
                    fmin: spec.low_freq,
                    fmax: Some(high),
                    htk: true,
                    ..MelBands::default()
                };
                Self::mel(&bands, half)
            }
            F::Cqt(spec) => Self::notes(spec),
            F::Vqt(spec) => Self::notes(&spec.cqt),
            F::HybridCqt(spec) => Self::notes(&spec.0),
            F::Scalogram(spec) => Self::octaves(spec.fmin, spec.n_bins, spec.bins_per_octave),
            F::ChromaStft(spec) => Self::chroma(spec.n_chroma),
            F::ChromaCqt(spec) => Self::chroma(spec.n_chroma),
            F::ChromaCens(spec) => Self::chroma(spec.n_chroma),
            F::Tonnetz(_) => {
                let marks = CENTROIDS.iter().enumerate();
                let marks = marks.map(|(i, name)| (i as f64 + 0.5, (*name).to_owned()));
                Self::whole("", 6).marked(marks.collect())
            }
            F::SpectralContrast(spec) => {
                let edge = |band: usize| match band {
                    0 => 0.0,
                    _ if band > spec.n_bands => half,
                    _ => spec.fmin * 2f64.powi(band as i32 - 1),
                };
                let marks = (0..=spec.n_bands + 1).map(|i| (i as f64, format!("{:.0}", edge(i))));
                Self::whole("Band (Hz)", spec.n_bands + 1).marked(marks.collect())
            }
            F::Tempogram(spec) if spec.win_length > 1 => {
                let once = 60.0 * rate.as_f64() / spec.hop_length as f64;
                Self::lags(once, spec.win_length)
            }
            F::FourierTempogram(spec) if spec.win_length > 1 => {
                let samples = spec.hop_length * spec.win_length;
                Self::tempi(
                    60.0 * rate.as_f64() / samples as f64,
                    spec.win_length / 2 + 1,
                )
            }
            F::Derivative(spec) => Self::of(&spec.of, bins, rate),
            F::BeatSync(spec) => Self::of(&spec.of, bins, rate),
            F::Mfcc(_) | F::Delta(_) | F::BeatMfcc(_) | F::KaldiMfcc(_) => {
                Self::numbered("Coefficient", bins)
            }
            // Curves, events and pictures, if they come here, and what has a row beside the bands.
            _ => Self::numbered("Row", bins),
        };
        rows.stretched(bins)
    }

    /// Mel bands on their own scale, so that they are equally high.
    pub(super) fn mel(bands: &MelBands, half: f64) -> Self {
        let fmax = bands.fmax.unwrap_or(half);
        let [low, high] = [bands.fmin, fmax].map(|hz| to_mel(hz, bands.htk));
        let step = (high - low) / (bands.n_mels + 1) as f64;
        // The middle of band i is i + 1 steps from the low end.
        let edge = |i: usize| to_hz(low + (i as f64 + 0.5) * step, bands.htk);
        let edges = (0..=bands.n_mels).map(edge).collect();
        let scale: fn(f64) -> f64 = match bands.htk {
            true => |hz| to_mel(hz, true),
            false => |hz| to_mel(hz, false),
        };
        Self::between(Axis::hertz, edges).scaled(Scale::By(scale))
    }

    /// The bins of a transform; high frequencies are squeezed as by HTK's mel, which has no kink.
    fn spectrum(n_fft: usize, half: f64) -> Self {
        let step = 2.0 * half / n_fft as f64;
        let edge = |k: usize| ((k as f64 - 0.5) * step).clamp(0.0, half);
        let edges: Vec<f64> = (0..=n_fft / 2 + 1).map(edge).collect();
        Self::between(Axis::hertz, edges).scaled(Scale::By(|hz| to_mel(hz, true)))
    }

    /// The bins of a constant-Q transform, with the names of its Cs.
    pub(super) fn notes(spec: &CqtSpec) -> Self {
        let rows = Self::octaves(spec.fmin, spec.n_bins, spec.bins_per_octave);
        let names = (0..12).map(|octave| (C0 * 2f64.powi(octave), format!("C{octave}")));
        let inside = |hz: f64| (rows.axis.low..=rows.axis.high).contains(&hz);
        let names: Vec<_> = names.filter(|&(hz, _)| inside(hz)).collect();
        if names.len() < 2 {
            return rows;
        }
        let mut rows = rows.marked(names);
        rows.axis.label = "Note".to_owned();
        rows
    }

    fn octaves(fmin: f64, bins: usize, per_octave: usize) -> Self {
        let edge = |k: usize| fmin * ((k as f64 - 0.5) * LN_2 / per_octave as f64).exp();
        let edges = (0..=bins).map(edge).collect();
        Self::between(Axis::hertz, edges).scaled(Scale::Log)
    }

    fn chroma(classes: usize) -> Self {
        let per_note = classes as f64 / 12.0;
        let mark = |note: usize| ((note as f64 * per_note) + 0.5, NOTES[note].to_owned());
        let signed = (0..12).filter(|note| !NATURAL.contains(note));
        let marks = NATURAL.into_iter().chain(signed).map(mark).collect();
        Self::whole("Pitch class", classes).marked(marks)
    }

    /// Lags from 0 up, as tempi: the first rows are the fastest. `once` is the tempo of lag 1.
    fn lags(once: f64, lags: usize) -> Self {
        let tempo = |lag: f64| once / lag;
        let first = ((once / TEMPI.1).ceil() as usize).max(1);
        let last = ((once / TEMPI.0).floor() as usize).min(lags.saturating_sub(1));
        // Too short a window or too long a hop for the usual tempi: everything but lag 0.
        let (first, last) = if first < last {
            (first, last)
        } else {
            (1, lags - 1)
        };
        let edges = (first..=last + 1).rev().map(|lag| tempo(lag as f64 - 0.5));
        let mut rows = Self::between(Self::tempo, edges.collect()).scaled(Scale::Log);
        rows.falling = true;
        rows.shown = Some((first, last));
        rows.marked(octaves_of_120())
    }

    /// Multiples of a tempo.
    fn tempi(step: f64, count: usize) -> Self {
        let first = ((TEMPI.0 / step).ceil() as usize).max(1);
        let last = ((TEMPI.1 / step).floor() as usize).min(count - 1);
        let (first, last) = if first < last {
            (first, last)
        } else {
            (1, count - 1)
        };
        let edges = (first..=last + 1).map(|row| (row as f64 - 0.5) * step);
        let mut rows = Self::between(Self::tempo, edges.collect()).scaled(Scale::Log);
        rows.shown = Some((first, last));
        rows.marked(octaves_of_120())
    }

    fn tempo(low: f64, high: f64) -> Axis {
        Axis::new("Tempo (BPM)", low, high)
    }

    fn numbered(label: &str, rows: usize) -> Self {
        let edges = (0..=rows).map(|row| row as f64 - 0.5).collect();
        let rows = Self::between(|low, high| Axis::new(label, low, high), edges);
        let axis = rows.axis.clone().marked(Marks::Round(1.0));
        Self { axis, ..rows }
    }

    fn whole(label: &str, rows: usize) -> Self {
        let edges = (0..=rows).map(|row| row as f64).collect();
        Self::between(|low, high| Axis::new(label, low, high), edges)
    }

    fn between(axis: impl Fn(f64, f64) -> Axis, edges: Vec<f64>) -> Self {
        let end = |edge: Option<&f64>| edge.copied().unwrap_or(0.0);
        Self {
            axis: axis(end(edges.first()), end(edges.last())),
            edges,
            falling: false,
            shown: None,
        }
    }

    fn scaled(self, scale: Scale) -> Self {
        let axis = self.axis.clone().scaled(scale);
        Self { axis, ..self }
    }

    fn marked(self, marks: Vec<(f64, String)>) -> Self {
        let axis = self.axis.clone().marked(Marks::At(marks));
        Self { axis, ..self }
    }

    /// As many rows as a map has that was resized.
    fn stretched(mut self, bins: usize) -> Self {
        let natural = self.edges.len() - 1;
        if self.shown.is_some() || natural == bins || natural == 0 {
            return self;
        }
        let edge = |row: usize| {
            let at = row as f64 * natural as f64 / bins as f64;
            let below = (at as usize).min(natural - 1);
            let (low, high) = (self.edges[below], self.edges[below + 1]);
            low + (at - below as f64) * (high - low)
        };
        self.edges = (0..=bins).map(edge).collect();
        self
    }
}

/// The most usual tempo first, then its halves and doubles.
fn octaves_of_120() -> Vec<(f64, String)> {
    [120, 60, 240, 30, 480, 15, 960]
        .map(|tempo: u32| (f64::from(tempo), tempo.to_string()))
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogMelSpec, TempogramSpec};

    const RATE: SampleRate = SampleRate::HZ_22050;

    #[test]
    fn bands_are_equally_high_on_their_scale() {
        let rows = Rows::of(&FeatureSpec::LogMel(LogMelSpec::default()), 128, RATE);
        assert_eq!(rows.edges.len(), 129);
        let heights: Vec<f64> = rows
            .edges
            .windows(2)
            .map(|e| to_mel(e[1], false) - to_mel(e[0], false))
            .collect();
        assert!(heights.iter().all(|h| (h - heights[0]).abs() < 1e-9));
        // librosa.mel_frequencies(130)[[1, 128]]: the middles of the first and the last band.
        let middle = |i: usize| {
            let mel = (to_mel(rows.edges[i], false) + to_mel(rows.edges[i + 1], false)) / 2.0;
            to_hz(mel, false)
        };
        assert!((middle(0) - 25.793_588_88).abs() < 1e-6, "{}", middle(0));
        assert!(
            (middle(127) - 10_735.597_567_31).abs() < 1e-6,
            "{}",
            middle(127)
        );
    }

    #[test]
    fn the_tempi_of_lags_fall() {
        let rows = Rows::of(&FeatureSpec::Tempogram(TempogramSpec::default()), 384, RATE);
        let (first, last) = rows.shown.unwrap();
        assert!(rows.falling && rows.edges.len() == last - first + 2);
        // librosa.tempo_frequencies(384)[22] is 117.45: it lies in its own row.
        let from_below = last - 22;
        let row = rows.edges[from_below]..rows.edges[from_below + 1];
        assert!(row.contains(&117.453_835), "{row:?}");
        assert!(rows.edges[0] > 29.0 && rows.edges[last - first + 1] < 500.0);
    }

    #[test]
    fn a_resized_map_keeps_its_axis() {
        let chroma = FeatureSpec::ChromaStft(Default::default());
        let rows = Rows::of(&chroma, 40, RATE);
        assert_eq!(rows.edges.len(), 41);
        assert_eq!((rows.edges[0], rows.edges[40]), (0.0, 12.0));
        assert!((rows.edges[10] - 3.0).abs() < 1e-12);
    }

    #[test]
    fn every_feature_has_growing_rows() {
        for entry in FeatureSpec::catalogue() {
            for bins in [1, 7, 384] {
                let rows = Rows::of(&entry.spec, bins, RATE);
                let grows = rows.edges.windows(2).all(|e| e[0] < e[1]);
                assert!(grows, "{} {bins}", entry.name);
            }
        }
    }
}
