//! Music with known beats, made from a seed.

use sarangi_core::{Rng, Seed};

use crate::sounds::{RATE, hat, hold, kick, pluck, rim, snare};
use crate::styles::{Bass, Chords, EASY, EASY_HELD, EASY_TEMPI, Style};

/// Seconds of each track.
const SECONDS: f64 = 30.0;

/// A track and the truth about it.
pub(crate) struct Track {
    pub name: String,
    /// The median tempo in beats per minute.
    pub bpm: f64,
    /// Seconds of the beats.
    pub beats: Vec<f64>,
    pub samples: Vec<f32>,
}

/// One of the twenty easy tracks: two for each tempo.
pub(crate) fn easy(index: usize) -> Track {
    let rng = Seed(10).rng(0, index as u64);
    let style = [EASY, EASY_HELD][index / EASY_TEMPI.len() % 2];
    Player::new(style, EASY_TEMPI[index % EASY_TEMPI.len()], 0.0, rng).play()
}

/// Track `index` of a style: its tempo, key, levels, noise and drift are drawn.
pub(crate) fn track(style: Style, index: u64) -> Track {
    let mut rng = Seed(11).child(style.name).rng(0, index);
    let bpm = rng.range(style.tempi.0, style.tempi.1);
    let drift = if rng.chance(0.4) {
        rng.range(0.005, 0.02)
    } else {
        0.0
    };
    Player::new(style, bpm, drift, rng).play()
}

struct Player {
    style: Style,
    rng: Rng,
    beats: Vec<f64>,
    out: Vec<f32>,
    /// The lowest note of the bass.
    key: f64,
    roots: [f64; 4],
    /// Seconds by which players miss the beat.
    loose: f64,
    gains: [f64; 4],
}

impl Player {
    fn new(style: Style, bpm: f64, drift: f64, mut rng: Rng) -> Self {
        let mut beats = Vec::new();
        let (turn, phase) = (rng.range(8.0, 25.0), rng.range(0.0, 6.0));
        let mut at = rng.range(0.05, 0.9);
        while at < SECONDS {
            beats.push(at);
            at += 60.0 / bpm * (1.0 + drift * (at / turn * 6.3 + phase).sin());
        }
        let roots = [
            [0.0, 5.0, 7.0, 0.0],
            [0.0, 9.0, 5.0, 7.0],
            [0.0, 7.0, 9.0, 5.0],
        ];
        Self {
            beats,
            out: vec![0.0; (SECONDS * RATE) as usize],
            key: 28.0 + rng.below(12) as f64,
            roots: roots[rng.below(3)],
            loose: rng.range(0.0, 0.008),
            gains: [(); 4].map(|()| rng.range(0.6, 1.2)),
            style,
            rng,
        }
    }

    /// Seconds of a step of the bar that begins with beat `first`.
    fn at(&mut self, first: usize, step: usize) -> f64 {
        let (beat, within) = (first + step / self.style.steps, step % self.style.steps);
        let last = self.beats.len() - 1;
        let from = self.beats[beat.min(last)];
        let length = match self.beats.get(beat + 1) {
            Some(to) => to - from,
            None => self.beats[last] - self.beats[last - 1],
        };
        let late = if within % 2 == 1 {
            self.style.swing
        } else {
            0.0
        };
        let share = (beat.saturating_sub(last) * self.style.steps) as f64 + within as f64 + late;
        let missed = self.loose * self.rng.normal();
        from + length * share / self.style.steps as f64 + missed
    }

    fn play(mut self) -> Track {
        let style = self.style;
        let (fills, breaks) = (self.rng.chance(0.5), self.rng.chance(0.3));
        let bars = self.beats.len().div_ceil(style.meter);
        for bar in 0..bars {
            let silent = breaks && bar % 8 == 7;
            if !silent {
                self.drums(bar * style.meter, fills && bar % 4 == 3);
            }
            self.harmony(bar * style.meter, self.roots[bar % 4]);
        }
        let noise = self.rng.range(0.0005, 0.01);
        for y in &mut self.out {
            *y += (noise * self.rng.normal()) as f32;
        }
        let peak = self.out.iter().fold(0f32, |m, x| m.max(x.abs()));
        self.out.iter_mut().for_each(|y| *y *= 0.8 / peak);
        let mut lengths: Vec<f64> = self.beats.windows(2).map(|w| w[1] - w[0]).collect();
        lengths.sort_by(f64::total_cmp);
        let bpm = 60.0 / lengths[lengths.len() / 2];
        Track {
            name: format!("{} {bpm:.0}", style.name),
            bpm,
            beats: self.beats,
            samples: self.out,
        }
    }

