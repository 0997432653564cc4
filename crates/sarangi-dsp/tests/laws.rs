//! What the short-time Fourier transform keeps to, whatever the sound and the frames.
#![allow(clippy::unwrap_used, reason = "tests")]

use ndarray::{Array2, s};
use proptest::prelude::*;
use sarangi_core::Spec;
use sarangi_dsp::{Complex32, Padding, Stft, StftSpec, Window};

/// Frames of every kind: odd and even, with gaps between them, with windows shorter than they are.
fn specs() -> impl Strategy<Value = StftSpec> {
    let window = prop::sample::select(vec![Window::Hann, Window::Hamming, Window::Rectangular]);
    let padding = prop::sample::select(vec![Padding::Constant, Padding::Reflect, Padding::Edge]);
    (2usize..400, 1usize..500, 1usize..400, window, padding).prop_map(
        |(n_fft, hop, win_length, window, pad_mode)| StftSpec {
            n_fft,
            hop_length: Some(hop),
            win_length: Some(win_length.min(n_fft)),
            window,
            pad_mode,
            ..StftSpec::default()
        },
    )
}

fn sound(len: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-1.0f32..1.0, len)
}

fn peak(map: &Array2<Complex32>) -> f32 {
    map.iter().fold(1e-6, |most, x| most.max(x.norm()))
}

fn assert_near(a: &Array2<Complex32>, b: &Array2<Complex32>, bound: f32) {
    assert_eq!(a.dim(), b.dim());
    for (place, x) in a.indexed_iter() {
        assert!(
            (x - b[place]).norm() <= bound,
            "{place:?}: {x} {}",
            b[place]
        );
    }
}

/// The window as the transform sees it.
fn padded_window(spec: &StftSpec) -> Vec<f64> {
    let win_length = spec.win_length.unwrap();
    let mut window = vec![0.0; spec.n_fft];
    let before = (spec.n_fft - win_length) / 2;
    window[before..before + win_length].copy_from_slice(&spec.window.periodic(win_length));
    window
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn the_transform_is_linear(spec in specs(), a in sound(700), b in sound(700), share in -2.0f32..2.0) {
        let stft: Stft = spec.build(()).unwrap();
        let mixed: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + share * b).collect();
        let want = stft.complex(&a).unwrap() + stft.complex(&b).unwrap().mapv(|x| x * share);
        let bound = 4e-6 * peak(&want).max(10.0);
        assert_near(&stft.complex(&mixed).unwrap(), &want, bound);
    }

    /// The energy of a frame is that of its spectrum over n_fft (Parseval).
    #[test]
    fn energy_is_kept(spec in specs(), samples in sound(1..900)) {
        let plain = StftSpec { center: false, ..spec.clone() };
        let stft = plain.build(()).unwrap();
        let Ok(map) = stft.complex(&samples) else {
            prop_assert!(samples.len() < spec.n_fft);
            return Ok(());
        };
        let (n_fft, window) = (spec.n_fft, padded_window(&spec));
        for (t, column) in map.columns().into_iter().enumerate() {
            let frame = &samples[t * stft.hop_length()..][..n_fft];
            let energy: f64 = frame.iter().zip(&window).map(|(&x, w)| (f64::from(x) * w).powi(2)).sum();
            let twice = |bin: usize| if bin == 0 || 2 * bin == n_fft { 1.0 } else { 2.0 };
            let bins = column.iter().enumerate();
            let spectral: f64 = bins.map(|(bin, x)| twice(bin) * f64::from(x.norm_sqr())).sum();
            prop_assert!((spectral / n_fft as f64 - energy).abs() <= 1e-5 * energy.max(1e-3));
        }
    }

    /// A sound that begins a few hops later has the same frames so much later.
    #[test]
    fn later_sound_has_later_frames(spec in specs(), samples in sound(800), hops in 1usize..4) {
        let spec = StftSpec { pad_mode: Padding::Constant, ..spec };
        let stft = spec.build(()).unwrap();
        let mut later = vec![0.0; hops * stft.hop_length()];
        later.extend(&samples);
        let (map, moved) = (stft.complex(&samples).unwrap(), stft.complex(&later).unwrap());
        let moved = moved.slice(s![.., hops..]);
        prop_assert_eq!(map.ncols(), moved.ncols());
        assert_near(&map, &moved.to_owned(), 0.0);
    }

    /// With librosa's overlap; the unit tests of the inverse have less, and 2e-6.
    #[test]
    fn the_inverse_gives_the_sound_back(
        n_fft in 4usize..600,
        samples in sound(1..3000),
    ) {
        let spec = StftSpec {
            n_fft,
            hop_length: Some(n_fft / 4),
            ..StftSpec::default()
        };
        let map = spec.build(()).unwrap().complex(&samples).unwrap();
        let back = spec.build_inverse().unwrap().signal(map.view(), samples.len()).unwrap();
        for (n, (a, b)) in samples.iter().zip(&back).enumerate() {
            prop_assert!((a - b).abs() <= 1e-6, "sample {n}: {a} {b}");
        }
    }
}
