//! What [`Params`] promises.

use super::*;
use candle_core::DType;

fn ask_for_two(params: &Params) -> Result<()> {
    let block = params.sub("block1");
    block.weight("weight", (2, 3), Init::FanInUniform)?;
    block.buffer("running_mean", 2, Init::Const(0.0))?;
    Ok(())
}

fn two(seed: u64) -> Params {
    let params = Params::new(Seed(seed), &Device::Cpu);
    ask_for_two(&params).unwrap();
    params
}

#[test]
fn values_depend_on_the_seed_and_the_name_alone() {
    let values = |p: &Params| {
        p.snapshot().unwrap()["block1.weight"]
            .flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()
    };
    let other = Params::new(Seed(1), &Device::Cpu);
    other.weight("first", 7, Init::FanInUniform).unwrap();
    other
        .sub("block1")
        .weight("weight", (2, 3), Init::FanInUniform)
        .unwrap();
    assert_eq!(values(&two(1)), values(&other));
    assert_ne!(values(&two(1)), values(&two(2)));
}

#[test]
fn loading_is_strict_both_ways_and_changes_nothing_when_it_fails() {
    let (from, to) = (two(1), two(2));
    let before = to.snapshot().unwrap();
    let mut tensors = from.snapshot().unwrap();
    tensors.insert(
        "extra".into(),
        Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap(),
    );
    tensors.remove("block1.running_mean");
    let message = to.load(&tensors).unwrap_err().to_string();
    assert!(
        message.contains("`block1.running_mean` is missing"),
        "{message}"
    );
    assert!(message.contains("`extra` is unknown"), "{message}");
    let flat = |m: &BTreeMap<String, Tensor>| {
        m["block1.weight"]
            .flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()
    };
    assert_eq!(flat(&to.snapshot().unwrap()), flat(&before));
    to.load(&from.snapshot().unwrap()).unwrap();
    assert_eq!(
        flat(&to.snapshot().unwrap()),
        flat(&from.snapshot().unwrap())
    );
}

#[test]
fn only_weights_are_trainable() {
    let params = two(1);
    assert_eq!(params.trainable_count(), 6);
    assert_eq!(params.all().len(), 2);
}

/// Every way in which a tensor cannot be `block1.weight`, and what the error says.
fn unfit() -> Vec<(Tensor, &'static str)> {
    let of = |values: [f32; 6]| Tensor::from_vec(values.to_vec(), (2, 3), &Device::Cpu);
    let zeros = |shape, dtype| Tensor::zeros(shape, dtype, &Device::Cpu);
    let huge = Tensor::full(1e300f64, (2, 3), &Device::Cpu);
    [
        (of([0.0, 0.0, f32::NAN, 0.0, 0.0, 0.0]), "holds NaN"),
        (of([0.0, 0.0, 0.0, 0.0, 0.0, f32::INFINITY]), "holds inf"),
        (huge, "holds inf"),
        (zeros((2, 3), DType::I64), "is of type i64"),
        (zeros((3, 2), DType::F32), "has shape [3, 2] instead of"),
    ]
    .map(|(tensor, part)| (tensor.unwrap(), part))
    .into()
}

#[test]
fn unfit_values_are_named_and_change_nothing() {
    for (tensor, part) in unfit() {
        let params = two(1);
        let before = params.snapshot().unwrap();
        let mut tensors = two(2).snapshot().unwrap();
        tensors.insert("block1.weight".into(), tensor);
        let given = Params::from_values(tensors.clone(), &Device::Cpu);
        for error in [params.load(&tensors), ask_for_two(&given)] {
            let message = error.unwrap_err().to_string();
            let said = format!("`block1.weight` {part}");
            assert!(message.contains(&said), "{message}");
        }
        for (name, tensor) in params.snapshot().unwrap() {
            assert_eq!(tensor.to_string(), before[&name].to_string());
        }
    }
}

#[test]
fn a_network_is_built_from_the_values_given_and_all_of_them() {
    let mut tensors = two(1).snapshot().unwrap();
    let params = Params::from_values(tensors.clone(), &Device::Cpu);
    ask_for_two(&params).unwrap();
    params.check_all_used().unwrap();
    for (name, tensor) in params.snapshot().unwrap() {
        assert_eq!(tensor.to_string(), tensors[&name].to_string());
    }
    // What was given is copied: training must not change it.
    let (_, var) = params.trainable().remove(0);
    var.set(&var.zeros_like().unwrap()).unwrap();
    let sum = tensors["block1.weight"].abs().unwrap().sum_all().unwrap();
    assert!(sum.to_scalar::<f32>().unwrap() > 0.0);

    let extra = Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap();
    tensors.insert("extra".into(), extra);
    let params = Params::from_values(tensors.clone(), &Device::Cpu);
    ask_for_two(&params).unwrap();
    let message = params.check_all_used().unwrap_err().to_string();
    assert!(message.ends_with("got `extra` is unknown"), "{message}");

    tensors.remove("block1.running_mean");
    let params = Params::from_values(tensors, &Device::Cpu);
    let message = ask_for_two(&params).unwrap_err().to_string();
    assert!(
        message.contains("`block1.running_mean` is missing"),
        "{message}"
    );
}

