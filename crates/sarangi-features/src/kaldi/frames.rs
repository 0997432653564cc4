//! Kaldi's frames and their power spectra.

use std::f64::consts::TAU;

use sarangi_core::{Error, Result, SampleRate, Spec};
use sarangi_dsp::{Pool, Stft, StftScratch, StftSpec, Window};
use serde::{Deserialize, Serialize};

use crate::check::within;
use crate::spectra::BLOCK;

/// The windows of Kaldi; all but the rectangular one read the same backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KaldiWindow {
    /// Hann's to the power of 0.85, which goes to zero at the ends; Kaldi's default.
    #[default]
    Povey,
    /// Hann's.
    Hanning,
    /// Hamming's.
    Hamming,
    /// Blackman's, with 0.42.
    Blackman,
    /// All ones.
    Rectangular,
}

impl KaldiWindow {
    fn samples(self, len: usize) -> Vec<f32> {
        let hann = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / (len - 1) as f64).cos();
        let window = match self {
            Self::Povey => (0..len).map(|n| hann(n).powf(0.85)).collect(),
            Self::Hanning => Window::Hann.symmetric(len),
            Self::Hamming => Window::Hamming.symmetric(len),
            Self::Blackman => Window::Blackman.symmetric(len),
            Self::Rectangular => vec![1.0; len],
        };
        window.iter().map(|&w| w as f32).collect()
    }
}

/// How Kaldi cuts sound into frames and prepares each, with the names of
/// `torchaudio.compliance.kaldi`.
///
/// A part of other specifications, in whose serialised form its fields stand beside their own. Kaldi's
/// random dither is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KaldiFrames {
    /// Length of a frame in milliseconds. Default 25.
    pub frame_length: f64,
    /// Milliseconds between frames. Default 10.
    pub frame_shift: f64,
    /// What the samples are multiplied with: Kaldi hears 16-bit numbers, `torchaudio` what it is
    /// given (1). Default 32,768.
    pub scale: f64,
    /// Whether each frame loses its mean. Default true.
    pub remove_dc_offset: bool,
    /// How much of each sample is taken off the next. Default 0.97.
    pub preemphasis_coefficient: f64,
    /// The window. Default Povey's.
    pub window_type: KaldiWindow,
    /// Whether only whole frames count, the first beginning with the sound; otherwise there is a
    /// frame for each shift, and the ends are mirrored. Default true.
    pub snip_edges: bool,
    /// Whether the energy is that of the frame before the pre-emphasis and the window. Default true.
    pub raw_energy: bool,
    /// The least energy; 0 for any. Default 1.
    pub energy_floor: f64,
}

impl Default for KaldiFrames {
    fn default() -> Self {
        Self {
            frame_length: 25.0,
            frame_shift: 10.0,
            scale: 32_768.0,
            remove_dc_offset: true,
            preemphasis_coefficient: 0.97,
            window_type: KaldiWindow::Povey,
            snip_edges: true,
            raw_energy: true,
            energy_floor: 1.0,
        }
    }
}

impl KaldiFrames {
    pub(crate) fn plan(&self, name: &'static str, rate: SampleRate) -> Result<FramePower> {
        let samples = |field: &'static str, milliseconds: f64, least: usize| {
            let count = (rate.as_f64() * milliseconds * 0.001).max(0.0) as usize;
            if milliseconds.is_finite() && (least..=1 << 20).contains(&count) {
                return Ok(count);
            }
            let reason = format!(
                "must last {least} to 1048576 samples at {rate}, got {milliseconds} ms ({count})"
            );
            Err(Error::config(name, field, reason))
        };
        within(name, "scale", self.scale, 1e-12..=1e12)?;
        within(
            name,
            "preemphasis_coefficient",
            self.preemphasis_coefficient,
            0.0..=1.0,
        )?;
        within(name, "energy_floor", self.energy_floor, 0.0..=1e30)?;
        let length = samples("frame_length", self.frame_length, 2)?;
        let shift = samples("frame_shift", self.frame_shift, 1)?;
        // The prepared frames of a block lie one after another, each filled up with zeros.
        let n_fft = length.next_power_of_two();
        let stft = StftSpec {
            n_fft,
            hop_length: Some(n_fft),
            window: Window::Rectangular,
            center: false,
            ..StftSpec::default()
        };
        let stft = stft.build(())?;
        let scratch = stft.scratch();
        let bins = stft.bins();
        Ok(FramePower {
            rate,
            length,
            shift,
            window: self.window_type.samples(length),
            settings: self.clone(),
            stft,
            scratch: Pool::new(move || Scratch {
                frames: vec![0.0; n_fft * BLOCK],
                power: vec![0.0; bins * BLOCK],
                stft: scratch.clone(),
            }),
        })
    }
}

