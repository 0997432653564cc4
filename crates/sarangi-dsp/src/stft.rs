//! The short-time Fourier transform.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;
use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};
use sarangi_core::{Error, Result};

use crate::stft_spec::Layout;
use crate::{Framing, Pool};

/// How many spectra are kept before they are written out: rows of this many frames fill a cache
/// line, so that writing bin by bin does not fetch each line as many times.
const GROUP: usize = 16;

/// A planned short-time Fourier transform, equal to `librosa.stft` without scaling.
///
/// X\[k, t\] = Σₙ w\[n\] · x\[t·hop + n − offset\] · exp(−2πi·k·n / n_fft), for k = 0 … ⌊n_fft/2⌋.
/// Built from a [`StftSpec`](crate::StftSpec); any thread may use it through `&self`. Arithmetic is
/// single precision, the window is designed in double.
pub struct Stft {
    framing: Framing,
    window: Vec<f32>,
    fft: Arc<dyn RealToComplex<f32>>,
    scratch: Pool<StftScratch>,
}

/// Working memory of one call of a [`Stft`]; made by [`Stft::scratch`].
#[derive(Debug, Clone)]
pub struct StftScratch {
    frame: Vec<f32>,
    spectra: Vec<Complex32>,
    fft: Vec<Complex32>,
}

