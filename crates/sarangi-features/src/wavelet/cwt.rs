//! The continuous wavelet transform.

use std::f64::consts::{LN_2, TAU};
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array2, ArrayView2};
use sarangi_core::{Error, Result, SampleRate};
use sarangi_dsp::{Complex32, Pool, smooth_length};

use crate::CwtSpec;
use crate::wavelet::band::{Band, Layout, MOST_BETWEEN, Work};

const OP: &str = "cwt";

/// The largest transform, as a power of two.
const LARGEST: usize = 1 << 28;

/// A planned continuous wavelet transform.
#[derive(Debug)]
pub struct Cwt {
    spec: CwtSpec,
    work: Pool<Work>,
    rate: SampleRate,
    frequencies: Vec<f64>,
    /// In samples.
    scales: Vec<f64>,
    /// The filters for the length that was transformed last: sounds of one collection share few.
    filters: Mutex<Option<Arc<Filters>>>,
}

/// What each scale weighs the spectrum of a padded sound with.
#[derive(Debug)]
struct Filters {
    size: usize,
    bands: Vec<Band>,
}

impl Cwt {
    /// The plan of a description that makes sense, with the frequency of each row in Hz.
    pub(crate) fn new(spec: CwtSpec, rate: SampleRate, frequencies: Vec<f64>) -> Self {
        let scale = |f: &f64| spec.wavelet.peak() / (TAU * f) * rate.as_f64();
        Self {
            work: Pool::new(Work::new),
            filters: Mutex::new(None),
            rate,
            scales: frequencies.iter().map(scale).collect(),
            frequencies,
            spec,
        }
    }

    /// The sampling rate that it was built for.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// The frequency of each row in Hz, from the lowest.
    pub fn frequencies(&self) -> &[f64] {
        &self.frequencies
    }

    /// The scale of each row in samples: the wavelet's peak over 2π times the frequency.
    pub fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// Columns of the transform of `samples` samples: ⌈samples / hop⌉.
    pub fn frames(&self, samples: usize) -> usize {
        samples.div_ceil(self.spec.hop_length)
    }

    /// The cone of influence: for each row the seconds from either end within which the end is
    /// felt (e⁻² of its power or more; Torrence and Compo 1998).
    pub fn cone_of_influence(&self) -> Vec<f64> {
        let time = self.spec.wavelet.folding_time() / self.rate.as_f64();
        self.scales.iter().map(|scale| scale * time).collect()
    }

    /// The transform of one channel, beyond whose ends is silence: (n_bins, frames), row k at
    /// [`frequencies`](Self::frequencies)\[k\] Hz, column t at sample t · hop.
    ///
    /// # Errors
    /// [`Error::Shape`] if the sound is empty or, with what its longest wavelet needs, longer than
    /// 268,435,456 samples.
    pub fn complex(&self, samples: &[f32]) -> Result<Array2<Complex32>> {
        let (rows, frames) = (self.frequencies.len(), self.frames(samples.len()));
        // Appended to, not filled with zeros first: the result may be some hundred megabytes.
        let mut values = Vec::with_capacity(rows * frames);
        self.rows(samples, |_, _, columns| values.extend_from_slice(columns))?;
        let got = values.len();
        Array2::from_shape_vec((rows, frames), values)
            .map_err(|_| Error::shape(OP, format!("({rows}, {frames}) values"), got))
    }

    /// The transform of one channel into what is there already: new memory for a result of some hundred
    /// megabytes may take the system as long as the transform.
    ///
    /// # Shapes
    /// `out` is row-major (n_bins, [`frames`](Self::frames)).
    ///
    /// # Errors
    /// As [`complex`](Self::complex), and [`Error::Shape`] if `out` is not so.
    pub fn complex_into(&self, samples: &[f32], out: &mut [Complex32]) -> Result<()> {
        let (rows, frames) = (self.frequencies.len(), self.frames(samples.len()));
        if out.len() != rows * frames {
            let expected = format!("({rows}, {frames}) values");
            return Err(Error::shape(OP, expected, out.len()));
        }
        self.rows(samples, |row, first, columns| {
            out[row * frames + first..][..columns.len()].copy_from_slice(columns);
        })
    }

    /// Gives each row's values to `each`, some at a time and in order, with the row and the first column.
    pub(crate) fn rows(
        &self,
        samples: &[f32],
        mut each: impl FnMut(usize, usize, &[Complex32]),
    ) -> Result<()> {
        let layout = self.layout(samples.len())?;
        let filters = self.filters(&layout);
        let (count, analytic) = (self.frames(samples.len()), self.spec.wavelet.is_analytic());
        self.work.with(|work| {
            let spectrum = layout.spectrum(samples, &mut work.planner);
            for (row, band) in filters.bands.iter().enumerate() {
                let mut first = 0;
                band.columns(&spectrum, (&layout, analytic), count, work, |columns| {
                    each(row, first, columns);
                    first += columns.len();
                });
            }
        });
        Ok(())
    }

