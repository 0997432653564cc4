//! The short-time Fourier transform.

use std::ops::Range;

use ndarray::{Array2, ShapeBuilder};
use num_complex::Complex32;
use sarangi_core::{Error, Result};

use crate::sink::Value;
use crate::stft_spec::Layout;
use crate::stft_transform::Transform;
use crate::{Framing, Pool, StftScratch};

/// A planned short-time Fourier transform, equal to `librosa.stft` without scaling.
///
/// X\[k, t\] = Σₙ w\[n\] · x\[t·hop + n − offset\] · exp(−2πi·k·n / n_fft), for k = 0 … ⌊n_fft/2⌋.
/// Built from a [`StftSpec`](crate::StftSpec); any thread may use it through `&self`. Arithmetic is
/// single precision, whose rounding lies some 140 dB below a frame's loudest bin, or double; the
/// window is designed in double.
#[derive(Debug)]
pub struct Stft {
    framing: Framing,
    transform: Transform,
    scratch: Pool<StftScratch>,
}

impl Stft {
    pub(crate) fn new(layout: Layout) -> Self {
        let transform = Transform::single(layout.framing.length(), &layout.window);
        Self::with(layout.framing, transform)
    }

    pub(crate) fn precise(layout: Layout) -> Self {
        let transform = Transform::double(layout.framing.length(), layout.window);
        Self::with(layout.framing, transform)
    }

    fn with(framing: Framing, transform: Transform) -> Self {
        let scratch = transform.scratch();
        Self {
            framing,
            transform,
            scratch: Pool::new(move || scratch.clone()),
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

    /// Whether this transforms any signal just as `other` does: the same frames, window and
    /// precision.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.framing == other.framing && self.transform.is_same_as(&other.transform)
    }

    /// Working memory for the methods that do not allocate.
    pub fn scratch(&self) -> StftScratch {
        self.transform.scratch()
    }

    /// The complex spectrogram, (bins, frames), in memory one frame after the other ("Fortran order"),
    /// as librosa has it: so each spectrum is written where it was computed.
    /// [`complex_into`](Self::complex_into) writes rows of bins.
    ///
    /// # Errors
    /// [`Error::Shape`] if the signal has not one frame: it is empty, or not centred and shorter
    /// than `n_fft`.
    pub fn complex(&self, signal: &[f32]) -> Result<Array2<Complex32>> {
        let (bins, frames) = (self.bins(), self.check(signal)?);
        // Appended to, not filled with zeros first: the result is some megabytes.
        let mut values = Vec::with_capacity(bins * frames);
        let mut spectrum = vec![Complex32::default(); bins];
        self.scratch.with(|scratch| {
            (0..frames).try_for_each(|frame| {
                self.transform
                    .frame(&self.framing, signal, frame, &mut spectrum, scratch)?;
                values.extend_from_slice(&spectrum);
                Ok(())
            })
        })?;
        let got = values.len();
        Array2::from_shape_vec((bins, frames).f(), values)
            .map_err(|_| Error::shape("stft", format_args!("({bins}, {frames}) values"), got))
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
                .with(|scratch| self.columns(signal, 0..frames, rows, scratch))?;
        }
        Ok(out)
    }

    /// The complex spectra of a range of frames, without allocating.
    ///
    /// # Shapes
    /// `out` is row-major (bins, length of `frames`).
    ///
    /// # Errors
    /// As [`power_into`](Self::power_into).
    pub fn complex_into(
        &self,
        signal: &[f32],
        frames: Range<usize>,
        out: &mut [Complex32],
        scratch: &mut StftScratch,
    ) -> Result<()> {
        self.columns(signal, frames, out, scratch)
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
        self.columns(signal, frames, out, scratch)
    }

