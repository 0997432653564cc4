//! Every feature can be drawn, of every sound it takes.
#![cfg(feature = "draw")]
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use sarangi_core::{Error, SampleRate, Spec, Transform, Waveform};
use sarangi_features::{ColourMap, FeatureSpec, MfccSpec, Picture, StackSpec};
use sarangi_plot::{Chart, Layer};
use serde_json::{Map, json};

/// Strokes of two tones, four in a second, over a faint hiss.
fn wave(rate: u32, seconds: f64) -> Waveform {
    let rate = SampleRate::new(rate).unwrap();
    let sample = |n: usize| {
        let time = rate.seconds(n);
        let since = time % 0.25;
        let tone = (1382.3 * time).sin() + 0.5 * (2764.6 * time).sin();
        let hiss = ((n * 7919) % 1009) as f64 / 1009.0 - 0.5;
        (0.4 * tone * (-8.0 * since).exp() + 0.01 * hiss) as f32
    };
    Waveform::mono((0..rate.samples(seconds)).map(sample).collect(), rate)
}

fn spec(name: &str) -> FeatureSpec {
    FeatureSpec::from_name(name, Map::new()).unwrap()
}

fn colours(picture: &Picture) -> usize {
    let colours: std::collections::HashSet<&[u8]> = picture.rgb().chunks(3).collect();
    colours.len()
}

#[test]
fn every_feature_has_a_picture_with_axes_and_without() {
    let wave = wave(22_050, 3.0);
    for entry in FeatureSpec::catalogue() {
        let chart = entry.spec.chart(&wave).unwrap();
        let height = 60 + 140 * chart.panels.len();
        let picture = chart.render(640, height).unwrap();
        assert!(colours(&picture) > 20, "{}", entry.name);
        assert_eq!(chart.x.label, "Time (s)", "{}", entry.name);
        let bare = chart.bare().render(64, 48).unwrap();
        assert!(colours(&bare) > 1, "{}", entry.name);
    }
}

#[test]
fn silence_short_sounds_and_low_rates_have_pictures_too() {
    let rate = SampleRate::HZ_22050;
    let silence = Waveform::mono(vec![0.0; 11_025], rate);
    let short = Waveform::mono(vec![0.5; 700], rate);
    for entry in FeatureSpec::catalogue() {
        for wave in [&silence, &short, &wave(8000, 2.0)] {
            // What cannot be computed cannot be drawn; what can be must be.
            let computed = entry
                .spec
                .build(wave.rate())
                .and_then(|plan| plan.apply(wave));
            let drawn = entry.spec.chart(wave).and_then(|chart| {
                let height = 100 + 100 * chart.panels.len();
                chart.render(400, height)
            });
            assert_eq!(computed.is_ok(), drawn.is_ok(), "{}: {drawn:?}", entry.name);
        }
    }
}

#[test]
fn each_channel_has_a_panel() {
    let mono = wave(22_050, 1.0);
    let samples = mono.channel(0).unwrap().to_vec();
    let stereo = Waveform::from_channels(vec![samples.clone(), samples], mono.rate()).unwrap();
    for name in ["log-mel", "waveform", "beat", "pyin", "rms"] {
        let panels = |wave: &Waveform| spec(name).chart(wave).unwrap().panels.len();
        assert_eq!((panels(&mono), panels(&stereo)), (1, 2), "{name}");
    }
    assert_eq!(spec("five-channel").chart(&mono).unwrap().panels.len(), 5);
}

/// The largest column and row of the first heat map, as values on the axes.
fn brightest(chart: &Chart) -> (f64, f64) {
    let heat = chart.panels[0].layers.iter().find_map(|layer| match layer {
        Layer::Heat(heat) => Some(heat),
        _ => None,
    });
    let heat = heat.unwrap();
    let (mut best, mut at) = (f32::NEG_INFINITY, (0, 0));
    for (index, &value) in heat.values.indexed_iter() {
        if value > best {
            (best, at) = (value, index);
        }
    }
    let middle = |edges: &[f64], i: usize| (edges[i] + edges[i + 1]) / 2.0;
    (middle(&heat.x, at.1), middle(&heat.y, at.0))
}

#[test]
fn a_tone_is_drawn_at_its_frequency_and_time() {
    // 880 Hz in the third of five seconds.
    let rate = SampleRate::HZ_22050;
    let tone = |n: usize| match n / 22_050 {
        2 => (std::f64::consts::TAU * 880.0 * n as f64 / 22_050.0).sin() as f32,
        _ => 0.0,
    };
    let wave = Waveform::mono((0..5 * 22_050).map(tone).collect(), rate);
    for (name, within) in [
        ("stft-magnitude", 11.0),
        ("power", 11.0),
        ("log-spectrogram", 11.0),
        ("log-mel", 40.0),
        ("mel", 40.0),
        ("cqt", 30.0),
        ("vqt", 30.0),
        ("hybrid-cqt", 30.0),
        ("scalogram", 30.0),
        ("harmonic", 11.0),
        ("kaldi-fbank", 120.0),
    ] {
        let (time, hz) = brightest(&spec(name).chart(&wave).unwrap());
        assert!((1.9..=3.1).contains(&time), "{name}: {time} s");
        assert!((hz - 880.0).abs() <= within, "{name}: {hz} Hz");
    }
    // A is the tenth pitch class.
    let (_, class) = brightest(&spec("chroma-stft").chart(&wave).unwrap());
    assert_eq!(class, 9.5);
}

