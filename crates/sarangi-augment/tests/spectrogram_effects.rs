//! What each transform of spectrograms does.
#![allow(clippy::unwrap_used, reason = "tests")]

use ndarray::{Array2, Array3, Axis, arr2, array, s};
use sarangi_augment::{SpecAugmentPolicy, SpectrogramAugmentation};
use sarangi_core::{Augment, FeatureMap, Seed, Spec};
use sarangi_dsp::resize_bilinear;
use serde_json::{Value, json};

fn apply_at(spec: &Value, map: &FeatureMap, index: u64) -> FeatureMap {
    let spec: SpectrogramAugmentation = serde_json::from_value(spec.clone()).unwrap();
    let plan = spec.build(()).unwrap();
    plan.augment(map.clone(), &mut Seed(7).rng(0, index))
        .unwrap()
}

fn apply(spec: Value, map: &FeatureMap) -> FeatureMap {
    apply_at(&spec, map, 0)
}

fn noise(shape: (usize, usize, usize)) -> FeatureMap {
    let mut rng = Seed(3).named("noise");
    Array3::from_shape_fn(shape, |_| rng.normal() as f32)
}

/// Value 100·bin + frame.
fn places(bins: usize, frames: usize) -> FeatureMap {
    Array3::from_shape_fn((1, bins, frames), |(_, f, t)| (100 * f + t) as f32)
}

fn close(a: &FeatureMap, b: &FeatureMap, within: f32) {
    let far = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    let far = far.fold(0.0, f32::max);
    assert!(a.dim() == b.dim() && far <= within, "{far}: {a} {b}");
}

/// The one run of frames that were covered in every bin of every channel, none elsewhere.
fn covered(spec: &Value, map: &FeatureMap, index: u64, axis: usize) -> std::ops::Range<usize> {
    let out = apply_at(spec, map, index);
    let (n, all) = (map.len_of(Axis(axis)), map.len() / map.len_of(Axis(axis)));
    let zeros = |i: &usize| {
        let part = out.index_axis(Axis(axis), *i);
        let count = part.iter().filter(|x| **x == 0.0).count();
        assert!(count == 0 || count == all);
        count == 0 || part == map.index_axis(Axis(axis), *i)
    };
    let kept: Vec<bool> = (0..n).map(|i| zeros(&i)).collect();
    let from = kept.iter().position(|kept| !kept).unwrap_or(0);
    let width = kept.iter().filter(|kept| !**kept).count();
    assert!(kept[from..from + width].iter().all(|kept| !kept));
    from..from + width
}

#[test]
fn masks_are_as_wide_and_lie_where_specaugment_draws_them() {
    let map = noise((2, 8, 10)).mapv(|x| x + 10.0);
    // T = min(6, 0.45 · 10) = 4 of 10 frames; F = 3 of 8 bins.
    let time = json!({"type": "time_masking", "time_mask_param": 6, "max_share": 0.45});
    let frequency = json!({"type": "frequency_masking", "freq_mask_param": 3});
    for (spec, axis, len, widest) in [(time, 2, 10, 4), (frequency, 1, 8, 3)] {
        let draws = 3_000;
        let mut widths = vec![0; widest + 1];
        let mut starts = vec![0; len];
        for index in 0..draws {
            let mask = covered(&spec, &map, index, axis);
            widths[mask.len()] += 1;
            if mask.len() == 1 {
                starts[mask.start] += 1;
            }
        }
        let each = draws as usize / (widest + 1);
        assert!(
            widths.iter().all(|n: &usize| n.abs_diff(each) < each / 5),
            "{widths:?}"
        );
        assert!(
            starts
                .iter()
                .all(|n: &usize| n.abs_diff(each / len) < each / len / 2),
            "{starts:?}"
        );
    }
}

