//! Every golden file of `fixtures/golden/vocoder`.
#![allow(clippy::unwrap_used, reason = "tests")]

use sarangi_core::{SampleRate, Waveform};
use sarangi_dsp::PhaseVocoder;
use sarangi_testkit::goldens;

#[test]
fn the_plain_vocoder_equals_librosas() {
    for golden in goldens("vocoder") {
        let wave = Waveform::new(golden.sound(), SampleRate::HZ_22050).unwrap();
        let vocoder = PhaseVocoder::new(wave.rate()).unwrap();
        for name in golden.names().filter(|&name| name != "input") {
            let (what, value) = name.split_once(' ').unwrap();
            let value: f64 = value.parse().unwrap();
            let got = match what {
                "stretch" => vocoder.stretch(&wave, value).unwrap(),
                _ => vocoder.shift(&wave, value).unwrap(),
            };
            let got = got.channel(0).unwrap();
            golden.assert_close(name, ndarray::ArrayView1::from(got).into_dyn());
        }
    }
}
