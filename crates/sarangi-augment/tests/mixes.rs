//! Mixes of the examples of a batch.
#![allow(clippy::unwrap_used, reason = "tests")]

use ndarray::{Array2, Array4, ArrayView, Axis, Dimension};
use proptest::prelude::*;
use sarangi_augment::{CutBox, MixDrawn, MixSpec};
use sarangi_core::{Error, Rng, Seed, Spec};
use serde_json::json;

/// Each example one constant, its own class.
fn constants(examples: usize, bins: usize, frames: usize) -> (Array4<f32>, Array2<f32>) {
    let batch = Array4::from_shape_fn((examples, 2, bins, frames), |(n, ..)| n as f32);
    let labels = Array2::from_shape_fn((examples, examples), |(n, k)| f32::from(n == k));
    (batch, labels)
}

fn noise(shape: (usize, usize, usize, usize)) -> (Array4<f32>, Array2<f32>) {
    let mut rng = Seed(4).named("noise");
    let batch = Array4::from_shape_fn(shape, |_| rng.normal() as f32);
    let mut labels = Array2::from_shape_fn((shape.0, 4), |_| rng.uniform() as f32 + 0.1);
    for mut row in labels.rows_mut() {
        let sum = row.sum();
        row.mapv_inplace(|x| x / sum);
    }
    (batch, labels)
}

fn spec(mixup_alpha: f64, cutmix_alpha: f64) -> MixSpec {
    MixSpec {
        mixup_alpha,
        cutmix_alpha,
        ..MixSpec::default()
    }
}

fn rng(index: u64) -> Rng {
    Seed(5).rng(0, index)
}

fn bits<D: Dimension>(values: ArrayView<'_, f32, D>) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn labels_stay_shares_and_the_record_does_it_again(
        shape in (0usize..6, 1usize..3, 0usize..20, 0usize..20),
        alphas in prop::sample::select(vec![(0.2, 0.0), (1.0, 0.0), (0.0, 1.0), (8.0, 0.5)]),
        seed in any::<u64>(),
    ) {
        let mixer = spec(alphas.0, alphas.1).build(()).unwrap();
        let (batch, labels) = noise(shape);
        let rng = || Seed(seed).rng(1, 2);
        let (x, y, drawn) = mixer.mix(batch.clone(), labels.clone(), &mut rng()).unwrap();
        prop_assert_eq!(x.dim(), batch.dim());
        prop_assert!(x.iter().all(|x| x.is_finite()));
        for row in y.rows() {
            prop_assert!((row.sum() - 1.0).abs() < 1e-5 && row.iter().all(|y| *y >= 0.0));
        }
        let written = serde_json::to_string(&drawn).unwrap();
        let read: MixDrawn = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(&read, &drawn);
        let (again, labels) = read.apply(batch, labels).unwrap();
        prop_assert_eq!(bits(again.view()), bits(x.view()));
        prop_assert_eq!(bits(labels.view()), bits(y.view()));
    }
}

#[test]
fn what_is_seen_is_what_the_label_says() {
    // Of constants, the mean over a map is λ of its own and 1 − λ of the other, whatever the mix.
    for spec in [spec(1.0, 0.0), spec(0.0, 1.0), spec(0.4, 0.6)] {
        let mixer = spec.build(()).unwrap();
        let (mut boxes, mut blends) = (0, 0);
        for index in 0..200 {
            let (batch, labels) = constants(5, 16, 30);
            let (x, y, drawn) = mixer.mix(batch, labels, &mut rng(index)).unwrap();
            for (n, x) in x.axis_iter(Axis(0)).enumerate() {
                let other = drawn.permutation[n];
                let want = drawn.lambda * n as f64 + (1.0 - drawn.lambda) * other as f64;
                let seen = x.mapv(f64::from).mean().unwrap();
                assert!((seen - want).abs() < 1e-5, "{seen} {want} {drawn:?}");
                let label: f64 = (0..5).map(|k| k as f64 * f64::from(y[[n, k]])).sum();
                assert!((label - want).abs() < 1e-5, "{label} {want} {drawn:?}");
            }
            match drawn.area {
                Some(CutBox { bins, frames }) => {
                    let inside = (bins[1] - bins[0]) * (frames[1] - frames[0]);
                    assert_eq!(drawn.lambda, 1.0 - inside as f64 / 480.0);
                    boxes += 1;
                }
                None => blends += 1,
            }
        }
        match (spec.mixup_alpha > 0.0, spec.cutmix_alpha > 0.0) {
            (true, true) => assert!((70..130).contains(&boxes), "{boxes}"),
            (mixup, _) => assert_eq!(if mixup { boxes } else { blends }, 0),
        }
    }
}

#[test]
fn a_box_shows_the_other_and_the_rest_itself() {
    let (batch, labels) = noise((3, 2, 4, 5));
    let area = CutBox {
        bins: [1, 3],
        frames: [0, 2],
    };
    let drawn = MixDrawn {
        permutation: vec![2, 0, 1],
        lambda: 0.8,
        area: Some(area),
    };
    let (x, y) = drawn.apply(batch.clone(), labels.clone()).unwrap();
    for ((n, c, f, t), x) in x.indexed_iter() {
        let inside = (1..3).contains(&f) && t < 2;
        let from = if inside { drawn.permutation[n] } else { n };
        assert_eq!(*x, batch[[from, c, f, t]]);
    }
    let want = 0.8f32 * labels[[0, 1]] + 0.2 * labels[[2, 1]];
    assert!((y[[0, 1]] - want).abs() < 1e-6);
}

