//! Constant-Q transforms: spectra whose bins lie at equal musical steps.

mod basis;
pub(crate) mod cqt;
mod design;
pub(crate) mod hybrid_cqt;
mod octave;
pub(crate) mod tuned;
pub(crate) mod vqt;

use std::borrow::Cow;

use ndarray::Array2;
use sarangi_core::{Error, Result, SampleRate};
use sarangi_dsp::{Complex32, Halve};

use self::design::{Bin, Design};
use self::octave::{Octave, Response};

/// A planned transform: the octaves from the highest down, each at half the rate of the one before,
/// so that all of them have filters of the same lengths (Schörkhuber and Klapuri 2010).
#[derive(Debug)]
pub(crate) struct ConstantQ {
    bins: usize,
    octaves: Vec<Octave>,
    halve: Halve,
}

/// What an octave hears: the sound, at a rate halved so often.
struct Heard<'a> {
    sound: Cow<'a, [f32]>,
    halvings: usize,
}

impl ConstantQ {
    pub(crate) fn new(design: &Design, rate: SampleRate) -> Result<Self> {
        design.check(rate)?;
        let bins = design.bins();
        let octaves = octaves(design, &bins, rate)?;
        Ok(Self::of(&bins, octaves))
    }

    /// As [`new`](Self::new), but filters shorter than two hops read the magnitudes of one spectrum
    /// at the full rate.
    pub(crate) fn hybrid(design: &Design, rate: SampleRate) -> Result<Self> {
        design.check(rate)?;
        let bins = design.bins();
        let short = |bin: &Bin| {
            let length = design.length(bin, rate.as_f64());
            length.log2().ceil().exp2() < 2.0 * design.hop_length as f64
        };
        let long = bins.partition_point(|bin| !short(bin));
        let mut all = Vec::new();
        if long < bins.len() {
            all.push(Octave::of_magnitudes(
                design,
                &bins,
                long..bins.len(),
                rate,
            )?);
        }
        if long > 0 {
            let lower = Design {
                n_bins: long,
                ..design.clone()
            };
            all.extend(octaves(&lower, &bins[..long], rate)?);
        }
        Ok(Self::of(&bins, all))
    }

    fn of(bins: &[Bin], octaves: Vec<Octave>) -> Self {
        Self {
            bins: bins.len(),
            octaves,
            halve: Halve::new(),
        }
    }

    /// Frames that every octave has.
    pub(crate) fn frames(&self, samples: usize) -> usize {
        let frames = |octave: &Octave| octave.frames(samples);
        self.octaves.iter().map(frames).min().unwrap_or(0)
    }

    /// The transform of one channel, row-major (bins, frames).
    pub(crate) fn compute<R: Response>(&self, samples: &[f32], out: &mut [R]) -> Result<()> {
        let frames = self.frames(samples.len());
        let mut heard = Heard {
            sound: Cow::Borrowed(samples),
            halvings: 0,
        };
        for octave in &self.octaves {
            while heard.halvings < octave.halvings {
                heard.sound = Cow::Owned(self.halve.process(&heard.sound));
                heard.halvings += 1;
            }
            let rows = octave.bins.start * frames..octave.bins.end * frames;
            octave.compute(&heard.sound, frames, &mut out[rows])?;
        }
        Ok(())
    }

    /// The complex transform of one channel.
    pub(crate) fn complex(&self, name: &'static str, samples: &[f32]) -> Result<Array2<Complex32>> {
        let frames = self.frames(samples.len());
        if frames == 0 {
            return Err(Error::shape(name, "a sound of at least one frame", "none"));
        }
        let mut out = Array2::default((self.bins, frames));
        if let Some(rows) = out.as_slice_mut() {
            self.compute(samples, rows)?;
        }
        Ok(out)
    }
}

/// The octaves of some bins, from the highest down.
fn octaves(design: &Design, bins: &[Bin], rate: SampleRate) -> Result<Vec<Octave>> {
    let count = bins.len().div_ceil(design.bins_per_octave);
    let early = early_halvings(design, rate, count);
    let own_rate = |halvings: usize| rate.as_f64() / (halvings as f64).exp2();
    let (mut halvings, mut hop) = (early, design.hop_length >> early);
    let mut end = bins.len();
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let start = end.saturating_sub(design.bins_per_octave);
        let place = octave::Place {
            bins: start..end,
            halvings,
            early,
            hop,
        };
        all.push(Octave::new(design, &bins[start..end], place, own_rate)?);
        end = start;
        if hop.is_multiple_of(2) {
            hop /= 2;
            halvings += 1;
        }
    }
    Ok(all)
}

/// How often the rate may be halved before the highest octave: as long as that reaches no more than
/// a quarter of it, and the hop can be halved for every octave to come.
fn early_halvings(design: &Design, rate: SampleRate, octaves: usize) -> usize {
    let room = (rate.as_f64() / 2.0 / design.cutoff()).log2().ceil() as isize - 2;
    let twos = design.hop_length.trailing_zeros() as usize;
    (room.max(0) as usize).min((twos + 1).saturating_sub(octaves))
}

/// Makes plans that hold nothing but a [`Tuned`](tuned::Tuned) transform features of its magnitudes.
macro_rules! features_of_constant_q {
    ($plan:ty, $name:literal) => {
        impl ChannelFeature for $plan {
            fn name(&self) -> &'static str {
                $name
            }

            fn rate(&self) -> SampleRate {
                self.0.rate()
            }

            fn bins(&self) -> usize {
                self.0.bins()
            }

            fn frames(&self, samples: usize) -> usize {
                self.0.frames(samples)
            }

            fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
                output(self.name(), out, self.bins(), self.frames(samples.len()))?;
                self.0.of(samples)?.compute(samples, out)
            }
        }

        features_of_channels!($plan);
    };
}
use features_of_constant_q;
