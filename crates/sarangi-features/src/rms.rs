//! Root-mean-square level.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Framing, Padding, Pool};
use serde::{Deserialize, Serialize};

use crate::ChannelFeature;
use crate::channels::features_of_channels;
use crate::check::{output, within};

/// The longest frame in samples.
const LONGEST: usize = 1 << 20;

/// The root mean square of each frame, with the names and defaults of `librosa.feature.rms`.
///
/// Proved by `mel_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/rms.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmsSpec {
    /// Samples per frame, 1 to 1,048,576. Default 2048.
    pub frame_length: usize,
    /// Samples between frames, 1 to 1,048,576. Default 512.
    pub hop_length: usize,
    /// Whether frame t is centred on sample t · hop. Default true.
    pub center: bool,
    /// What centred frames see beyond the ends. Default zeros.
    pub pad_mode: Padding,
}

impl Default for RmsSpec {
    fn default() -> Self {
        Self {
            frame_length: 2048,
            hop_length: 512,
            center: true,
            pad_mode: Padding::Constant,
        }
    }
}

impl Spec<SampleRate> for RmsSpec {
    type Built = Rms;

    fn build(&self, rate: SampleRate) -> Result<Rms> {
        let len = self.frame_length;
        within("rms", "frame_length", len, 1..=LONGEST)?;
        within("rms", "hop_length", self.hop_length, 1..=LONGEST)?;
        Ok(Rms {
            rate,
            framing: Framing::new(len, self.hop_length, self.center.then_some(self.pad_mode)),
            window: vec![1.0; len],
            frame: Pool::new(move || vec![0.0; len]),
        })
    }
}

/// A planned root-mean-square level: (1, frames).
#[derive(Debug)]
pub struct Rms {
    rate: SampleRate,
    framing: Framing,
    window: Vec<f32>,
    frame: Pool<Vec<f32>>,
}

impl ChannelFeature for Rms {
    fn name(&self) -> &'static str {
        "rms"
    }

    fn rate(&self) -> SampleRate {
        self.rate
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        self.framing.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(self.name(), out, 1, self.frames(samples.len()))?;
        self.frame.with(|frame| {
            for (t, y) in out.iter_mut().enumerate() {
                self.framing.windowed_into(samples, t, &self.window, frame);
                *y = (energy(frame) / frame.len() as f64).sqrt() as f32;
            }
        });
        Ok(())
    }
}

features_of_channels!(Rms);

/// The sum of squares, in lanes that do not wait for each other.
fn energy(frame: &[f32]) -> f64 {
    let mut sums = [0.0f64; 8];
    let (lanes, rest) = frame.as_chunks::<8>();
    for lane in lanes {
        for (sum, &x) in sums.iter_mut().zip(lane) {
            *sum += f64::from(x) * f64::from(x);
        }
    }
    for (sum, &x) in sums.iter_mut().zip(rest) {
        *sum += f64::from(x) * f64::from(x);
    }
    sums.iter().sum()
}
