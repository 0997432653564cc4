//! The published numbers of parameters, with the 1000 classes of ImageNet.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candle_core::Device;
use sarangi_core::{Seed, Spec};
use sarangi_models::{LegacyXceptionSpec, MobileNetV2Spec, ModelContext, ModelSpec, ResNetSpec};
use sarangi_nn::Params;

#[test]
fn networks_have_as_many_parameters_as_published() {
    let cases = [
        (ModelSpec::ResNet(ResNetSpec { layers: 18 }), 11_689_512),
        (ModelSpec::ResNet(ResNetSpec { layers: 34 }), 21_797_672),
        (
            ModelSpec::MobileNetV2(MobileNetV2Spec::default()),
            3_504_872,
        ),
        (ModelSpec::LegacyXception(LegacyXceptionSpec {}), 22_855_952),
    ];
    for (spec, expected) in cases {
        let params = Params::new(Seed(1), &Device::Cpu);
        let cx = ModelContext {
            params: &params,
            in_channels: 3,
            classes: 1000,
        };
        spec.build(cx).unwrap();
        assert_eq!(params.trainable_count(), expected, "{spec:?}");
    }
}
