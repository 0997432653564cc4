//! What a time stretch and a pitch shift promise.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::f64::consts::TAU;

use proptest::prelude::*;
use sarangi_core::{SampleRate, Seed, Waveform};
use sarangi_dsp::{PitchShift, TimeStretch};

const RATE: SampleRate = SampleRate::HZ_22050;

fn tone(hz: f64, seconds: f64) -> Waveform {
    let n = (seconds * 22_050.0) as usize;
    let sine = |i: usize| (0.5 * (TAU * hz * i as f64 / 22_050.0).sin()) as f32;
    Waveform::mono((0..n).map(sine).collect(), RATE)
}

fn noise(channels: usize, len: usize, seed: u64) -> Waveform {
    let mut rng = Seed(seed).named("noise");
    let channel = |_| (0..len).map(|_| rng.range(-1.0, 1.0) as f32).collect();
    Waveform::from_channels((0..channels).map(channel).collect(), RATE).unwrap()
}

/// Frequency in Hz by the advance of the phase over the middle half, near `hz`.
fn frequency(samples: &[f32], hz: f64) -> f64 {
    let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
    let half = middle.len() / 2;
    let phase = |part: &[f32]| {
        let sum = part.iter().enumerate().fold((0.0, 0.0), |sum, (i, &x)| {
            let angle = TAU * hz * i as f64 / 22_050.0;
            let place = (i as f64 + 0.5) / part.len() as f64;
            let x = f64::from(x) * (0.5 - 0.5 * (TAU * place).cos());
            (sum.0 + x * angle.cos(), sum.1 - x * angle.sin())
        });
        f64::atan2(sum.1, sum.0)
    };
    let advance = phase(&middle[half..2 * half]) - phase(&middle[..half]);
    let expected = TAU * hz * half as f64 / 22_050.0;
    let off = (advance - expected).rem_euclid(TAU);
    let off = if off > TAU / 2.0 { off - TAU } else { off };
    hz + off * 22_050.0 / (TAU * half as f64)
}

fn cents(a: f64, b: f64) -> f64 {
    1200.0 * (a / b).log2()
}

#[test]
fn a_stretched_tone_keeps_its_pitch_and_level() {
    let stretch = TimeStretch::new(RATE);
    for rate in [0.25, 0.8, 0.9, 1.1, 1.25, 3.7] {
        for hz in [110.0, 987.77, 4186.0] {
            let out = stretch.stretch(&tone(hz, 6.0), rate).unwrap();
            let samples = out.channel(0).unwrap();
            assert!(
                cents(frequency(samples, hz), hz).abs() < 0.01,
                "{rate} {hz}"
            );
            let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
            let power: f64 = middle.iter().map(|&x| f64::from(x).powi(2)).sum();
            let level = (2.0 * power / middle.len() as f64).sqrt();
            assert!((level / 0.5 - 1.0).abs() < 2e-3, "{rate} {hz} {level}");
        }
    }
}

#[test]
fn a_shifted_tone_has_the_pitch_asked_for_and_the_same_length() {
    let shift = PitchShift::new(RATE);
    for semitones in [-24.0, -2.0, -0.31, 0.5, 2.0, 7.0, 24.0] {
        let wave = tone(440.0, 4.0);
        let out = shift.shift(&wave, semitones).unwrap();
        assert_eq!(out.len(), wave.len());
        let want = 440.0 * f64::exp2(semitones / 12.0);
        let got = frequency(out.channel(0).unwrap(), want);
        assert!(cents(got, want).abs() < 0.01, "{semitones}: {got} {want}");
    }
}

#[test]
fn an_attack_stays_an_attack_at_its_place() {
    let mut samples = vec![0.0; 44_100];
    samples[20_000] = 1.0;
    let wave = Waveform::mono(samples, RATE);
    for rate in [0.5, 0.8, 1.25, 2.0] {
        let out = TimeStretch::new(RATE).stretch(&wave, rate).unwrap();
        let out = out.channel(0).unwrap();
        let at = (20_000.0 / rate).round() as usize;
        let energy = |part: &[f32]| part.iter().map(|x| x * x).sum::<f32>();
        let near = energy(&out[at - 11..at + 12]) / energy(out);
        assert!(near > 0.9, "{rate}: {near} within half a millisecond");
    }
}

#[test]
fn nothing_asked_for_is_nothing_done() {
    let wave = noise(2, 5000, 1);
    assert_eq!(TimeStretch::new(RATE).stretch(&wave, 1.0).unwrap(), wave);
    assert_eq!(PitchShift::new(RATE).shift(&wave, 0.0).unwrap(), wave);
}

#[test]
fn what_is_between_channels_stays_between_them() {
    // The same sound in both, one turned over and half as loud.
    let mono = noise(1, 30_000, 2);
    let left = mono.channel(0).unwrap().to_vec();
    let right = left.iter().map(|x| -0.5 * x).collect();
    let wave = Waveform::from_channels(vec![left, right], RATE).unwrap();
    let out = TimeStretch::new(RATE).stretch(&wave, 0.83).unwrap();
    for (l, r) in out.channel(0).unwrap().iter().zip(out.channel(1).unwrap()) {
        assert!((r + 0.5 * l).abs() < 1e-5, "{l} {r}");
    }
}

