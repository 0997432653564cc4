//! Every golden file of `fixtures/golden/features`: adding one is adding a file.

use ndarray::{Axis, Ix1};
use sarangi_core::{Feature, SampleRate, Spec, Transform, Waveform};
use sarangi_features::FeatureSpec;
use sarangi_testkit::{assert_close, goldens};

#[test]
fn features_equal_librosas() {
    for golden in goldens("features") {
        let samples = golden.array("input").into_dimensionality::<Ix1>().unwrap();
        let wave = Waveform::mono(samples.to_vec(), SampleRate::HZ_22050);
        let outputs = golden.spec["outputs"].as_object().unwrap();
        assert_eq!(golden.names().count(), outputs.len() + 1, "{}", golden.name);
        for (output, spec) in outputs {
            let spec: FeatureSpec = serde_json::from_value(spec.clone()).unwrap();
            let plan = spec.build(wave.rate()).unwrap();
            let map = plan.apply(&wave).unwrap();
            assert_eq!(map.shape(), plan.shape(wave.len()));
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
