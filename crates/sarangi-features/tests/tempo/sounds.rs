//! Instruments that play into a buffer at 22,050 Hz.

use std::f64::consts::TAU;

use sarangi_core::Rng;

pub(crate) const RATE: f64 = 22_050.0;

/// Adds `wave(t)`, t in seconds, from time `at` on.
fn add(out: &mut [f32], at: f64, seconds: f64, mut wave: impl FnMut(f64) -> f64) {
    let from = (at.max(0.0) * RATE).round() as usize;
    let to = out.len().min(from + (seconds * RATE) as usize);
    if from < to {
        for (n, y) in out[from..to].iter_mut().enumerate() {
            *y += wave(n as f64 / RATE) as f32;
        }
    }
}

pub(crate) fn kick(out: &mut [f32], at: f64, gain: f64) {
    add(out, at, 0.25, |t| {
        let phase = TAU * (48.0 * t + 2.6 * (1.0 - (-t * 32.0).exp()));
        gain * (phase.sin() * (-t * 16.0).exp()
            + 0.3 * (TAU * 1800.0 * t).sin() * (-t * 500.0).exp())
    });
}

pub(crate) fn snare(out: &mut [f32], at: f64, gain: f64, rng: &mut Rng) {
    add(out, at, 0.2, |t| {
        let body = (TAU * 190.0 * t).sin() * (-t * 28.0).exp();
        gain * (0.45 * body + 0.35 * rng.normal() * (-t * 20.0).exp())
    });
}

/// A short rim click.
pub(crate) fn rim(out: &mut [f32], at: f64, gain: f64) {
    add(out, at, 0.05, |t| {
        let ring = (TAU * 1650.0 * t).sin() + 0.7 * (TAU * 2400.0 * t).sin();
        gain * ring * (-t * 110.0).exp()
    });
}

/// High noise; a hat if `decay` is about 50 per second, a ride cymbal at 8.
pub(crate) fn hat(out: &mut [f32], at: f64, gain: f64, decay: f64, rng: &mut Rng) {
    let (mut last, mut before) = (0.0, 0.0);
    add(out, at, (3.0 / decay).min(0.5), |t| {
        let noise = rng.normal();
        let high = noise - 1.6 * last + 0.64 * before;
        (before, last) = (last, noise);
        gain * 0.2 * high * (-t * decay).exp()
    });
}

/// The frequency of a MIDI note.
fn hertz(note: f64) -> f64 {
    440.0 * 2f64.powf((note - 69.0) / 12.0)
}

/// A plucked or struck tone.
pub(crate) fn pluck(out: &mut [f32], at: f64, note: f64, seconds: f64, gain: f64, bright: f64) {
    tone(out, at, note, seconds, gain, bright, |t| {
        (t / 0.004).min(1.0) * (-t * 2.5).exp() * ((seconds - t) / 0.02).clamp(0.0, 1.0)
    });
}

/// A tone that swells and holds.
pub(crate) fn hold(out: &mut [f32], at: f64, note: f64, seconds: f64, gain: f64, bright: f64) {
    tone(out, at, note, seconds, gain, bright, |t| {
        (t / 0.06).min(1.0) * ((seconds - t) / 0.06).clamp(0.0, 1.0)
    });
}

fn tone(
    out: &mut [f32],
    at: f64,
    note: f64,
    seconds: f64,
    gain: f64,
    bright: f64,
    level: impl Fn(f64) -> f64,
) {
    let step = TAU * hertz(note) / RATE;
    let partials = ((0.4 * RATE / hertz(note)) as usize).clamp(1, 8);
    // Each partial turns by itself, which is quicker than a sine for each sample.
    let mut turning: Vec<(f64, f64, f64, f64, f64)> = (1..=partials)
        .map(|k| {
            let (sin, cos) = (step * k as f64).sin_cos();
            (1.0, 0.0, cos, sin, gain * bright.powi(k as i32 - 1))
        })
        .collect();
    add(out, at, seconds, |t| {
        let mut sum = 0.0;
        for (x, y, cos, sin, weight) in &mut turning {
            sum += *weight * *y;
            (*x, *y) = (*x * *cos - *y * *sin, *x * *sin + *y * *cos);
        }
        sum * level(t)
    });
}
