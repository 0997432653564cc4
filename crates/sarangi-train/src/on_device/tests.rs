use ndarray::{Array4, Ix4, s};
use sarangi_core::{IntoTensor, TensorExt, Transform, Waveform};

use super::*;

fn spec(json: &str) -> OnDeviceSpec {
    serde_json::from_str(json).unwrap()
}

/// Two seconds of a sweep, and of noise that comes and goes.
fn sounds(rate: SampleRate) -> [Vec<f32>; 2] {
    let samples = 2 * rate.as_f64() as usize;
    let rng = &mut Seed(4).rng(0, 0);
    let time = |i: usize| i as f64 / rate.as_f64();
    let sweep = (0..samples).map(|i| (2000.0 * time(i) * time(i)).sin() as f32 * 0.4);
    let noise = (0..samples).map(|i| (time(i) * 3.0).sin() as f32 * rng.normal() as f32 * 0.1);
    [sweep.collect(), noise.collect()]
}

fn apply(spec: &OnDeviceSpec, rate: SampleRate, device: &Device) -> Array4<f32> {
    let sounds = sounds(rate);
    let batch = Array4::from_shape_fn((2, 1, 1, sounds[0].len()), |(i, .., t)| sounds[i][t]);
    let features = DeviceFeatures::new(spec, rate, device).unwrap();
    let xs = Value::new(&batch.into_tensor(device).unwrap()).unwrap();
    let ys = features.apply(&xs).unwrap().tensor().unwrap();
    let ys = ys.to_device(&Device::Cpu).unwrap();
    ys.with_array::<Ix4, _>(|ys| ys.to_owned()).unwrap()
}

#[test]
fn they_are_the_processors() {
    let rate = SampleRate::new(22_050).unwrap();
    for json in [
        r#"{"features": {"type": "mel", "n_mels": 40}}"#,
        r#"{"features": {"type": "log_mel"}}"#,
        r#"{"features": {"type": "log_mel", "ref": "max", "n_fft": 1000, "hop_length": 300}}"#,
        r#"{"features": {"type": "log_mel", "n_fft": 1024, "win_length": 700, "hop_length": 512,
            "center": false, "top_db": 60, "htk": true}}"#,
        r#"{"features": {"type": "log_mel", "n_fft": 400, "hop_length": 200, "pad_mode": "reflect",
            "n_mels": 64}}"#,
        r#"{"features": {"type": "mel", "pad_mode": "edge"}}"#,
    ] {
        let spec = spec(json);
        let plan = spec.features.build(rate).unwrap();
        for device in sarangi_testkit::devices() {
            let found = apply(&spec, rate, &device);
            for (i, sound) in sounds(rate).into_iter().enumerate() {
                let expected = plan.apply(&Waveform::mono(sound, rate)).unwrap();
                let found = found.slice(s![i, .., .., ..]);
                assert_eq!(found.shape(), expected.shape(), "{json}");
                let low = expected.iter().fold(f32::INFINITY, |a, &b| a.min(b));
                let high = expected.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
                for (a, b) in found.iter().zip(&expected) {
                    let distance = (a - b).abs() / (high - low);
                    assert!(distance < 1e-4, "{json} on {device:?}: {a} for {b}");
                }
            }
        }
    }
}

#[test]
fn scale_and_masks_are_as_asked() {
    let rate = SampleRate::new(8_000).unwrap();
    let json = r#"{"features": {"type": "log_mel", "n_mels": 16, "n_fft": 512, "hop_length": 160},
                   "mean": -40.0, "std": 20.0, "time_mask_param": 30, "freq_mask_param": 6}"#;
    let scaled = apply(&spec(json), rate, &Device::Cpu);
    let plain = OnDeviceSpec {
        mean: 0.0,
        std: 1.0,
        ..spec(json)
    };
    let plain = apply(&plain, rate, &Device::Cpu);
    for (scaled, plain) in scaled.iter().zip(&plain) {
        assert!((scaled - (plain + 40.0) / 20.0).abs() < 1e-5);
    }
    let features = DeviceFeatures::new(&spec(json), rate, &Device::Cpu).unwrap();
    let ones = Value::new(
        &Array4::ones((4, 1, 16, 100))
            .into_tensor(&Device::Cpu)
            .unwrap(),
    );
    let ones = ones.unwrap();
    let masked = |mode: &mut Mode<'_>| {
        let masked = features.masked(&ones, mode).unwrap().tensor().unwrap();
        masked.with_array::<Ix4, _>(|m| m.to_owned()).unwrap()
    };
    assert!(masked(&mut Mode::Eval).iter().all(|v| *v == 1.0));
    let whole = masked(&mut Mode::Train(&mut Seed(1).rng(0, 0)));
    let zeros = whole.iter().filter(|v| **v == 0.0).count();
    assert!(zeros > 0 && zeros < whole.len() / 2, "{zeros}");
    assert_ne!(
        whole.slice(s![0, .., .., ..]),
        whole.slice(s![1, .., .., ..])
    );
    // A rank's examples have the masks that they have in the whole batch.
    let share = sarangi_nn::Share::new(2, 4);
    let part = masked(&mut Mode::TrainShare(&mut Seed(1).rng(0, 0), &share));
    assert_eq!(
        part.slice(s![..2, .., .., ..]),
        whole.slice(s![2.., .., .., ..])
    );
}

#[test]
fn what_cannot_be_is_refused() {
    for (json, what) in [
        (r#"{"features": {"type": "mfcc"}}"#, "mel and log_mel"),
        (r#"{"features": {"type": "mel", "power": 1}}"#, "power"),
        (r#"{"features": {"type": "log_mel"}, "std": 0}"#, "std"),
    ] {
        let error = spec(json).check().unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    let rate = SampleRate::new(8_000).unwrap();
    let features = DeviceFeatures::new(
        &spec(r#"{"features": {"type": "log_mel"}}"#),
        rate,
        &Device::Cpu,
    );
    let features = features.unwrap();
    for shape in [(1, 2, 1, 9000), (1, 1, 3, 9000), (1, 1, 1, 0)] {
        let xs = Array4::zeros(shape).into_tensor(&Device::Cpu).unwrap();
        assert!(
            features.apply(&Value::new(&xs).unwrap()).is_err(),
            "{shape:?}"
        );
    }
}
