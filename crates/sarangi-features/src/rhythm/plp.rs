//! The predominant local pulse.

use sarangi_core::{Error, Result, SampleRate, Spec};
use sarangi_dsp::{Complex32, Istft};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::rhythm::fourier_tempogram::FourierTempogram;
use crate::{Aggregate, ChannelFeature, FourierTempogramSpec, FrameNorm, MelBands};

/// How the strongest pulse of each window is scaled before the pulses are added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PulseScale {
    /// As librosa 0.11 does: by the lexicographic maximum over tempi, which is 0 where the strongest
    /// has a negative real part, so that windows with such a phase outweigh all others.
    #[default]
    Librosa,
    /// By its magnitude, so that only its phase counts, as P. Grosche and M. Müller wrote it.
    Magnitude,
}

/// The predominant local pulse, with the names and defaults of `librosa.beat.plp`.
///
/// In each window of the onset strength (its median over bands) the sinusoid of the strongest tempo is
/// kept; their overlap, without its negative half and scaled to a largest value of 1, peaks on the
/// pulse of the music, which may change its tempo (P. Grosche and M. Müller, *IEEE Transactions on
/// Audio, Speech, and Language Processing* 19, 2011). Proved by `pulse_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/plp.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlpSpec {
    /// Frames in a window, 2 to 65,536. Default 384.
    pub win_length: usize,
    /// The slowest pulse in beats per minute; `None` for any. Default 30.
    pub tempo_min: Option<f64>,
    /// The fastest pulse in beats per minute; `None` for any. Default 300.
    pub tempo_max: Option<f64>,
    /// How pulses are scaled. Default as librosa does.
    pub scale: PulseScale,
    /// Onset strength: samples per transform. Default 2048.
    pub n_fft: usize,
    /// Onset strength: samples between frames. Default 512.
    pub hop_length: usize,
    /// Onset strength: the filters.
    #[serde(flatten)]
    pub bands: MelBands,
}

impl Default for PlpSpec {
    fn default() -> Self {
        Self {
            win_length: 384,
            tempo_min: Some(30.0),
            tempo_max: Some(300.0),
            scale: PulseScale::Librosa,
            n_fft: 2048,
            hop_length: 512,
            bands: MelBands::default(),
        }
    }
}

impl Spec<SampleRate> for PlpSpec {
    type Built = Plp;

    fn build(&self, rate: SampleRate) -> Result<Plp> {
        for (field, tempo) in [("tempo_min", self.tempo_min), ("tempo_max", self.tempo_max)] {
            within("plp", field, tempo.unwrap_or(1.0), 0.0..=1e9)?;
        }
        let slowest = self.tempo_min.unwrap_or(0.0);
        let fastest = self.tempo_max.unwrap_or(f64::INFINITY);
        if fastest <= slowest {
            let reason = format!("must be above tempo_min ({slowest}), got {fastest}");
            return Err(Error::config("plp", "tempo_max", reason));
        }
        let tempogram = FourierTempogramSpec {
            win_length: self.win_length,
            aggregate: Aggregate::Median,
            n_fft: self.n_fft,
            hop_length: self.hop_length,
            bands: self.bands.clone(),
            ..FourierTempogramSpec::default()
        };
        let inverse = tempogram.transform().build_inverse()?;
        let tempogram = tempogram.build(rate)?;
        let allowed = tempogram
            .tempi()
            .into_iter()
            .map(|tempo| (slowest..=fastest).contains(&tempo))
            .collect();
        Ok(Plp {
            tempogram,
            inverse,
            allowed,
            scale: self.scale,
        })
    }
}

/// A planned predominant local pulse: (1, frames).
#[derive(Debug)]
pub struct Plp {
    tempogram: FourierTempogram,
    inverse: Istft,
    /// Whether each row's tempo is between the slowest and the fastest.
    allowed: Vec<bool>,
    scale: PulseScale,
}

impl ChannelFeature for Plp {
    fn name(&self) -> &'static str {
        "plp"
    }

    fn rate(&self) -> SampleRate {
        self.tempogram.rate()
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        self.tempogram.curve_len(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(self.name(), out, 1, self.frames(samples.len()))?;
        let curve = self.tempogram.curve(samples)?;
        let mut pulses = self.tempogram.of_curve(&curve)?;
        for mut column in pulses.columns_mut() {
            for (x, &allowed) in column.iter_mut().zip(&self.allowed) {
                if !allowed {
                    *x = Complex32::ZERO;
                }
            }
            // Compared as librosa compares them, on a logarithmic scale.
            let level = |x: &Complex32| (1e6 * x.norm()).ln_1p();
            let strongest = column.iter().map(level).fold(0.0, f32::max);
            let weaker = |x: &&mut Complex32| level(x) < strongest;
            column
                .iter_mut()
                .filter(weaker)
                .for_each(|x| *x = Complex32::ZERO);
            let scale = 1.0 / (f32::MIN_POSITIVE.sqrt() + self.reference(column.iter()));
            column.iter_mut().for_each(|x| *x *= scale);
        }
        let pulse = self.inverse.signal(pulses.view(), out.len())?;
        for (y, x) in out.iter_mut().zip(pulse) {
            *y = x.max(0.0);
        }
        // The curve is one column.
        FrameNorm::Inf.apply(out, 1);
        Ok(())
    }
}

impl Plp {
    fn reference<'a>(&self, column: impl Iterator<Item = &'a Complex32>) -> f32 {
        match self.scale {
            PulseScale::Magnitude => column.map(|x| x.norm()).fold(0.0, f32::max),
            PulseScale::Librosa => {
                let later = |a: &Complex32, b: &Complex32| {
                    a.re.total_cmp(&b.re).then(a.im.total_cmp(&b.im))
                };
                column.copied().max_by(later).map_or(0.0, |x| x.norm())
            }
        }
    }
}

features_of_channels!(Plp);
