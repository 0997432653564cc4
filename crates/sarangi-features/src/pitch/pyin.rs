//! Probabilistic YIN.

use sarangi_core::{Error, Result, SampleRate, Spec};
use sarangi_dsp::{BandedViterbi, LocalTransitions, Pool};
use serde::{Deserialize, Serialize};

use super::candidates::{Candidates, Troughs};
use super::difference::{Difference, DifferenceScratch, PitchFrames};
use crate::ChannelFeature;
use crate::channels::features_of_channels;
use crate::check::{output, within};

const NAME: &str = "pyin";
/// The most numbers of a table of transitions.
const LARGEST: usize = 1 << 22;

/// The fundamental frequency in Hz, whether there is a pitch at all, and how probable that is, with
/// the names and defaults of `librosa.pyin` (which has none for `fmin` and `fmax`).
///
/// Every trough of YIN's difference function is a candidate with the probability that a random
/// threshold chooses it (Mauch and Dixon 2014, "pYIN: a fundamental frequency estimator using
/// probabilistic threshold distributions"); a hidden Markov model of pitches, voiced or not, finds the
/// likeliest way through them. Proved by `pitch_*` in the golden files, against librosa given double
/// precision.
#[cfg_attr(doc, doc = include_str!("../../pictures/pyin.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PyinSpec {
    /// How many thresholds, 1 to 100,000. Default 100.
    pub n_thresholds: usize,
    /// The parameters of the beta distribution of the threshold. Default 2 and 18.
    pub beta_parameters: [f64; 2],
    /// How much shorter periods are preferred. Default 2.
    pub boltzmann_parameter: f64,
    /// The grid of pitches in semitones, 0.01 to 1. Default 0.1.
    pub resolution: f64,
    /// How many octaves per second the pitch may change at most. Default 35.92.
    pub max_transition_rate: f64,
    /// The probability that pitch begins or ends at a frame. Default 0.01.
    pub switch_prob: f64,
    /// The probability of the deepest trough where none is deep enough. Default 0.01.
    pub no_trough_prob: f64,
    /// The frequency of frames without pitch; `None` is librosa's best guess. Default 0, where
    /// librosa has NaN, which no network can be given.
    pub fill_na: Option<f64>,
    /// The frames.
    #[serde(flatten)]
    pub frames: PitchFrames,
}

impl Default for PyinSpec {
    fn default() -> Self {
        Self {
            n_thresholds: 100,
            beta_parameters: [2.0, 18.0],
            boltzmann_parameter: 2.0,
            resolution: 0.1,
            max_transition_rate: 35.92,
            switch_prob: 0.01,
            no_trough_prob: 0.01,
            fill_na: Some(0.0),
            frames: PitchFrames::default(),
        }
    }
}

impl Spec<SampleRate> for PyinSpec {
    type Built = Pyin;

    fn build(&self, rate: SampleRate) -> Result<Pyin> {
        let difference = Difference::new(NAME, &self.frames, rate)?;
        within(NAME, "resolution", self.resolution, 0.01..=1.0)?;
        within(NAME, "switch_prob", self.switch_prob, 0.0..=1.0)?;
        within(
            NAME,
            "max_transition_rate",
            self.max_transition_rate,
            0.0..=1e6,
        )?;
        if self.fill_na.is_some_and(|x| !(x as f32).is_finite()) {
            let reason = "must be a finite number or null";
            return Err(Error::config(NAME, "fill_na", reason));
        }
        let per_octave = 12 * (1.0 / self.resolution).ceil() as usize;
        let octaves = (self.frames.fmax / self.frames.fmin).log2();
        let bins = (per_octave as f64 * octaves).floor() as usize + 1;
        let seconds = difference.hop_length() as f64 / rate.as_f64();
        let semitones = (self.max_transition_rate * 12.0 * seconds).round_ties_even();
        let width = semitones as usize * (per_octave / 12) + 1;
        if bins < 2 || width > bins {
            let reason = format!(
                "lets the pitch move over {width} of {bins} steps between frames: lower it, shorten \
                 hop_length or take more between fmin and fmax"
            );
            return Err(Error::config(NAME, "max_transition_rate", reason));
        }
        if width.saturating_mul(bins) > LARGEST || 2 * bins > usize::from(u16::MAX) {
            let reason = format!("gives {bins} pitches, {width} of which are neighbours: too many");
            return Err(Error::config(NAME, "resolution", reason));
        }
        let scratch = difference.scratch();
        let stay = 1.0 - self.switch_prob;
        // librosa's own sums: what stays is 1 − p, what leaves is the rest of 1.
        let switch = [vec![stay, 1.0 - stay], vec![1.0 - stay, stay]];
        let triangle = Triangle::new(bins, width);
        let transitions = LocalTransitions {
            places: bins,
            reach: width / 2,
            probability: |i, j| triangle.probability(i, j),
        };
        Ok(Pyin {
            candidates: Candidates::new(self, scratch.values.len())?,
            viterbi: BandedViterbi::new(&switch, &transitions)?,
            fmin: self.frames.fmin,
            per_octave: per_octave as f64,
            bins,
            fill_na: self.fill_na,
            scratch: Pool::new(move || (scratch.clone(), Troughs::default())),
            difference,
        })
    }
}