#[test]
fn a_pulse_is_drawn_at_its_tempo() {
    // 120 in a minute.
    let rate = SampleRate::HZ_22050;
    let pulse = |n: usize| if n % 11_025 < 50 { 0.8 } else { 0.0 };
    let wave = Waveform::mono((0..15 * 22_050).map(pulse).collect(), rate);
    let lines = |name: &str| {
        let chart = spec(name).chart(&wave).unwrap();
        let layers = chart.panels.into_iter().flat_map(|panel| panel.layers);
        let x = layers.filter_map(|layer| match layer {
            Layer::Verticals { x, .. } => Some(x),
            _ => None,
        });
        x.flatten().collect::<Vec<f64>>()
    };
    for name in ["beat", "onset-detect"] {
        let lines = lines(name);
        assert!(lines.len() > 20, "{name}: {lines:?}");
        for pair in lines.windows(2) {
            assert!((pair[1] - pair[0] - 0.5).abs() < 0.05, "{name}: {pair:?}");
        }
    }
    let octave = |bpm: f64| (bpm / 120.0).log2();
    for name in ["tempogram", "fourier-tempogram"] {
        let (_, bpm) = brightest(&spec(name).chart(&wave).unwrap());
        let octave = octave(bpm);
        assert!((octave - octave.round()).abs() < 0.08, "{name}: {bpm}");
    }
}

#[test]
fn a_chart_can_be_changed_and_a_map_can_be_given() {
    let wave = wave(22_050, 1.0);
    let spec = FeatureSpec::Mfcc(MfccSpec::default());
    let map = spec.build(wave.rate()).unwrap().apply(&wave).unwrap();
    let given = spec.chart_of(&wave, map.view()).unwrap();
    let drawn = spec.chart(&wave).unwrap();
    let render = |chart: &Chart| chart.render(500, 200).unwrap();
    assert_eq!(render(&given), render(&drawn));
    let grey = drawn.clone().coloured(ColourMap::Grey).bare();
    let grey = grey.render(50, 20).unwrap();
    assert!(grey.rgb().chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]));
    let stranger = spec.chart_of(&wave, map.slice(ndarray::s![..0, .., ..]));
    assert!(matches!(stranger, Err(Error::Shape { .. })));
}

#[test]
fn a_stack_of_another_size_is_drawn_over_the_whole_sound() {
    let wave = wave(22_050, 2.0);
    let stack: StackSpec = serde_json::from_value(json!({
        "features": ["log-mel", "chroma-stft", "rms", "beat"], "n_bins": 30, "n_frames": 50,
    }))
    .unwrap();
    let chart = FeatureSpec::Stack(stack).chart(&wave).unwrap();
    assert_eq!(chart.panels.len(), 4);
    let Layer::Heat(heat) = &chart.panels[0].layers[0] else {
        panic!("no heat map");
    };
    assert_eq!((heat.x[0], heat.x[50]), (0.0, wave.seconds()));
    chart.render(640, 700).unwrap();
}

#[test]
fn joined_features_have_the_panels_that_each_has_alone() {
    let wave = wave(22_050, 1.0);
    let join = |features| -> FeatureSpec {
        serde_json::from_value(json!({"type": "join", "features": features})).unwrap()
    };
    let picture = json!({"type": "image", "height": 20, "width": 44});
    let stack = json!({"type": "stack", "features": ["mfcc", "mel"], "n_frames": 44});
    let spec = join(json!([picture, "mfcc", stack, picture]));
    let chart = spec.chart(&wave).unwrap();
    assert_eq!(chart.panels.len(), 5);
    assert!(matches!(chart.panels[0].layers[0], Layer::Image(_)));
    assert!(matches!(chart.panels[1].layers[0], Layer::Heat(_)));
    let titles = chart.panels.iter().map(|panel| panel.title.as_str());
    let mel = "Mel spectrogram in decibels";
    let mfcc = "Mel-frequency cepstral coefficients";
    assert!(titles.eq([mel, mfcc, mfcc, "Mel spectrogram", mel]));
    // A map of other channels is not one of these features.
    let map = spec.build(wave.rate()).unwrap().apply(&wave).unwrap();
    for features in [
        json!([picture, "mfcc"]),
        json!([picture, picture, picture, picture]),
    ] {
        let drawn = join(features).chart_of(&wave, map.view());
        assert!(matches!(drawn, Err(Error::Shape { .. })), "{drawn:?}");
    }
}