/// Planned power spectra of Kaldi's frames.
#[derive(Debug)]
pub(crate) struct FramePower {
    rate: SampleRate,
    length: usize,
    shift: usize,
    window: Vec<f32>,
    settings: KaldiFrames,
    stft: Stft,
    scratch: Pool<Scratch>,
}

#[derive(Debug)]
struct Scratch {
    frames: Vec<f32>,
    power: Vec<f32>,
    stft: StftScratch,
}

/// Neighbouring frames.
pub(crate) struct FrameBlock<'a> {
    /// Row-major (bins, width).
    pub(crate) power: &'a mut [f32],
    /// The logarithm of each frame's energy.
    pub(crate) energies: &'a [f32],
    /// The first frame.
    pub(crate) first: usize,
}

impl FramePower {
    pub(crate) fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Samples in a frame and between frames.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.length, self.shift)
    }

    pub(crate) fn n_fft(&self) -> usize {
        self.stft.n_fft()
    }

    pub(crate) fn frames(&self, samples: usize) -> usize {
        match self.settings.snip_edges {
            true => samples
                .checked_sub(self.length)
                .map_or(0, |room| 1 + room / self.shift),
            false => (samples + self.shift / 2) / self.shift,
        }
    }

    /// Gives all power spectra of a sound to `each`, in order.
    pub(crate) fn blocks(
        &self,
        samples: &[f32],
        mut each: impl FnMut(FrameBlock<'_>),
    ) -> Result<()> {
        let (count, n_fft) = (self.frames(samples.len()), self.n_fft());
        self.scratch.with(|scratch| {
            for first in (0..count).step_by(BLOCK) {
                let width = BLOCK.min(count - first);
                let mut energies = [0.0; BLOCK];
                let frames = scratch.frames.chunks_exact_mut(n_fft);
                for ((i, frame), energy) in frames.take(width).enumerate().zip(&mut energies) {
                    *energy = self.prepare(samples, first + i, &mut frame[..self.length]);
                }
                let power = &mut scratch.power[..self.stft.bins() * width];
                self.stft
                    .power_into(&scratch.frames, 0..width, power, &mut scratch.stft)?;
                each(FrameBlock {
                    power,
                    energies: &energies[..width],
                    first,
                });
            }
            Ok(())
        })
    }

    /// Writes a frame as it is transformed, and returns the logarithm of its energy.
    fn prepare(&self, samples: &[f32], index: usize, frame: &mut [f32]) -> f32 {
        let settings = &self.settings;
        let start = match settings.snip_edges {
            true => (index * self.shift) as isize,
            false => (index * self.shift + self.shift / 2) as isize - (self.length / 2) as isize,
        };
        let scale = settings.scale as f32;
        for (n, y) in frame.iter_mut().enumerate() {
            *y = scale * samples[mirrored(start + n as isize, samples.len())];
        }
        if settings.remove_dc_offset {
            let mean = frame.iter().map(|&x| f64::from(x)).sum::<f64>() / frame.len() as f64;
            frame.iter_mut().for_each(|x| *x -= mean as f32);
        }
        let raw = self.log_energy(frame);
        let share = settings.preemphasis_coefficient as f32;
        for n in (1..frame.len()).rev() {
            frame[n] -= share * frame[n - 1];
        }
        frame[0] -= share * frame[0];
        for (x, w) in frame.iter_mut().zip(&self.window) {
            *x *= w;
        }
        match settings.raw_energy {
            true => raw,
            false => self.log_energy(frame),
        }
    }

    fn log_energy(&self, frame: &[f32]) -> f32 {
        let energy: f64 = frame.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let least = self.settings.energy_floor.max(f64::from(f32::EPSILON));
        energy.max(least).ln() as f32
    }
}

/// Where the sample is that is heard at `index`: beyond the ends the sound goes back, its first and
/// last sample heard twice.
fn mirrored(index: isize, len: usize) -> usize {
    let period = 2 * len as isize;
    let folded = index.rem_euclid(period);
    folded.min(period - 1 - folded) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_goes_back_at_its_ends() {
        let heard: Vec<usize> = (-3..6).map(|index| mirrored(index, 3)).collect();
        assert_eq!(heard, [2, 1, 0, 0, 1, 2, 2, 1, 0]);
    }

    #[test]
    fn frames_are_counted_as_kaldi_counts_them() {
        let rate = SampleRate::new(16_000).unwrap();
        let whole = KaldiFrames::default().plan("test", rate).unwrap();
        assert_eq!((whole.length, whole.shift, whole.n_fft()), (400, 160, 512));
        assert_eq!([399, 400, 559, 560].map(|n| whole.frames(n)), [0, 1, 1, 2]);
        let mirrored = KaldiFrames {
            snip_edges: false,
            ..Default::default()
        };
        let mirrored = mirrored.plan("test", rate).unwrap();
        assert_eq!([79, 80, 239, 240].map(|n| mirrored.frames(n)), [0, 1, 1, 2]);
    }
}