#[test]
fn nonsense_is_refused() {
    let (stretch, shift) = (TimeStretch::new(RATE), PitchShift::new(RATE));
    let wave = tone(440.0, 0.1);
    for rate in [0.0, -1.0, 0.05, 11.0, f64::NAN, f64::INFINITY] {
        let error = stretch.stretch(&wave, rate).unwrap_err().to_string();
        assert!(
            error.starts_with("time_stretch: rate: must be 0.1 to 10"),
            "{error}"
        );
    }
    for semitones in [-37.0, 40.0, f64::NAN, f64::NEG_INFINITY] {
        let error = shift.shift(&wave, semitones).unwrap_err().to_string();
        assert!(
            error.starts_with("pitch_shift: semitones: must be"),
            "{error}"
        );
    }
    let other = Waveform::mono(vec![0.0; 9], SampleRate::new(44_100).unwrap());
    assert!(stretch.stretch(&other, 0.9).is_err());
    assert!(shift.shift(&other, 0.0).is_err());
    assert!(stretch.stream(0.9, 0).is_err() && shift.stream(1.0, 0).is_err());
    let two = noise(2, 10, 3);
    assert!(stretch.stream(0.9, 1).unwrap().push(&two).is_err());
    assert!(shift.stream(0.9, 1).unwrap().push(&two).is_err());
}

#[test]
fn a_stream_is_never_later_than_it_says() {
    let wave = noise(1, 40_000, 4);
    for rate in [0.7, 1.0, 1.6] {
        let mut stream = TimeStretch::new(RATE).stream(rate, 1).unwrap();
        let latency = stream.latency() as f64;
        let (mut taken, mut given) = (0, 0);
        while taken < wave.len() {
            given += stream.push(&wave.window(taken, 100)).unwrap().len();
            taken += 100;
            let due = ((taken as f64 - latency) / rate).floor().max(0.0);
            assert!(
                given as f64 >= due,
                "{rate}: {given} of {due} after {taken}"
            );
        }
    }
    for semitones in [-7.0, 0.0, 2.5] {
        let mut stream = PitchShift::new(RATE).stream(semitones, 1).unwrap();
        let (mut taken, mut given) = (0, 0);
        while taken < wave.len() {
            given += stream.push(&wave.window(taken, 100)).unwrap().len();
            taken += 100;
            let due = taken.saturating_sub(stream.latency());
            assert!(given >= due, "{semitones}: {given} of {due} after {taken}");
        }
        // Nor is it ready long before, which would make the figure meaningless.
        assert!(given <= taken - stream.latency() / 4 || semitones == 0.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_stretch_has_the_length_asked_for_and_is_finite(
        len in prop_oneof![Just(0usize), Just(1), Just(100), 0usize..20_000],
        rate in 0.25f64..4.0,
        channels in 1usize..3,
        loudness in prop_oneof![Just(0.0f32), Just(1e-20), Just(1.0), Just(1e6)],
        seed in any::<u64>(),
    ) {
        let wave = noise(channels, len, seed).into_samples() * loudness;
        let wave = Waveform::new(wave, RATE).unwrap();
        let out = TimeStretch::new(RATE).stretch(&wave, rate).unwrap();
        prop_assert_eq!(out.len(), (len as f64 / rate).round_ties_even() as usize);
        prop_assert_eq!(out.channels(), channels);
        let limit = 10.0 * loudness;
        prop_assert!(out.samples().iter().all(|x| x.abs() <= limit));
    }

    #[test]
    fn a_shift_keeps_the_length_and_is_finite(
        len in prop_oneof![Just(0usize), Just(1), Just(100), 0usize..20_000],
        semitones in -24.0f64..24.0,
        constant in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let wave = match constant {
            true => Waveform::mono(vec![0.5; len], RATE),
            false => noise(1, len, seed),
        };
        let out = PitchShift::new(RATE).shift(&wave, semitones).unwrap();
        prop_assert_eq!(out.len(), len);
        prop_assert!(out.samples().iter().all(|x| x.abs() <= 10.0));
    }

    #[test]
    fn a_stream_gives_the_same_bits_whatever_its_blocks(
        cuts in prop::collection::vec(0usize..9_000, 0..8),
        rate in 0.4f64..2.5,
        semitones in -12.0f64..12.0,
    ) {
        let wave = noise(2, 30_000, 5);
        let (stretch, shift) = (TimeStretch::new(RATE), PitchShift::new(RATE));
        let mut streams = (stretch.stream(rate, 2).unwrap(), shift.stream(semitones, 2).unwrap());
        let (mut stretched, mut shifted) = (Vec::new(), Vec::new());
        let mut at = 0;
        for len in cuts.into_iter().chain([wave.len()]) {
            let block = wave.window(at, len.min(wave.len() - at));
            at += block.len();
            stretched.extend_from_slice(streams.0.push(&block).unwrap().channel(1).unwrap());
            shifted.extend_from_slice(streams.1.push(&block).unwrap().channel(1).unwrap());
        }
        stretched.extend_from_slice(streams.0.finish().unwrap().channel(1).unwrap());
        shifted.extend_from_slice(streams.1.finish().unwrap().channel(1).unwrap());
        let whole = stretch.stretch(&wave, rate).unwrap();
        prop_assert_eq!(&stretched[..], whole.channel(1).unwrap());
        let whole = shift.shift(&wave, semitones).unwrap();
        prop_assert_eq!(&shifted[..], whole.channel(1).unwrap());
    }
}
