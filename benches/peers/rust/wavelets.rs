//! fastcwt and scalet: continuous wavelet transforms.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use fastcwt::{FastCWT, ScaleTypes, Scales, Wavelet};
use scalet::{CwtExecutor, CwtOptions, MorletWavelet, ScaleType, Scalet};

use crate::answer::{doubles, shaped, unknown};
use crate::feature_row::{Op, Row};
use crate::serving::Iteration;

const RATE: usize = 22_050;

pub fn fastcwt(row: &Row) -> Result<Iteration> {
    let Op::Cwt {
        fmin,
        n_bins,
        bins_per_octave,
    } = row.op
    else {
        return unknown(row);
    };
    let mut samples = doubles(row)?;
    samples.resize(samples.len().next_power_of_two(), 0.0);
    let fmax = fmin * ((n_bins - 1) as f64 / bins_per_octave as f64).exp2();
    Ok(Box::new(move || {
        // Its wavelet grows with each transform, and a transform takes its scales away.
        let mut transform = FastCWT::create(Wavelet::create(1.0), true);
        let scales = Scales::create(ScaleTypes::LinFreq, RATE, fmin, fmax, n_bins);
        let last = transform.cwt(samples.len(), &samples, scales);
        Ok(shaped(last, |last| vec![last.len(), 2]))
    }))
}

pub fn scalet(row: &Row) -> Result<Iteration> {
    let Op::Cwt { n_bins, .. } = row.op else {
        return unknown(row);
    };
    let samples = row.samples()?;
    // It chooses the lowest and the highest scale; the voices whose number comes nearest.
    let mut nearest: Option<(usize, Arc<dyn CwtExecutor<f32> + Send + Sync>)> = None;
    for nv in 1..=32 {
        let options = CwtOptions {
            scale_type: ScaleType::Log,
            nv,
            l1_norm: true,
            full_cache: false,
        };
        let plan = Scalet::make_cwt_f32(Arc::new(MorletWavelet::new(6.0)), samples.len(), options)
            .map_err(|e| anyhow!("{e:?}"))?;
        let apart = plan.view_scales().len().abs_diff(n_bins);
        if nearest.as_ref().is_none_or(|(best, _)| apart < *best) {
            nearest = Some((apart, plan));
        }
    }
    let (_, plan) = nearest.ok_or_else(|| anyhow!("no scales"))?;
    Ok(Box::new(move || {
        let map = plan.execute(&samples).map_err(|e| anyhow!("{e:?}"))?;
        Ok(shaped([map.height, map.width, 2], |shape| shape.to_vec()))
    }))
}
