//! Every golden file of `fixtures/golden/separation`.

use ndarray::{Array1, Ix1, Ix2};
use sarangi_core::Spec;
use sarangi_features::HpssSpec;
use sarangi_testkit::goldens;

#[test]
fn parts_equal_librosas() {
    for golden in goldens("separation") {
        let input = golden.array("input");
        let outputs = golden.spec["outputs"].as_object().unwrap();
        assert_eq!(golden.names().count(), 2 * outputs.len() + 1);
        for (name, spec) in outputs {
            let spec: HpssSpec = serde_json::from_value(spec.clone()).unwrap();
            let hpss = spec.build(()).unwrap();
            let [harmonic, percussive] = match input.ndim() {
                2 => {
                    let map = input.view().into_dimensionality::<Ix2>().unwrap();
                    let masks = hpss.masks(map).unwrap();
                    [masks.harmonic.into_dyn(), masks.percussive.into_dyn()]
                }
                _ => {
                    let sound = input.clone().into_dimensionality::<Ix1>().unwrap();
                    let parts = hpss.separate(&sound.to_vec()).unwrap();
                    [parts.harmonic, parts.percussive].map(|part| Array1::from(part).into_dyn())
                }
            };
            golden.assert_close(&format!("{name}_harmonic"), harmonic.view());
            golden.assert_close(&format!("{name}_percussive"), percussive.view());
        }
    }
}
