//! Every bad file gives one clear line, and no file brings the decoder down.
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows test functions as such, but not the helpers they share"
)]

use std::io::Cursor;

use proptest::prelude::*;
use sarangi_audio::{
    AudioFormat, DecodeOptions, Decoder, WavFormat, decode, decode_reader, encode_wav,
};
use sarangi_core::{Error, SampleRate, Waveform};
use sarangi_testkit::fixture;

/// One small file of each format, with the format that it has.
const SMALL: [(&str, AudioFormat); 12] = [
    ("mono-pcm16.wav", AudioFormat::Wav),
    ("stereo-extensible.wav", AudioFormat::Wav),
    ("stereo-rf64.wav", AudioFormat::Wav),
    ("mono-ulaw.au", AudioFormat::Au),
    ("stereo-little-endian.au", AudioFormat::Au),
    ("mono-pcm16.flac", AudioFormat::Flac),
    ("mono-mpeglayeriii.mp3", AudioFormat::Mp3),
    ("mono-tagged.mp3", AudioFormat::Mp3),
    ("mono-vorbis.ogg", AudioFormat::Ogg),
    ("mono.aac", AudioFormat::Aac),
    ("mono.m4a", AudioFormat::Mp4),
    ("mono-vorbis.mkv", AudioFormat::Mkv),
];

fn enabled() -> impl Iterator<Item = &'static str> {
    SMALL
        .iter()
        .filter(|(_, format)| format.is_enabled())
        .map(|(name, _)| *name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture("formats").join(name)).unwrap()
}

fn decode_bytes(bytes: Vec<u8>) -> Result<Waveform, Error> {
    decode_reader(Cursor::new(bytes), "x", &DecodeOptions::default())
}

fn message(bytes: Vec<u8>) -> String {
    let message = decode_bytes(bytes).unwrap_err().to_string();
    assert!(message.starts_with("x: "), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

fn wav(patch: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = bytes("mono-pcm16.wav");
    patch(&mut bytes);
    bytes
}

#[test]
fn bad_files_say_what_is_wrong() {
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (vec![], "file is empty"),
        (
            b"Once upon a time there was".to_vec(),
            "is not a sound file: its content begins with `Once upon a time`",
        ),
        (b"FORM\0\0\0\0AIFF".to_vec(), "AIFF is not supported"),
        (wav(|b| b[24..28].fill(0)), "it claims a rate of 0 Hz"),
        (wav(|b| b[24..28].fill(0xff)), "a rate of 4294967295 Hz"),
        (wav(|b| [b[22], b[32]] = [0, 0]), "it claims 0 channels"),
        (wav(|b| b[20] = 0x55), "WAV with format tag 0x55"),
        (wav(|b| b[40..44].fill(0)), "there is not one sample"),
        (wav(|b| b.truncate(44)), "the sound ends after 0.000 s"),
        (wav(|b| b.truncate(40)), "it has no `data` chunk"),
        (wav(|b| b[12] = b'x'), "has no `fmt ` chunk"),
        (
            wav(|b| b.truncate(44 + 8000)),
            "file is truncated: its header promises 0.500 s, but the sound ends after 0.250 s",
        ),
    ];
    for (bytes, want) in cases {
        let message = message(bytes);
        assert!(message.contains(want), "{message}\nwanted: {want}");
    }
}

#[test]
fn bad_au_files_say_what_is_wrong() {
    let au = |patch: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes("mono-pcm16.au");
        patch(&mut bytes);
        message(bytes)
    };
    assert!(au(&|b| b.truncate(20)).contains("it ends in its header"));
    assert!(au(&|b| b.truncate(9_000)).contains("file is truncated"));
    assert!(au(&|b| b[4] = 0xff).contains("puts the first sample at byte"));
    assert!(au(&|b| b[15] = 23).contains("AU with encoding 23 is not supported"));
    assert!(au(&|b| b[20] = 0xff).contains("channels"));
    assert!(au(&|b| b[16..20].fill(0)).contains("0 Hz"));
    // An unknown length reaches to the end.
    let mut unknown = bytes("mono-pcm16.au");
    unknown[8..12].fill(0xff);
    assert_eq!(
        decode_bytes(unknown).unwrap(),
        decode_bytes(bytes("mono-pcm16.au")).unwrap()
    );
}

