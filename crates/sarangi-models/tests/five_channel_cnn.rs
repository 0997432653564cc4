//! The five-channel network against torch: counts, names, logits, weight files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/build.rs"]
mod any;

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use ndarray::IxDyn;
use sarangi_core::{Error, IntoTensor, Seed, TensorExt};
use sarangi_models::{FiveChannelCnnSpec, ModelSpec, load_weights};
use sarangi_nn::{Model, Params};
use sarangi_testkit::{Golden, fixture, goldens};

fn build(golden: &Golden) -> (Params, Box<dyn Model>) {
    let number = |field: &str| golden.spec[field].as_u64().unwrap() as usize;
    let params = Params::new(Seed(1), &Device::Cpu);
    let spec = ModelSpec::FiveChannelCnn(FiveChannelCnnSpec {
        first_kernel: number("first_kernel"),
        ..Default::default()
    });
    let network = any::build(&spec, &params, [number("in_channels"), number("classes")]);
    (params, network.unwrap())
}

fn check_logits(golden: &Golden, network: &dyn Model) {
    let x = golden.array("x").into_tensor(&Device::Cpu).unwrap();
    let y = network.predict(&x).unwrap();
    y.with_array::<IxDyn, _>(|y| golden.assert_close("y", y))
        .unwrap();
}

#[test]
fn counts_and_logits_equal_torch() {
    let counts = BTreeMap::from([(3, 29_450), (4, 30_634), (5, 30_026)]);
    for golden in goldens("models") {
        let (params, network) = build(&golden);
        let channels = golden.spec["in_channels"].as_u64().unwrap();
        assert_eq!(params.trainable_count(), counts[&channels]);
        let weights: BTreeMap<String, Tensor> = golden
            .names()
            .filter_map(|name| Some((name, name.strip_prefix("weights.")?)))
            .map(|(name, key)| {
                (
                    key.to_owned(),
                    golden.array(name).into_tensor(&Device::Cpu).unwrap(),
                )
            })
            .collect();
        params.load(&weights).unwrap();
        check_logits(&golden, network.as_ref());
    }
}

#[test]
fn torch_files_load_unmodified() {
    let goldens = goldens("models");
    let golden = goldens
        .iter()
        .find(|g| g.name == "five_channel_cnn_5")
        .unwrap();
    for file in ["five_channel_cnn.ckpt", "five_channel_cnn.pth"] {
        let (params, network) = build(golden);
        load_weights(&params, fixture("golden/models").join(file)).unwrap();
        check_logits(golden, network.as_ref());
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let goldens = goldens("models");
    for golden in &goldens {
        let (_, network) = build(golden);
        let channels = golden.spec["in_channels"].as_u64().unwrap() as usize;
        let least = 4.max(golden.spec["first_kernel"].as_u64().unwrap() as usize + 1);
        let forward = |dims: &[usize]| {
            let xs = Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
            network.predict(&xs)
        };
        assert_eq!(forward(&[1, channels, least, least]).unwrap().dims()[0], 1);
        let wrong: [&[usize]; 5] = [
            &[channels, 40, 130],
            &[1, channels + 1, 40, 130],
            &[1, channels, least - 1, 130],
            &[1, channels, 40, least - 1],
            &[0, channels, 40, 130],
        ];
        for dims in wrong {
            let error = forward(dims).unwrap_err();
            assert!(matches!(error, Error::Shape { .. }), "{error}");
            let message = error.to_string();
            assert!(message.ends_with(&format!("got {dims:?}")), "{message}");
            let expected = format!("(batch, {channels}, bins, frames)");
            assert!(message.contains(&expected), "{message}");
        }
    }
}
