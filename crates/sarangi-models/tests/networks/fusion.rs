//! Late fusion: inputs by name or side by side, wiring, what it refuses.

use candle_core::Tensor;
use sarangi_core::Result;
use sarangi_models::ModelSpec;
use sarangi_nn::{Inputs, Mode, Value};

use crate::{any, build, formula};

const SMALL: (&str, &str) = ("base", "five-channel-cnn");

fn flat(value: Value) -> Vec<f32> {
    let tensor = value.tensor().unwrap();
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn pictures() -> (Tensor, Tensor) {
    (
        formula::tensor("a", &[2, 3, 16, 20]),
        formula::tensor("b", &[2, 3, 16, 20]),
    )
}

#[test]
fn inputs_by_name_and_side_by_side_are_the_same() {
    for fusion in ["concatenation", "average", "gated"] {
        let (params, network) = build("late-fusion", &[SMALL, ("fusion", fusion)], [6, 4]);
        formula::fill(&params, 2.0);
        assert_eq!(network.inputs(), ["spectrogram", "wavelet"]);
        let (a, b) = pictures();
        let both = Value::new(&Tensor::cat(&[&a, &b], 1).unwrap()).unwrap();
        let (a, b) = (Value::new(&a).unwrap(), Value::new(&b).unwrap());
        let together = flat(network.forward(&both, Mode::Eval).unwrap());
        let named = Inputs::Named(&[("wavelet", &b), ("spectrogram", &a)]);
        let apart = flat(network.forward_inputs(named, Mode::Eval).unwrap());
        assert_eq!(together, apart, "{fusion}");
        let swapped = Inputs::Named(&[("wavelet", &a), ("spectrogram", &b)]);
        let swapped = flat(network.forward_inputs(swapped, Mode::Eval).unwrap());
        assert_ne!(together, swapped, "{fusion}");
        let embedding = network.forward_features(named, Mode::Eval).unwrap();
        assert_eq!(embedding.dims(), [2, 32]);
    }
}

/// Pictures of two sizes, which cannot stand side by side.
#[test]
fn named_inputs_may_differ_in_size() {
    let (_, network) = build("late-fusion", &[SMALL], [2, 4]);
    let a = Value::new(&formula::tensor("a", &[2, 1, 16, 20])).unwrap();
    let b = Value::new(&formula::tensor("b", &[2, 1, 40, 9])).unwrap();
    let named = Inputs::Named(&[("spectrogram", &a), ("wavelet", &b)]);
    assert_eq!(
        network.forward_inputs(named, Mode::Eval).unwrap().dims(),
        [2, 4]
    );
}

#[test]
fn as_coded_the_second_input_reaches_nothing() {
    let wiring = [SMALL, ("shared_base", "true"), ("wiring", "first")];
    let (_, network) = build("late-fusion", &wiring, [6, 4]);
    let (a, b) = pictures();
    let (a, b) = (Value::new(&a).unwrap(), Value::new(&b).unwrap());
    let run = |second: &Value| {
        let named = [("spectrogram", &a), ("wavelet", second)];
        flat(
            network
                .forward_inputs(Inputs::Named(&named), Mode::Eval)
                .unwrap(),
        )
    };
    assert_eq!(run(&b), run(&a));
}

#[test]
fn a_branch_is_watched_but_not_entered() {
    let (_, network) = build("late-fusion", &[SMALL], [6, 4]);
    let (a, b) = pictures();
    let both = Value::tracked(&Tensor::cat(&[&a, &b], 1).unwrap()).unwrap();
    let stage = "wavelet.block2";
    let at = network
        .forward_to(stage, (&both).into(), Mode::Eval)
        .unwrap();
    let error = network.forward_from(stage, &at, Mode::Eval).unwrap_err();
    assert!(error.to_string().contains("forward_watched"), "{error}");
    let rest = network
        .forward_to("join", (&both).into(), Mode::Eval)
        .unwrap();
    let rest = network.forward_from("join", &rest, Mode::Eval).unwrap();
    assert_eq!(rest.dims(), [2, 4]);

    let mut variable = None;
    let mut watch = |name: &str, value: Value| -> Result<Value> {
        if name != stage {
            return Ok(value);
        }
        let made = Value::variable(&value.tensor()?)?;
        variable = Some(made.clone());
        Ok(made)
    };
    let logits = network
        .forward_watched((&both).into(), Mode::Eval, &mut watch)
        .unwrap();
    let ones = Tensor::ones((2, 4), candle_core::DType::F32, b.device()).unwrap();
    let gradients = logits.backward_from(&Value::new(&ones).unwrap()).unwrap();
    let gradient = gradients.of(&variable.unwrap()).unwrap().unwrap();
    assert_eq!(gradient.dims(), at.dims());
    assert!(
        gradient
            .abs()
            .unwrap()
            .sum_all()
            .unwrap()
            .to_scalar::<f32>()
            .unwrap()
            > 0.0
    );
}

#[test]
fn senseless_fusions_are_named() {
    let cases = [
        (("inputs", r#"["a"]"#), 6, "inputs"),
        (("inputs", r#"["a", "a"]"#), 6, "distinct"),
        (("inputs", r#"["a", "b.c"]"#), 6, "letters"),
        (("width", "0"), 6, "width"),
        (("base", "late-fusion"), 6, "one input"),
        (("dropout", "1"), 6, "dropout"),
        (("hidden", "32"), 5, "multiple of 2"),
    ];
    for ((field, value), in_channels, part) in cases {
        let spec = ModelSpec::named("late-fusion", &[(field, value)]).unwrap();
        let params = sarangi_nn::Params::new(sarangi_core::Seed(1), &candle_core::Device::Cpu);
        let built = any::build(&spec, &params, [in_channels, 4]);
        let message = built.err().unwrap().to_string();
        assert!(message.contains(part), "{message}");
    }
    let (_, network) = build("late-fusion", &[SMALL], [6, 4]);
    let xs = Value::new(&formula::tensor("a", &[2, 3, 16, 20])).unwrap();
    let message = network.forward(&xs, Mode::Eval).unwrap_err().to_string();
    assert!(
        message.contains("spectrogram, wavelet side by side"),
        "{message}"
    );
    let named = Inputs::Named(&[("spectrogram", &xs)]);
    let message = network
        .forward_inputs(named, Mode::Eval)
        .unwrap_err()
        .to_string();
    assert!(message.contains("`spectrogram`, `wavelet`"), "{message}");
}