#[test]
fn masks_are_filled_with_what_is_asked_for() {
    let mut map = noise((2, 6, 20));
    map.index_axis_mut(Axis(0), 1).mapv_inplace(|x| x - 50.0);
    let fills = |fill: Value| {
        let masks = json!([{"width": 1, "location": 0}, {"width": 1, "location": 1}]);
        let spec = json!({"type": "time_masking", "time_mask_param": 5, "fill": fill,
            "masks": masks});
        let out = apply(spec, &map);
        assert_eq!(out.slice(s![.., .., 5..15]), map.slice(s![.., .., 5..15]));
        out
    };
    let mean = |map: &FeatureMap, c: usize| map.index_axis(Axis(0), c).mean().unwrap();
    for (fill, want) in [
        (json!(-3.5), [-3.5, -3.5]),
        (json!("mean"), [mean(&map, 0), mean(&map, 1)]),
        (
            json!("min"),
            [0, 1].map(|c| {
                let plane = map.index_axis(Axis(0), c);
                plane.iter().copied().fold(f32::MAX, f32::min)
            }),
        ),
    ] {
        let out = fills(fill);
        for (c, want) in want.into_iter().enumerate() {
            let near = |x: &f32| (x - want).abs() < 1e-4;
            assert!(out.slice(s![c, .., ..5]).iter().all(near));
            assert!(out.slice(s![c, .., 15..]).iter().all(near));
        }
    }
    let out = fills(json!("random"));
    let first = out.slice(s![0, .., ..5]);
    assert_ne!(first, out.slice(s![0, .., 15..]));
    assert_ne!(first, out.slice(s![1, .., ..5]));
}

#[test]
fn random_filling_and_noise_have_the_moments_they_should() {
    let map = FeatureMap::from_elem((2, 100, 200), 5.0);
    let moments = |out: FeatureMap, from: f32| {
        let out = out.mapv(|x| f64::from(x - from));
        let mean = out.mean().unwrap();
        (
            mean,
            (out.mapv(|x| x * x).mean().unwrap() - mean * mean).sqrt(),
        )
    };
    let spec = json!({"type": "random_erasing", "scale": 1, "value": "random"});
    let (mean, deviation) = moments(apply(spec, &map), 0.0);
    assert!(mean.abs() < 0.02 && (deviation - 1.0).abs() < 0.02);
    let spec = json!({"type": "gaussian_noise", "sigma": 0.25});
    let (mean, deviation) = moments(apply(spec, &map), 5.0);
    assert!(mean.abs() < 0.005 && (deviation - 0.25).abs() < 0.005);
}

#[test]
fn a_warp_brings_one_frame_elsewhere_and_leaves_both_ends() {
    let map = places(2, 11);
    // W = 4; c = 4 + 0.5 · (10 − 8) = 5 comes to 5 + 0.5 · 4 = 7.
    let spec = json!({"type": "time_warp", "time_warp_param": 4, "distance": 0.5, "location": 0.5});
    let out = apply(spec, &map);
    for (frame, y) in out.slice(s![0, 0, ..]).indexed_iter() {
        let frame = frame as f32;
        let want = if frame < 7.0 {
            frame * 5.0 / 7.0
        } else {
            5.0 + (frame - 7.0) * 5.0 / 3.0
        };
        assert!((y - want).abs() < 1e-5, "{frame}: {y}");
    }
    // Too few frames for W: half of them is the most.
    for distance in [-1, 1] {
        let out = apply(json!({"type": "time_warp", "distance": distance}), &map);
        let ends = [out[[0, 1, 0]], out[[0, 1, 10]]];
        assert_eq!(
            ends,
            if distance == 1 {
                [100.0, 110.0]
            } else {
                [105.0, 110.0]
            }
        );
    }
    let still = apply(json!({"type": "time_warp", "distance": 0}), &map);
    close(&still, &map, 1e-4);
}

