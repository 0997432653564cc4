//! Stretches of silence.

use sarangi_core::Waveform;
use serde::Serialize;

use super::QualitySpec;

/// Seconds that are silent or not as a whole.
const FRAME: f64 = 0.01;

/// A stretch of silence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Silence {
    /// Where it lies.
    pub place: SilencePlace,
    /// Where it begins, in seconds.
    pub start: f64,
    /// How long it lasts, in seconds.
    pub seconds: f64,
}

/// Where silence lies in a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SilencePlace {
    /// It is all there is.
    Whole,
    /// At the beginning.
    Leading,
    /// Within.
    Inner,
    /// At the end.
    Trailing,
}

/// The stretches of silence that are as long as the limit, to 10 ms; `means` are what the channels
/// average.
pub(super) fn silences(wave: &Waveform, means: &[f64], spec: &QualitySpec) -> Vec<Silence> {
    let rate = wave.rate();
    let size = rate.samples(FRAME).max(1);
    let limit = 10f64.powf(spec.silence_db / 10.0);
    let frames = wave.len().div_ceil(size);
    let mut silent = vec![true; frames];
    for (channel, &mean) in wave.samples().outer_iter().zip(means) {
        let Some(samples) = channel.to_slice() else {
            continue;
        };
        for (silent, frame) in silent.iter_mut().zip(samples.chunks(size)) {
            let power: f64 = frame.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum();
            *silent &= power <= limit * frame.len() as f64;
        }
    }
    let mut found = Vec::new();
    let mut from = 0;
    while from < frames {
        if !silent[from] {
            from += 1;
            continue;
        }
        let run = silent[from..].iter().take_while(|silent| **silent).count();
        let to = from + run;
        let place = match (from == 0, to == frames) {
            (true, true) => SilencePlace::Whole,
            (true, false) => SilencePlace::Leading,
            (false, true) => SilencePlace::Trailing,
            (false, false) => SilencePlace::Inner,
        };
        let [start, end] = [from, to].map(|frame| rate.seconds((frame * size).min(wave.len())));
        let seconds = end - start;
        if place == SilencePlace::Whole || seconds >= spec.silence_seconds {
            found.push(Silence {
                place,
                start,
                seconds,
            });
        }
        from = to;
    }
    found
}

impl Silence {
    /// The stretch in words.
    pub(super) fn detail(&self, spec: &QualitySpec) -> String {
        let (start, seconds, db) = (self.start, self.seconds, spec.silence_db);
        match self.place {
            SilencePlace::Whole => format!("is silent throughout: nothing is above {db} dB"),
            SilencePlace::Leading => format!("begins with {seconds:.2} s of silence"),
            SilencePlace::Inner => format!("is silent for {seconds:.2} s from {start:.2} s on"),
            SilencePlace::Trailing => format!("ends with {seconds:.2} s of silence"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::SampleRate;

    fn of(parts: &[(f64, f32)]) -> Vec<(SilencePlace, f64, f64)> {
        let rate = SampleRate::new(8000).unwrap();
        let samples = parts.iter().flat_map(|&(seconds, level)| {
            (0..rate.samples(seconds)).map(move |n| level * (n as f32 * 0.3).sin())
        });
        let wave = Waveform::mono(samples.collect(), rate);
        let found = silences(&wave, &[0.0], &QualitySpec::default());
        let found = found.into_iter().map(|s| (s.place, s.start, s.seconds));
        found.collect()
    }

    #[test]
    fn long_stretches_are_found_where_they_are() {
        use SilencePlace::*;
        let found = of(&[(2.5, 0.0), (1.0, 0.5), (3.0, 1e-4), (1.0, 0.5), (2.0, 0.0)]);
        let want = [(Leading, 0.0, 2.5), (Inner, 3.5, 3.0), (Trailing, 7.5, 2.0)];
        assert_eq!(found.len(), want.len(), "{found:?}");
        for (found, want) in found.iter().zip(want) {
            assert_eq!(found.0, want.0);
            assert!((found.1 - want.1).abs() < 0.011, "{found:?}");
            assert!((found.2 - want.2).abs() < 0.021, "{found:?}");
        }
    }

    #[test]
    fn short_ones_are_music_and_a_silent_file_is_found_however_short() {
        assert_eq!(of(&[(1.9, 0.0), (1.0, 0.5), (1.9, 0.0)]), []);
        assert_eq!(of(&[(0.1, 0.0)]), [(SilencePlace::Whole, 0.0, 0.1)]);
        assert_eq!(of(&[]), []);
    }
}