#[test]
fn absurd_shapes_are_refused_before_memory_is_asked_for() {
    let params = Params::new(Seed(0), &Device::Cpu);
    for dims in [
        vec![1 << 31, 1 << 31, 16],
        vec![usize::MAX],
        vec![MAX_VALUES + 1],
    ] {
        let weight = params.weight("w", dims.clone(), Init::Const(0.0));
        let buffer = params.buffer("w", dims, Init::Const(0.0)).map(|_| ());
        for error in [weight.map(|_| ()).unwrap_err(), buffer.unwrap_err()] {
            assert!(matches!(&error, Error::Config { field, .. } if field == "w"));
        }
    }
    assert!(params.all().is_empty());
}

#[test]
fn what_is_frozen_is_kept_but_not_trained_and_sees_what_is_loaded() {
    let params = Params::new(Seed(1), &Device::Cpu);
    let base = params.frozen(Freeze::Base).sub("base");
    assert_eq!(base.freeze(), Freeze::Base);
    let frozen = base.weight("weight", 3, Init::FanInUniform).unwrap();
    let head = base.thawed().weight("head", 3, Init::FanInUniform).unwrap();
    let still = params.frozen(Freeze::Statistics).sub("still");
    let still = still.weight("weight", 3, Init::FanInUniform).unwrap();
    assert!(!frozen.is_variable() && head.is_variable() && still.is_variable());
    let names: Vec<String> = params
        .trainable()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["base.head", "still.weight"]);
    let shapes = params.shapes().into_iter();
    let heads: Vec<String> = shapes
        .filter_map(|(name, shape)| shape.head.then_some(name))
        .collect();
    assert_eq!(heads, ["base.head"]);
    let sevens = || Tensor::full(7.0f32, 3, &Device::Cpu).unwrap();
    let tensors = params.all().into_iter().map(|(name, _)| (name, sevens()));
    params.load(&tensors.collect()).unwrap();
    for tensor in [frozen, head, still] {
        assert_eq!(tensor.to_vec1::<f32>().unwrap(), [7.0; 3]);
    }
}

#[test]
fn an_outline_keeps_names_and_shapes_and_no_values() {
    let params = Params::outline(&Device::Cpu);
    ask_for_two(&params).unwrap();
    // 8 GiB, were it kept.
    let large = params.weight("large", MAX_VALUES, Init::FanInUniform);
    assert_eq!(large.unwrap().dims(), [MAX_VALUES]);
    let shapes: Vec<_> = params
        .shapes()
        .into_iter()
        .map(|(name, shape)| (name, shape.dims))
        .collect();
    let expected = [
        ("block1.running_mean", vec![2]),
        ("block1.weight", vec![2, 3]),
        ("large", vec![MAX_VALUES]),
    ];
    assert_eq!(shapes, expected.map(|(name, dims)| (name.to_owned(), dims)));
    assert!(params.all().is_empty() && params.snapshot().unwrap().is_empty());
    assert!(
        params
            .weight("large", MAX_VALUES + 1, Init::Const(0.0))
            .is_err()
    );
    assert!(
        params
            .sub("block1")
            .weight("weight", 7, Init::Const(0.0))
            .is_err()
    );
    let shapes = |params: &Params| params.shapes();
    let outline = Params::outline(&Device::Cpu);
    ask_for_two(&outline).unwrap();
    assert_eq!(shapes(&outline), shapes(&two(1)));
}

#[test]
fn names_hold_and_let_go_and_a_second_building_follows() {
    let params = Params::new(Seed(1), &Device::Cpu);
    let build = |params: &Params| {
        for layer in ["a", "b"] {
            let place = params.frozen(Freeze::Base).sub(layer);
            place.weight("weight", 3, Init::FanInUniform).unwrap();
            place.buffer("running_mean", 3, Init::Const(0.0)).unwrap();
        }
        let head = params.frozen(Freeze::Base).thawed().sub("head");
        let weight = head.weight("weight", 3, Init::FanInUniform).unwrap();
        let moves = params.frozen(Freeze::Base).sub("b").moves("running_mean");
        (weight.is_variable(), moves)
    };
    let trainable = || -> Vec<String> {
        let trainable = params.trainable().into_iter();
        trainable.map(|(name, _)| name).collect()
    };
    let hold = |held: &[&str], free: &[&str]| Hold {
        held: held.iter().copied().collect(),
        free: free.iter().copied().collect(),
    };
    assert_eq!(build(&params), (true, false));
    assert_eq!(trainable(), ["head.weight"]);
    let before = params.snapshot().unwrap();
    assert_eq!(
        build(&params.holding(hold(&["head.*"], &["b.*"]))),
        (false, true)
    );
    assert_eq!(trainable(), ["b.weight"]);
    assert_eq!(build(&params.holding(hold(&["*"], &["*"]))), (true, true));
    assert_eq!(trainable(), ["a.weight", "b.weight", "head.weight"]);
    for (name, tensor) in params.snapshot().unwrap() {
        assert_eq!(tensor.to_string(), before[&name].to_string());
    }
}