    fn drums(&mut self, first: usize, fill: bool) {
        let style = self.style;
        let loud = 0.9 * self.gains[0];
        for &step in style.kick {
            let at = self.at(first, step);
            kick(&mut self.out, at, loud * self.rng.range(0.8, 1.0));
        }
        for &step in style.snare {
            let at = self.at(first, step);
            // Snares off the beat are ghost notes.
            let soft = if step % style.steps == 0 { 1.0 } else { 0.3 };
            let gain = soft * 0.8 * self.gains[0] * self.rng.range(0.8, 1.0);
            snare(&mut self.out, at, gain, &mut self.rng);
        }
        for &step in style.rim {
            let at = self.at(first, step);
            rim(
                &mut self.out,
                at,
                0.3 * self.gains[0] * self.rng.range(0.8, 1.0),
            );
        }
        for &step in style
            .hat
            .iter()
            .filter(|&&step| step < style.meter * style.steps)
        {
            let at = self.at(first, step);
            let accent = if step % style.steps == 0 { 1.0 } else { 0.75 };
            let gain = accent * 0.5 * self.gains[1] * self.rng.range(0.7, 1.0);
            hat(&mut self.out, at, gain, style.ring, &mut self.rng);
        }
        if fill && !style.snare.is_empty() {
            let steps = style.meter * style.steps;
            for step in steps - style.steps..steps {
                let at = self.at(first, step);
                snare(&mut self.out, at, 0.5 * self.gains[0], &mut self.rng);
            }
        }
    }

    fn harmony(&mut self, first: usize, root: f64) {
        let style = self.style;
        let steps = style.meter * style.steps;
        let length = 60.0 / self.tempo();
        let step_length = length / style.steps as f64;
        let bass = self.key + root;
        let all: Vec<usize> = (0..steps).collect();
        let (played, seconds): (Vec<usize>, f64) = match style.bass {
            Bass::None => (Vec::new(), 0.0),
            Bass::Walking => (
                all.iter().copied().step_by(style.steps).collect(),
                length * 0.9,
            ),
            Bass::Held => (vec![0], length * style.meter as f64 * 0.95),
            Bass::Two => (vec![0, steps / 2], length * 1.5),
            Bass::Steps(steps) => (steps.to_vec(), step_length * 1.6),
        };
        for (i, step) in played.into_iter().enumerate() {
            let at = self.at(first, step);
            let above = match style.bass {
                Bass::Walking => [0.0, 4.0, 7.0, 9.0][i % 4],
                Bass::Two => [0.0, 7.0][i % 2],
                _ => 0.0,
            };
            let gain = 0.35 * self.gains[2] * self.rng.range(0.8, 1.0);
            pluck(&mut self.out, at, bass + above, seconds, gain, 0.6);
        }
        let chord = [24.0, 28.0, 31.0].map(|third| bass + third);
        let gain = 0.12 * self.gains[3];
        match style.chords {
            Chords::None => {}
            Chords::Pad => {
                let at = self.at(first, 0);
                for note in chord {
                    hold(
                        &mut self.out,
                        at,
                        note,
                        length * style.meter as f64,
                        gain * 0.6,
                        0.5,
                    );
                }
            }
            Chords::Steps(struck) => {
                for &step in struck {
                    let at = self.at(first, step);
                    let loud = gain * self.rng.range(0.7, 1.0);
                    for note in chord {
                        pluck(&mut self.out, at, note, 1.2 * length, loud, 0.6);
                    }
                }
            }
            Chords::Broken(every) => {
                for (i, step) in (0..steps).step_by(every).enumerate() {
                    let at = self.at(first, step);
                    let note = chord[[0, 1, 2, 1][i % 4]];
                    pluck(&mut self.out, at, note, length, 2.0 * gain, 0.6);
                }
            }
        }
        if style.melody > 0.0 {
            let halves = (style.steps / 2).max(1);
            for step in (0..steps).step_by(if style.steps == 3 { 3 } else { halves }) {
                let strong = step % style.steps == 0;
                if self
                    .rng
                    .chance(style.melody * if strong { 1.4 } else { 0.6 })
                {
                    let at = self.at(first, step);
                    let note = bass + 36.0 + [0.0, 2.0, 4.0, 7.0, 9.0, 12.0][self.rng.below(6)];
                    let loud = 0.15 * self.rng.range(0.6, 1.0);
                    pluck(&mut self.out, at, note, length * 0.9, loud, 0.5);
                }
            }
        }
    }

    fn tempo(&self) -> f64 {
        60.0 * (self.beats.len() - 1) as f64 / (self.beats[self.beats.len() - 1] - self.beats[0])
    }
}
