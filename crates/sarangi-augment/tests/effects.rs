//! What each transform of sound does, where no other library does exactly the same.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::f64::consts::TAU;

use ndarray::{Array2, s};
use sarangi_audio::{WavFormat, encode_wav};
use sarangi_augment::WaveformAugmentation;
use sarangi_core::{Augment, SampleRate, Seed, Spec, Waveform};
use sarangi_dsp::{LoudnessMeter, StftSpec};
use serde_json::{Value, json};

const RATE: SampleRate = SampleRate::HZ_22050;

fn apply(spec: Value, wave: &Waveform) -> Waveform {
    let spec: WaveformAugmentation = serde_json::from_value(spec).unwrap();
    let plan = spec.build(RATE).unwrap();
    plan.augment(wave.clone(), &mut Seed(7).rng(0, 0)).unwrap()
}

fn tone(hz: f64, seconds: f64) -> Waveform {
    let wave = |n: usize| (0.5 * (TAU * hz * n as f64 / RATE.as_f64()).sin()) as f32;
    Waveform::mono((0..RATE.samples(seconds)).map(wave).collect(), RATE)
}

fn noise(channels: usize, seconds: f64) -> Waveform {
    let mut rng = Seed(3).named("noise");
    let shape = (channels, RATE.samples(seconds));
    let samples = Array2::from_shape_fn(shape, |_| 0.2 * rng.normal() as f32);
    Waveform::new(samples, RATE).unwrap()
}

fn power(samples: impl IntoIterator<Item = f32>) -> f64 {
    let (sum, count) = samples.into_iter().fold((0.0, 0.0), |(sum, count), x| {
        (sum + f64::from(x).powi(2), count + 1.0)
    });
    sum / count
}

fn decibels(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

/// By how many decibels a tone is louder afterwards, away from where it begins and ends.
fn gain_at(spec: &Value, hz: f64) -> f64 {
    let wave = tone(hz, 2.0);
    let out = apply(spec.clone(), &wave);
    let part = wave.len() / 2..wave.len() * 9 / 10;
    let late = |wave: &Waveform| power(wave.channel(0).unwrap()[part.clone()].to_vec());
    decibels(late(&out) / late(&wave))
}

#[test]
fn noises_are_as_far_below_the_sound_as_they_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let brief = noise(1, 0.3);
    encode_wav(folder.path().join("brief.wav"), &brief, WavFormat::Float32).unwrap();
    let wave = noise(2, 1.0);
    for snr_db in [-6.0, 3.0, 30.0] {
        for spec in [
            json!({"type": "gaussian_snr", "snr_db": snr_db}),
            json!({"type": "color_noise", "snr_db": snr_db, "f_decay": -6.0}),
            json!({"type": "color_noise", "snr_db": snr_db, "f_decay": 3.0}),
            json!({"type": "background_noise", "snr_db": snr_db, "sounds": folder.path()}),
        ] {
            let out = apply(spec.clone(), &wave);
            let added = &out.samples() - &wave.samples();
            let got = decibels(power(wave.samples().to_owned()) / power(added));
            assert!((got - snr_db).abs() < 0.01, "{spec}: {got}");
        }
    }
    let level = apply(json!({"type": "gaussian_noise", "amplitude": 0.01}), &wave);
    let level = power(&level.samples() - &wave.samples()).sqrt();
    assert!((level / 0.01 - 1.0).abs() < 0.02, "{level}");
}

