//! What every transform of spectrograms keeps to, whatever the map.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/refused.rs"]
mod refused;

use std::sync::LazyLock;

use ndarray::Array3;
use proptest::prelude::*;
use refused::{assert_refused, with};
use sarangi_augment::{
    Augmenter, Fill, SpecAugmentPolicy, SpectrogramAugmentation, TimeMasking, Uniform, ZoomShift,
};
use sarangi_core::{Augment, Entry, FeatureMap, Seed, Spec};
use serde_json::{Value, json};

fn catalogue() -> Vec<Entry<SpectrogramAugmentation>> {
    SpectrogramAugmentation::catalogue()
}

fn read(value: Value) -> SpectrogramAugmentation {
    serde_json::from_value(value).unwrap()
}

/// The catalogue, what is not a default, and the presets.
fn all() -> Vec<(String, SpectrogramAugmentation)> {
    let named = |entry: Entry<_>| (entry.name.to_owned(), entry.spec);
    let others = [
        json!({"type": "time_masking", "n_masks": 3, "fill": "random", "max_share": 0.4}),
        json!({"type": "frequency_masking", "n_masks": 2, "fill": "min"}),
        json!({"type": "random_erasing", "value": "random", "scale": [0, 1], "ratio": [0.01, 100]}),
        json!({"type": "random_erasing", "value": "mean"}),
        json!({"type": "random_resized_crop", "scale": [0, 1], "ratio": [0.01, 100]}),
        json!({"type": "zoom_shift", "time_zoom": [0.1, 10], "frequency_zoom": [0.1, 10],
            "time_shift": [-1, 1], "frequency_shift": [-1, 1], "fill_mode": "constant", "cval": -80}),
        json!({"type": "frequency_shift", "n_bins": [-60, 60], "fill_mode": "constant"}),
        json!({"type": "resize_noise", "scale": [0.01, 1]}),
        json!({"type": "time_warp", "time_warp_param": 3}),
    ];
    let others = others.map(|value| (value.to_string(), read(value)));
    use SpecAugmentPolicy::{Lb, Ld, Sm, Ss};
    let policies = [Lb, Ld, Sm, Ss].map(|policy| {
        let name = format!("{policy:?}");
        (name, SpectrogramAugmentation::spec_augment(policy))
    });
    let masks = ("80/30".to_owned(), SpectrogramAugmentation::masks_80_30());
    let mut all: Vec<_> = catalogue().into_iter().map(named).collect();
    all.extend(others);
    all.extend(policies);
    all.push(masks);
    all
}

type Planned = (String, Augmenter<SpectrogramAugmentation>);

static PLANS: LazyLock<Vec<Planned>> = LazyLock::new(|| {
    let plan = |(name, spec): (String, SpectrogramAugmentation)| (name, spec.build(()).unwrap());
    all().into_iter().map(plan).collect()
});

fn bits(map: &FeatureMap) -> (Vec<usize>, Vec<u32>) {
    let values = map.iter().map(|x| x.to_bits()).collect();
    (map.shape().to_vec(), values)
}

