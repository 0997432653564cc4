//! Every golden file of `fixtures/golden/inversion`.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

use ndarray::{Array1, Array2, ArrayView2, Ix2};
use sarangi_core::{SampleRate, Seed, Spec, Transform, Waveform};
use sarangi_dsp::StftSpec;
use sarangi_features::{
    Analysis, GriffinLimSpec, MelSpec, MelToAudioSpec, MelToStftSpec, MfccToAudioSpec,
    MfccToMelSpec, PhaseInit, StftMagnitudeSpec,
};
use sarangi_testkit::{Golden, goldens};
use serde::de::DeserializeOwned;

const RATE: SampleRate = SampleRate::HZ_22050;

fn settings<T: DeserializeOwned>(golden: &Golden) -> T {
    serde_json::from_value(golden.spec["settings"].clone()).unwrap()
}

fn map(golden: &Golden, name: &str) -> Array2<f32> {
    golden.array(name).into_dimensionality::<Ix2>().unwrap()
}

fn number(golden: &Golden, name: &str) -> f32 {
    golden.array(name)[0]
}

/// The difference of two maps as a share of the second.
fn distance(got: ArrayView2<'_, f32>, want: ArrayView2<'_, f32>) -> f32 {
    let norm = |map: &Array2<f32>| map.iter().map(|x| f64::from(x * x)).sum::<f64>().sqrt();
    let share = norm(&(&got - &want)) / norm(&want.to_owned()).max(1e-30);
    share as f32
}

fn spectrogram(analysis: &Analysis, sound: Vec<f32>) -> Array2<f32> {
    let spec = StftMagnitudeSpec(StftSpec {
        n_fft: analysis.n_fft,
        hop_length: Some(analysis.hop_length),
        win_length: analysis.win_length,
        window: analysis.window,
        center: analysis.center,
        pad_mode: analysis.pad_mode,
    });
    let plan = spec.build(RATE).unwrap();
    let map = plan.apply(&Waveform::mono(sound, RATE)).unwrap();
    map.remove_axis(ndarray::Axis(0))
}

fn griffin_lim(golden: &Golden) {
    let mut spec: GriffinLimSpec = settings(golden);
    let magnitude = map(golden, "magnitude");
    let length = Some(golden.array("signal").len());
    spec.search.init = None;
    let sound = spec
        .build(())
        .unwrap()
        .signal(magnitude.view(), length)
        .unwrap();
    golden.assert_close("signal", Array1::from(sound).view().into_dyn());
    spec.search.init = Some(PhaseInit::Random);
    let mut sum = 0.0;
    for seed in 0..8 {
        spec.search.random_state = Seed(seed);
        let plan = spec.build(()).unwrap();
        let sound = plan.signal(magnitude.view(), length).unwrap();
        sum += distance(spectrogram(&spec.analysis, sound).view(), magnitude.view());
    }
    // Other random numbers: as good within a tenth.
    let (got, want) = (sum / 8.0, number(golden, "convergence"));
    assert!(got <= 1.1 * want, "{}: {got} {want}", golden.name);
}

fn mel_to_stft(golden: &Golden) {
    let plan = settings::<MelToStftSpec>(golden).build(RATE).unwrap();
    let mel = map(golden, "mel");
    let back = plan.magnitude(mel.view()).unwrap();
    assert!(back.iter().all(|&x| x >= 0.0), "{}", golden.name);
    let got = distance(plan.mel(back.view()).unwrap().view(), mel.view());
    let want = number(golden, "residual");
    // Both end at what single precision can hold.
    assert!(got <= want.max(1e-6), "{}: {got} {want}", golden.name);
}

/// The sound's mel spectrogram comes as near to the one it was made of as that of librosa's.
fn audio(golden: &Golden, spec: &MelToAudioSpec, sound: Vec<f32>) {
    let mel = MelSpec {
        power: spec.power,
        bands: spec.bands.clone(),
        analysis: spec.analysis.clone(),
    };
    let again = mel
        .build(RATE)
        .unwrap()
        .apply(&Waveform::mono(sound, RATE))
        .unwrap();
    let got = distance(
        again.index_axis(ndarray::Axis(0), 0),
        map(golden, "mel").view(),
    );
    let want = number(golden, "convergence");
    assert!(got <= 1.1 * want, "{}: {got} {want}", golden.name);
}

#[test]
fn sounds_and_maps_are_as_near_as_librosas() {
    for golden in goldens("inversion") {
        let golden = &golden;
        match golden.spec["kind"].as_str().unwrap() {
            "griffin_lim" => griffin_lim(golden),
            "mel_to_stft" => mel_to_stft(golden),
            "mel_to_audio" => {
                let spec: MelToAudioSpec = settings(golden);
                let length = Some(number(golden, "length") as usize);
                let plan = spec.build(RATE).unwrap();
                let sound = plan.signal(map(golden, "input").view(), length).unwrap();
                audio(golden, &spec, sound);
            }
            "mfcc_to_audio" => {
                let spec: MfccToAudioSpec = settings(golden);
                let length = Some(number(golden, "length") as usize);
                let plan = spec.build(RATE).unwrap();
                let sound = plan.signal(map(golden, "input").view(), length).unwrap();
                let spec = MelToAudioSpec {
                    power: 2.0,
                    bands: spec.bands,
                    search: spec.search,
                    analysis: spec.analysis,
                };
                audio(golden, &spec, sound);
            }
            "mfcc_to_mel" => {
                let plan = settings::<MfccToMelSpec>(golden).build(()).unwrap();
                let mel = plan.mel(map(golden, "mfcc").view()).unwrap();
                golden.assert_close("mel", mel.view().into_dyn());
            }
            other => panic!("{}: {other}", golden.name),
        }
    }
}
