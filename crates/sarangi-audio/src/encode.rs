//! Writing WAV.

use std::io::Write;
use std::path::Path;

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
    let header = header(wave, format)?;
    write_atomically(path, |out| {
        write_samples(out, &header, wave, format).map_err(|e| Error::io(path, e))
    })
}

fn write_samples(
    out: &mut dyn Write,
    header: &[u8],
    wave: &Waveform,
    format: WavFormat,
) -> std::io::Result<()> {
    out.write_all(header)?;
    for frame in wave.samples().columns() {
        for &x in frame {
            match format {
                WavFormat::Pcm16 => {
                    // The cast cuts what lies beyond, and turns NaN into silence.
                    out.write_all(&((x * 32_768.0).round() as i16).to_le_bytes())?;
                }
                WavFormat::Float32 => out.write_all(&x.to_le_bytes())?,
            }
        }
    }
    Ok(())
}

fn header(wave: &Waveform, format: WavFormat) -> Result<Vec<u8>> {
    let (tag, bytes) = match format {
        WavFormat::Pcm16 => (1u16, 2u16),
        WavFormat::Float32 => (3, 4),
    };
    let sizes = || {
        let channels = u16::try_from(wave.channels()).ok()?;
        let frame = channels.checked_mul(bytes)?;
        let data = u32::try_from(wave.len())
            .ok()?
            .checked_mul(u32::from(frame))?;
        let per_second = wave.rate().hz().checked_mul(u32::from(frame))?;
        Some((channels, frame, data, data.checked_add(50)?, per_second))
    };
    let (channels, frame, data, riff, per_second) = sizes().ok_or_else(|| Error::Unsupported {
        what: format!(
            "a WAV file of {} channels and {} samples",
            wave.channels(),
            wave.len()
        ),
        feature: None,
    })?;
    let mut out = Vec::with_capacity(58);
    out.extend(b"RIFF");
    out.extend(riff.to_le_bytes());
    // Other than PCM, the format needs an (empty) extension and the length in samples.
    out.extend(b"WAVEfmt ");
    out.extend(18u32.to_le_bytes());
    out.extend(tag.to_le_bytes());
    out.extend(channels.to_le_bytes());
    out.extend(wave.rate().hz().to_le_bytes());
    out.extend(per_second.to_le_bytes());
    out.extend(frame.to_le_bytes());
    out.extend((8 * bytes).to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out.extend(b"fact");
    out.extend(4u32.to_le_bytes());
    out.extend((wave.len() as u32).to_le_bytes());
    out.extend(b"data");
    out.extend(data.to_le_bytes());
    Ok(out)
}

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