/// Constants, noise and slopes; now and then with axes that are not in memory's order.
fn maps() -> impl Strategy<Value = FeatureMap> {
    let shape = (
        1usize..=3,
        1usize..=40,
        prop_oneof![Just(0usize), Just(1), 0..=60usize],
    );
    let level = prop::sample::select(vec![0.0f32, 1e-30, 1.0, 80.0, 1e30]);
    let parts = (shape, 0usize..3, level, any::<bool>(), any::<u64>());
    parts.prop_map(|((channels, bins, frames), kind, level, turned, seed)| {
        let mut rng = Seed(seed).named("map");
        let mut value = |frame: usize| match kind {
            0 => level,
            1 => rng.normal() as f32 * level,
            _ => -level * frame as f32 / 60.0,
        };
        match turned {
            true => Array3::from_shape_fn((frames, bins, channels), |(t, _, _)| value(t))
                .permuted_axes([2, 1, 0]),
            false => Array3::from_shape_fn((channels, bins, frames), |(_, _, t)| value(t)),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn any_map_keeps_its_shape_and_the_log_does_it_again(map in maps(), seed in any::<u64>()) {
        for (name, plan) in PLANS.iter() {
            let rng = || Seed(seed).rng(3, 1);
            let (out, log) = plan.augment_logged(map.clone(), &mut rng()).unwrap();
            prop_assert_eq!(out.dim(), map.dim(), "{}", name);
            prop_assert!(out.iter().all(|x| x.is_finite()), "{}", name);
            let again = plan.augment(map.clone(), &mut rng()).unwrap();
            prop_assert_eq!(bits(&again), bits(&out), "{}: the same seed", name);
            // How a map lies in memory is no part of it.
            let plain = map.as_standard_layout().into_owned();
            let again = plan.augment(plain, &mut rng()).unwrap();
            prop_assert_eq!(bits(&again), bits(&out), "{}: another layout", name);

            prop_assert!(!log.is_empty());
            let written = serde_json::to_string(&log).unwrap();
            let read: Vec<SpectrogramAugmentation> = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(&read, &log);
            let replay = SpectrogramAugmentation::in_order(read).build(()).unwrap();
            let other = &mut Seed(0).rng(0, 0);
            let untouched = other.clone().next_u64();
            let (again, same) = replay.augment_logged(map.clone(), other).unwrap();
            prop_assert_eq!(bits(&again), bits(&out), "{}: {}", name, written);
            prop_assert_eq!(same, log, "{}: nothing is left to be drawn", name);
            prop_assert_eq!(other.next_u64(), untouched, "{}", name);
        }
    }
}

fn noise() -> FeatureMap {
    let mut rng = Seed(9).named("noise");
    Array3::from_shape_fn((2, 40, 200), |_| rng.normal() as f32)
}

#[test]
fn what_never_happens_changes_nothing() {
    for entry in catalogue() {
        let never = with(&entry, "p", json!(0.0)).unwrap().build(()).unwrap();
        let (out, log) = never
            .augment_logged(noise(), &mut Seed(1).rng(0, 0))
            .unwrap();
        assert_eq!(bits(&out), bits(&noise()), "{}", entry.name);
        assert!(log.is_empty());
    }
}

#[test]
fn half_of_the_examples_are_changed_when_p_is_a_half() {
    for entry in catalogue() {
        let half = with(&entry, "p", json!(0.5)).unwrap().build(()).unwrap();
        let changed = |index: &u64| {
            let rng = &mut Seed(1).rng(0, *index);
            let map = FeatureMap::zeros((1, 4, 4));
            !half.augment_logged(map, rng).unwrap().1.is_empty()
        };
        let count = (0..400).filter(changed).count();
        assert!((150..250).contains(&count), "{}: {count}", entry.name);
    }
}

#[test]
fn examples_differ_and_what_always_happens_changes_something() {
    for (name, plan) in PLANS.iter() {
        let out = |index| bits(&plan.augment(noise(), &mut Seed(1).rng(0, index)).unwrap());
        let mut outs: Vec<_> = (0..8).map(out).collect();
        assert!(outs.iter().any(|out| *out != bits(&noise())), "{name}");
        outs.sort();
        outs.dedup();
        // What is moved out of the map altogether leaves nothing to differ.
        let alike = name.ends_with("flip") || name.contains("10000");
        assert!(outs.len() > 1 || alike, "{name}");
    }
}

#[test]
fn specifications_survive_json_and_refuse_what_they_do_not_know() {
    for (name, spec) in all() {
        let value = serde_json::to_value(&spec).unwrap();
        assert_eq!(read(value), spec, "{name}");
    }
    for entry in catalogue() {
        let mut value = serde_json::to_value(&entry.spec).unwrap();
        assert_eq!(value["type"], entry.name.replace('-', "_"));
        // What is left out has its default.
        assert_eq!(read(json!({"type": value["type"]})), entry.spec);
        value["loudness_of_the_moon"] = json!(1);
        let error = serde_json::from_value::<SpectrogramAugmentation>(value).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("loudness_of_the_moon"), "{text}");
    }
}

#[test]
fn nonsense_is_an_error_that_names_the_field() {
    for entry in catalogue() {
        for (key, default) in entry.parameters() {
            let mut cases = vec![json!({}), json!([1, 2, 3]), json!("much")];
            if let Some([low, high]) = default.as_array().map(Vec::as_slice) {
                cases.extend([json!([high, low]), json!([-1e9, 1]), json!([1, 1e30])]);
            }
            match key.as_str() {
                // Any number covers.
                "fill" | "value" => cases.push(json!(1e300)),
                "fill_mode" => cases.push(json!(-1)),
                _ => cases.extend([json!(-1e9), json!(1e30)]),
            }
            for case in cases {
                assert_refused(&entry, (), &key, case);
            }
        }
    }
}

#[test]
fn what_json_cannot_say_and_logs_by_hand_are_refused_too() {
    let nan = TimeMasking {
        fill: Fill::Value(f32::NAN),
        ..TimeMasking::default()
    };
    let share = TimeMasking {
        max_share: f64::NAN,
        ..TimeMasking::default()
    };
    let zoom = ZoomShift {
        time_zoom: Uniform::fixed(f64::NAN),
        ..ZoomShift::default()
    };
    let mask = json!({"type": "time_masking", "masks": [{"width": 0.5, "location": 1.5}]});
    let halves = json!({"type": "frequency_shift", "n_bins": 1.5});
    let many = json!({"type": "time_masking", "n_masks": 1_000_000_000});
    for (spec, says) in [
        (
            nan.into(),
            "time_masking: fill: must be a finite number, got NaN",
        ),
        (share.into(), "time_masking: max_share: "),
        (zoom.into(), "zoom_shift: time_zoom: "),
        (
            read(mask),
            "time_masking: masks: width and location must be 0 to 1",
        ),
        (
            read(halves),
            "frequency_shift: n_bins: must be whole, got 1.5",
        ),
        (read(many), "time_masking: n_masks: must be 0 to 1000"),
    ] {
        let spec: SpectrogramAugmentation = spec;
        let text = spec.build(()).unwrap_err().to_string();
        assert!(text.starts_with(says), "{text}");
    }
    let error = serde_json::from_value::<SpectrogramAugmentation>(
        json!({"type": "time_masking", "fill": "black"}),
    );
    let text = error.unwrap_err().to_string();
    assert!(text.contains("\"mean\", \"min\" or \"random\""), "{text}");
}

#[test]
fn values_that_are_no_numbers_are_refused() {
    for (name, plan) in PLANS.iter() {
        let mut broken = noise();
        broken[[1, 2, 3]] = f32::NAN;
        let error = plan.augment(broken, &mut Seed(0).rng(0, 0)).unwrap_err();
        let text = error.to_string();
        let says = "NaN in frame 3 of bin 2 of channel 1";
        assert!(
            text.contains(says) && !text.contains('\n'),
            "{name}: {text}"
        );
    }
}

#[test]
fn maps_without_bins_or_channels_stay_as_they_are() {
    for (name, plan) in PLANS.iter() {
        for shape in [(0, 4, 4), (2, 0, 4), (2, 4, 0), (0, 0, 0)] {
            let map = FeatureMap::zeros(shape);
            let out = plan.augment(map, &mut Seed(0).rng(0, 0)).unwrap();
            assert_eq!(out.dim(), shape, "{name}");
        }
    }
}

#[test]
fn no_preset_holds_what_is_for_pictures() {
    for (name, spec) in all() {
        let preset = matches!(spec, SpectrogramAugmentation::Compose(_));
        let text = serde_json::to_string(&spec).unwrap();
        for other in ["random_resized_crop", "_flip", "frequency_zoom"] {
            assert!(!preset || !text.contains(other), "{name}");
        }
    }
    let zoom = ZoomShift::default();
    assert_eq!(zoom.frequency_zoom, Uniform::fixed(1.0));
    assert_eq!(zoom.frequency_shift, Uniform::fixed(0.0));
}