    fn columns<V: Value>(
        &self,
        signal: &[f32],
        frames: Range<usize>,
        out: &mut [V],
        scratch: &mut StftScratch,
    ) -> Result<()> {
        let (bins, width) = (self.bins(), frames.len());
        if out.len() != bins * width {
            let expected = format_args!("({bins}, {width}) values");
            return Err(Error::shape("stft", expected, out.len()));
        }
        let held = self.frames(signal.len());
        if frames.end > held {
            let expected = format_args!("frames up to {held}");
            return Err(Error::shape("stft", expected, frames.end));
        }
        self.transform
            .columns(&self.framing, signal, frames, out, scratch)
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

    /// Bin k of the first frame, not centred.
    fn by_definition_at(spec: &StftSpec, signal: &[f32], k: usize) -> (f64, f64) {
        let window = spec.window.periodic(spec.n_fft);
        let terms = window.iter().zip(signal).enumerate();
        terms.fold((0.0, 0.0), |(re, im), (n, (w, &x))| {
            let phase = TAU * ((k * n) % spec.n_fft) as f64 / spec.n_fft as f64;
            let x = w * f64::from(x);
            (re + x * phase.cos(), im - x * phase.sin())
        })
    }

    #[test]
    fn spectra_are_those_of_the_definition() {
        let signal = noise(700);
        for (n_fft, win_length, hop, pad_mode) in [
            (64, None, 16, Padding::Constant),
            (63, Some(40), 20, Padding::Reflect),
            (32, Some(31), 50, Padding::Constant),
            (30, None, 7, Padding::Constant),
            (2, None, 5, Padding::Constant),
            (4, None, 1, Padding::Edge),
        ] {
            let spec = StftSpec {
                n_fft,
                win_length,
                hop_length: Some(hop),
                pad_mode,
                ..StftSpec::default()
            };
            for plan in [spec.build(()).unwrap(), spec.build_precise().unwrap()] {
                let (complex, power) =
                    (plan.complex(&signal).unwrap(), plan.power(&signal).unwrap());
                assert_eq!(complex.dim(), (n_fft / 2 + 1, plan.frames(700)));
                for ((k, t), x) in complex.indexed_iter() {
                    let (re, im) = by_definition(&spec, &signal, k, t);
                    assert!((f64::from(x.re) - re).abs() < 1e-5, "{n_fft} {k} {t}");
                    assert!((f64::from(x.im) - im).abs() < 1e-5, "{n_fft} {k} {t}");
                    assert!((f64::from(power[[k, t]]) - re * re - im * im).abs() < 1e-3);
                }
            }
        }
    }

    /// Far from a pure tone single precision holds its own rounding, double what is there.
    #[test]
    fn double_precision_hears_what_single_cannot() {
        let tone: Vec<f32> = (0..4096).map(|n| (n as f32 * 0.3).sin()).collect();
        let spec = StftSpec {
            center: false,
            ..StftSpec::default()
        };
        let precise = spec.build_precise().unwrap().power(&tone).unwrap();
        let (re, im) = by_definition_at(&spec, &tone, 900);
        let want = re * re + im * im;
        assert!((f64::from(precise[[900, 0]]) / want - 1.0).abs() < 1e-4);
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
    fn frame_after_frame_the_bits_are_those_of_rows() {
        let signal = noise(3000);
        for n_fft in [2, 3, 4, 6, 30, 33, 64, 66, 68, 100, 128, 2048] {
            let spec = StftSpec {
                n_fft,
                hop_length: Some(37),
                ..StftSpec::default()
            };
            for plan in [spec.build(()).unwrap(), spec.build_precise().unwrap()] {
                let whole = plan.complex(&signal).unwrap();
                assert_eq!(whole.strides(), [1, plan.bins() as isize]);
                let frames = whole.ncols();
                let mut rows = vec![Default::default(); plan.bins() * frames];
                let scratch = &mut plan.scratch();
                plan.complex_into(&signal, 0..frames, &mut rows, scratch)
                    .unwrap();
                for (a, b) in whole.iter().zip(&rows) {
                    let bits = |x: &num_complex::Complex32| [x.re.to_bits(), x.im.to_bits()];
                    assert_eq!(bits(a), bits(b), "{n_fft}");
                }
            }
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
