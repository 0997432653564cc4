//! Every golden file of `fixtures/golden/resample`.
#![allow(clippy::unwrap_used, reason = "tests")]

use sarangi_core::{SampleRate, Waveform};
use sarangi_dsp::resample;
use sarangi_testkit::goldens;

#[test]
fn sound_is_resampled_as_by_librosa() {
    for golden in goldens("resample") {
        let rate = |field: &str| {
            let hz = golden.spec[field].as_u64().unwrap();
            SampleRate::new(u32::try_from(hz).unwrap()).unwrap()
        };
        let wave = Waveform::new(golden.sound(), rate("from")).unwrap();
        let got = resample(&wave, rate("to")).unwrap();
        let got = got.channel(0).unwrap();
        golden.assert_close("output", ndarray::ArrayView1::from(got).into_dyn());
    }
}
