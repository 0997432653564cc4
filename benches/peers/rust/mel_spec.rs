//! mel_spec: one log-mel spectrogram in a batch, single precision.

use anyhow::{Result, anyhow};
use mel_spec::prelude::{BatchLogMelConfig, BatchLogMelSpectrogram};

use crate::answer::{shaped, unknown};
use crate::feature_row::{Op, Row};
use crate::serving::Iteration;

pub fn build(row: &Row) -> Result<Iteration> {
    match &row.op {
        Op::Feature { name, .. } if name == "log-mel" => {}
        _ => return unknown(row),
    }
    let samples = row.samples()?;
    let config = BatchLogMelConfig {
        sample_rate: 22_050,
        n_fft: 2048,
        win_length: 2048,
        hop_length: 512,
        n_mels: 128,
        ..BatchLogMelConfig::default()
    };
    let plan = BatchLogMelSpectrogram::new(config).map_err(|e| anyhow!("{e}"))?;
    let mut scratch = plan.scratch();
    Ok(Box::new(move || {
        let map = plan
            .compute_flat_with_scratch(&samples, &mut scratch)
            .map_err(|e| anyhow!("{e}"))?;
        Ok(shaped(map, |map| vec![map.rows, map.cols]))
    }))
}
