//! How the last layers begin, as their libraries and authors have it.

use sarangi_nn::Params;

use crate::build;

fn values(params: &Params, name: &str) -> Vec<f64> {
    let tensor = params.snapshot().unwrap().remove(name).unwrap();
    let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    values.into_iter().map(f64::from).collect()
}

/// torchvision 0.26 gives MobileNetV2's last layer N(0, 0.01) and DenseNet's torch's own weight;
/// the authors of CNN14 give both of theirs Xavier's uniform weight. All biases are 0.
#[test]
fn last_layers_begin_as_their_libraries_have_them() {
    let narrow = ("channels", "2");
    let uniform = |bound: f64| bound * bound / 3.0;
    for (name, settings, channels, layer, variance) in [
        ("mobilenet-v2", &[][..], 3, "classifier.1", 1e-4),
        (
            "mobilenet-v2",
            &[("head", "linear")][..],
            3,
            "classifier.1",
            1e-4,
        ),
        (
            "densenet201",
            &[][..],
            3,
            "classifier",
            uniform(1920f64.powf(-0.5)),
        ),
        (
            "cnn14",
            &[narrow][..],
            1,
            "fc_audioset",
            uniform((6.0f64 / 1064.0).sqrt()),
        ),
        (
            "cnn14",
            &[narrow][..],
            1,
            "fc1",
            uniform((6.0f64 / 128.0).sqrt()),
        ),
    ] {
        let (params, _) = build(name, settings, [channels, 1000]);
        let weight = values(&params, &format!("{layer}.weight"));
        let found = weight.iter().map(|x| x * x).sum::<f64>() / weight.len() as f64;
        assert!(
            (found / variance - 1.0).abs() < 0.05,
            "{name}: {found}, {variance}"
        );
        let bias = values(&params, &format!("{layer}.bias"));
        assert!(bias.iter().all(|x| *x == 0.0), "{name}");
    }
    let (params, _) = build("resnet18", &[], [3, 1000]);
    assert!(values(&params, "fc.bias").iter().any(|x| *x != 0.0));
}