#[test]
fn a_cut_file_is_truncated_in_every_format() {
    for name in enabled() {
        let whole = bytes(name);
        for keep in [whole.len() / 2, whole.len() * 4 / 5, whole.len() - 200] {
            let cut = whole[..keep].to_vec();
            let message = message(cut);
            assert!(
                message.contains("file is truncated"),
                "{name} cut to {keep} of {}: {message}",
                whole.len()
            );
        }
    }
}

#[test]
#[cfg(all(feature = "flac", feature = "mp3", feature = "ogg"))]
fn what_a_cut_track_has_can_be_had() {
    let forgiving = DecodeOptions {
        allow_truncated: true,
        ..DecodeOptions::default()
    };
    for name in [
        "pluck.000.wav",
        "pluck.001.mp3",
        "pluck.002.ogg",
        "pluck.003.au",
        "pluck.006.flac",
    ] {
        let mut bytes = std::fs::read(fixture("audio/pluck").join(name)).unwrap();
        let whole = decode_bytes(bytes.clone()).unwrap();
        bytes.truncate(bytes.len() * 3 / 5);
        assert!(
            message(bytes.clone()).contains("file is truncated"),
            "{name}"
        );
        let wave = decode_reader(Cursor::new(bytes), "x", &forgiving).unwrap();
        assert!(
            (6.0..9.0).contains(&wave.seconds()),
            "{name}: {}",
            wave.seconds()
        );
        // The last samples of a cut block may lack what overlaps it.
        let sound = wave.len() - 4096;
        assert_eq!(wave.window(0, sound), whole.window(0, sound), "{name}");
    }
}

#[test]
fn what_is_no_file_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let options = DecodeOptions::default();
    let error = decode(folder.path(), &options).unwrap_err().to_string();
    assert!(error.contains("is a folder, not a sound file"), "{error}");
    #[cfg(unix)]
    {
        let pipe = folder.path().join("pipe.wav");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        std::os::unix::fs::symlink(&pipe, folder.path().join("link.wav")).unwrap();
        for odd in ["pipe.wav", "link.wav", "/dev/zero"] {
            let error = decode(folder.path().join(odd), &options).unwrap_err();
            assert!(error.to_string().contains("not a regular file"), "{error}");
        }
    }
    let missing = decode(folder.path().join("none.wav"), &options).unwrap_err();
    assert!(matches!(missing, Error::Io { .. }), "{missing}");
}

#[cfg(feature = "mp3")]
#[test]
fn the_content_tells_the_format_not_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.wav");
    std::fs::copy(fixture("formats/mono-mpeglayeriii.mp3"), &path).unwrap();
    assert_eq!(
        sarangi_audio::inspect(&path).unwrap().format,
        AudioFormat::Mp3
    );
    assert_eq!(
        decode(&path, &DecodeOptions::default()).unwrap().len(),
        8_000
    );
    std::fs::write(&path, "just some text").unwrap();
    let error = decode(&path, &DecodeOptions::default()).unwrap_err();
    assert!(error.to_string().contains("is not a sound file"), "{error}");
}

#[test]
fn samples_that_are_not_numbers_are_found_and_placed() {
    let folder = tempfile::tempdir().unwrap();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut samples = vec![0.0; 200_000];
        samples[110_250] = bad;
        let path = folder.path().join("x.wav");
        let wave = Waveform::mono(samples, SampleRate::HZ_22050);
        encode_wav(&path, &wave, WavFormat::Float32).unwrap();
        let error = decode(&path, &DecodeOptions::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("not a finite number, the first at 5.000000 s"),
            "{error}"
        );
    }
}

#[test]
fn samples_far_beyond_full_scale_are_refused_and_placed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wav");
    let mut samples = vec![-1e6; 50_000];
    let rate = SampleRate::HZ_22050;
    encode_wav(
        &path,
        &Waveform::mono(samples.clone(), rate),
        WavFormat::Float32,
    )
    .unwrap();
    assert!(decode(&path, &DecodeOptions::default()).is_ok());
    samples[44_100] = 1e30;
    encode_wav(&path, &Waveform::mono(samples, rate), WavFormat::Float32).unwrap();
    let error = decode(&path, &DecodeOptions::default()).unwrap_err();
    let want = "holds a sample of 1e30 times full scale, the first at 2.000000 s; the file is \
                damaged or not normalised";
    assert!(error.to_string().ends_with(want), "{error}");
}