#[test]
fn colours_fall_by_as_many_decibels_per_octave_as_they_should() {
    // Of something constant the noise alone is left.
    let wave = Waveform::mono(vec![1.0; RATE.samples(20.0)], RATE);
    for f_decay in [-6.02, -3.01, 0.0, 3.01, 6.02] {
        let spec = json!({"type": "color_noise", "snr_db": 0.0, "f_decay": f_decay});
        let out = apply(spec, &wave);
        let noise: Vec<f32> = out.channel(0).unwrap().iter().map(|x| x - 1.0).collect();
        let stft = StftSpec::default().build(()).unwrap();
        let map = stft.power(&noise).unwrap();
        // Two bands three octaves apart, of as many bins relative to their middles.
        let band = |from: usize, to: usize| map.slice(s![from..to, ..]).mean().unwrap();
        let got = f64::from(10.0 * (band(360, 441) / band(45, 56)).log10()) / 3.0;
        assert!((got - f_decay).abs() < 0.15, "{f_decay}: {got}");
    }
}

#[test]
fn a_recording_is_taken_from_its_place_and_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ramp.wav");
    let ramp = Waveform::mono((1..=6).map(|n| n as f32 / 8.0).collect(), RATE);
    encode_wav(&path, &ramp, WavFormat::Float32).unwrap();
    let added = |len: usize, location: f64| {
        let wave = Waveform::mono(vec![0.5; len], RATE);
        let spec = json!({"type": "background_noise", "snr_db": 0, "location": location,
            "sounds": path});
        let out = apply(spec, &wave);
        let first = f64::from(out.channel(0).unwrap()[0]) - 0.5;
        let relative = |x: &f32| (f64::from(*x) - 0.5) / first;
        out.channel(0)
            .unwrap()
            .iter()
            .map(relative)
            .collect::<Vec<_>>()
    };
    for (len, location, want) in [
        (3, 0.0, vec![1.0, 2.0, 3.0]),
        (3, 1.0, vec![1.0, 1.25, 1.5]),
        (8, 0.5, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 1.0, 2.0]),
    ] {
        let got = added(len, location);
        assert!(
            got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-5),
            "{got:?}"
        );
    }
    let nothing = json!({"type": "background_noise", "sounds": folder.path().join("none")});
    let spec: WaveformAugmentation = serde_json::from_value(nothing).unwrap();
    let error = spec.build(RATE).unwrap_err().to_string();
    assert!(error.starts_with("background_noise: sounds: ") && error.ends_with("does not exist"));
}

#[test]
fn each_file_of_a_folder_comes_and_the_log_names_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, seconds) in [("a.wav", 0.01), ("b.wav", 0.02)] {
        encode_wav(
            folder.path().join(name),
            &noise(1, seconds),
            WavFormat::Float32,
        )
        .unwrap();
    }
    let wave = noise(1, 0.1);
    for kind in ["background_noise", "impulse_response"] {
        let spec: WaveformAugmentation =
            serde_json::from_value(json!({"type": kind, "sounds": folder.path()})).unwrap();
        let plan = spec.build(RATE).unwrap();
        let mut names = Vec::new();
        for index in 0..20 {
            let mut rng = Seed(1).rng(0, index);
            let (out, log) = plan.augment_logged(wave.clone(), &mut rng).unwrap();
            let written = serde_json::to_value(&log).unwrap();
            names.push(written[0]["sounds"].as_str().unwrap().to_owned());
            let replay = WaveformAugmentation::in_order(log).build(RATE).unwrap();
            assert_eq!(replay.augment(wave.clone(), &mut rng).unwrap(), out);
        }
        names.sort();
        names.dedup();
        let want = ["a.wav", "b.wav"].map(|name| folder.path().join(name));
        assert_eq!(
            names,
            want.map(|path| path.to_str().unwrap().to_owned()),
            "{kind}"
        );
    }
}

#[test]
fn a_response_moves_and_keeps_the_energy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later.wav");
    let late = Waveform::mono(vec![0.0, 0.0, 0.0, 2.0], RATE);
    encode_wav(&path, &late, WavFormat::Float32).unwrap();
    let wave = noise(2, 0.1);
    for unchanged in [true, false] {
        let spec = json!({"type": "impulse_response", "sounds": path,
            "leave_length_unchanged": unchanged});
        let out = apply(spec, &wave);
        assert_eq!(out.len(), wave.len() + if unchanged { 0 } else { 3 });
        let moved = out.samples().slice(s![.., 3..wave.len()]).to_owned();
        let moved = moved - wave.samples().slice(s![.., ..wave.len() - 3]);
        assert!(moved.iter().all(|x| x.abs() < 1e-6));
    }
}

