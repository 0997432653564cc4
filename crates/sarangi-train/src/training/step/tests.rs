//! What becomes of gradients on the way to a step.

use std::collections::BTreeMap;

use sarangi_core::Seed;
use sarangi_nn::{Linear, Mode, Model, Params};

use super::*;
use crate::loss::Objective;
use crate::{
    ClipSpec, GradScaler, LossSpec, Optimiser, OptimiserSpec, Precision, Rate, ScalerSpec,
};

const CLASSES: usize = 3;

/// A network without batch norm.
struct Flat(Linear);

impl Model for Flat {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        self.0.forward(xs)
    }
}

fn learner(spec: &TrainingSpec) -> Learner {
    let params = Params::new(Seed(3), &Device::Cpu);
    let network = Flat(Linear::new(&params, 4, CLASSES).unwrap());
    Learner {
        optimiser: Optimiser::new(&spec.optimiser, &params).unwrap(),
        scaler: spec.new_scaler(),
        average: None,
        exchange: None,
        network: Box::new(network),
        params,
    }
}

/// Eight examples and their classes.
fn examples(scale: f32) -> (Vec<f32>, Vec<u32>) {
    let mut rng = Seed(4).rng(0, 0);
    let xs = (0..32).map(|_| scale * rng.normal() as f32).collect();
    (xs, vec![0, 1, 2, 0, 0, 1, 0, 0])
}

/// The weights after one epoch of batches of these sizes.
fn trained(
    spec: &TrainingSpec,
    objective: &Objective,
    sizes: &[usize],
    scale: f32,
) -> (BTreeMap<String, Vec<f32>>, Learner, usize) {
    let mut learner = learner(spec);
    let rates = EpochRates::Fixed(spec.optimiser.lr());
    let mut stepper = Stepper::new(spec, &rates, sizes.len());
    let (xs, labels) = examples(scale);
    let mut from = 0;
    for &size in sizes {
        let rows = &xs[4 * from..4 * (from + size)];
        let labels = &labels[from..from + size];
        let rows = Tensor::from_slice(rows, (size, 4), &Device::Cpu).unwrap();
        let rows = Value::tracked(&rows).unwrap();
        let logits = learner.network.forward(&rows, Mode::Eval).unwrap();
        let loss = objective.loss(&logits, labels, None).unwrap();
        let share = objective.share(labels, None);
        stepper.take(&loss, share, &mut learner).unwrap();
        from += size;
    }
    let weights = learner.params.snapshot().unwrap().into_iter();
    let weights = weights.map(|(name, t)| (name, t.flatten_all().unwrap().to_vec1().unwrap()));
    (weights.collect(), learner, stepper.skipped())
}

fn sgd(accumulate: usize) -> TrainingSpec {
    TrainingSpec {
        optimiser: OptimiserSpec::Sgd {
            lr: 0.5,
            momentum: 0.0,
            dampening: 0.0,
            weight_decay: 0.0,
            nesterov: false,
        },
        accumulate,
        ..TrainingSpec::default()
    }
}

#[track_caller]
fn assert_close(found: &BTreeMap<String, Vec<f32>>, expected: &BTreeMap<String, Vec<f32>>) {
    for (name, values) in expected {
        for (found, value) in found[name].iter().zip(values) {
            assert!((found - value).abs() < 1e-6, "{name}: {found} for {value}");
        }
    }
}

#[test]
fn several_batches_make_the_step_of_one_that_holds_them_all() {
    let weighted = Some(vec![0.5, 2.0, 3.0]);
    let smooth = LossSpec::CrossEntropy {
        label_smoothing: 0.1,
    };
    for objective in [
        Objective::new(LossSpec::default(), None),
        Objective::new(LossSpec::default(), weighted.clone()),
        Objective::new(LossSpec::Focal { gamma: 2.0 }, weighted.clone()),
        Objective::new(smooth, None),
    ] {
        let (whole, before, _) = trained(&sgd(1), &objective, &[8], 1.0);
        assert_eq!(before.optimiser.steps(), 1);
        // Of different sizes, and the last step of an epoch of fewer batches than asked for.
        for sizes in [&[4, 4][..], &[3, 5], &[3, 2, 3]] {
            let (parts, learner, _) = trained(&sgd(5), &objective, sizes, 1.0);
            assert_eq!(learner.optimiser.steps(), 1);
            assert_close(&parts, &whole);
        }
        let (two, learner, _) = trained(&sgd(2), &objective, &[2, 2, 4], 1.0);
        assert_eq!(learner.optimiser.steps(), 2);
        assert!(two["weight"] != whole["weight"]);
    }
}

