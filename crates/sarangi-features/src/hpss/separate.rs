//! Spectrograms and sounds into their harmonic and percussive parts.

use ndarray::{Array2, ArrayView2};
use sarangi_core::{Error, Result, Spec};
use sarangi_dsp::{Complex32, Istft, Pool, Stft};
use serde::{Deserialize, Serialize};

use super::masks::{Masks, Work};
use super::settings::Separation;
use crate::Analysis;
use crate::spectra::BLOCK;

/// A separation of sounds into what lasts and what strikes, with the names and defaults of
/// `librosa.effects.hpss`.
///
/// The masks are those of [`Separation`], between a short-time Fourier transform and its inverse.
/// (librosa's function forgets its `window`, so that it is Hann there whatever was asked for.)
/// Proved by the golden files of `separation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HpssSpec {
    /// The masks.
    #[serde(flatten)]
    pub separation: Separation,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Spec<()> for HpssSpec {
    type Built = Hpss;

    fn build(&self, (): ()) -> Result<Hpss> {
        Ok(Hpss {
            masks: Masks::new(&self.separation)?,
            stft: self.analysis.stft()?,
            istft: self.analysis.istft()?,
            work: Pool::new(Work::default),
        })
    }
}

/// The two parts of a sound, a spectrogram or whatever else is separated.
#[derive(Clone, Debug, PartialEq)]
pub struct Separated<T> {
    /// What lasts.
    pub harmonic: T,
    /// What strikes.
    pub percussive: T,
}

/// A planned separation; any thread may use it.
#[derive(Debug)]
pub struct Hpss {
    masks: Masks,
    stft: Stft,
    istft: Istft,
    work: Pool<Work>,
}

impl Hpss {
    /// The masks of a magnitude spectrogram, as `librosa.decompose.hpss(S, mask=True)`.
    ///
    /// # Shapes
    /// `magnitude` is (bins, frames) of any size, and so are the masks.
    ///
    /// # Errors
    /// [`Error::Shape`] if it is empty.
    pub fn masks(&self, magnitude: ArrayView2<'_, f32>) -> Result<Separated<Array2<f32>>> {
        let mut parts = Separated {
            harmonic: Array2::zeros(magnitude.raw_dim()),
            percussive: Array2::zeros(magnitude.raw_dim()),
        };
        let (bins, frames) = magnitude.dim();
        let standard = magnitude.as_standard_layout();
        let Some(values) = standard.as_slice().filter(|_| bins * frames > 0) else {
            let got = format_args!("({bins}, {frames})");
            return Err(Error::shape("hpss", "a spectrogram", got));
        };
        self.blocks(values, frames, |first, width, work| {
            let [harmonic, percussive] = [&work.harmonic, &work.percussive];
            for (row, (h, p)) in harmonic
                .chunks(width)
                .zip(percussive.chunks(width))
                .enumerate()
            {
                for (column, (&h, &p)) in h.iter().zip(p).enumerate() {
                    parts.harmonic[[row, first + column]] = h;
                    parts.percussive[[row, first + column]] = p;
                }
            }
            Ok(())
        })?;
        Ok(parts)
    }

    /// The parts of a complex spectrogram, as `librosa.decompose.hpss(D)`.
    ///
    /// # Shapes
    /// `spectrogram` is (bins, frames) of any size, and so are the parts.
    ///
    /// # Errors
    /// [`Error::Shape`] if it is empty.
    pub fn decompose(
        &self,
        spectrogram: ArrayView2<'_, Complex32>,
    ) -> Result<Separated<Array2<Complex32>>> {
        let masks = self.masks(spectrogram.mapv(|x| x.norm_sqr().sqrt()).view())?;
        let part = |mask: Array2<f32>| {
            let mut part = spectrogram.to_owned();
            part.zip_mut_with(&mask, |x, &m| *x *= m);
            part
        };
        Ok(Separated {
            harmonic: part(masks.harmonic),
            percussive: part(masks.percussive),
        })
    }

    /// The parts of a sound, as long as it is; `librosa.effects.hpss`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the sound has not one frame.
    pub fn separate(&self, samples: &[f32]) -> Result<Separated<Vec<f32>>> {
        let [harmonic, percussive] = self.parts(samples, [true; 2])?;
        Ok(Separated {
            harmonic,
            percussive,
        })
    }

    /// What lasts in a sound; `librosa.effects.harmonic`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the sound has not one frame.
    pub fn harmonic(&self, samples: &[f32]) -> Result<Vec<f32>> {
        self.parts(samples, [true, false]).map(|[part, _]| part)
    }

    /// What strikes in a sound; `librosa.effects.percussive`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the sound has not one frame.
    pub fn percussive(&self, samples: &[f32]) -> Result<Vec<f32>> {
        self.parts(samples, [false, true]).map(|[_, part]| part)
    }