    fn filters(&self, layout: &Layout) -> Arc<Filters> {
        // A panic elsewhere leaves whole filters or none.
        let lock = || self.filters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(filters) = lock()
            .as_ref()
            .filter(|filters| filters.size == layout.size)
        {
            return Arc::clone(filters);
        }
        let bands = self.scales.iter();
        let bands = bands.map(|&scale| layout.band(&self.spec.wavelet, scale));
        let filters = Arc::new(Filters {
            size: layout.size,
            bands: bands.collect(),
        });
        *lock() = Some(Arc::clone(&filters));
        filters
    }

    fn layout(&self, samples: usize) -> Result<Layout> {
        if samples == 0 {
            return Err(Error::shape(OP, "a sound of at least one sample", "none"));
        }
        let hop = self.spec.hop_length;
        let longest = self.scales.first().copied().unwrap_or(0.0);
        // The end must not reach round to the beginning.
        let reach = (self.spec.wavelet.reach() * longest).ceil() as usize;
        let columns = samples.saturating_add(reach).div_ceil(hop);
        let columns = match hop {
            // So that shorter transforms have every so many of its values.
            1 => smooth_length(columns.div_ceil(MOST_BETWEEN)) * MOST_BETWEEN,
            _ => smooth_length(columns),
        };
        match columns.checked_mul(hop) {
            Some(size) if size <= LARGEST => Ok(Layout { size, columns }),
            _ => {
                let got = format!("{samples} and {reach} samples for the wavelet");
                Err(Error::shape(OP, format!("at most {LARGEST} samples"), got))
            }
        }
    }