/// `librosa.sequence.transition_local(places, width, window="triangle", wrap=False)`.
struct Triangle {
    window: Vec<f64>,
    /// Where the window begins before a place.
    before: usize,
    /// How far from a place it is not cut off.
    reach: usize,
    sums: Vec<f64>,
}

impl Triangle {
    /// # Shapes
    /// `width` is 1 to `places`.
    fn new(places: usize, width: usize) -> Self {
        let rise = |m: usize| match width.is_multiple_of(2) {
            false => 2.0 * (m + 1) as f64 / (width + 1) as f64,
            true => (2 * m + 1) as f64 / width as f64,
        };
        // A window of even width is put into the middle of the places, of which there are two or one.
        let before = places - ((places - width) / 2 + places / 2 + 1);
        let mut triangle = Self {
            window: (0..width).map(|m| rise(m.min(width - 1 - m))).collect(),
            before,
            reach: width / 2,
            sums: Vec::new(),
        };
        triangle.sums = (0..places)
            .map(|i| (0..places).map(|j| triangle.weight(i, j)).sum())
            .collect();
        triangle
    }

    fn weight(&self, from: usize, to: usize) -> f64 {
        let at = (to + self.before).checked_sub(from);
        let weight = at.and_then(|at| self.window.get(at));
        weight
            .filter(|_| to.abs_diff(from) <= self.reach)
            .copied()
            .unwrap_or(0.0)
    }

    fn probability(&self, from: usize, to: usize) -> f64 {
        self.weight(from, to) / self.sums[from]
    }
}

/// The pitch of a sound, one value per frame of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Pitch {
    /// The fundamental frequency in Hz.
    pub f0: Vec<f32>,
    /// Whether there is a pitch.
    pub voiced: Vec<bool>,
    /// The probability that there is one, before its neighbours were asked.
    pub probability: Vec<f32>,
}

/// A planned fundamental frequency with its certainty: (3, frames), the rows being the frequency in
/// Hz, 1 where there is a pitch and else 0, and the probability that there is.
#[derive(Debug)]
pub struct Pyin {
    difference: Difference,
    candidates: Candidates,
    viterbi: BandedViterbi,
    fmin: f64,
    per_octave: f64,
    bins: usize,
    fill_na: Option<f64>,
    scratch: Pool<(DifferenceScratch, Troughs)>,
}

impl Pyin {
    /// The pitch of one channel, as `librosa.pyin`'s three arrays.
    ///
    /// # Errors
    /// [`Error::Shape`] if the sound has not one frame.
    pub fn track(&self, samples: &[f32]) -> Result<Pitch> {
        let frames = self.frames(samples.len());
        if frames == 0 {
            let got = format_args!("{} samples", samples.len());
            return Err(Error::shape(NAME, "a sound of at least one frame", got));
        }
        let mut observed = Vec::with_capacity(frames);
        self.scratch.with(|(difference, troughs)| {
            for t in 0..frames {
                self.difference.frame(samples, t, difference)?;
                self.candidates.find(&difference.values, troughs);
                observed.push(self.observation(&difference.values, troughs));
            }
            Ok::<_, Error>(())
        })?;
        let states = self.viterbi.decode(frames, |t, out| {
            let (voiced, unvoiced) = out.split_at_mut(self.bins);
            for &(bin, probability) in &observed[t].pitches {
                voiced[bin] = probability;
            }
            unvoiced.fill((1.0 - observed[t].voiced) / self.bins as f64);
        });
        let frequency = |&state: &usize| match self.fill_na {
            Some(fill) if state >= self.bins => fill as f32,
            _ => {
                let octaves = (state % self.bins) as f64 / self.per_octave;
                (self.fmin * octaves.exp2()) as f32
            }
        };
        Ok(Pitch {
            f0: states.iter().map(frequency).collect(),
            voiced: states.iter().map(|&state| state < self.bins).collect(),
            probability: observed.iter().map(|frame| frame.voiced as f32).collect(),
        })
    }