    /// The parts that are wanted; of the others, silence.
    fn parts(&self, samples: &[f32], wanted: [bool; 2]) -> Result<[Vec<f32>; 2]> {
        let (bins, frames) = (self.stft.bins(), self.stft.frames(samples.len()));
        if frames == 0 {
            let got = format_args!("{} samples", samples.len());
            return Err(Error::shape("hpss", "a sound of at least one frame", got));
        }
        // In rows, as the medians over time want them.
        let mut values = vec![Complex32::default(); bins * frames];
        let scratch = &mut self.stft.scratch();
        self.stft
            .complex_into(samples, 0..frames, &mut values, scratch)?;
        let magnitude: Vec<f32> = values.iter().map(|x| x.norm_sqr().sqrt()).collect();
        let mut sums = [0, 1].map(|_| self.istft.begin(samples.len()));
        let mut part = Array2::default((bins, BLOCK));
        self.blocks(&magnitude, frames, |first, width, work| {
            let masks = [&work.harmonic, &work.percussive];
            for ((mask, sum), wanted) in masks.into_iter().zip(&mut sums).zip(wanted) {
                if !wanted {
                    continue;
                }
                let rows = values.chunks_exact(frames).zip(part.rows_mut());
                for ((row, mut part), mask) in rows.zip(mask.chunks_exact(width)) {
                    for ((y, x), &m) in part.iter_mut().zip(&row[first..]).zip(mask) {
                        *y = x * m;
                    }
                }
                let part = part.slice(ndarray::s![.., ..width]);
                self.istft.add(first, part, sum)?;
            }
            Ok(())
        })?;
        Ok(sums.map(|sum| sum.finish()))
    }

    /// Gives the masks of all frames to `each`, block by block, with the first frame and the width.
    fn blocks(
        &self,
        magnitude: &[f32],
        frames: usize,
        mut each: impl FnMut(usize, usize, &Work) -> Result<()>,
    ) -> Result<()> {
        self.work.with(|work| {
            self.masks.begin(magnitude, frames, work)?;
            for first in (0..frames).step_by(BLOCK) {
                let range = first..frames.min(first + BLOCK);
                let width = range.len();
                self.masks.block(magnitude, frames, range, work)?;
                each(first, width, work)?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MaskPower, Pair};
    use proptest::prelude::*;
    use sarangi_core::Seed;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn parts_with_a_margin_of_one_add_up_to_the_whole(
            seed in any::<u64>(),
            len in 1usize..6000,
            sizes in (1usize..40, 1usize..40),
            power in 0.1f64..5.0,
            n_fft in 16usize..600,
        ) {
            let spec = HpssSpec {
                separation: Separation {
                    kernel_size: Pair::Each(sizes.0, sizes.1),
                    power: MaskPower::Soft(power),
                    ..Separation::default()
                },
                analysis: Analysis { n_fft, hop_length: n_fft / 4, ..Analysis::default() },
            };
            let mut rng = Seed(seed).named("hpss");
            let sound: Vec<f32> = (0..len).map(|_| rng.range(-1.0, 1.0) as f32).collect();
            let hpss = spec.build(()).unwrap();
            let parts = hpss.separate(&sound).unwrap();
            for (x, (h, p)) in sound.iter().zip(parts.harmonic.iter().zip(&parts.percussive)) {
                prop_assert!((x - h - p).abs() < 1e-5, "{} {} {}", x, h, p);
            }
            prop_assert_eq!(hpss.harmonic(&sound).unwrap(), parts.harmonic);
            prop_assert_eq!(hpss.percussive(&sound).unwrap(), parts.percussive);
        }
    }

    #[test]
    fn nonsense_names_its_field_and_nothing_is_refused() {
        let refused = |separation| {
            let spec = HpssSpec {
                separation,
                ..HpssSpec::default()
            };
            spec.build(()).unwrap_err().to_string()
        };
        let defaults = Separation::default;
        let error = refused(Separation {
            kernel_size: Pair::Each(31, 0),
            ..defaults()
        });
        assert!(error.starts_with("hpss: kernel_size"), "{error}");
        let error = refused(Separation {
            kernel_size: Pair::Both(5000),
            ..defaults()
        });
        assert!(error.starts_with("hpss: kernel_size"), "{error}");
        let error = refused(Separation {
            margin: Pair::Each(1.0, 0.5),
            ..defaults()
        });
        assert!(error.starts_with("hpss: margin"), "{error}");
        let error = refused(Separation {
            power: MaskPower::Soft(0.0),
            ..defaults()
        });
        assert!(error.starts_with("hpss: power"), "{error}");
        let hpss = HpssSpec::default().build(()).unwrap();
        assert!(hpss.separate(&[]).is_err());
        assert!(hpss.masks(Array2::zeros((3, 0)).view()).is_err());
    }
}