#[test]
fn rolls_shifts_and_flips_move_whole_values() {
    let map = places(3, 5);
    let row = |spec: Value| apply(spec, &map).slice(s![0, 1, ..]).to_vec();
    for (shift, want) in [
        (0.4, [103.0, 104.0, 100.0, 101.0, 102.0]),
        (-0.2, [101.0, 102.0, 103.0, 104.0, 100.0]),
        (1.0, [100.0, 101.0, 102.0, 103.0, 104.0]),
    ] {
        assert_eq!(row(json!({"type": "time_roll", "shift": shift})), want);
    }
    assert_eq!(
        row(json!({"type": "horizontal_flip"})),
        [104.0, 103.0, 102.0, 101.0, 100.0]
    );
    let column = |spec: Value| apply(spec, &map).slice(s![0, .., 2]).to_vec();
    assert_eq!(
        column(json!({"type": "vertical_flip"})),
        [202.0, 102.0, 2.0]
    );
    for (n_bins, mode, want) in [
        (1, "nearest", [2.0, 2.0, 102.0]),
        (-1, "nearest", [102.0, 202.0, 202.0]),
        (1, "constant", [-7.0, 2.0, 102.0]),
        (-2, "constant", [202.0, -7.0, -7.0]),
        (9, "constant", [-7.0, -7.0, -7.0]),
    ] {
        let spec =
            json!({"type": "frequency_shift", "n_bins": n_bins, "fill_mode": mode, "cval": -7});
        assert_eq!(column(spec), want);
    }
}

#[test]
fn zoom_and_shift_are_those_of_keras() {
    // scipy.ndimage.affine_transform(x, diag(1.2, 0.8), offset=c - diag(1.2, 0.8) @ c + t, order=1,
    //     mode=mode, cval=-9), c = (1.5, 2), t = (-0.4, 0.5): as Keras's apply_affine_transform
    let x: Array2<f32> = arr2(&[
        [1.0, 4.0, 2.0, 8.0, 5.0],
        [0.0, 3.0, 9.0, 7.0, 6.0],
        [2.0, 2.0, 4.0, 1.0, 3.0],
        [5.0, 8.0, 0.0, 6.0, 1.0],
    ]);
    let nearest = array![[
        [3.7, 2.6, 5.0, 7.1, 5.0],
        [3.2, 4.9, 6.5, 6.9, 5.5],
        [2.21, 4.54, 4.15, 3.13, 3.9],
        [7.13, 2.5, 2.95, 4.21, 1.2]
    ]];
    let constant = array![[
        [-9.0, -9.0, -9.0, -9.0, -9.0],
        [3.2, 4.9, 6.5, 6.9, -9.0],
        [2.21, 4.54, 4.15, 3.13, -9.0],
        [7.13, 2.5, 2.95, 4.21, -9.0]
    ]];
    for (mode, want) in [("nearest", nearest), ("constant", constant)] {
        let spec = json!({"type": "zoom_shift", "time_zoom": 0.8, "frequency_zoom": 1.2,
            "time_shift": -0.1, "frequency_shift": 0.1, "fill_mode": mode, "cval": -9});
        close(&apply(spec, &x.clone().insert_axis(Axis(0))), &want, 1e-5);
    }
    let map = noise((2, 9, 12));
    let nothing = json!({"type": "zoom_shift", "time_zoom": 1, "time_shift": 0});
    assert_eq!(apply(nothing, &map), map);
}

