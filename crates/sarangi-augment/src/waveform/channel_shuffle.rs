//! Left becomes right.

use ndarray::Axis;
use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::noise::{drawn_seed, generator};
use crate::{Change, WaveformAugmentation};

/// The channels in another order, each as likely as another: those who learn shall not care where a
/// sound comes from. `torch_audiomentations.ShuffleChannels`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelShuffle {
    /// From which the order is drawn; unless it is given, each example has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for ChannelShuffle {
    fn default() -> Self {
        Self { seed: None, p: 1.0 }
    }
}

impl Change<WaveformAugmentation> for ChannelShuffle {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        Ok(())
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            seed: drawn_seed(self.seed, rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let mut order: Vec<usize> = (0..wave.channels()).collect();
        generator(self.seed, 0).shuffle(&mut order);
        let samples = wave.samples().select(Axis(0), &order);
        Waveform::new(samples, wave.rate())
    }
}
