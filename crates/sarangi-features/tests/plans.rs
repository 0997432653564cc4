//! What every plan keeps to, whatever it computes.

use ndarray::{Array2, Axis, s};
use sarangi_core::{Error, Feature, Rng, SampleRate, Seed, Spec, Transform, Waveform};
use sarangi_features::{FeatureSpec, MelSpec};

const RATE: SampleRate = SampleRate::HZ_22050;

/// Noise that fades in and out a few times, so that there is something to beat to.
fn sound(rng: &mut Rng, len: usize) -> Vec<f32> {
    (0..len)
        .map(|n| (rng.normal() * 0.3 * (n as f64 / 4000.0).sin().powi(8)) as f32)
        .collect()
}

#[test]
fn channels_are_heard_one_by_one() {
    let mut rng = Seed(4).named("stereo");
    let sides = [sound(&mut rng, 20_000), sound(&mut rng, 20_000)];
    let both = Array2::from_shape_vec((2, 20_000), sides.concat()).unwrap();
    let stereo = Waveform::new(both, RATE).unwrap();
    for entry in FeatureSpec::catalogue() {
        let plan = entry.spec.build(RATE).unwrap();
        if entry.spec.build_channel(RATE).is_err() {
            assert!(plan.apply(&stereo).is_err());
            continue;
        }
        let map = plan.apply(&stereo).unwrap();
        assert_eq!(map.shape()[0], 2, "{}", entry.name);
        for (side, heard) in sides.iter().zip(map.axis_iter(Axis(0))) {
            let alone = plan.apply(&Waveform::mono(side.clone(), RATE)).unwrap();
            assert_eq!(alone.slice(s![0, .., ..]), heard, "{}", entry.name);
        }
    }
}

#[test]
fn a_plan_gives_the_same_bits_on_any_thread_and_after_any_other_sound() {
    let mut rng = Seed(5).named("threads");
    let waves: Vec<Waveform> = [30_000, 7000, 66_150, 12_345]
        .map(|len| Waveform::mono(sound(&mut rng, len), RATE))
        .into();
    for entry in FeatureSpec::catalogue() {
        let plan = entry.spec.build(RATE).unwrap();
        let apply = |wave: &Waveform| plan.apply(wave).unwrap();
        let fresh = |wave: &Waveform| entry.spec.build(RATE).unwrap().apply(wave).unwrap();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| waves.iter().map(apply).collect::<Vec<_>>()))
                .collect();
            for thread in threads {
                for (map, wave) in thread.join().unwrap().iter().zip(&waves) {
                    assert_eq!(map, fresh(wave), "{}", entry.name);
                }
            }
        });
    }
}

#[test]
fn a_sound_at_another_rate_or_without_samples_is_refused() {
    for entry in FeatureSpec::catalogue() {
        let plan = entry.spec.build(RATE).unwrap();
        let other = Waveform::mono(vec![0.0; 9000], SampleRate::HZ_44100);
        let error = plan.apply(&other).unwrap_err();
        assert!(matches!(error, Error::Shape { .. }));
        assert!(error.to_string().contains("resample"), "{error}");
        assert!(plan.apply(&Waveform::mono(vec![], RATE)).is_err());
        assert_eq!(plan.shape(0)[2], 0, "{}", entry.name);
    }
}

/// A million times full scale is the loudest that sarangi-audio decodes.
#[test]
fn the_loudest_sound_gives_finite_maps() {
    const LOUDEST: f32 = 1e6;
    let mut rng = Seed(6).named("loud");
    let square = |n: usize| {
        if (n / 50).is_multiple_of(2) {
            LOUDEST
        } else {
            -LOUDEST
        }
    };
    let noise = (0..30_000).map(|_| (rng.uniform() as f32 * 2.0 - 1.0) * LOUDEST);
    let sounds = [
        (0..30_000).map(square).collect(),
        noise.collect(),
        vec![LOUDEST; 30_000],
        // From silence to the loudest, and nothing but one click.
        (0..30_000)
            .map(|n| if n < 15_000 { 0.0 } else { square(n) })
            .collect(),
        (0..30_000)
            .map(|n| if n == 9_000 { LOUDEST } else { 0.0 })
            .collect::<Vec<f32>>(),
    ];
    // The settings that give the largest values.
    let steepest = FeatureSpec::Mel(MelSpec {
        power: 3.0,
        ..MelSpec::torchaudio()
    });
    let features = FeatureSpec::catalogue().into_iter().map(|entry| entry.spec);
    for spec in features.chain([steepest]) {
        let plan = spec.build(RATE).unwrap();
        for (index, sound) in sounds.iter().enumerate() {
            let map = plan.apply(&Waveform::mono(sound.clone(), RATE)).unwrap();
            assert!(
                map.iter().all(|x| x.is_finite()),
                "{spec:?} of sound {index}"
            );
        }
    }
}