#[test]
fn rectangles_have_their_area_even_where_the_shape_does_not_fit() {
    let map = FeatureMap::from_elem((1, 40, 600), 1.0);
    for (scale, ratio, want) in [
        // √(0.02 · 24000 · 0.3) = 12 bins by 40 frames.
        (0.02, 0.3, (12, 40)),
        // √(0.33 · 24000 · 3.3) would be 162 bins: all 40, and 198 frames.
        (0.33, 3.3, (40, 198)),
        // √(0.9 · 24000 / 100) = 14.7 bins would be 1470 frames: all 600, and 36 bins.
        (0.9, 0.01, (36, 600)),
        (0.0, 1.0, (0, 0)),
        (1.0, 1.0, (40, 600)),
    ] {
        for index in 0..20 {
            let spec = json!({"type": "random_erasing", "scale": scale, "ratio": ratio});
            let out = apply_at(&spec, &map, index);
            let is_zero = |part: ndarray::ArrayView2<'_, f32>| part.iter().any(|x| *x == 0.0);
            let bins = out.axis_iter(Axis(1)).filter(|part| is_zero(*part)).count();
            let frames = out.axis_iter(Axis(2)).filter(|part| is_zero(*part)).count();
            assert_eq!((bins, frames), want);
            let zeros = out.iter().filter(|x| **x == 0.0).count();
            assert_eq!(zeros, want.0 * want.1, "one rectangle");
        }
    }
    // The corner where it is asked to be.
    let spec = json!({"type": "random_erasing", "scale": 0.25, "ratio": 1, "bin_location": 1,
        "frame_location": 0});
    let out = apply(spec, &FeatureMap::from_elem((1, 4, 4), 1.0));
    assert_eq!(out.slice(s![0, 2.., ..2]).sum(), 0.0);
    assert_eq!(out.sum(), 12.0);
}

#[test]
fn a_crop_is_the_part_made_larger() {
    let map = noise((2, 8, 8));
    let spec = json!({"type": "random_resized_crop", "scale": 0.25, "ratio": 1, "bin_location": 0,
        "frame_location": 1});
    let out = apply(spec, &map);
    for c in 0..2 {
        let want = resize_bilinear(map.slice(s![c, ..4, 4..]), (8, 8)).unwrap();
        assert_eq!(out.index_axis(Axis(0), c), want);
    }
    let whole = json!({"type": "random_resized_crop", "scale": 1, "ratio": 1});
    assert_eq!(apply(whole, &map), map);
}

#[test]
fn a_smaller_map_and_back_loses_the_details_alone() {
    let spec = || json!({"type": "resize_noise", "scale": 0.5});
    let slope = Array3::from_shape_fn((1, 16, 32), |(_, f, t)| (f + 2 * t) as f32);
    let inside = s![.., 2..14, 2..30];
    let out = apply(spec(), &slope);
    close(
        &out.slice(inside).to_owned(),
        &slope.slice(inside).to_owned(),
        1e-4,
    );
    // Bars one frame wide are more than half of the frames can tell.
    let bars = Array3::from_shape_fn((1, 16, 32), |(_, _, t)| (t % 2) as f32);
    assert!(apply(spec(), &bars).iter().all(|x| (x - 0.5).abs() < 1e-6));
    let same = json!({"type": "resize_noise", "scale": 1});
    assert_eq!(apply(same, &bars), bars);
}

#[test]
fn presets_have_the_numbers_of_their_sources() {
    use SpecAugmentPolicy::{Lb, Ld, Sm, Ss};
    for (policy, numbers) in [
        // W, F, F's masks, T, T's share, T's masks: table 1 of the paper.
        (Lb, json!([80, 27, 1, 100, 1.0, 1])),
        (Ld, json!([80, 27, 2, 100, 1.0, 2])),
        (Sm, json!([40, 15, 2, 70, 0.2, 2])),
        (Ss, json!([40, 27, 2, 70, 0.2, 2])),
    ] {
        let value = serde_json::to_value(SpectrogramAugmentation::spec_augment(policy)).unwrap();
        let [warp, bins, frames] = [0, 1, 2].map(|n| value["of"][n].clone());
        let got = json!([
            warp["time_warp_param"],
            bins["freq_mask_param"],
            bins["n_masks"],
            frames["time_mask_param"],
            frames["max_share"],
            frames["n_masks"]
        ]);
        assert_eq!(got, numbers, "{policy:?}");
    }
    let value = serde_json::to_value(SpectrogramAugmentation::masks_80_30()).unwrap();
    assert_eq!(value["of"][0]["time_mask_param"], 80);
    assert_eq!(value["of"][1]["freq_mask_param"], 30);
    assert_eq!(value["of"][1]["fill"], 0.0);
}
