//! One octave of a constant-Q transform.

use std::ops::Range;

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Complex32, Pool, Stft, StftScratch, StftSpec, Window};

use super::basis::{Basis, Filter};
use super::design::{Bin, Design};

/// Frames that are worked on at once.
const BLOCK: usize = 16;

/// Neighbouring bins that share a transform.
#[derive(Debug)]
pub(super) struct Octave {
    /// Their place among all bins.
    pub(super) bins: Range<usize>,
    /// How often the rate is halved before.
    pub(super) halvings: usize,
    filters: Vec<Filter>,
    /// Whether the filters weigh magnitudes.
    of_magnitudes: bool,
    stft: Stft,
    scratch: Pool<Scratch>,
}

#[derive(Debug)]
struct Scratch {
    stft: StftScratch,
    block: Vec<Complex32>,
}

/// Where an octave lies.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) bins: Range<usize>,
    pub(super) halvings: usize,
    /// How often the rate is halved before the highest octave.
    pub(super) early: usize,
    /// Samples between frames at the octave's own rate.
    pub(super) hop: usize,
}

/// What is kept of a bin.
pub(crate) trait Response: Copy {
    fn of(value: Complex32) -> Self;
}

impl Response for Complex32 {
    fn of(value: Complex32) -> Self {
        value
    }
}

/// The magnitude.
impl Response for f32 {
    fn of(value: Complex32) -> Self {
        value.norm_sqr().sqrt()
    }
}

impl Octave {
    pub(super) fn new(
        design: &Design,
        bins: &[Bin],
        place: Place,
        rate: impl Fn(usize) -> f64,
    ) -> Result<Self> {
        // Each halving makes a filter's energy half of what it was; librosa makes up for it in the
        // signal and in the filter.
        let halved = place.halvings as f64 / 2.0;
        let since = (place.halvings - place.early) as f64 / 2.0;
        let early = if design.scale {
            0.0
        } else {
            place.early as f64 / 2.0
        };
        let gain = (halved + since + early).exp2();
        let own = rate(place.halvings);
        let first = rate(place.early);
        let basis = Basis::new(design, bins, own, 2, |length, _| match design.scale {
            true => gain / (length * first / own).sqrt(),
            false => gain,
        })?;
        let spec = StftSpec {
            n_fft: basis.n_fft,
            hop_length: Some(place.hop),
            window: Window::Rectangular,
            ..StftSpec::default()
        };
        Ok(Self::of(
            basis,
            place.bins,
            place.halvings,
            false,
            spec.build(())?,
        ))
    }

    /// Bins whose filters weigh the magnitudes of a spectrum at the full rate:
    /// `librosa.pseudo_cqt`.
    pub(super) fn of_magnitudes(
        design: &Design,
        all: &[Bin],
        bins: Range<usize>,
        rate: SampleRate,
    ) -> Result<Self> {
        let least = 2 * design.hop_length.next_power_of_two();
        let gain = |length: f64, n_fft: usize| match design.scale {
            true => 1.0 / (n_fft as f64).sqrt(),
            false => (length / n_fft as f64).sqrt(),
        };
        let mut basis = Basis::new(design, &all[bins.clone()], rate.as_f64(), least, gain)?;
        for weight in basis
            .filters
            .iter_mut()
            .flat_map(|filter| &mut filter.weights)
        {
            *weight = Complex32::new(weight.norm_sqr().sqrt(), 0.0);
        }
        let spec = StftSpec {
            n_fft: basis.n_fft,
            hop_length: Some(design.hop_length),
            ..StftSpec::default()
        };
        Ok(Self::of(basis, bins, 0, true, spec.build(())?))
    }

    fn of(
        basis: Basis,
        bins: Range<usize>,
        halvings: usize,
        of_magnitudes: bool,
        stft: Stft,
    ) -> Self {
        let (scratch, block) = (stft.scratch(), BLOCK * stft.bins());
        Self {
            bins,
            halvings,
            filters: basis.filters,
            of_magnitudes,
            stft,
            scratch: Pool::new(move || Scratch {
                stft: scratch.clone(),
                block: vec![Complex32::default(); block],
            }),
        }
    }

    /// Frames of a sound of `samples` samples before any halving.
    pub(super) fn frames(&self, samples: usize) -> usize {
        let halved = (0..self.halvings).fold(samples, |samples, _| samples.div_ceil(2));
        self.stft.frames(halved)
    }

    /// The first `frames` frames, row-major (own bins, `frames`).
    pub(super) fn compute<R: Response>(
        &self,
        sound: &[f32],
        frames: usize,
        out: &mut [R],
    ) -> Result<()> {
        self.scratch.with(|scratch| {
            for first in (0..frames).step_by(BLOCK) {
                let range = first..frames.min(first + BLOCK);
                let width = range.len();
                let block = &mut scratch.block[..width * self.stft.bins()];
                self.stft
                    .complex_into(sound, range, block, &mut scratch.stft)?;
                if self.of_magnitudes {
                    for x in &mut *block {
                        *x = Complex32::new(x.norm_sqr().sqrt(), 0.0);
                    }
                }
                let rows = out.chunks_exact_mut(frames);
                for (filter, row) in self.filters.iter().zip(rows) {
                    let sums = filter.weigh(block, width);
                    for (y, sum) in row[first..first + width].iter_mut().zip(sums) {
                        *y = R::of(sum);
                    }
                }
            }
            Ok(())
        })
    }
}

impl Filter {
    /// The weighted sum of each of `width` spectra, which lie row-major (bins, width).
    fn weigh(&self, spectra: &[Complex32], width: usize) -> [Complex32; BLOCK] {
        let mut sums = [Complex32::default(); BLOCK];
        let rows = spectra[self.first * width..].chunks_exact(width);
        for (w, row) in self.weights.iter().zip(rows) {
            for (sum, x) in sums.iter_mut().zip(row) {
                sum.re += w.re * x.re - w.im * x.im;
                sum.im += w.re * x.im + w.im * x.re;
            }
        }
        sums
    }
}
