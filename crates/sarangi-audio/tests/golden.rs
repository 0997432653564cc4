//! Decoding and loading agree with libsndfile, FFmpeg and librosa.

use sarangi_audio::{AudioFormat, DecodeOptions, decode, inspect, load};
use sarangi_core::SampleRate;
use sarangi_testkit::{Golden, fixture, goldens};

#[test]
fn excerpts_agree_with_the_reference_decoders() {
    // The AAC and Matroska features are off by default.
    let is_enabled = |golden: &Golden| {
        let file = golden.spec["file"].as_str().unwrap();
        match file.rsplit_once('.').unwrap().1 {
            "wav" => AudioFormat::Wav,
            "au" => AudioFormat::Au,
            "flac" => AudioFormat::Flac,
            "mp3" => AudioFormat::Mp3,
            "ogg" => AudioFormat::Ogg,
            "mkv" => AudioFormat::Mkv,
            _ => AudioFormat::Mp4,
        }
        .is_enabled()
    };
    for golden in goldens("audio").iter().filter(|golden| is_enabled(golden)) {
        let path = fixture(golden.spec["file"].as_str().unwrap());
        let start = golden.spec["start"].as_u64().unwrap() as usize;
        let delay = golden.spec.get("delay").map_or(0, |d| d.as_u64().unwrap()) as usize;
        let options = DecodeOptions::default();
        let wave = match golden.spec.get("rate") {
            Some(rate) => {
                let rate = SampleRate::new(rate.as_u64().unwrap() as u32).unwrap();
                load(path, rate, &options).unwrap()
            }
            None => {
                let wave = decode(&path, &options).unwrap();
                let info = inspect(&path).unwrap();
                assert_eq!((info.rate, info.channels), (wave.rate(), wave.channels()));
                let lossless = golden.rtol + golden.atol == 0.0;
                if lossless {
                    assert_eq!(info.samples, Some(wave.len() as u64), "{}", golden.name);
                }
                wave
            }
        };
        let len = golden.array("samples").shape()[1];
        let excerpt = wave.window(start + delay, len);
        golden.assert_close("samples", excerpt.samples().into_dyn());
        if golden.spec.get("delay").is_none() {
            let length = golden.array("length")[[0]] as usize;
            assert_eq!(wave.len(), length, "{}: length", golden.name);
        }
    }
}
