//! Tempi and beats on music whose beats are known.

#![allow(
    clippy::unwrap_used,
    reason = "every failure is meant to fail the test that meets it"
)]

use proptest::prelude::*;
use sarangi_core::{Rng, SampleRate, Seed, Spec};
use sarangi_features::{
    Analysis, BeatMethod, BeatMfccSpec, BeatSpec, BeatSyncSpec, Beats, FeatureSpec, TempoSpec,
    Tracking,
};
use serde_json::json;

use crate::band::{Track, easy, track};
use crate::score::Score;
use crate::styles::{DESIGN, EASY_TEMPI, HELD_OUT};

mod band;
mod score;
mod sounds;
mod styles;

const RATE: SampleRate = SampleRate::HZ_22050;

fn tracking(method: BeatMethod) -> Tracking {
    Tracking {
        method,
        ..Tracking::default()
    }
}

fn spec(method: BeatMethod) -> BeatSpec {
    BeatSpec {
        tracking: tracking(method),
        ..BeatSpec::default()
    }
}

fn score(tracks: &[Track], method: BeatMethod) -> Score {
    let plan = spec(method).build(RATE).unwrap();
    let mut score = Score::default();
    for track in tracks {
        let tempo = plan.track(&track.samples).unwrap().tempo;
        let times = plan.times(&track.samples).unwrap();
        score.add(track.bpm, &track.beats, tempo, &times);
    }
    score
}

#[test]
fn every_easy_track_is_right_where_librosa_is_not() {
    let plan = spec(BeatMethod::Metrical).build(RATE).unwrap();
    let tracks: Vec<Track> = (0..2 * EASY_TEMPI.len()).map(easy).collect();
    for track in &tracks {
        let tempo = plan.track(&track.samples).unwrap().tempo;
        // Librosa's lags are 2 % apart here.
        let off = (tempo / track.bpm - 1.0).abs();
        assert!(off < 0.005, "{}: {tempo}", track.name);
    }
    let ours = score(&tracks, BeatMethod::Metrical);
    assert!(ours.f() > 0.98, "{ours}");
    assert!(score(&tracks, BeatMethod::Librosa).octave > 0);
}

#[test]
fn other_tracks_are_right_more_often_than_with_librosa() {
    let styles = DESIGN.iter().chain(&HELD_OUT);
    let tracks: Vec<Track> = styles
        .flat_map(|&style| (0..2).map(move |seed| track(style, seed)))
        .collect();
    let ours = score(&tracks, BeatMethod::Metrical);
    let librosas = score(&tracks, BeatMethod::Librosa);
    assert!(ours.right >= 40 && ours.f() > 0.85, "{ours}");
    assert!(librosas.right <= 30 && librosas.f() < 0.8, "{librosas}");
}

#[test]
fn a_tempo_comes_with_the_next_best() {
    let track = easy(0);
    let plan = TempoSpec::default().build(RATE).unwrap();
    let tempo = plan.tempo(&track.samples).unwrap().unwrap();
    let beats = spec(BeatMethod::Metrical).build(RATE).unwrap();
    assert_eq!(tempo.bpm, beats.track(&track.samples).unwrap().tempo);
    assert!(
        tempo.confidence > 0.0 && tempo.confidence <= 1.0,
        "{tempo:?}"
    );
    // 72 beats a minute, the eighths of which are the most regular of all.
    assert!((tempo.second.unwrap() - 144.0).abs() < 1.0, "{tempo:?}");
}

#[test]
fn a_given_tempo_is_kept() {
    let track = easy(3);
    let mut given = spec(BeatMethod::Metrical);
    given.tracking.bpm = Some(50.0);
    let beats = given.build(RATE).unwrap().track(&track.samples).unwrap();
    assert_eq!(beats.tempo, 50.0);
    let spans = beats.frames.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(spans.clone().count() > 20);
    assert!(spans.into_iter().all(|span| (40..64).contains(&span)));
}

#[test]
fn silence_has_neither_tempo_nor_beats() {
    let plan = spec(BeatMethod::Metrical).build(RATE).unwrap();
    assert_eq!(plan.track(&[0.0; 30_000]).unwrap(), Beats::default());
    let tempo = TempoSpec::default().build(RATE).unwrap();
    assert_eq!(tempo.tempo(&[0.0; 30_000]).unwrap(), None);
    assert!(tempo.tempo(&[0.0; 3]).unwrap().is_none());
}

#[test]
fn the_method_is_stored_by_name_and_older_files_mean_librosas() {
    let stored = json!({"type": "beat", "method": "metrical"});
    let read: FeatureSpec = serde_json::from_value(stored).unwrap();
    assert_eq!(read, FeatureSpec::Beat(spec(BeatMethod::Metrical)));
    let older: BeatSpec = serde_json::from_value(json!({"bpm": 90.0})).unwrap();
    assert_eq!(older.tracking.method, BeatMethod::Librosa);
    let wrong = serde_json::from_value::<BeatSpec>(json!({"method": "metric"}));
    assert!(wrong.unwrap_err().to_string().contains("metrical"));
}

#[test]
fn a_hop_without_a_pulse_is_refused() {
    for hop_length in [1, 4000] {
        let spec = BeatSpec {
            analysis: Analysis {
                hop_length,
                ..Analysis::default()
            },
            ..spec(BeatMethod::Metrical)
        };
        let error = spec.build(RATE).unwrap_err().to_string();
        assert!(error.starts_with("beat: hop_length"), "{error}");
    }
}

#[test]
fn what_is_joined_between_beats_takes_either_method() {
    let samples = &easy(9).samples[..220_500];
    let joined = |spec: FeatureSpec| {
        let plan = spec.build_channel(RATE).unwrap();
        let mut out = vec![0.0; plan.bins() * plan.frames(samples.len())];
        plan.compute_into(samples, &mut out).unwrap();
        out
    };
    let mfcc = |method| {
        joined(FeatureSpec::BeatMfcc(BeatMfccSpec {
            tracking: tracking(method),
            ..BeatMfccSpec::default()
        }))
    };
    let sync = |method| {
        joined(FeatureSpec::BeatSync(BeatSyncSpec {
            tracking: tracking(method),
            ..BeatSyncSpec::default()
        }))
    };
    // 165 beats a minute are 83 to librosa.
    assert_ne!(mfcc(BeatMethod::Librosa), mfcc(BeatMethod::Metrical));
    assert_ne!(sync(BeatMethod::Librosa), sync(BeatMethod::Metrical));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_sound_has_ascending_beats(
        seed: u64,
        len in 1usize..60_000,
        n_mels in 1usize..60,
        hop_length in 64usize..2000,
        bpm in prop::option::of(1e-3f64..1e6),
        center: bool,
    ) {
        let mut rng: Rng = Seed(seed).named("sound");
        let turn = rng.range(500.0, 9000.0);
        let samples: Vec<f32> = (0..len)
            .map(|n| (rng.normal() * (n as f64 / turn).sin().powi(8)) as f32)
            .collect();
        let mut spec = spec(BeatMethod::Metrical);
        spec.tracking.bpm = bpm;
        spec.bands.n_mels = n_mels;
        spec.analysis.hop_length = hop_length;
        spec.analysis.center = center;
        let plan = spec.build(RATE).unwrap();
        if let Ok(beats) = plan.track(&samples) {
            let frames = sarangi_features::ChannelFeature::frames(&plan, len);
            prop_assert!(beats.frames.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(beats.frames.iter().all(|&frame| frame < frames));
            prop_assert!(beats.tempo.is_finite());
            prop_assert_eq!(plan.track(&samples).unwrap(), beats);
        }
    }
}