/// A WAV file of silence that is never in memory: what its header promises costs nothing.
struct Silence {
    header: Vec<u8>,
    len: u64,
    at: u64,
}

impl std::io::Read for Silence {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = buffer
            .len()
            .min((self.len - self.at.min(self.len)) as usize);
        for (i, byte) in buffer[..len].iter_mut().enumerate() {
            *byte = *self.header.get(self.at as usize + i).unwrap_or(&0);
        }
        self.at += len as u64;
        Ok(len)
    }
}

impl std::io::Seek for Silence {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            std::io::SeekFrom::Start(at) => at,
            std::io::SeekFrom::End(by) => self.len.saturating_add_signed(by),
            std::io::SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

#[test]
fn ten_hours_are_refused_before_or_at_the_limit() {
    let ten_hours = |data_len: u32| {
        let mut header = wav(|b| b.truncate(44));
        header[40..44].copy_from_slice(&data_len.to_le_bytes());
        let len = 44 + 36_000 * 32_000;
        Silence { header, len, at: 0 }
    };
    let options = DecodeOptions::default();
    let error = Decoder::from_reader(ten_hours(36_000 * 32_000), "x", &options).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("longer than the limit of 3600 s; cut it, or raise `max_seconds`"),
        "{error}"
    );
    // Block by block, nothing is kept; the limit holds whatever the header says.
    let options = DecodeOptions {
        max_seconds: 50_000.0,
        ..options
    };
    let decoder = Decoder::from_reader(ten_hours(u32::MAX), "x", &options).unwrap();
    assert!(decoder.take(50).all(|block| block.unwrap().len() <= 65_536));
}

#[test]
#[cfg(feature = "mp3")]
fn a_stream_without_a_length_stops_at_the_limit() {
    let options = DecodeOptions {
        max_seconds: 0.2,
        ..DecodeOptions::default()
    };
    let bytes = bytes("mono-tagged.mp3");
    assert_eq!(
        sarangi_audio::inspect(fixture("formats/mono-tagged.mp3"))
            .unwrap()
            .samples,
        None
    );
    let error = decode_reader(Cursor::new(bytes), "x", &options).unwrap_err();
    assert!(
        error.to_string().contains("longer than the limit of 0.2 s"),
        "{error}"
    );
    for nonsense in [0.0, -1.0, f64::NAN] {
        let options = DecodeOptions {
            max_seconds: nonsense,
            ..DecodeOptions::default()
        };
        assert!(matches!(decode("x", &options), Err(Error::Config { .. })));
    }
}

#[test]
fn formats_that_are_not_built_in_name_their_feature() {
    for (name, format) in SMALL.iter().filter(|(_, format)| !format.is_enabled()) {
        let error = decode(fixture("formats").join(name), &DecodeOptions::default()).unwrap_err();
        assert!(
            matches!(error, Error::Unsupported { feature: Some(feature), .. } if feature == format.feature()),
            "{name}: {error}"
        );
    }
}

#[test]
#[cfg(feature = "ogg")]
fn opus_is_named() {
    assert!(message(bytes("mono-opus.ogg")).contains("opus is not supported"));
}

#[test]
#[cfg(feature = "aac")]
fn films_give_their_sound_or_say_that_they_have_none() {
    let film = decode(fixture("formats/film.mp4"), &DecodeOptions::default()).unwrap();
    assert!(film.samples().iter().any(|x| x.abs() > 0.05));
    assert!(message(bytes("silent-film.mp4")).contains("has no audio track"));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(256)
    })]

    #[test]
    fn damaged_bytes_never_bring_the_decoder_down(
        which in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        in_header: bool,
        cut in any::<prop::sample::Index>(),
        keep_all: bool,
    ) {
        let names: Vec<_> = enabled().collect();
        let mut bytes = bytes(names[which.index(names.len())]);
        if !keep_all {
            bytes.truncate(cut.index(bytes.len()));
        }
        let reach = if in_header { bytes.len().min(128) } else { bytes.len() };
        for (at, value) in flips {
            if reach > 0 {
                bytes[at.index(reach)] = value;
            }
        }
        if let Ok(wave) = decode_bytes(bytes) {
            prop_assert!(wave.samples().iter().all(|x| x.is_finite()));
        }
    }
}
