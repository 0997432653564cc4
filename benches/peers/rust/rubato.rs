//! rubato: its FFT resampler over the whole clip.

use anyhow::Result;
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler};

use crate::answer::{shaped, unknown};
use crate::feature_row::{Op, Row};
use crate::serving::Iteration;

pub fn build(row: &Row) -> Result<Iteration> {
    let Op::Resample { from, to } = row.op else {
        return unknown(row);
    };
    let samples = row.samples()?;
    let mut fft = Fft::<f32>::new(from as usize, to as usize, 1024, 1, FixedSync::Input)?;
    Ok(Box::new(move || {
        let input = SequentialSlice::new(&samples, 1, samples.len())?;
        let frames = fft.process_all_needed_output_len(samples.len());
        let mut resampled = vec![0.0; frames];
        let mut output = SequentialSlice::new_mut(&mut resampled, 1, frames)?;
        let (_, made) = fft.process_all_into_buffer(&input, &mut output, samples.len(), None)?;
        resampled.truncate(made);
        Ok(shaped(resampled, |sound| vec![sound.len()]))
    }))
}