#[test]
fn gradients_are_clipped_by_value_and_then_by_norm() {
    let objective = Objective::new(LossSpec::default(), None);
    let clipped = |clip| {
        let spec = TrainingSpec { clip, ..sgd(1) };
        trained(&spec, &objective, &[8], 100.0).0
    };
    let start = learner(&sgd(1)).params.snapshot().unwrap();
    let moved = |weights: &BTreeMap<String, Vec<f32>>| -> Vec<f32> {
        let old = |name: &String| start[name].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let pairs = weights.iter().map(|(name, new)| (old(name), new));
        pairs
            .flat_map(|(old, new)| old.into_iter().zip(new.clone()))
            .map(|(old, new)| (new - old) / 0.5)
            .collect()
    };
    let norm = |step: &[f32]| step.iter().map(|x| x * x).sum::<f32>().sqrt();
    let largest = |step: &[f32]| step.iter().fold(0f32, |most, x| most.max(x.abs()));
    let free = moved(&clipped(ClipSpec::default()));
    assert!(norm(&free) > 10.0 && largest(&free) > 5.0);
    let value = moved(&clipped(ClipSpec {
        value: Some(0.25),
        norm: None,
    }));
    assert!((largest(&value) - 0.25).abs() < 1e-4);
    let both = moved(&clipped(ClipSpec {
        value: Some(0.25),
        norm: Some(0.5),
    }));
    assert!((norm(&both) - 0.5).abs() < 1e-4, "{}", norm(&both));
    // Both bounds are met by scaling what was clipped, so that equal values stay equal.
    let ratio = norm(&value) / 0.5;
    for (value, both) in value.iter().zip(&both) {
        assert!((value - both * ratio).abs() < 1e-4);
    }
}

#[test]
fn a_scaled_loss_gives_the_same_step_and_overflow_gives_none() {
    let objective = Objective::new(LossSpec::default(), None);
    let f16 = |init_scale| TrainingSpec {
        precision: Precision::F16,
        scaler: ScalerSpec {
            init_scale,
            growth_interval: 2,
            ..ScalerSpec::default()
        },
        ..sgd(1)
    };
    let (plain, ..) = trained(&sgd(1), &objective, &[4, 4], 1.0);
    let (scaled, learner, skipped) = trained(&f16(1024.0), &objective, &[4, 4], 1.0);
    // Powers of two, so that nothing is rounded.
    assert_eq!(scaled, plain);
    assert_eq!((skipped, learner.scaler.unwrap().scale()), (0, 2048.0));

    let start = self::learner(&sgd(1)).params.snapshot().unwrap();
    let (left, learner, skipped) = trained(&f16(2f64.powi(127)), &objective, &[4, 4], 1e3);
    let mut expected = GradScaler::new(&f16(2f64.powi(127)).scaler);
    (0..2).for_each(|_| expected.update(&f16(1.0).scaler, false));
    assert_eq!((skipped, learner.scaler), (2, Some(expected)));
    assert_eq!(learner.optimiser.steps(), 0);
    let weight: Vec<f32> = start["weight"].flatten_all().unwrap().to_vec1().unwrap();
    assert_eq!(left["weight"], weight);
}

#[test]
fn every_step_has_the_rate_of_its_place() {
    let cosine = EpochRates::Cosine {
        base: 0.5,
        first: 0,
        total: 2,
        warm: 0,
        start_factor: 1.0,
        eta_min: 0.0,
    };
    assert_eq!(cosine.at(0), Rate::from(0.5));
    let spec = sgd(1);
    let objective = Objective::new(LossSpec::default(), None);
    let mut learner = learner(&spec);
    let mut stepper = Stepper::new(&spec, &cosine, 2);
    let mut moved = Vec::new();
    for _ in 0..2 {
        let before = learner.params.snapshot().unwrap();
        let xs = Tensor::ones((2, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        let forward = || {
            let xs = Value::tracked(&xs).unwrap();
            let logits = learner.network.forward(&xs, Mode::Eval).unwrap();
            objective.loss(&logits, &[0, 1], None).unwrap()
        };
        // A way back can be gone once.
        let (loss, gradient) = (forward(), forward());
        let parameters = learner.optimiser.parameters();
        let gradient = gradient.backward().unwrap().get(&parameters[0]).unwrap();
        stepper.take(&loss, 2.0, &mut learner).unwrap();
        let bias = |params: &BTreeMap<String, Tensor>| params["bias"].to_vec1::<f32>().unwrap();
        let after = learner.params.snapshot().unwrap();
        let gradient = gradient.unwrap().to_vec1::<f32>().unwrap();
        moved.push((bias(&before)[0] - bias(&after)[0]) / gradient[0]);
    }
    assert!(
        (moved[0] - 0.5).abs() < 1e-4 && (moved[1] - 0.25).abs() < 1e-4,
        "{moved:?}"
    );
}
