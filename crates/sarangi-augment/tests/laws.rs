//! What every transform of sound keeps to, whatever the sound.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "support/refused.rs"]
mod refused;

use std::sync::LazyLock;

use ndarray::Array2;
use proptest::prelude::*;
use refused::{assert_refused, with};
use sarangi_augment::{Augmenter, Uniform, WaveformAugmentation};
use sarangi_core::{Augment, Entry, SampleRate, Seed, Spec, Waveform};
use sarangi_testkit::fixture;
use serde_json::{Value, json};

const RATE: SampleRate = SampleRate::HZ_22050;

/// Those that say that they change the length.
const LENGTHS: [&str; 4] = ["time-stretch", "trim", "adjust-duration", "repeat-part"];

/// All transforms with their defaults, and the files that some cannot do without.
fn catalogue() -> Vec<Entry<WaveformAugmentation>> {
    let mut entries = WaveformAugmentation::catalogue();
    for entry in &mut entries {
        if entry.parameters().contains_key("sounds") {
            let sounds = fixture("formats/stereo-pcm16.wav");
            entry.spec = with(entry, "sounds", json!(sounds)).unwrap();
        }
    }
    entries
}

static PLANS: LazyLock<Vec<(&str, Augmenter<WaveformAugmentation>)>> = LazyLock::new(|| {
    let plan = |entry: Entry<WaveformAugmentation>| (entry.name, entry.spec.build(RATE).unwrap());
    catalogue().into_iter().map(plan).collect()
});

fn bits(wave: &Waveform) -> (usize, Vec<u32>) {
    let samples = wave.samples();
    (
        wave.channels(),
        samples.iter().map(|x| x.to_bits()).collect(),
    )
}

