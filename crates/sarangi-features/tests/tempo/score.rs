//! How right tempi and beats are.

use std::fmt::{self, Display};

/// Sums over tracks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    pub tracks: usize,
    /// Tempi within 4 %.
    pub right: usize,
    /// Tempi within 4 % of the half or the double.
    pub octave: usize,
    f: f64,
}

impl Score {
    pub(crate) fn add(&mut self, bpm: f64, beats: &[f64], tempo: f64, found: &[f64]) {
        let near = |want: f64| (tempo / want - 1.0).abs() <= 0.04;
        self.tracks += 1;
        self.right += usize::from(near(bpm));
        self.octave += usize::from(near(2.0 * bpm) || near(0.5 * bpm));
        self.f += f_measure(beats, found);
    }

    /// The mean F-measure of the beats.
    pub(crate) fn f(&self) -> f64 {
        self.f / self.tracks.max(1) as f64
    }
}

impl Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = self.tracks - self.right - self.octave;
        let (right, tracks, octave) = (self.right, self.tracks, self.octave);
        write!(f, "{right} of {tracks}, {octave}, {wrong}; {:.3}", self.f())
    }
}

/// Of beats that are matched one to one within 70 ms.
fn f_measure(beats: &[f64], found: &[f64]) -> f64 {
    let (mut i, mut j, mut matched) = (0, 0, 0);
    while let (Some(beat), Some(other)) = (beats.get(i), found.get(j)) {
        if (beat - other).abs() <= 0.07 {
            (i, j, matched) = (i + 1, j + 1, matched + 1);
        } else if beat < other {
            i += 1;
        } else {
            j += 1;
        }
    }
    2.0 * f64::from(matched) / (beats.len() + found.len()).max(1) as f64
}
