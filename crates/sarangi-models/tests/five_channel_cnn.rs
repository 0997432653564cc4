//! The five-channel network against torch: counts, names, logits, weight files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use ndarray::IxDyn;
use sarangi_core::{Error, IntoTensor, Seed, Spec, TensorExt};
use sarangi_models::{FiveChannelCnnSpec, ModelContext, Network, load_weights, read_weights};
use sarangi_nn::{Model, Params};
use sarangi_testkit::{Golden, fixture, goldens};

fn build(golden: &Golden) -> (Params, Network) {
    let number = |field: &str| golden.spec[field].as_u64().unwrap() as usize;
    let params = Params::new(Seed(1), &Device::Cpu);
    let spec = FiveChannelCnnSpec {
        first_kernel: number("first_kernel"),
        ..Default::default()
    };
    let (in_channels, classes) = (number("in_channels"), number("classes"));
    let network = spec
        .build(ModelContext {
            params: &params,
            in_channels,
            classes,
        })
        .unwrap();
    (params, network)
}

fn check_logits(golden: &Golden, network: &Network) {
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
        check_logits(&golden, &network);
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
        check_logits(golden, &network);
    }
}

#[test]
fn a_file_of_another_network_is_refused_by_name_and_changes_nothing() {
    let goldens = goldens("models");
    let golden = goldens
        .iter()
        .find(|g| g.name == "five_channel_cnn_3")
        .unwrap();
    let (params, _) = build(golden);
    let before = params.snapshot().unwrap()["block1.0.weight"].to_string();
    let error = load_weights(&params, fixture("golden/models/five_channel_cnn.pth")).unwrap_err();
    assert!(
        error.to_string().contains("`block1.0.weight` has shape"),
        "{error}"
    );
    assert_eq!(
        params.snapshot().unwrap()["block1.0.weight"].to_string(),
        before
    );
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

#[test]
fn damaged_torch_files_are_errors_and_never_panics() {
    let whole = std::fs::read(fixture("golden/models/five_channel_cnn.pth")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.pth");
    let mut rng = Seed(1).named("damaged torch files");
    let mut refused = 0;
    for case in 0..2_000 {
        let mut bytes = whole.clone();
        // The pickle and the directory at the end are where the structure is.
        let places = match case % 3 {
            0 => 0..2_048,
            1 => bytes.len() - 4_096..bytes.len(),
            _ => 0..bytes.len(),
        };
        for _ in 0..=rng.below(4) {
            let at = places.start + rng.below(places.len());
            bytes[at] ^= 1 << rng.below(8);
        }
        if rng.chance(0.2) {
            bytes.truncate(rng.below(bytes.len()));
        }
        std::fs::write(&path, &bytes).unwrap();
        if let Err(error) = read_weights(&path) {
            assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 400, "{refused}");
}

#[test]
fn files_that_are_no_weights_say_so() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("empty.pth", &b""[..]),
        ("text.safetensors", b"these are not weights"),
        ("zip.pth", b"PK\x03\x04 and then nothing"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let error = read_weights(&path).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let truncated = folder.path().join("half.pth");
    let whole = std::fs::read(fixture("golden/models/five_channel_cnn.pth")).unwrap();
    std::fs::write(&truncated, &whole[..whole.len() / 2]).unwrap();
    assert!(read_weights(&truncated).is_err());
    assert!(read_weights(folder.path().join("absent.pth")).is_err());
}
