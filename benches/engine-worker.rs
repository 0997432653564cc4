//! Our side of `python benches/compare.py --suite engine`: runs operations and training steps that
//! it is told on standard input, one JSON object a line, and answers with their times. The protocol
//! is in `benches/comparison/worker.py`, the specs in `benches/comparison/suites/engine.py`.

use anyhow::Result;
use candle_core::{DType, Device, Tensor, Var};
use sarangi::core::{Backend, Seed, Spec};
use sarangi::models::{ModelContext, ModelSpec};
use sarangi::nn::{
    AdamStep, CrossEntropy, Geometry2d, Mode, Params, SgdStep, Targets, Value, adam_step,
    allow_tf32, batch_norm_train, conv2d, cross_entropy, max_pool2d, sgd_step,
};
use sarangi::train::Precision;
use sarangi_benches::serving::{Iteration, Product, Values, serve};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Row {
    Conv2d {
        x: [usize; 4],
        w: [usize; 4],
        bias: bool,
        stride: [usize; 2],
        padding: [usize; 2],
        groups: usize,
        gradients: Vec<String>,
    },
    BatchNorm {
        x: [usize; 4],
        gradients: Vec<String>,
    },
    MaxPool2d {
        x: [usize; 4],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
        gradients: Vec<String>,
    },
    TrainStep {
        model: String,
        x: [usize; 4],
        classes: usize,
        optimiser: Optimiser,
        #[serde(default)]
        device: Backend,
        #[serde(default)]
        precision: Precision,
    },
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Optimiser {
    Adam { lr: f64 },
    Sgd { lr: f64, momentum: f64 },
}

fn main() -> Result<()> {
    // A first operation starts the threads, so that a row's memory is its own.
    let spec = json!({"op": "max_pool2d", "x": [1, 8, 8, 8], "kernel": [2, 2], "stride": [2, 2],
        "padding": [0, 0], "gradients": ["x"]});
    drop(build(&serde_json::from_value(spec)?)?()?);
    serve("sarangi", sarangi::nn::release_memory, build)
}

/// No row compares what its sides compute.
fn nothing() -> Product {
    Box::new(Values::default)
}

fn build(row: &Row) -> Result<Iteration> {
    match row {
        Row::Conv2d {
            x,
            w,
            bias,
            stride,
            padding,
            groups,
            gradients,
        } => {
            let window = Geometry2d {
                stride: *stride,
                padding: *padding,
                ..Geometry2d::new([w[2], w[3]])
            };
            let (groups, filter) = (*groups, variable("w", w)?);
            let bias = bias.then(|| variable("b", &[w[0]])).transpose()?;
            operation(x, gradients, move |x| {
                let bias = bias.as_ref().map(Var::as_tensor);
                Ok(conv2d(x, &filter, bias, window, groups)?)
            })
        }
        Row::BatchNorm { x, gradients } => {
            let [gamma, beta] = [1.0, 0.0].map(|v| {
                Tensor::full(v, x[1], &Device::Cpu)?
                    .to_dtype(DType::F32)
                    .and_then(|t| Var::from_tensor(&t))
            });
            let (gamma, beta) = (gamma?, beta?);
            operation(x, gradients, move |x| {
                Ok(batch_norm_train(x, &gamma, &beta, 1e-5)?.0)
            })
        }
        Row::MaxPool2d {
            x,
            kernel,
            stride,
            padding,
            gradients,
        } => {
            let window = Geometry2d {
                stride: *stride,
                padding: *padding,
                ..Geometry2d::new(*kernel)
            };
            operation(x, gradients, move |x| Ok(max_pool2d(x, window)?))
        }
        Row::TrainStep {
            model,
            x,
            classes,
            optimiser,
            device,
            precision,
        } => {
            allow_tf32(*precision == Precision::Tf32);
            let dtype = match precision {
                Precision::Bf16 => DType::BF16,
                Precision::F16 => DType::F16,
                Precision::F32 | Precision::Tf32 => DType::F32,
            };
            train_step(model, x, *classes, optimiser, &device.device()?, dtype)
        }
    }
}

/// An operation forward, and backward if any gradients are asked for.
fn operation(
    x: &[usize],
    gradients: &[String],
    forward: impl Fn(&Value) -> Result<Value> + 'static,
) -> Result<Iteration> {
    let x = random("x", x)?;
    let wants = |name: &str| gradients.iter().any(|gradient| gradient == name);
    if gradients.is_empty() {
        let x = Value::new(&x)?;
        return Ok(Box::new(move || {
            forward(&x)?.settle();
            Ok(nothing())
        }));
    }
    let x = match wants("x") {
        true => Value::variable(&x)?,
        false => Value::tracked(&x)?,
    };
    let dy = Value::new(&random("dy", forward(&x)?.dims())?)?;
    Ok(Box::new(move || {
        let y = forward(&x)?;
        y.settle();
        y.backward_from(&dy)?;
        Ok(nothing())
    }))
}

fn train_step(
    model: &str,
    x: &[usize; 4],
    classes: usize,
    optimiser: &Optimiser,
    device: &Device,
    dtype: DType,
) -> Result<Iteration> {
    let spec = ModelSpec::named(model, &[])?;
    let params = Params::new(Seed(1), device);
    let network = spec.build(ModelContext {
        params: &params,
        in_channels: x[1],
        classes,
    })?;
    let batch = random("x", x)?.to_device(device)?;
    let labels: Vec<u32> = (0..x[0]).map(|i| (i % classes) as u32).collect();
    let mut rng = Seed(2).named("dropout");
    let mut optimise = optimise(optimiser, &params)?;
    Ok(Box::new(move || {
        let xs = Value::tracked(&batch)?.to_dtype(dtype)?;
        let logits = network.forward(&xs, Mode::Train(&mut rng))?;
        let targets = Targets::Classes(&labels);
        let loss = cross_entropy(&logits, targets, &CrossEntropy::default())?;
        optimise(&loss.backward()?)?;
        // A GPU goes on by itself: the step is over when it has come to the end.
        params.device().synchronize()?;
        Ok(nothing())
    }))
}

type Optimise = Box<dyn FnMut(&sarangi::nn::Gradients) -> Result<()>>;

fn optimise(optimiser: &Optimiser, params: &Params) -> Result<Optimise> {
    let mut step = 0;
    let zeros = |var: &Var| Var::zeros(var.shape(), DType::F32, var.device());
    let parameters = params.trainable().into_iter().map(|(_, var)| var);
    match *optimiser {
        Optimiser::Adam { lr } => {
            let slots = parameters
                .map(|var| Ok((zeros(&var)?, zeros(&var)?, var)))
                .collect::<Result<Vec<_>>>()?;
            Ok(Box::new(move |gradients| {
                step += 1;
                let step = AdamStep {
                    lr,
                    betas: (0.9, 0.999),
                    eps: 1e-8,
                    weight_decay: 0.0,
                    decoupled: false,
                    step,
                };
                for (first, second, var) in &slots {
                    adam_step(var, gradients, [first, second], step)?;
                }
                Ok(())
            }))
        }
        Optimiser::Sgd { lr, momentum } => {
            let slots = parameters
                .map(|var| Ok((zeros(&var)?, var)))
                .collect::<Result<Vec<_>>>()?;
            Ok(Box::new(move |gradients| {
                step += 1;
                let step = SgdStep {
                    lr,
                    momentum,
                    dampening: 0.0,
                    weight_decay: 0.0,
                    nesterov: false,
                    step,
                };
                for (direction, var) in &slots {
                    sgd_step(var, gradients, Some(direction), step)?;
                }
                Ok(())
            }))
        }
    }
}

fn random(name: &str, shape: &[usize]) -> Result<Tensor> {
    let mut rng = Seed(1).named(name);
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|_| rng.normal() as f32).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

fn variable(name: &str, shape: &[usize]) -> Result<Var> {
    Ok(Var::from_tensor(&random(name, shape)?)?)
}