    /// The signal whose transform, with every sample (`hop_length` 1), is `transform`: what of a
    /// sound lies between the lowest and the highest scale.
    ///
    /// The sum over scales x(t) = (2 / C) · Re Σ W(f, t) · ln 2 / bins_per_octave, with C = ∫ ψ̂(ω) /
    /// ω dω, or half of that for a real wavelet (Farge 1992). With 24 scales an octave it restores
    /// tones well inside the range to 5e-3; narrow wavelets need more scales.
    ///
    /// # Shapes
    /// `transform` is (n_bins, samples).
    ///
    /// # Errors
    /// [`Error::Shape`] if it has other rows, [`Error::Config`] if the transform has a hop.
    pub fn inverse(&self, transform: ArrayView2<'_, Complex32>) -> Result<Vec<f32>> {
        const OP: &str = "inverse cwt";
        if self.spec.hop_length != 1 {
            let reason = format!("must be 1 for the way back, is {}", self.spec.hop_length);
            return Err(Error::config(OP, "hop_length", reason));
        }
        if transform.nrows() != self.scales.len() {
            let expected = format!("{} rows", self.scales.len());
            return Err(Error::shape(OP, expected, transform.nrows()));
        }
        let halves = if self.spec.wavelet.is_analytic() {
            2.0
        } else {
            1.0
        };
        let step = LN_2 / self.spec.bins_per_octave as f64;
        let factor = halves * step / self.spec.wavelet.admissibility();
        let mut sums = vec![0.0f64; transform.ncols()];
        for row in transform.rows() {
            for (sum, x) in sums.iter_mut().zip(row) {
                *sum += f64::from(x.re);
            }
        }
        Ok(sums.iter().map(|sum| (sum * factor) as f32).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Wavelet;
    use crate::constant_q::cqt::C1;
    use sarangi_core::Spec;
    use std::f64::consts::PI;

    const RATE: SampleRate = SampleRate::HZ_22050;

    fn plan(spec: CwtSpec) -> Cwt {
        spec.build(RATE).unwrap()
    }

    fn tone(hz: f64, amplitude: f64, len: usize) -> Vec<f32> {
        let at = |n: usize| amplitude * (TAU * hz * n as f64 / RATE.as_f64()).sin();
        (0..len).map(|n| at(n) as f32).collect()
    }

    fn wavelets() -> [Wavelet; 4] {
        let bump = Wavelet::Bump {
            mu: 5.0,
            sigma: 0.6,
        };
        let complex = Wavelet::ComplexMorlet {
            bandwidth: 1.5,
            center: 1.0,
        };
        [Wavelet::default(), complex, Wavelet::MexicanHat, bump]
    }

    #[test]
    fn a_tone_has_its_amplitude_at_its_own_frequency() {
        for wavelet in wavelets() {
            let cwt = plan(CwtSpec {
                wavelet,
                fmin: 110.0,
                n_bins: 49,
                ..CwtSpec::default()
            });
            let transform = cwt.complex(&tone(440.0, 0.7, 8000)).unwrap();
            let level = |row: usize| {
                let inner = transform
                    .row(row)
                    .into_iter()
                    .skip(3000)
                    .take(2000)
                    .copied();
                inner.map(|x| x.norm()).fold(0.0, f32::max)
            };
            assert!((level(24) - 0.7).abs() < 2e-3, "{wavelet:?} {}", level(24));
            let loudest = (0..49).max_by(|&a, &b| level(a).total_cmp(&level(b)));
            assert_eq!(loudest, Some(24), "{wavelet:?}");
        }
    }

    #[test]
    fn a_hop_leaves_out_what_is_between() {
        let sound = tone(300.0, 0.5, 5000);
        for wavelet in wavelets() {
            let spec = CwtSpec {
                wavelet,
                fmin: 200.0,
                n_bins: 60,
                ..CwtSpec::default()
            };
            let whole = plan(spec.clone()).complex(&sound).unwrap();
            for hop_length in [7, 64, 500] {
                let every = plan(CwtSpec {
                    hop_length,
                    ..spec.clone()
                });
                let part = every.complex(&sound).unwrap();
                assert_eq!(part.ncols(), 5000usize.div_ceil(hop_length));
                for ((row, column), x) in part.indexed_iter() {
                    let want = whole[[row, column * hop_length]];
                    assert!((x - want).norm() < 1e-5, "{wavelet:?} {hop_length}");
                }
            }
        }
    }

    #[test]
    fn the_way_back_restores_what_lies_between_the_scales() {
        let sound: Vec<f32> = [(220.0, 0.5), (505.0, 0.3), (1234.0, 0.2)]
            .iter()
            .map(|&(hz, amplitude)| tone(hz, amplitude, 12_000))
            .reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect())
            .unwrap();
        for wavelet in wavelets() {
            let cwt = plan(CwtSpec {
                wavelet,
                fmin: 20.0,
                n_bins: 217,
                bins_per_octave: 24,
                ..CwtSpec::default()
            });
            let transform = cwt.complex(&sound).unwrap();
            let back = cwt.inverse(transform.view()).unwrap();
            assert_eq!(back.len(), sound.len());
            for n in 3000..9000 {
                let error = (back[n] - sound[n]).abs();
                assert!(error < 5e-3, "{wavelet:?} {n}: {} {}", back[n], sound[n]);
            }
        }
    }

    /// A complex Morlet wavelet of bandwidth 2 is a Morlet wavelet but for what that leaves out at 0.
    #[test]
    fn both_forms_of_morlets_wavelet_agree() {
        let sound = tone(300.0, 0.5, 3000);
        let transform = |wavelet| {
            let spec = CwtSpec {
                wavelet,
                fmin: 100.0,
                n_bins: 40,
                ..CwtSpec::default()
            };
            plan(spec).complex(&sound).unwrap()
        };
        let plain = transform(Wavelet::Morlet { w0: 7.0 });
        let complex = transform(Wavelet::ComplexMorlet {
            bandwidth: 2.0,
            center: 7.0 / TAU,
        });
        for (a, b) in plain.iter().zip(&complex) {
            assert!((a - b).norm() < 1e-6);
        }
    }

    #[test]
    fn memory_may_be_given() {
        let sound = tone(300.0, 0.5, 700);
        let cwt = plan(CwtSpec::default());
        let mut out = vec![Complex32::new(9.0, 9.0); 84 * 700];
        cwt.complex_into(&sound, &mut out).unwrap();
        assert_eq!(cwt.complex(&sound).unwrap().as_slice(), Some(&out[..]));
        assert!(cwt.complex_into(&sound, &mut out[1..]).is_err());
        assert!(cwt.complex_into(&[], &mut []).is_err());
    }

    #[test]
    fn the_cone_widens_with_the_scale() {
        let cwt = plan(CwtSpec::default());
        let cone = cwt.cone_of_influence();
        // √2 · 6 / (2π · 32.7) s
        assert!((cone[0] - 2f64.sqrt() * 6.0 / (2.0 * PI * C1)).abs() < 1e-9);
        assert!(cone.windows(2).all(|pair| pair[0] > pair[1]));
        assert!(cwt.complex(&[]).is_err());
        assert!(cwt.inverse(Array2::default((3, 5)).view()).is_err());
    }
}