    fn observation(&self, values: &[f64], troughs: &Troughs) -> Observation {
        let mut pitches: Vec<(usize, f64)> = Vec::new();
        for &(at, _, probability) in &troughs.found {
            if probability == 0.0 {
                continue;
            }
            let octaves = (self.difference.frequency(values, at) / self.fmin).log2();
            let bin = (self.per_octave * octaves).round_ties_even().max(0.0) as usize;
            // Of several in one bin the longest period counts, the last one; what lies above the
            // highest bin is lost, both as in librosa.
            if bin < self.bins {
                match pitches.iter_mut().find(|pitch| pitch.0 == bin) {
                    Some(pitch) => pitch.1 = probability,
                    None => pitches.push((bin, probability)),
                }
            }
        }
        let sum: f64 = pitches.iter().map(|pitch| pitch.1).sum();
        Observation {
            pitches,
            voiced: sum.clamp(0.0, 1.0),
        }
    }
}

/// What one frame says.
#[derive(Debug)]
struct Observation {
    /// Bins and their probabilities.
    pitches: Vec<(usize, f64)>,
    voiced: f64,
}

impl ChannelFeature for Pyin {
    fn name(&self) -> &'static str {
        NAME
    }

    fn rate(&self) -> SampleRate {
        self.difference.rate()
    }

    fn bins(&self) -> usize {
        3
    }

    fn frames(&self, samples: usize) -> usize {
        self.difference.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, 3, frames)?;
        let pitch = self.track(samples)?;
        let (f0, rest) = out.split_at_mut(frames);
        let (voiced, probability) = rest.split_at_mut(frames);
        f0.copy_from_slice(&pitch.f0);
        probability.copy_from_slice(&pitch.probability);
        for (y, &yes) in voiced.iter_mut().zip(&pitch.voiced) {
            *y = f32::from(u8::from(yes));
        }
        Ok(())
    }
}

features_of_channels!(Pyin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transitions_are_librosas() {
        // librosa.sequence.transition_local(places, width, window="triangle", wrap=False)
        let row = |places, width, from| {
            let triangle = Triangle::new(places, width);
            (0..places)
                .map(|to| (1000.0 * triangle.probability(from, to)).round() as i32)
                .collect::<Vec<_>>()
        };
        assert_eq!(row(5, 3, 0), [667, 333, 0, 0, 0]);
        assert_eq!(row(5, 3, 3), [0, 0, 250, 500, 250]);
        assert_eq!(row(8, 4, 3), [0, 0, 125, 375, 375, 125, 0, 0]);
        assert_eq!(row(9, 4, 3), [0, 125, 375, 375, 125, 0, 0, 0, 0]);
        assert_eq!(row(9, 4, 0), [750, 250, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(row(8, 4, 7), [0, 0, 0, 0, 0, 0, 250, 750]);
        assert_eq!(row(6, 6, 2), [56, 167, 278, 278, 167, 56]);
        assert_eq!(row(7, 6, 3), [56, 167, 278, 278, 167, 56, 0]);
        assert_eq!(row(4, 1, 2), [0, 0, 1000, 0]);
    }

    #[test]
    fn nonsense_names_its_field() {
        let refused = |change: fn(&mut PyinSpec)| {
            let mut spec = PyinSpec::default();
            change(&mut spec);
            spec.build(SampleRate::HZ_22050).unwrap_err().to_string()
        };
        for (change, field) in [
            (
                (|spec| spec.resolution = 0.0) as fn(&mut PyinSpec),
                "resolution",
            ),
            (|spec| spec.n_thresholds = 0, "n_thresholds"),
            (|spec| spec.beta_parameters[1] = 0.0, "beta_parameters"),
            (
                |spec| spec.boltzmann_parameter = -1.0,
                "boltzmann_parameter",
            ),
            (|spec| spec.switch_prob = 1.5, "switch_prob"),
            (|spec| spec.no_trough_prob = f64::NAN, "no_trough_prob"),
            (
                |spec| spec.max_transition_rate = 500.0,
                "max_transition_rate",
            ),
            (|spec| spec.frames.hop_length = Some(0), "hop_length"),
            (|spec| spec.fill_na = Some(f64::NAN), "fill_na"),
        ] {
            let error = refused(change);
            assert!(error.starts_with(&format!("pyin: {field}")), "{error}");
        }
    }
}
