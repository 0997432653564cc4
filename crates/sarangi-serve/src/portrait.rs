//! What a sound looks like.

use sarangi_core::{Result, Spec, Stop, Transform, Waveform};
use sarangi_features::{Analysis, Decibels, FeatureSpec, LogMelSpec, MelBands, Peak, Reference};
use sarangi_plot::{ColourMap, Picture};
use serde::Serialize;

/// Pairs of lowest and highest samples of a waveform, more than pages are wide.
const PEAKS: usize = 1000;
/// Frames of a spectrogram at most.
const FRAMES: usize = 900;
const BANDS: usize = 96;
const N_FFT: usize = 2048;
/// Frames of short sounds are not closer than this.
const SHORTEST_HOP: usize = 32;
/// The quietest that is told from silence, below the loudest.
const RANGE_DB: f32 = 80.0;

/// The waveform and the spectrogram of a sound, as a page draws them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Portrait {
    /// The lowest and the highest sample of each of up to a thousand equal pieces.
    waveform: Vec<[f32; 2]>,
    spectrogram: Spectrogram,
}

/// A log-mel spectrogram: a pixel for each frame and band, low bands at the bottom.
#[derive(Clone, Debug, Serialize)]
struct Spectrogram {
    /// The address of a PNG file that holds the picture itself.
    png: String,
    width: usize,
    height: usize,
    /// The frequencies at the lower and the upper edge in Hz; between them the scale is mel.
    hz: [f64; 2],
    /// The range of the colours in dB, relative to the loudest.
    db: [f32; 2],
}

impl Portrait {
    /// Draws a mono sound.
    pub(crate) fn of(wave: &Waveform, stop: &Stop) -> Result<Self> {
        stop.check("drawing")?;
        Ok(Self {
            waveform: peaks(wave.channel(0)?),
            spectrogram: spectrogram(wave)?,
        })
    }
}

fn peaks(samples: &[f32]) -> Vec<[f32; 2]> {
    let thousandth = |x: f32| (x * 1000.0).round() / 1000.0;
    let pieces = PEAKS.min(samples.len());
    (0..pieces)
        .map(|piece| {
            let (start, end) = (
                piece * samples.len() / pieces,
                (piece + 1) * samples.len() / pieces,
            );
            let piece = samples[start..end].iter();
            let [low, high] = piece.fold([f32::MAX, f32::MIN], |[low, high], &x| {
                [low.min(x), high.max(x)]
            });
            [thousandth(low), thousandth(high)]
        })
        .collect()
}

fn spectrogram(wave: &Waveform) -> Result<Spectrogram> {
    let spec = FeatureSpec::LogMel(LogMelSpec {
        decibels: Decibels {
            reference: Reference::Peak(Peak::Max),
            top_db: Some(f64::from(RANGE_DB)),
            ..Decibels::default()
        },
        bands: MelBands {
            n_mels: BANDS,
            ..MelBands::default()
        },
        analysis: Analysis {
            n_fft: N_FFT,
            hop_length: (wave.len() / FRAMES).max(SHORTEST_HOP),
            ..Analysis::default()
        },
        ..LogMelSpec::default()
    });
    let map = spec.build(wave.rate())?.apply(wave)?;
    let picture = Picture::render(map.view(), ColourMap::Magma, Some((-RANGE_DB, 0.0)))?;
    Ok(Spectrogram {
        png: sarangi_eval::data_uri("image/png", &picture.to_png()?),
        width: picture.width(),
        height: picture.height(),
        hz: [0.0, wave.rate().as_f64() / 2.0],
        db: [-RANGE_DB, 0.0],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::SampleRate;

    #[test]
    fn sounds_of_any_length_are_drawn() {
        for samples in [1, 500, 22_050, 400_000] {
            let wave = (0..samples).map(|n| 0.5 * (n as f32 * 0.1).sin()).collect();
            let wave = Waveform::mono(wave, SampleRate::HZ_22050);
            let portrait = Portrait::of(&wave, &Stop::new()).unwrap();
            assert_eq!(portrait.waveform.len(), samples.min(PEAKS));
            assert!(portrait.waveform.iter().all(|[low, high]| low <= high));
            let Spectrogram { width, height, .. } = portrait.spectrogram;
            assert!((1..=FRAMES + 2).contains(&width), "{samples}: {width}");
            assert_eq!(height, BANDS);
        }
    }

    #[test]
    fn silence_is_dark_and_no_error() {
        let wave = Waveform::mono(vec![0.0; 10_000], SampleRate::HZ_22050);
        let portrait = Portrait::of(&wave, &Stop::new()).unwrap();
        assert!(portrait.waveform.iter().all(|peak| *peak == [0.0, 0.0]));
    }
}
