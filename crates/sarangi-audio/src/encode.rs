//! Writing WAV.

use std::io::Cursor;
use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};
use sarangi_core::{Error, Result, Waveform, write_atomically};
use serde::{Deserialize, Serialize};

/// How samples are stored in a WAV file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WavFormat {
    /// 16-bit integers. Values beyond ±1 are cut there; no dither.
    #[default]
    Pcm16,
    /// 32-bit floats, bit for bit.
    Float32,
}

/// Writes a WAV file whole, or not at all.
///
/// `soundfile.write(path, samples.T, rate, subtype="PCM_16" or "FLOAT")`.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written, [`Error::Unsupported`] if the sound is too long for
/// a WAV file (4 GiB) or has more than 65,535 channels.
pub fn encode_wav(path: impl AsRef<Path>, wave: &Waveform, format: WavFormat) -> Result<()> {
    let path = path.as_ref();
    let bytes = wav_bytes(wave, format)?;
    write_atomically(path, |out| {
        out.write_all(&bytes).map_err(|e| Error::io(path, e))
    })
}

/// The bytes of a WAV file.
///
/// # Errors
/// [`Error::Unsupported`] as [`encode_wav`].
pub fn wav_bytes(wave: &Waveform, format: WavFormat) -> Result<Vec<u8>> {
    let (bits, sample_format) = match format {
        WavFormat::Pcm16 => (16u16, SampleFormat::Int),
        WavFormat::Float32 => (32, SampleFormat::Float),
    };
    let too_large = || Error::Unsupported {
        what: format!(
            "a WAV file of {} channels and {} samples",
            wave.channels(),
            wave.len()
        ),
        feature: None,
    };
    // Asked first, since hound counts bytes in 32 bits.
    let bytes = wave.samples().len() as u64 * u64::from(bits / 8) + HEADER;
    let channels = u16::try_from(wave.channels()).map_err(|_| too_large())?;
    let per_second = wave
        .rate()
        .hz()
        .checked_mul(u32::from(channels))
        .and_then(|n| n.checked_mul(u32::from(bits / 8)));
    if bytes > u64::from(u32::MAX) || per_second.is_none() {
        return Err(too_large());
    }
    let spec = WavSpec {
        channels,
        sample_rate: wave.rate().hz(),
        bits_per_sample: bits,
        sample_format,
    };
    let mut out = Cursor::new(Vec::with_capacity(bytes as usize));
    let written = (|| {
        let mut writer = WavWriter::new(&mut out, spec)?;
        for frame in wave.samples().columns() {
            for &x in frame {
                match format {
                    // The cast cuts what lies beyond, and turns NaN into silence.
                    WavFormat::Pcm16 => writer.write_sample((x * 32_768.0).round() as i16)?,
                    WavFormat::Float32 => writer.write_sample(x)?,
                }
            }
        }
        writer.finalize()
    })();
    written.map_err(|e| Error::backend("encode_wav", e))?;
    Ok(out.into_inner())
}

/// More than the headers of any WAV file that hound writes.
const HEADER: u64 = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use sarangi_core::SampleRate;

    #[test]
    fn another_reader_reads_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/x.wav");
        let samples = array![[0.5, -1.0, 2.0], [0.25, 1.0 / 3.0, f32::MIN_POSITIVE]];
        let wave = Waveform::new(samples, SampleRate::HZ_44100).unwrap();

        encode_wav(&path, &wave, WavFormat::Float32).unwrap();
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(reader.spec().channels, 2);
        assert_eq!(reader.spec().sample_rate, 44_100);
        let back: Vec<f32> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(back, [0.5, 0.25, -1.0, 1.0 / 3.0, 2.0, f32::MIN_POSITIVE]);

        encode_wav(&path, &wave, WavFormat::Pcm16).unwrap();
        let mut reader = hound::WavReader::open(&path).unwrap();
        let back: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(back, [16_384, 8_192, -32_768, 10_923, 32_767, 0]);
    }

    #[cfg(feature = "wav")]
    #[test]
    fn what_is_written_is_decoded_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.wav");
        let wave = Waveform::mono(vec![0.1, -3.5, 1e-20], SampleRate::HZ_22050);
        encode_wav(&path, &wave, WavFormat::Float32).unwrap();
        assert_eq!(crate::decode(&path, &Default::default()).unwrap(), wave);
    }
}
