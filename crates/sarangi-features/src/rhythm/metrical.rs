//! Beats and a tempo at the level at which people tap, rather than at its half or double.

use sarangi_core::{Error, Result, SampleRate};

use crate::Tracking;
use crate::rhythm::accents::Accents;
use crate::rhythm::beat_tracker::{Beats, best_path, local_score, trimmed};
use crate::rhythm::tempo_candidates::{Periodicity, spread};

/// A tempo with what speaks for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tempo {
    /// Beats per minute, not bound to whole frames.
    pub bpm: f64,
    /// From 0 to 1, how much likelier it is than all other candidates. Not calibrated on real music.
    pub confidence: f64,
    /// The next best candidate, mostly the half or the double.
    pub second: Option<f64>,
}

/// A planned tracker that compares tempi after it has tracked the beats of each.
///
/// 1. Accents ([`Accents`]) without their local mean, as roots, are compared with themselves after
///    each lag; a tempo is a candidate if one, two, three and four of its beats later they are alike,
///    and so are its half, double, third and triple (combs of an autocorrelation: P. Grosche,
///    M. Müller and F. Kurth, *ISMIR* 2010; A. Klapuri, A. Eronen and J. Astola, *IEEE TASLP* 14, 2006).
/// 2. The beats of each candidate are tracked by dynamic programming (D. Ellis, 2007), and the
///    candidate is weighed with what lies on and between them, as G. Percival and G. Tzanetakis
///    (*IEEE/ACM TASLP* 22, 2014) weigh pulse trains.
/// 3. The tempo is measured on the tracked beats.
#[derive(Debug)]
pub(crate) struct MetricalTracker {
    frame_rate: f64,
    start_bpm: f64,
    bpm: Option<f64>,
    tightness: f64,
    trim: bool,
}

/// The weights of a candidate's marks, a conditional logit fitted to 130 synthetic tracks of `tests/tempo`:
/// the easy ones and ten of each style of `DESIGN` (2026-11-21).
mod weight {
    /// Octaves above `start_bpm`, and their square.
    pub(super) const PRIOR: [f64; 2] = [4.02, -3.88];
    /// Likeness after one to four beats.
    pub(super) const COMB: f64 = 9.56;
    /// Accents on beats, in units of their root mean square.
    pub(super) const STRENGTH: f64 = 6.04;
    /// How unlike neighbouring beats are at the bottom: bass and snare drum take turns.
    pub(super) const LOW_TURNS: f64 = 8.23;
    /// What is played between beats.
    pub(super) const BETWEEN: f64 = 8.19;
    /// How unlike neighbouring beats are if nothing is played between them: then they are halves.
    pub(super) const BARE_TURNS: f64 = -8.69;
}

struct Candidate {
    bpm: f64,
    score: f64,
    frames: Vec<usize>,
}

impl MetricalTracker {
    /// What is searched for has been checked.
    pub(crate) fn new(tracking: &Tracking, hop_length: usize, rate: SampleRate) -> Result<Self> {
        let frame_rate = rate.as_f64() / hop_length.max(1) as f64;
        if !(10.0..=2400.0).contains(&frame_rate) {
            let reason = format!(
                "must give 10 to 2400 frames in a second at {rate}, got {frame_rate:.1} with {hop_length}"
            );
            return Err(Error::config("beat", "hop_length", reason));
        }
        Ok(Self {
            frame_rate,
            start_bpm: tracking.start_bpm,
            bpm: tracking.bpm,
            tightness: tracking.tightness,
            trim: tracking.trim,
        })
    }

    /// The beats of a log-mel map; none if nothing begins in it.
    pub(crate) fn beats(&self, log_mel: &[f32], frames: usize) -> Beats {
        let Some((mut best, curves)) = self.ranked(log_mel, frames) else {
            return Beats::default();
        };
        let best = best.swap_remove(0);
        let local = stroke_score(&curves.onset, self.frame_rate * 60.0 / best.bpm);
        Beats {
            tempo: self.bpm.unwrap_or(best.bpm),
            frames: trimmed(&local, best.frames, self.trim),
        }
    }

    /// The tempo of a log-mel map; `None` if nothing begins in it.
    pub(crate) fn tempo(&self, log_mel: &[f32], frames: usize) -> Option<Tempo> {
        let (ranked, _) = self.ranked(log_mel, frames)?;
        let best = ranked[0].bpm;
        let same = |c: &Candidate| (c.bpm / best).ln().abs() < 0.04;
        let odds = |c: &Candidate| (c.score - ranked[0].score).exp();
        let total: f64 = ranked.iter().map(odds).sum();
        let ours: f64 = ranked.iter().filter(|c| same(c)).map(odds).sum();
        Some(Tempo {
            bpm: best,
            confidence: ours / total,
            second: ranked.iter().find(|c| !same(c)).map(|c| c.bpm),
        })
    }

