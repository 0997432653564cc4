//! A needle that jumps.

use std::ops::Range;

use sarangi_core::{Result, Rng, SampleRate, Waveform, within};
use serde::{Deserialize, Serialize};

use crate::channels::anew;
use crate::fade::fade_in;
use crate::{Change, Uniform, WaveformAugmentation};

/// A part of the sound comes several times, one after the other, as `audiomentations.RepeatPart`
/// without its `part_transform`. **The sound becomes longer**, unless `mode` is `replace`.
///
/// Where two parts meet, each goes on as it did in the sound while the other takes over. The part is
/// no longer than the sound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RepeatPart {
    /// How often it comes again, whole numbers from 0 to 100. Default \[1, 3\].
    pub repeats: Uniform,
    /// Seconds of the part, 0 to 3600. Default \[0.25, 1.2\].
    pub part_duration: Uniform,
    /// Where the part lies: 0 at the beginning, 1 at the end. Default \[0, 1\].
    pub location: Uniform,
    /// What becomes of what follows. Default `insert`.
    pub mode: RepeatMode,
    /// Seconds over which one part goes over into the next, 0 to 60. Default 0.005.
    pub crossfade_duration: f64,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for RepeatPart {
    fn default() -> Self {
        Self {
            repeats: Uniform::between(1.0, 3.0),
            part_duration: Uniform::between(0.25, 1.2),
            location: Uniform::between(0.0, 1.0),
            mode: RepeatMode::Insert,
            crossfade_duration: 0.005,
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for RepeatPart {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        const SPEC: &str = "repeat_part";
        self.repeats.check_whole(SPEC, "repeats", 0.0..=100.0)?;
        self.part_duration
            .check(SPEC, "part_duration", 0.0..=3600.0)?;
        self.location.check(SPEC, "location", 0.0..=1.0)?;
        within(
            SPEC,
            "crossfade_duration",
            self.crossfade_duration,
            0.0..=60.0,
        )
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            repeats: self.repeats.draw_whole(rng),
            part_duration: self.part_duration.draw(rng),
            location: self.location.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let rate = wave.rate();
        let part = rate.samples(self.part_duration.value()).min(wave.len());
        let room = wave.len() - part;
        let start = (self.location.value() * room as f64).round() as usize;
        let repeats = self.repeats.value() as usize;
        let end = start + part;
        let rest = match self.mode {
            RepeatMode::Insert => end,
            RepeatMode::Replace => (end + repeats * part).min(wave.len()),
        };
        let parts: Vec<Range<usize>> = std::iter::once(0..end)
            .chain(std::iter::repeat_n(start..end, repeats))
            .chain(std::iter::once(rest..wave.len()))
            .collect();
        let half = (rate.samples(self.crossfade_duration) / 2).min(part / 2);
        anew(&wave, |_, row| {
            let mut joined = join(row, &parts, half);
            if self.mode == RepeatMode::Replace {
                joined.truncate(row.len());
            }
            Ok(joined)
        })
    }
}

/// What becomes of what follows a part that is repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatMode {
    /// It comes later.
    #[default]
    Insert,
    /// The repetitions lie over it.
    Replace,
}

/// Parts of a sound one after the other; around each seam, `half` samples to either side, the part
/// before goes on while the part after fades in.
fn join(row: &[f32], parts: &[Range<usize>], half: usize) -> Vec<f32> {
    let mut out: Vec<f32> = parts
        .iter()
        .flat_map(|part| &row[part.clone()])
        .copied()
        .collect();
    let mut seam = 0;
    for pair in parts.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        seam += before.len();
        for offset in 0..2 * half {
            // Beyond the ends of the sound there is silence, beyond those of the result nothing.
            let at = |from: usize| (from + offset).checked_sub(half);
            let heard = |from| at(from).and_then(|n| row.get(n)).copied().unwrap_or(0.0);
            let weight = fade_in(offset, 2 * half);
            let mixed = (1.0 - weight) * heard(before.end) + weight * heard(after.start);
            if let Some(x) = at(seam).and_then(|n| out.get_mut(n)) {
                *x = mixed;
            }
        }
    }
    out
}