impl Stft {
    pub(crate) fn new(layout: Layout) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(layout.framing.length());
        let for_pool = Arc::clone(&fft);
        Self {
            framing: layout.framing,
            window: layout.window.iter().map(|&w| w as f32).collect(),
            scratch: Pool::new(move || StftScratch::new(&*for_pool)),
            fft,
        }
    }

    /// Samples per transform.
    pub fn n_fft(&self) -> usize {
        self.framing.length()
    }

    /// Samples between frames.
    pub fn hop_length(&self) -> usize {
        self.framing.hop()
    }

    /// Frequency bins, ⌊n_fft / 2⌋ + 1; bin k is at k · rate / n_fft Hz.
    pub fn bins(&self) -> usize {
        self.n_fft() / 2 + 1
    }

    /// Frames of a signal of `samples` samples.
    pub fn frames(&self, samples: usize) -> usize {
        self.framing.frames(samples)
    }

    /// Working memory for the methods that do not allocate.
    pub fn scratch(&self) -> StftScratch {
        StftScratch::new(&*self.fft)
    }

    /// Transforms one frame into `spectrum` without allocating.
    ///
    /// # Shapes
    /// `spectrum` has [`bins`](Self::bins) items; `frame` is below [`frames`](Self::frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if it is not so.
    pub fn process_into(
        &self,
        signal: &[f32],
        frame: usize,
        spectrum: &mut [Complex32],
        scratch: &mut StftScratch,
    ) -> Result<()> {
        let frames = self.frames(signal.len());
        if frame >= frames {
            return Err(Error::shape(
                "stft",
                format_args!("a frame below {frames}"),
                frame,
            ));
        }
        if spectrum.len() != self.bins() {
            return Err(Error::shape(
                "stft",
                format_args!("{} bins", self.bins()),
                spectrum.len(),
            ));
        }
        self.framing
            .windowed_into(signal, frame, &self.window, &mut scratch.frame);
        self.fft
            .process_with_scratch(&mut scratch.frame, spectrum, &mut scratch.fft)
            .map_err(|e| Error::backend("stft", e))
    }

    /// The complex spectrogram, (bins, frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if the signal has not one frame: it is empty, or not centred and shorter
    /// than `n_fft`.
    pub fn complex(&self, signal: &[f32]) -> Result<Array2<Complex32>> {
        let frames = self.check(signal)?;
        let mut out = Array2::default((self.bins(), frames));
        self.scratch.with(|scratch| {
            let mut spectrum = self.fft.make_output_vec();
            for frame in 0..frames {
                self.process_into(signal, frame, &mut spectrum, scratch)?;
                for (x, &value) in out.column_mut(frame).iter_mut().zip(&spectrum) {
                    *x = value;
                }
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// The magnitude spectrogram |X|, (bins, frames), as `abs(librosa.stft(y))`.
    ///
    /// # Errors
    /// As [`complex`](Self::complex).
    pub fn magnitude(&self, signal: &[f32]) -> Result<Array2<f32>> {
        let mut power = self.power(signal)?;
        power.mapv_inplace(f32::sqrt);
        Ok(power)
    }

    /// The power spectrogram |X|², (bins, frames); the complex one is never held whole.
    ///
    /// # Errors
    /// As [`complex`](Self::complex).
    pub fn power(&self, signal: &[f32]) -> Result<Array2<f32>> {
        let frames = self.check(signal)?;
        let mut out = Array2::zeros((self.bins(), frames));
        if let Some(rows) = out.as_slice_mut() {
            self.scratch
                .with(|scratch| self.power_into(signal, 0..frames, rows, scratch))?;
        }
        Ok(out)
    }

    /// The power |X|² of a range of frames, without allocating.
    ///
    /// # Shapes
    /// `out` is row-major (bins, length of `frames`).
    ///
    /// # Errors
    /// [`Error::Shape`] if `out` is not so, or the signal has not these frames.
    pub fn power_into(
        &self,
        signal: &[f32],
        frames: Range<usize>,
        out: &mut [f32],
        scratch: &mut StftScratch,
    ) -> Result<()> {
        let (bins, width) = (self.bins(), frames.len());
        if out.len() != bins * width {
            return Err(Error::shape(
                "stft",
                format_args!("({bins}, {width}) values"),
                out.len(),
            ));
        }
        if scratch.spectra.len() != GROUP * bins {
            return Err(Error::shape(
                "stft",
                "scratch of this plan",
                "that of another",
            ));
        }
        let mut spectra = std::mem::take(&mut scratch.spectra);
        let outcome = frames.clone().step_by(GROUP).try_for_each(|first| {
            let group = first..frames.end.min(first + GROUP);
            for (frame, spectrum) in group.clone().zip(spectra.chunks_exact_mut(bins)) {
                self.process_into(signal, frame, spectrum, scratch)?;
            }
            write_powers(&spectra, group.len(), out, width, first - frames.start);
            Ok(())
        });
        scratch.spectra = spectra;
        outcome
    }

    fn check(&self, signal: &[f32]) -> Result<usize> {
        match self.frames(signal.len()) {
            0 => Err(Error::shape(
                "stft",
                format_args!("at least one frame of {} samples", self.n_fft()),
                format_args!("{} samples", signal.len()),
            )),
            frames => Ok(frames),
        }
    }
}

/// Turns `count` spectra, one after the other, into columns `column..` of rows of `width` powers.
fn write_powers(spectra: &[Complex32], count: usize, out: &mut [f32], width: usize, column: usize) {
    let bins = spectra.len() / GROUP;
    for (bin, row) in out.chunks_exact_mut(width).enumerate() {
        let row = &mut row[column..column + count];
        for (y, x) in row.iter_mut().zip(spectra[bin..].iter().step_by(bins)) {
            *y = x.re * x.re + x.im * x.im;
        }
    }
}

impl StftScratch {
    fn new(fft: &dyn RealToComplex<f32>) -> Self {
        Self {
            frame: fft.make_input_vec(),
            spectra: vec![Complex32::default(); GROUP * fft.complex_len()],
            fft: fft.make_scratch_vec(),
        }
    }
}

impl fmt::Debug for Stft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stft")
            .field("framing", &self.framing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Padding, StftSpec, Window};
    use sarangi_core::{Seed, Spec};
    use std::f64::consts::TAU;

    fn noise(len: usize) -> Vec<f32> {
        let mut rng = Seed(1).named("stft");
        (0..len).map(|_| rng.range(-1.0, 1.0) as f32).collect()
    }

    /// The definition, in double precision.
    fn by_definition(spec: &StftSpec, signal: &[f32], k: usize, t: usize) -> (f64, f64) {
        let hop = spec.hop_length.unwrap();
        let win_length = spec.win_length.unwrap_or(spec.n_fft);
        let before = (spec.n_fft - win_length) / 2;
        let window = spec.window.periodic(win_length);
        let mut sum = (0.0, 0.0);
        for (n, w) in window.iter().enumerate() {
            let at = (t * hop + n + before) as isize - (spec.n_fft / 2) as isize;
            if let Some(i) = spec.pad_mode.source(at, signal.len()) {
                let phase = TAU * (k * (n + before)) as f64 / spec.n_fft as f64;
                sum.0 += w * f64::from(signal[i]) * phase.cos();
                sum.1 -= w * f64::from(signal[i]) * phase.sin();
            }
        }
        sum
    }

    #[test]
    fn spectra_are_those_of_the_definition() {
        let signal = noise(700);
        for (n_fft, win_length, hop, pad_mode) in [
            (64, None, 16, Padding::Constant),
            (63, Some(40), 20, Padding::Reflect),
            (32, Some(31), 50, Padding::Constant),
        ] {
            let spec = StftSpec {
                n_fft,
                win_length,
                hop_length: Some(hop),
                pad_mode,
                ..StftSpec::default()
            };
            let plan = spec.build(()).unwrap();
            let (complex, power) = (plan.complex(&signal).unwrap(), plan.power(&signal).unwrap());
            assert_eq!(complex.dim(), (n_fft / 2 + 1, plan.frames(700)));
            for ((k, t), x) in complex.indexed_iter() {
                let (re, im) = by_definition(&spec, &signal, k, t);
                assert!((f64::from(x.re) - re).abs() < 1e-5, "{n_fft} {k} {t}");
                assert!((f64::from(x.im) - im).abs() < 1e-5, "{n_fft} {k} {t}");
                assert!((f64::from(power[[k, t]]) - re * re - im * im).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn a_part_of_the_frames_is_the_same_part_of_the_whole() {
        let signal = noise(5000);
        let plan = StftSpec {
            n_fft: 128,
            window: Window::Rectangular,
            ..StftSpec::default()
        }
        .build(())
        .unwrap();
        let whole = plan.power(&signal).unwrap();
        let mut part = vec![0.0; plan.bins() * 40];
        plan.power_into(&signal, 7..47, &mut part, &mut plan.scratch())
            .unwrap();
        for (k, row) in part.chunks(40).enumerate() {
            assert_eq!(row, &whole.row(k).to_vec()[7..47]);
        }
    }

    #[test]
    fn a_signal_without_a_frame_is_an_error() {
        let plan = StftSpec::default().build(()).unwrap();
        assert!(plan.power(&[]).is_err());
        let plain = StftSpec {
            center: false,
            ..StftSpec::default()
        };
        assert!(plain.build(()).unwrap().complex(&[0.0; 2047]).is_err());
        let mut out = vec![0.0; plan.bins()];
        let scratch = &mut plan.scratch();
        assert!(plan.power_into(&[0.0; 9], 1..2, &mut out, scratch).is_err());
        assert!(plan.power_into(&[0.0; 9], 0..2, &mut out, scratch).is_err());
        let other = &mut plain.build(()).unwrap().scratch();
        assert!(plan.power_into(&[0.0; 9], 0..1, &mut out, other).is_ok());
        let small = StftSpec {
            n_fft: 64,
            ..StftSpec::default()
        };
        let other = &mut small.build(()).unwrap().scratch();
        assert!(plan.power_into(&[0.0; 9], 0..1, &mut out, other).is_err());
    }
}
