//! Every golden file of `fixtures/golden/augment`.
#![allow(clippy::unwrap_used, reason = "tests")]

use sarangi_augment::WaveformAugmentation;
use sarangi_core::{Augment, SampleRate, Seed, Spec, Waveform};
use sarangi_testkit::goldens;

#[test]
fn transforms_equal_those_of_audiomentations_librosa_and_pyloudnorm() {
    for golden in goldens("augment") {
        let spec: WaveformAugmentation =
            serde_json::from_value(golden.spec["transform"].clone()).unwrap();
        let rate = golden.spec["rate"].as_u64().unwrap();
        let rate = SampleRate::new(rate as u32).unwrap();
        let wave = Waveform::new(golden.sound(), rate).unwrap();
        let augmenter = spec
            .build(rate)
            .unwrap_or_else(|e| panic!("{}: {e}", golden.name));
        let out = augmenter.augment(wave, &mut Seed(0).rng(0, 0)).unwrap();
        golden.assert_close("output", out.samples().into_dyn());
    }
}
