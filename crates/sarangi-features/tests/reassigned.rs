//! Every golden file of `fixtures/golden/reassigned`.

use ndarray::Ix1;
use sarangi_core::{SampleRate, Spec};
use sarangi_features::ReassignedSpec;
use sarangi_testkit::goldens;

#[test]
fn reassigned_spectrograms_equal_librosas() {
    for golden in goldens("reassigned") {
        let samples = golden.array("input").into_dimensionality::<Ix1>().unwrap();
        let outputs = golden.spec["outputs"].as_object().unwrap();
        assert_eq!(golden.names().count(), 3 * outputs.len() + 1);
        for (name, spec) in outputs {
            let spec: ReassignedSpec = serde_json::from_value(spec.clone()).unwrap();
            let plan = spec.build(SampleRate::HZ_22050).unwrap();
            let map = plan.spectrogram(&samples.to_vec()).unwrap();
            let maps = [
                ("frequencies", map.frequencies),
                ("times", map.times),
                ("magnitudes", map.magnitudes),
            ];
            for (what, map) in maps {
                golden.assert_close(&format!("{name}_{what}"), map.view().into_dyn());
            }
        }
    }
}
