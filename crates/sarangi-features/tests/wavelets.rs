//! Every golden file of `fixtures/golden/wavelets`.

use ndarray::Ix1;
use sarangi_core::{SampleRate, Spec};
use sarangi_features::CwtSpec;
use sarangi_testkit::goldens;

#[test]
fn transforms_equal_those_of_ssqueezepy_and_pywavelets() {
    for golden in goldens("wavelets") {
        let spec: CwtSpec = serde_json::from_value(golden.spec.clone()).unwrap();
        let samples = golden.array("input").into_dimensionality::<Ix1>().unwrap();
        let cwt = spec.build(SampleRate::HZ_22050).unwrap();
        let transform = cwt.complex(&samples.to_vec()).unwrap();
        golden.assert_close("re", transform.mapv(|x| x.re).view().into_dyn());
        golden.assert_close("im", transform.mapv(|x| x.im).view().into_dyn());
    }
}
