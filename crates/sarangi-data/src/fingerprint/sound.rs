//! The fingerprint of a sound.

use sarangi_core::{Result, SampleRate, Spec, Waveform};
use sarangi_dsp::{Halve, Stft, StftSpec};

use super::{Fingerprint, Print, WORDS_PER_SECOND};

/// Bands whose neighbours are compared: one more than bits.
const BANDS: usize = 33;
const LOWEST: f64 = 300.0;
const HIGHEST: f64 = 2000.0;
/// Steps in a frame.
const OVERLAP: usize = 8;
/// The lowest rate, in Hz, to which a sound is halved: all that is compared lies below 2 kHz.
const LEAST_RATE: f64 = 5000.0;
/// A frame this much weaker than the loudest, in power, says nothing.
const SILENCE: f32 = 1e-7;

/// Makes fingerprints of mono sounds of one rate.
#[derive(Debug)]
pub(crate) struct SoundPrinter {
    halve: Halve,
    halvings: usize,
    stft: Stft,
    /// The first bin of each band, and one past the last.
    edges: Vec<usize>,
}

impl SoundPrinter {
    pub(crate) fn new(rate: SampleRate) -> Result<Self> {
        let mut halvings = 0;
        let mut rate = f64::from(rate.hz());
        while rate / 2.0 >= LEAST_RATE {
            rate /= 2.0;
            halvings += 1;
        }
        let hop = ((rate / WORDS_PER_SECOND).round() as usize).max(1);
        let n_fft = hop * OVERLAP;
        let spec = StftSpec {
            n_fft,
            hop_length: Some(hop),
            ..StftSpec::default()
        };
        let edge = |band: usize| {
            let hz = LOWEST * (HIGHEST / LOWEST).powf(band as f64 / BANDS as f64);
            ((hz * n_fft as f64 / rate).round() as usize).min(n_fft / 2)
        };
        Ok(Self {
            halve: Halve::new(),
            halvings,
            stft: spec.build(())?,
            edges: (0..=BANDS).map(edge).collect(),
        })
    }

    pub(crate) fn print(&self, wave: &Waveform) -> Result<Fingerprint> {
        let mut samples = wave.channel(0)?.to_vec();
        for _ in 0..self.halvings {
            samples = self.halve.process(&samples);
        }
        let power = self.stft.power(&samples)?;
        let frames = power.ncols();
        let mut energies = vec![[0.0f32; BANDS]; frames];
        for (band, ends) in self.edges.windows(2).enumerate() {
            for bin in ends[0]..ends[1] {
                for (energy, value) in energies.iter_mut().zip(power.row(bin)) {
                    energy[band] += value;
                }
            }
        }
        let total = |energy: &[f32; BANDS]| energy.iter().sum::<f32>();
        let loudest = energies.iter().map(total).fold(0.0, f32::max);
        let word = |pair: &[[f32; BANDS]]| {
            let [before, now] = [pair[0], pair[1]];
            if total(&now) <= SILENCE * loudest || total(&before) <= SILENCE * loudest {
                return 0;
            }
            (0..BANDS - 1).fold(0u32, |word, band| {
                let change = (now[band] - now[band + 1]) - (before[band] - before[band + 1]);
                word << 1 | u32::from(change > 0.0)
            })
        };
        Ok(Fingerprint {
            words: energies.windows(2).map(word).collect(),
            kind: Print::Sound,
        })
    }
}
