//! The samples themselves as a feature.

use sarangi_core::{Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::ChannelFeature;
use crate::channels::features_of_channels;
use crate::check::output;

/// The samples as they are, for networks that hear waveforms.
#[cfg_attr(doc, doc = include_str!("../pictures/waveform.html"))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamplesSpec {}

impl Spec<SampleRate> for SamplesSpec {
    type Built = Samples;

    fn build(&self, rate: SampleRate) -> Result<Samples> {
        Ok(Samples { rate })
    }
}

/// The samples as a map: (1, samples).
#[derive(Clone, Copy, Debug)]
pub struct Samples {
    rate: SampleRate,
}

impl ChannelFeature for Samples {
    fn name(&self) -> &'static str {
        "waveform"
    }

    fn rate(&self) -> SampleRate {
        self.rate
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        samples
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(self.name(), out, 1, samples.len())?;
        out.copy_from_slice(samples);
        Ok(())
    }
}

features_of_channels!(Samples);