#[test]
fn a_room_has_the_energy_and_the_decay_that_it_should() {
    let mut impulse = vec![0.0; RATE.samples(1.0)];
    impulse[0] = 1.0;
    let spec = json!({"type": "reverb", "decay": 0.8, "pre_delay": 0.01, "wet_db": -6.0,
        "damping": 9000.0});
    let out = apply(spec, &Waveform::mono(impulse, RATE));
    let out = out.channel(0).unwrap();
    assert!((out[0] - 1.0).abs() < 1e-5);
    let energy = |from: f64, to: f64| {
        let part = &out[RATE.samples(from)..RATE.samples(to)];
        power(part.to_vec()) * part.len() as f64
    };
    assert!(energy(0.001, 0.0099) < 1e-10);
    let tail = decibels(energy(0.01, 1.0));
    assert!((tail + 6.0).abs() < 0.01, "{tail}");
    // 60 dB in 0.8 s are 15 dB in 0.2 s.
    let fall = decibels(energy(0.05, 0.25) / energy(0.25, 0.45));
    assert!((fall - 15.0).abs() < 0.5, "{fall}");
}

#[test]
fn filters_are_three_decibels_down_at_their_edges() {
    for (spec, hz, want) in [
        (
            json!({"type": "low_pass", "cutoff_freq": 1000, "rolloff": 12}),
            1000.0,
            -3.01,
        ),
        (
            json!({"type": "low_pass", "cutoff_freq": 1000, "rolloff": 24}),
            2000.0,
            -24.82,
        ),
        (
            json!({"type": "high_pass", "cutoff_freq": 1000, "rolloff": 18}),
            1000.0,
            -3.01,
        ),
        (
            json!({"type": "high_pass", "cutoff_freq": 1000, "rolloff": 18}),
            4000.0,
            0.0,
        ),
        (
            json!({"type": "band_pass", "center_freq": 2000, "bandwidth_fraction": 1, "rolloff": 12}),
            1000.0,
            -3.01,
        ),
        (
            json!({"type": "band_stop", "center_freq": 2000, "bandwidth_fraction": 1, "rolloff": 12}),
            3000.0,
            -3.01,
        ),
        (
            json!({"type": "peaking", "center_freq": 800, "gain_db": 7, "q": 2}),
            800.0,
            7.0,
        ),
        (
            json!({"type": "low_shelf", "center_freq": 800, "gain_db": -8, "q": 0.7}),
            800.0,
            -4.0,
        ),
        (
            json!({"type": "low_shelf", "center_freq": 800, "gain_db": -8, "q": 0.7}),
            50.0,
            -8.0,
        ),
        (
            json!({"type": "high_shelf", "center_freq": 800, "gain_db": 8, "q": 0.7}),
            8000.0,
            8.0,
        ),
    ] {
        let got = gain_at(&spec, hz);
        assert!((got - want).abs() < 0.1, "{spec} at {hz}: {got}");
    }
    let gain_db = [6, 0, 0, 0, 0, 0, -6];
    let spec = json!({"type": "seven_band_parametric_eq", "gain_db": gain_db,
        "center_freq": [90, 150, 300, 600, 1200, 2400, 5000],
        "q": [0.7, 1, 1, 1, 1, 1, 0.7]});
    for (hz, want) in [(20.0, 6.0), (700.0, 0.0), (10_500.0, -6.0)] {
        let got = gain_at(&spec, hz);
        assert!((got - want).abs() < 0.1, "seven bands at {hz}: {got}");
    }
}

