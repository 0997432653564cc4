//! Our side of `python benches/compare.py --suite features`: computes features of the sounds that it is
//! told on standard input and answers with the times. The protocol is in
//! `benches/comparison/worker.py`, the specs in `benches/comparison/suites/features.py`.

use anyhow::Result;
use ndarray::{Array2, ArrayBase, Data, Dimension};
use sarangi::audio::{DecodeOptions, decode, load};
use sarangi::core::{SampleRate, Spec, Waveform};
use sarangi::dsp::{Complex32, StftSpec, resample};
use sarangi::features::{CwtSpec, FeatureSpec, HpssSpec};
use sarangi_benches::feature_row::{Op, Row};
use sarangi_benches::serving::{Iteration, Product, Values, serve};

fn main() -> Result<()> {
    serve("sarangi", || {}, build)
}

fn build(row: &Row) -> Result<Iteration> {
    match &row.op {
        Op::Feature { name, settings } => {
            let wave = Waveform::mono(row.samples()?, SampleRate::HZ_22050);
            let plan = FeatureSpec::from_name(name, settings.clone())?.build(wave.rate())?;
            Ok(Box::new(move || Ok(reals(plan.apply(&wave)?))))
        }
        Op::Stft { n_fft, hop_length } => {
            let spec = StftSpec {
                n_fft: *n_fft,
                hop_length: Some(*hop_length),
                ..StftSpec::default()
            };
            let (plan, samples) = (spec.build(())?, row.samples()?);
            Ok(Box::new(move || Ok(complex(plan.complex(&samples)?))))
        }
        Op::Cwt {
            fmin,
            n_bins,
            bins_per_octave,
        } => {
            let spec = CwtSpec {
                fmin: *fmin,
                n_bins: *n_bins,
                bins_per_octave: *bins_per_octave,
                ..CwtSpec::default()
            };
            let plan = spec.build(SampleRate::HZ_22050)?;
            let samples = row.samples()?;
            Ok(Box::new(move || Ok(complex(plan.complex(&samples)?))))
        }
        Op::Hpss => {
            let (plan, samples) = (HpssSpec::default().build(())?, row.samples()?);
            Ok(Box::new(move || {
                let parts = plan.separate(&samples)?;
                let shape = (2, parts.harmonic.len());
                let both = [parts.harmonic, parts.percussive].concat();
                Ok(reals(Array2::from_shape_vec(shape, both)?))
            }))
        }
        Op::Resample { from, to } => {
            let (from, to) = (SampleRate::new(*from)?, SampleRate::new(*to)?);
            let wave = Waveform::mono(row.samples()?, from);
            Ok(Box::new(move || Ok(sound(resample(&wave, to)?))))
        }
        Op::Load { rate } => {
            let rate = SampleRate::new(*rate)?;
            let (path, options) = (row.path(), DecodeOptions::default());
            Ok(Box::new(move || Ok(sound(load(&path, rate, &options)?))))
        }
        Op::Decode => {
            let (path, options) = (row.path(), DecodeOptions::default());
            Ok(Box::new(move || Ok(sound(decode(&path, &options)?))))
        }
    }
}

fn reals<S, D>(map: ArrayBase<S, D>) -> Product
where
    S: Data<Elem = f32> + 'static,
    D: Dimension + 'static,
{
    Box::new(move || Values {
        shape: map.shape().to_vec(),
        values: map.iter().copied().collect(),
    })
}

fn complex(map: Array2<Complex32>) -> Product {
    Box::new(move || Values {
        shape: vec![map.nrows(), map.ncols(), 2],
        values: map.iter().flat_map(|x| [x.re, x.im]).collect(),
    })
}

fn sound(wave: Waveform) -> Product {
    reals(wave.into_samples())
}