/// Silence, constants, impulses, noise, and sound far beyond full scale.
fn waves() -> impl Strategy<Value = Waveform> {
    let len = prop_oneof![Just(0usize), Just(1), Just(2), Just(100), 0usize..3000];
    let level = prop::sample::select(vec![1e-30f32, 1e-4, 0.3, 1.0, 1e6]);
    let parts = (len, 1usize..3, 0usize..5, level, any::<u64>());
    parts.prop_map(|(len, channels, kind, level, seed)| {
        let mut rng = Seed(seed).named("wave");
        let place = rng.below(len);
        let samples = Array2::from_shape_fn((channels, len), |(_, n)| match kind {
            0 => 0.0,
            1 => level,
            2 if n == place => level,
            2 => 0.0,
            3 => rng.normal() as f32 * level,
            _ => (n as f32 * 0.1).sin() * level,
        });
        Waveform::new(samples, RATE).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_sound_is_changed_into_sound_and_the_log_does_it_again(
        wave in waves(),
        seed in any::<u64>(),
    ) {
        for (name, plan) in PLANS.iter() {
            let rng = || Seed(seed).rng(3, 1);
            let (out, log) = plan.augment_logged(wave.clone(), &mut rng()).unwrap();
            prop_assert_eq!((out.channels(), out.rate()), (wave.channels(), RATE), "{}", name);
            if !LENGTHS.contains(name) {
                prop_assert_eq!(out.len(), wave.len(), "{}", name);
            }
            prop_assert!(out.samples().iter().all(|x| x.is_finite()), "{}", name);
            let again = plan.augment(wave.clone(), &mut rng()).unwrap();
            prop_assert_eq!(bits(&again), bits(&out), "{}: the same seed", name);

            prop_assert_eq!(log.len(), 1);
            let written = serde_json::to_string(&log).unwrap();
            let read: Vec<WaveformAugmentation> = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(&read, &log);
            let replay = WaveformAugmentation::in_order(read).build(RATE).unwrap();
            let other = &mut Seed(0).rng(0, 0);
            let (again, same) = replay.augment_logged(wave.clone(), other).unwrap();
            prop_assert_eq!(bits(&again), bits(&out), "{}: {}", name, written);
            prop_assert_eq!(same, log, "{}: nothing is left to be drawn", name);
        }
    }
}

fn noise(len: usize) -> Waveform {
    let mut rng = Seed(9).named("noise");
    let samples = Array2::from_shape_fn((2, len), |_| 0.2 * rng.normal() as f32);
    Waveform::new(samples, RATE).unwrap()
}

#[test]
fn what_never_happens_changes_nothing() {
    for entry in catalogue() {
        let never = with(&entry, "p", json!(0.0)).unwrap().build(RATE).unwrap();
        let (out, log) = never
            .augment_logged(noise(500), &mut Seed(1).rng(0, 0))
            .unwrap();
        assert_eq!(bits(&out), bits(&noise(500)), "{}", entry.name);
        assert!(log.is_empty());
    }
}

#[test]
fn examples_differ_and_what_always_happens_changes_something() {
    // Longer than the three seconds to which some cut it.
    let wave = noise(70_000);
    // What a plain sound has nothing of, and what has nothing to draw.
    let spared = ["trim", "clip"];
    let certain = [
        "reverse",
        "polarity-inversion",
        "normalize",
        "impulse-response",
    ];
    for (name, plan) in PLANS.iter().filter(|(name, _)| !spared.contains(name)) {
        let out = |index| {
            bits(
                &plan
                    .augment(wave.clone(), &mut Seed(1).rng(0, index))
                    .unwrap(),
            )
        };
        let mut outs: Vec<_> = (0..8).map(out).collect();
        let changed = outs.iter().any(|out| *out != bits(&wave));
        assert!(changed, "{name}");
        outs.sort();
        outs.dedup();
        assert_eq!(outs.len() == 1, certain.contains(name), "{name}");
    }
}

#[test]
fn specifications_survive_json_and_refuse_what_they_do_not_know() {
    let defaults = WaveformAugmentation::catalogue();
    for (entry, default) in catalogue().iter().zip(defaults) {
        let mut value = serde_json::to_value(&entry.spec).unwrap();
        assert_eq!(value["type"], entry.name.replace('-', "_"));
        let read: WaveformAugmentation = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(read, entry.spec);
        // What is left out has its default.
        let bare = json!({"type": value["type"]});
        let read: WaveformAugmentation = serde_json::from_value(bare).unwrap();
        assert_eq!(read, default.spec);
        value["loudness_of_the_moon"] = json!(1);
        let error = serde_json::from_value::<WaveformAugmentation>(value).unwrap_err();
        assert!(
            error.to_string().contains("loudness_of_the_moon"),
            "{error}"
        );
    }
}

#[test]
fn nonsense_is_an_error_that_names_the_field() {
    for entry in catalogue() {
        for (key, default) in entry.parameters() {
            for case in nonsense(&default) {
                assert_refused(&entry, RATE, &key, case);
            }
        }
    }
}

/// Values that make no sense in the place of this one.
fn nonsense(default: &Value) -> Vec<Value> {
    let mut cases = vec![json!("much"), json!({}), json!([1, 2, 3])];
    // Numbers and ranges, or seven of them.
    let numbers = [json!(-1e9), json!(1e30), json!([-1e9, 1]), json!([1, 1e30])];
    match default.as_array().map(Vec::as_slice) {
        Some([low, high]) => {
            cases.extend(numbers);
            cases.push(json!([high, low]));
        }
        Some(seven) => {
            cases.extend(numbers.map(|number| json!(vec![number; seven.len()])));
            let turned = seven.iter().map(|range| json!([range[1], range[0]]));
            cases.push(turned.collect());
        }
        None if default.is_number() => cases.extend([json!(-1e9), json!(1e30)]),
        None => cases.push(json!(-1)),
    }
    cases
}

#[test]
fn what_json_cannot_say_is_refused_too() {
    use sarangi_augment::{Gain, LowPass, Shift, Trim};
    let mut specs: [(WaveformAugmentation, &str); 5] = [
        (Gain::default().into(), "gain: gain_db"),
        (Gain::default().into(), "gain: p"),
        (Shift::default().into(), "shift: fade_duration"),
        (Trim::default().into(), "trim: top_db"),
        (
            LowPass::default().into(),
            "low_pass: rolloff: must be multiples of 6",
        ),
    ];
    for (spec, says) in &mut specs {
        match spec {
            WaveformAugmentation::Gain(gain) if says.ends_with('p') => gain.p = f64::NAN,
            WaveformAugmentation::Gain(gain) => gain.gain_db = Uniform::fixed(f64::NAN),
            WaveformAugmentation::Shift(shift) => shift.fade_duration = f64::NAN,
            WaveformAugmentation::Trim(trim) => trim.top_db = f64::INFINITY,
            WaveformAugmentation::LowPass(filter) => filter.rolloff = Uniform::fixed(13.0),
            _ => {}
        }
        let text = spec.build(RATE).unwrap_err().to_string();
        assert!(text.starts_with(*says), "{text}");
    }
}

#[test]
fn samples_that_are_no_numbers_and_other_rates_are_refused() {
    for (name, plan) in PLANS.iter() {
        let broken = Waveform::mono(vec![0.0, f32::NAN, 0.5], RATE);
        let error = plan.augment(broken, &mut Seed(0).rng(0, 0)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("NaN at sample 1 of channel 0"),
            "{name}: {text}"
        );
        assert!(!text.contains('\n'), "{name}: {text}");
        let other = Waveform::mono(vec![0.0; 10], SampleRate::HZ_44100);
        let error = plan.augment(other, &mut Seed(0).rng(0, 0)).unwrap_err();
        assert!(error.to_string().contains("44100 Hz"), "{name}: {error}");
    }
}