#[test]
fn the_steepest_and_narrowest_filters_stay_finite() {
    let wave = noise(1, 1.0);
    let highest = 0.499 * RATE.as_f64();
    let mut specs = Vec::new();
    for hz in [1.0, highest] {
        for kind in ["low_pass", "high_pass"] {
            specs.push(json!({"type": kind, "cutoff_freq": hz, "rolloff": 96}));
        }
        for (q, gain_db) in [(0.01, 60), (100.0, 60), (0.01, -60), (100.0, -60)] {
            for kind in ["peaking", "low_shelf", "high_shelf"] {
                specs.push(json!({"type": kind, "center_freq": hz, "q": q, "gain_db": gain_db}));
            }
        }
    }
    for (hz, share) in [(1.0, 0.001), (1.0, 1.999), (5000.0, 0.001), (5500.0, 1.999)] {
        for kind in ["band_pass", "band_stop"] {
            let spec = json!({"type": kind, "center_freq": hz, "bandwidth_fraction": share,
                "rolloff": 96});
            specs.push(spec);
        }
    }
    for spec in specs {
        let out = apply(spec.clone(), &wave);
        let peak = out
            .samples()
            .iter()
            .fold(0.0f32, |peak, x| peak.max(x.abs()));
        // Nothing that passes is amplified but by the equalisers.
        let bound = if spec["gain_db"] == 60 { 1e4 } else { 10.0 };
        assert!(peak < bound, "{spec}: {peak}");
    }
}

#[test]
fn a_lower_rate_and_the_air_take_the_highs() {
    let lower = json!({"type": "resample_jitter", "sample_rate": 8000});
    assert!(gain_at(&lower, 3000.0).abs() < 0.01);
    assert!(gain_at(&lower, 5000.0) < -80.0);
    // ISO 9613-2, table 2, for 20 °C and 70 %: 22.9 and 76.6 dB/km in the octaves of 4 and 8 kHz.
    let far = json!({"type": "air_absorption", "temperature": 20, "humidity": 70, "distance": 100});
    for (hz, want) in [(125.9, -0.03), (3981.1, -2.29), (7943.3, -7.66)] {
        let got = gain_at(&far, hz);
        assert!((got - want).abs() < 0.03, "{hz}: {got}");
    }
}

#[test]
fn levels_are_reached() {
    let mut samples = noise(2, 3.0).into_samples();
    samples
        .slice_mut(s![.., 40_000..])
        .mapv_inplace(|x| 0.01 * x);
    let wave = Waveform::new(samples, RATE).unwrap();
    let peak = |wave: &Waveform| {
        wave.samples()
            .iter()
            .fold(0.0f32, |peak, x| peak.max(x.abs()))
    };
    for lufs in [-31.0, -14.0] {
        let out = apply(
            json!({"type": "loudness_normalization", "lufs": lufs}),
            &wave,
        );
        let got = LoudnessMeter::new(RATE).unwrap().integrated(&out).unwrap();
        assert!((got - lufs).abs() < 0.001, "{got}");
    }
    let out = apply(json!({"type": "normalize", "peak_db": -1}), &wave);
    assert!((f64::from(peak(&out)) - 10f64.powf(-1.0 / 20.0)).abs() < 1e-6);
    let loud = json!({"type": "normalize", "apply_to": "only_too_loud_sounds"});
    let soft = apply(json!({"type": "gain", "gain_db": -20}), &wave);
    assert_eq!(apply(loud.clone(), &soft), soft);
    let hot = apply(json!({"type": "gain", "gain_db": 20}), &wave);
    assert!((peak(&apply(loud, &hot)) - 1.0).abs() < 1e-6);
    let bent = apply(
        json!({"type": "clip", "threshold_db": -12, "shape": "tanh"}),
        &wave,
    );
    assert!(f64::from(peak(&bent)) <= 10f64.powf(-12.0 / 20.0));
}

