//! rosa: a port of librosa in double precision. Its functions are given nothing planned before.

use anyhow::{Context, Result, anyhow};
use rosa::cqt::{
    ChromaCqtParams, ChromaStftParams, CqtParams, chroma_cqt, chroma_stft, complex_magnitude, cqt,
};
use rosa::{
    Aggregate, BeatTrackParams, Matrix, MelSpectrogramParams, MfccParams, OnsetStrengthParams,
    StftParams, TempogramParams, beat_track, fft_frequencies, load, mel_spectrogram, mfcc,
    onset_strength, power_to_db, resample, spectral_centroid, spectral_contrast, spectral_flatness,
    spectrogram, stft, tempogram,
};

use crate::answer::{doubles, shaped, unknown};
use crate::feature_row::{Op, Row};
use crate::serving::{Iteration, Product};

const RATE: f64 = 22_050.0;

pub fn build(row: &Row) -> Result<Iteration> {
    match &row.op {
        Op::Feature { name, settings } => {
            let compute = feature(name, settings)?;
            let samples = doubles(row)?;
            Ok(Box::new(move || Ok(compute(&samples))))
        }
        Op::Stft { n_fft, .. } => {
            let (samples, params) = (doubles(row)?, StftParams::new(*n_fft));
            Ok(Box::new(move || {
                let (re, im) = stft(&samples, &params);
                Ok(shaped((re, im), |(re, _)| vec![re.rows(), re.cols(), 2]))
            }))
        }
        Op::Resample { from, to } => {
            let (samples, from, to) = (doubles(row)?, *from, *to);
            Ok(Box::new(move || {
                let sound = resample(&samples, from, to).map_err(|e| anyhow!("{e:?}"))?;
                Ok(shaped(sound, |sound| vec![sound.len()]))
            }))
        }
        Op::Load { rate } => {
            let path = row
                .path()
                .to_str()
                .context("a path that is no text")?
                .to_owned();
            let rate = *rate;
            Ok(Box::new(move || {
                let sound = load(&path, Some(rate), true).map_err(|e| anyhow!("{e:?}"))?;
                Ok(shaped(sound, |(sound, _)| vec![sound.len()]))
            }))
        }
        _ => unknown(row),
    }
}

type Compute = Box<dyn Fn(&[f64]) -> Product>;

fn feature(name: &str, settings: &serde_json::Map<String, serde_json::Value>) -> Result<Compute> {
    let magnitude = |y: &[f64]| spectrogram(y, &StftParams::new(2048), 1.0);
    let frequencies = || fft_frequencies(RATE, 2048);
    Ok(match name {
        "log-mel" => Box::new(|y| {
            let mel = mel(y);
            curve(power_to_db(mel.as_slice(), 1.0, 1e-10, Some(80.0)))
        }),
        "mfcc" => {
            let n_mfcc = settings["n_mfcc"].as_u64().context("n_mfcc")? as usize;
            Box::new(move |y| {
                let params = MfccParams {
                    n_mfcc,
                    ..MfccParams::default()
                };
                map(mfcc(&mel(y), &params))
            })
        }
        "chroma-stft" => Box::new(|y| map(chroma_stft(y, &ChromaStftParams::default()))),
        "chroma-cqt" => Box::new(|y| map(chroma_cqt(y, &ChromaCqtParams::default()))),
        "cqt" => Box::new(|y| {
            let (re, im) = cqt(y, &CqtParams::default());
            map(complex_magnitude(&re, &im))
        }),
        "beat" => Box::new(|y| {
            let params = OnsetStrengthParams {
                aggregate: Aggregate::Median,
                ..OnsetStrengthParams::new(RATE)
            };
            let (_, beats) = beat_track(&onset_strength(y, &params), &BeatTrackParams::new(RATE));
            shaped(beats, |beats| vec![beats.len()])
        }),
        "tempogram" => Box::new(|y| {
            let onsets = onset_strength(y, &OnsetStrengthParams::new(RATE));
            map(tempogram(&onsets, &TempogramParams::new(RATE)))
        }),
        "spectral-centroid" => {
            Box::new(move |y| curve(spectral_centroid(&magnitude(y), &frequencies())))
        }
        "spectral-contrast" => Box::new(move |y| {
            map(spectral_contrast(
                &magnitude(y),
                &frequencies(),
                200.0,
                6,
                0.02,
                false,
            ))
        }),
        "spectral-flatness" => {
            Box::new(move |y| curve(spectral_flatness(&magnitude(y), 1e-10, 2.0)))
        }
        other => return Err(anyhow!("rosa has no {other}, or nobody asked it yet")),
    })
}

fn mel(y: &[f64]) -> Matrix {
    mel_spectrogram(y, &MelSpectrogramParams::new(RATE))
}

fn map(matrix: Matrix) -> Product {
    shaped(matrix, |matrix| vec![matrix.rows(), matrix.cols()])
}

fn curve(values: Vec<f64>) -> Product {
    shaped(values, |values| vec![values.len()])
}
