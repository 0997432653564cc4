//! What the benchmarks share: seeded input for the `[[bench]]` targets, the protocol and the specs for the
//! workers of `compare.py`.

pub mod feature_row;
pub mod raw_sound;
pub mod serving;

use sarangi::core::{Rng, SampleRate, Seed, Waveform};

/// Sound with a melody, a beat and noise, at 22,050 Hz.
pub fn sound(seconds: f64) -> Waveform {
    let rate = SampleRate::HZ_22050;
    let mut rng: Rng = Seed(1).named("sound");
    let samples = (0..rate.samples(seconds)).map(|i| {
        let t = rate.seconds(i);
        let note = 220.0 * 2f64.powf((t * 2.0).floor() % 7.0 / 12.0);
        let tone: f64 = (1..=4)
            .map(|k| (std::f64::consts::TAU * note * f64::from(k) * t).sin() / f64::from(k))
            .sum();
        let beat = (-20.0 * (t * 2.0).fract()).exp();
        (0.2 * tone + (0.3 * beat + 0.01) * rng.normal()) as f32
    });
    Waveform::mono(samples.collect(), rate)
}