    /// The candidates, the best first, at least one.
    fn ranked(&self, log_mel: &[f32], frames: usize) -> Option<(Vec<Candidate>, Curves)> {
        let curves = Curves::new(&Accents::of_log_mel(log_mel, frames), self.frame_rate)?;
        let periodicity = Periodicity::new(&curves.onset, self.frame_rate);
        let tempi = match self.bpm {
            Some(bpm) => vec![bpm],
            None => periodicity.candidates(),
        };
        let judge = |&bpm: &f64| self.candidate(bpm, &curves, &periodicity);
        let mut ranked: Vec<Candidate> = tempi.iter().map(judge).collect();
        // Beats that drift from the tempo they were tracked with are those of another.
        let kept = |c: &Candidate, bpm: f64| (c.bpm / bpm).ln().abs() <= 0.06;
        if ranked.iter().zip(&tempi).any(|(c, &bpm)| kept(c, bpm)) {
            let mut tempi = tempi.iter();
            ranked.retain(|c| tempi.next().is_some_and(|&bpm| kept(c, bpm)));
        }
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        Some((ranked, curves))
    }

    fn candidate(&self, bpm: f64, curves: &Curves, periodicity: &Periodicity) -> Candidate {
        let period = (self.frame_rate * 60.0 / bpm).max(1.0);
        let frames = best_path(&stroke_score(&curves.onset, period), period, self.tightness);
        let beats = Tracked(&frames);
        let octaves = (bpm / self.start_bpm).log2();
        let share = |off| {
            let (on, between) = (beats.mean(&curves.all, 0.0), beats.mean(&curves.all, off));
            between / (on + between + f64::MIN_POSITIVE)
        };
        let between = share(1.0 / 2.0).max(share(1.0 / 3.0)).max(share(2.0 / 3.0));
        let bare = (1.0 - 2.0 * between).max(0.0);
        let score = weight::PRIOR[0] * octaves
            + weight::PRIOR[1] * octaves * octaves
            + weight::COMB * periodicity.comb(period)
            + weight::STRENGTH * beats.mean(&curves.onset, 0.0)
            + weight::LOW_TURNS * beats.turns(&curves.low)
            + weight::BETWEEN * between
            + weight::BARE_TURNS * beats.turns(&curves.all) * bare;
        let measured = beats.period().map(|period| 60.0 * self.frame_rate / period);
        Candidate {
            bpm: measured.unwrap_or(bpm),
            score,
            frames,
        }
    }
}

/// Onsets smoothed with librosa's narrow bell, as far as it is not nothing.
fn stroke_score(onset: &[f32], period: f64) -> Vec<f64> {
    local_score(onset, period, (period / 8.0).ceil())
}

/// What is looked at, each divided by its root mean square.
struct Curves {
    /// Roots of the accents above their local mean.
    onset: Vec<f32>,
    low: Vec<f32>,
    all: Vec<f32>,
}

impl Curves {
    /// `None` if nothing rises.
    fn new(accents: &Accents, frame_rate: f64) -> Option<Self> {
        let reach = (0.5 * frame_rate) as usize;
        let mut onset = spread(&accents.all, reach);
        onset.iter_mut().for_each(|x| *x = x.sqrt());
        let unit = |mut curve: Vec<f32>| {
            let squares: f64 = curve.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            let scale = (squares / curve.len().max(1) as f64).sqrt() as f32 + f32::MIN_POSITIVE;
            curve.iter_mut().for_each(|x| *x /= scale);
            curve
        };
        onset.iter().any(|&x| x > 0.0).then(|| Self {
            onset: unit(onset),
            low: unit(spread(&accents.low, reach)),
            all: unit(accents.all.clone()),
        })
    }
}

/// Beats, and what curves are at them.
struct Tracked<'a>(&'a [usize]);

impl Tracked<'_> {
    /// The mean over beats of the largest of three frames, `off` beats later.
    fn mean(&self, curve: &[f32], off: f64) -> f64 {
        self.mean_of(curve, off, 0, 1)
    }

    fn mean_of(&self, curve: &[f32], off: f64, first: usize, step: usize) -> f64 {
        let spans = self.0.windows(2).skip(first).step_by(step);
        let count = spans.len().max(1) as f64;
        let peak = |span: &[usize]| {
            let at = (span[0] as f64 + off * (span[1] - span[0]) as f64).round() as usize;
            let near = at.saturating_sub(1)..curve.len().min(at + 2);
            f64::from(curve[near].iter().fold(0.0, |m: f32, &x| m.max(x)))
        };
        spans.map(peak).sum::<f64>() / count
    }

    /// How unlike every other beat is from those between, 0 to 1.
    fn turns(&self, curve: &[f32]) -> f64 {
        let (even, odd) = (
            self.mean_of(curve, 0.0, 0, 2),
            self.mean_of(curve, 0.0, 1, 2),
        );
        (even - odd).abs() / (even + odd + 1e-9)
    }

    /// Frames between beats: the mean of the middle half of all spans of eight beats.
    fn period(&self) -> Option<f64> {
        let count = self.0.len().checked_sub(1)?.min(8);
        if count < 2 {
            return None;
        }
        let mut spans: Vec<usize> = self.0.windows(count + 1).map(|w| w[count] - w[0]).collect();
        spans.sort_unstable();
        let cut = spans.len() / 4;
        let middle = &spans[cut..spans.len() - cut];
        Some(middle.iter().sum::<usize>() as f64 / (middle.len() * count) as f64)
    }
}