#[test]
fn nothing_comes_out_of_a_limiter_above_its_threshold() {
    let wave = noise(2, 1.0);
    for (attack, release) in [(0.0, 0.05), (0.0005, 0.7), (0.025, 0.05), (2.0, 1.0)] {
        let spec = json!({"type": "limiter", "threshold_db": -12, "attack": attack,
            "release": release, "threshold_mode": "absolute"});
        let out = apply(spec, &wave);
        let threshold = 10f32.powf(-12.0 / 20.0);
        let pairs = out
            .samples()
            .to_owned()
            .into_iter()
            .zip(wave.samples().to_owned());
        for (y, x) in pairs {
            assert!(y.abs() <= threshold * (1.0 + 1e-6) && y.abs() <= x.abs() * (1.0 + 1e-6));
        }
    }
    // A lone peak: down in a straight line, at the threshold when it is there, then back up.
    let mut samples = vec![0.1f32; 8000];
    samples[2000] = 1.0;
    let spec = json!({"type": "limiter", "threshold_db": -6.0206, "attack": 0.02, "release": 0.1});
    let out = apply(spec, &Waveform::mono(samples, RATE));
    let out = out.channel(0).unwrap();
    assert!((out[2000] - 0.5).abs() < 1e-4);
    assert_eq!(out[2000 - 442], 0.1);
    assert!(
        (out[2000 - 220] - 0.075).abs() < 1e-3,
        "{}",
        out[2000 - 220]
    );
    assert!(out[2100] < out[3000] && out[7999] > 0.0999);
}

#[test]
fn parts_that_are_alike_join_without_a_seam() {
    let wave = Waveform::mono(vec![0.5; RATE.samples(1.0)], RATE);
    for (mode, len) in [("insert", 22_050 + 2 * 2205), ("replace", 22_050)] {
        let spec = json!({"type": "repeat_part", "repeats": 2, "part_duration": 0.1,
            "location": 0.5, "mode": mode});
        let out = apply(spec, &wave);
        assert_eq!(out.len(), len);
        let seamless = out.samples().iter().all(|x| (x - 0.5).abs() < 1e-6);
        assert!(seamless, "{mode}");
    }
}

#[test]
fn gaps_and_shifts_fade() {
    let wave = Waveform::mono(vec![1.0; 2205], RATE);
    let steepest = |wave: &Waveform| {
        let row = wave.channel(0).unwrap();
        row.windows(2)
            .fold(0.0f32, |most, pair| most.max((pair[1] - pair[0]).abs()))
    };
    for spec in [
        json!({"type": "time_mask", "band_part": 0.3, "location": 0.5}),
        json!({"type": "shift", "shift": 0.4}),
        json!({"type": "shift", "shift": -0.4}),
        json!({"type": "shift", "shift": 0.4, "rollover": false}),
        json!({"type": "shift", "shift": -0.4, "rollover": false}),
    ] {
        let out = apply(spec.clone(), &wave);
        let row = out.channel(0).unwrap();
        assert!(row.iter().any(|x| x.abs() < 1e-3), "{spec}");
        // A half-wave over 110 samples is nowhere steeper than π / 220.
        assert!(steepest(&out) < 0.0145, "{spec}: {}", steepest(&out));
    }
}

#[test]
fn every_order_of_the_channels_comes() {
    let samples = Array2::from_shape_fn((3, 2), |(channel, _)| channel as f32);
    let wave = Waveform::new(samples, RATE).unwrap();
    let spec: WaveformAugmentation =
        serde_json::from_value(json!({"type": "channel_shuffle"})).unwrap();
    let plan = spec.build(RATE).unwrap();
    let mut orders: Vec<Vec<u32>> = (0..60)
        .map(|index| {
            let out = plan
                .augment(wave.clone(), &mut Seed(1).rng(0, index))
                .unwrap();
            out.samples().column(1).iter().map(|x| *x as u32).collect()
        })
        .collect();
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), 6);
}