#[test]
fn a_share_of_one_or_a_p_of_zero_is_the_batch_itself() {
    let (batch, labels) = noise((4, 2, 6, 7));
    let still = MixDrawn {
        permutation: vec![3, 2, 1, 0],
        lambda: 1.0,
        area: None,
    };
    let never = MixSpec {
        p: 0.0,
        ..spec(1.0, 1.0)
    };
    let drawn = never.build(()).unwrap().draw([4, 2, 6, 7], &mut rng(0));
    assert_eq!(drawn.lambda, 1.0);
    for drawn in [still, drawn] {
        let (x, y) = drawn.apply(batch.clone(), labels.clone()).unwrap();
        assert_eq!(bits(x.view()), bits(batch.view()));
        assert_eq!(bits(y.view()), bits(labels.view()));
    }
}

#[test]
fn shares_are_those_of_the_distribution_and_boxes_those_of_the_paper() {
    // Zhang et al.: λ from Beta(α, α), of mean ½ and variance 1 / (4 (2α + 1)).
    for alpha in [0.2, 1.0, 8.0] {
        let mixer = spec(alpha, 0.0).build(()).unwrap();
        let draw = |index| mixer.draw([2, 1, 4, 4], &mut rng(index)).lambda;
        let draws: Vec<f64> = (0..4_000).map(draw).collect();
        let mean = draws.iter().sum::<f64>() / 4_000.0;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4_000.0;
        let want = 1.0 / (4.0 * (2.0 * alpha + 1.0));
        assert!((mean - 0.5).abs() < 0.03, "{alpha}: {mean}");
        assert!((variance / want - 1.0).abs() < 0.08, "{alpha}: {variance}");
    }
    // Yun et al.: the middle anywhere, so that boxes are cut at the edges: the mean share inside is
    // E[r² (1 − r/4)²], r² uniform: ∫ r² (1 − r/4)² dr² = ½ − 1/5 + 1/48.
    let mixer = spec(0.0, 1.0).build(()).unwrap();
    let draw = |index| 1.0 - mixer.draw([2, 1, 500, 700], &mut rng(index)).lambda;
    let mean = (0..4_000).map(draw).sum::<f64>() / 4_000.0;
    let want = 0.5 - 0.2 + 1.0 / 48.0;
    assert!((mean - want).abs() < 0.015, "{mean} {want}");
}

#[test]
fn partners_are_a_random_permutation() {
    let mixer = spec(1.0, 0.0).build(()).unwrap();
    let mut counts = [[0u32; 3]; 3];
    for index in 0..3_000 {
        let drawn = mixer.draw([3, 1, 1, 1], &mut rng(index));
        for (n, other) in drawn.permutation.into_iter().enumerate() {
            counts[n][other] += 1;
        }
    }
    let even = |n: &u32| n.abs_diff(1_000) < 130;
    assert!(counts.as_flattened().iter().all(even), "{counts:?}");
}

#[test]
fn nonsense_is_an_error_that_names_the_field() {
    for (field, value) in [
        ("mixup_alpha", json!(-1.0)),
        ("mixup_alpha", json!(1e9)),
        ("mixup_alpha", json!(0.0)),
        ("cutmix_alpha", json!(1e-9)),
        ("switch_prob", json!(1.5)),
        ("p", json!(-0.1)),
    ] {
        let spec: MixSpec = serde_json::from_value(json!({field: value})).unwrap();
        let error = spec.build(()).unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{error}");
        assert!(
            error.to_string().starts_with(&format!("mix: {field}: ")),
            "{error}"
        );
    }
    let nan = MixSpec {
        mixup_alpha: f64::NAN,
        ..MixSpec::default()
    };
    assert!(nan.build(()).is_err());
    assert!(serde_json::from_value::<MixSpec>(json!({"alpha": 1})).is_err());
    let read: MixSpec = serde_json::from_str("{}").unwrap();
    assert_eq!(read, MixSpec::default());
    let written = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<MixSpec>(&written).unwrap(), read);
}

#[test]
fn what_does_not_fit_the_batch_is_refused() {
    let fine = json!({"permutation": [1, 0], "lambda": 0.5,
        "area": {"bins": [0, 2], "frames": [1, 3]}});
    let refused = |key: &str, value: serde_json::Value| {
        let mut record = fine.clone();
        record[key] = value;
        let drawn: MixDrawn = serde_json::from_value(record).unwrap();
        let (batch, labels) = constants(2, 2, 4);
        drawn.apply(batch, labels).unwrap_err().to_string()
    };
    let (batch, labels) = constants(2, 2, 4);
    let drawn: MixDrawn = serde_json::from_value(fine.clone()).unwrap();
    assert!(drawn.apply(batch.clone(), labels.clone()).is_ok());
    for (key, value) in [
        ("permutation", json!([0, 0])),
        ("permutation", json!([0, 1, 2])),
        ("permutation", json!([1, 2])),
        ("lambda", json!(0.6)),
        ("lambda", json!(-1.0)),
        ("area", json!({"bins": [2, 0], "frames": [1, 3]})),
        ("area", json!({"bins": [0, 2], "frames": [1, 9]})),
    ] {
        let text = refused(key, value);
        assert!(text.starts_with(&format!("mix: {key}: ")), "{text}");
    }
    let few = labels.slice_axis(Axis(0), (0..1).into()).to_owned();
    let text = drawn.apply(batch.clone(), few).unwrap_err().to_string();
    assert!(text.contains("labels of 2 examples"), "{text}");
    let mut broken = batch;
    broken[[1, 0, 0, 0]] = f32::NAN;
    assert!(matches!(
        drawn.apply(broken, labels),
        Err(Error::Shape { .. })
    ));
}
