//! No setting of a specification that the catalogue does not list makes it panic; the catalogue's
//! are tried beside it.

#![allow(clippy::unwrap_used, reason = "tests")]

use ndarray::Array2;
use proptest::prelude::*;
use sarangi_core::{Error, Result, SampleRate, Spec};
use sarangi_features::{
    CwtSpec, DwtSpec, GriffinLimSpec, HpssSpec, MelToAudioSpec, MelToStftSpec, MfccToAudioSpec,
    MfccToMelSpec, ReassignedSpec, TempoSpec,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const RATE: SampleRate = SampleRate::HZ_22050;

/// The defaults but for one field, if the value is of its kind; fields within fields count as well.
fn changed<S: Default + Serialize + DeserializeOwned>(field: usize, value: &Value) -> Option<S> {
    let mut spec = serde_json::to_value(S::default()).unwrap();
    let mut paths = Vec::new();
    collect(&spec, String::new(), &mut paths);
    let path = &paths[field % paths.len()];
    *spec.pointer_mut(path).unwrap() = value.clone();
    serde_json::from_value(spec).ok()
}

fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    if let Value::Object(fields) = value {
        for (key, value) in fields {
            let path = format!("{path}/{key}");
            paths.push(path.clone());
            collect(value, path, paths);
        }
    }
}

fn sound(len: usize) -> Vec<f32> {
    (0..len).map(|n| 0.5 * (n as f32 * 0.07).sin()).collect()
}

/// Whatever comes out is numbers, and whatever is refused is refused for a reason.
fn judge(outcome: Result<Vec<f32>>, may_hold_nan: bool) {
    match outcome {
        Ok(values) => assert!(may_hold_nan || values.iter().all(|x| x.is_finite())),
        Err(error) => {
            assert!(
                matches!(error, Error::Config { .. } | Error::Shape { .. }),
                "{error}"
            );
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
        }
    }
}

fn values<D: ndarray::Dimension>(array: ndarray::Array<f32, D>) -> Vec<f32> {
    array.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_setting_panics(
        which in 0usize..10,
        field in 0usize..40,
        value in prop::sample::select(vec![
            json!(0), json!(1), json!(2), json!(3), json!(-1), json!(0.5), json!(1e300),
            json!(u64::MAX), json!(null), json!(true), json!("max"), json!("none"), json!("db4"),
            json!("zero"), json!(17),
        ]),
        len in prop::sample::select(vec![0usize, 1, 100, 3000]),
    ) {
        let x = sound(len);
        // Bands or coefficients by frames; the number of rows is often wrong.
        let map = |rows: usize| Array2::from_shape_fn((rows, len / 1000), |(i, j)| (i + j) as f32 % 3.0);
        let rows = if len == 100 { 7 } else { 128 };
        match which {
            0 => if let Some(spec) = changed::<GriffinLimSpec>(field, &value) {
                judge(spec.build(()).and_then(|plan| plan.signal(map(1025).view(), None)), false);
            },
            1 => if let Some(spec) = changed::<MelToStftSpec>(field, &value) {
                judge(spec.build(RATE).and_then(|plan| plan.magnitude(map(rows).view())).map(values), false);
            },
            2 => if let Some(spec) = changed::<MelToAudioSpec>(field, &value) {
                judge(spec.build(RATE).and_then(|plan| plan.signal(map(rows).view(), Some(len))), false);
            },
            3 => if let Some(spec) = changed::<MfccToMelSpec>(field, &value) {
                judge(spec.build(()).and_then(|plan| plan.mel(map(20).view())).map(values), true);
            },
            4 => if let Some(spec) = changed::<MfccToAudioSpec>(field, &value) {
                judge(spec.build(RATE).and_then(|plan| plan.signal(map(20).view(), None)), true);
            },
            5 => if let Some(spec) = changed::<CwtSpec>(field, &value) {
                let back = spec.build(RATE).and_then(|plan| plan.inverse(plan.complex(&x)?.view()));
                judge(back, false);
            },
            6 => if let Some(spec) = changed::<TempoSpec>(field, &value) {
                let tempo = spec.build(RATE).and_then(|plan| plan.tempo(&x));
                judge(tempo.map(|_| Vec::new()), false);
            },
            7 => if let Some(spec) = changed::<DwtSpec>(field, &value) {
                let back = spec.build(()).and_then(|plan| plan.reconstruct(&plan.decompose(&x)?));
                judge(back, false);
            },
            8 => if let Some(spec) = changed::<ReassignedSpec>(field, &value) {
                let map = spec.build(RATE).and_then(|plan| plan.spectrogram(&x));
                judge(map.map(|map| values(map.magnitudes)), true);
            },
            _ => if let Some(spec) = changed::<HpssSpec>(field, &value) {
                judge(spec.build(()).and_then(|plan| plan.harmonic(&x)), false);
            },
        }
    }
}
