//! Features of spectra as they are, without filters.

pub(crate) mod bandwidth;
pub(crate) mod centroid;
pub(crate) mod contrast;
pub(crate) mod flatness;
pub(crate) mod flux;
pub(crate) mod rolloff;

use std::fmt::Debug;

use sarangi_core::{Result, SampleRate};

use crate::ChannelFeature;
use crate::check::output;
use crate::spectra::{Block, Scale, Spectra};

/// A feature with one number for each spectrum, whatever the others are.
pub(crate) trait OfSpectrum: Debug + Send + Sync {
    fn name(&self) -> &'static str;

    fn spectra(&self) -> &Spectra;

    /// Writes the numbers of a block of magnitude spectra.
    fn block(&self, magnitudes: Block<'_>, out: &mut [f32]);
}

impl<F: OfSpectrum> ChannelFeature for F {
    fn name(&self) -> &'static str {
        OfSpectrum::name(self)
    }

    fn rate(&self) -> SampleRate {
        self.spectra().rate()
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        self.spectra().frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(OfSpectrum::name(self), out, 1, self.frames(samples.len()))?;
        self.spectra().blocks(samples, Scale::Magnitude, |block| {
            let out = &mut out[block.first..][..block.width];
            self.block(block, out);
        })
    }
}
