//! spectrograms: single precision.

use anyhow::{Context, Result, anyhow};
use non_empty_slice::NonEmptyVec;
use spectrograms::{
    ChromaParams, Decibels, LogParams, MelNorm, MelParams, MfccParams, SpectrogramParams,
    SpectrogramPlanner, StftParams, StftPlan, WindowType, chromagram, mfcc_from_log_mel, nzu,
};

use crate::answer::{shaped, unknown};
use crate::feature_row::{Op, Row};
use crate::serving::Iteration;

const RATE: f64 = 22_050.0;

pub fn build(row: &Row) -> Result<Iteration> {
    let samples = NonEmptyVec::new(row.samples()?).map_err(|_| anyhow!("no samples"))?;
    let stft = StftParams::new(nzu!(2048), nzu!(512), WindowType::Hanning, true)?;
    let params = SpectrogramParams::new(stft.clone(), RATE)?;
    match &row.op {
        Op::Stft {
            n_fft: 2048,
            hop_length: 512,
        } => {
            let mut plan = StftPlan::<f32>::new(&params)?;
            Ok(Box::new(move || {
                let map = plan.compute(&samples, &params)?;
                Ok(shaped(map, |map| {
                    vec![map.data.nrows(), map.data.ncols(), 2]
                }))
            }))
        }
        Op::Feature { name, settings } => match name.as_str() {
            "log-mel" | "mfcc" => {
                let mel = MelParams::with_norm(nzu!(128), 0.0, RATE / 2.0, MelNorm::Slaney)?;
                let decibels = LogParams::new(-80.0)?;
                let mut plan = SpectrogramPlanner::new().mel_plan::<Decibels, f32>(
                    &params,
                    &mel,
                    Some(&decibels),
                )?;
                if name == "log-mel" {
                    return Ok(Box::new(move || {
                        let map = plan.compute(&samples)?;
                        Ok(shaped(map, |map| map.data().shape().to_vec()))
                    }));
                }
                let count = settings["n_mfcc"].as_u64().context("n_mfcc")?;
                let coefficients = MfccParams::new((count as usize).try_into()?);
                Ok(Box::new(move || {
                    let map = mfcc_from_log_mel(plan.compute(&samples)?.data(), &coefficients)?;
                    Ok(shaped(map, |map| map.data.shape().to_vec()))
                }))
            }
            "chroma-stft" => {
                let chroma = ChromaParams::music_standard();
                Ok(Box::new(move || {
                    let map = chromagram(&samples, &stft, RATE, &chroma)?;
                    Ok(shaped(map, |map| map.data.shape().to_vec()))
                }))
            }
            _ => unknown(row),
        },
        _ => unknown(row),
    }
}
