//! Every golden file of `fixtures/golden/features`: adding one is adding a file.

use ndarray::{Axis, s};
use sarangi_core::{Feature, SampleRate, Spec, Transform, Waveform};
use sarangi_features::FeatureSpec;
use sarangi_testkit::{assert_close, goldens};

#[test]
fn features_equal_librosas() {
    for golden in goldens("features") {
        let wave = Waveform::new(golden.sound(), SampleRate::HZ_22050).unwrap();
        let outputs = golden.spec["outputs"].as_object().unwrap();
        let arrays = outputs.len() + usize::from(golden.has("input"));
        assert_eq!(golden.names().count(), arrays, "{}", golden.name);
        for (output, spec) in outputs {
            let spec: FeatureSpec = serde_json::from_value(spec.clone()).unwrap();
            let plan = spec.build(wave.rate()).unwrap();
            let map = plan.apply(&wave).unwrap();
            let [_, bins, frames] = plan.shape(wave.len());
            assert_eq!(map.shape()[1..], [bins, frames]);
            let map = map.slice(s![.., .., ..;golden.every()]);
            let want = golden.array(output);
            assert_eq!(map.shape(), want.shape(), "{}: {output}", golden.name);
            // Channels differ in scale: each is held to its own peak.
            for (channel, got) in map.axis_iter(Axis(0)).enumerate() {
                let label = format!("golden {}: {output}, channel {channel}", golden.name);
                let want = want.index_axis(Axis(0), channel);
                assert_close(&label, got.into_dyn(), want, golden.rtol, golden.atol);
            }
        }
    }
}
