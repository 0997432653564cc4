//! Features that are computed where the network is.

use candle_core::{D, DType, Device, Result as CandleResult, Tensor};
use sarangi_core::{During, Error, Result, Rng, SampleRate, Seed, Spec};
use sarangi_dsp::Padding;
use sarangi_features::{ChannelFeature, Decibels, FeatureSpec, LogMelSpec, MelSpec, Reference};
use sarangi_nn::{Inputs, Mode, Model, Value, Watch, with_candle};
use serde::{Deserialize, Serialize};

const SPEC: &str = "on_device";

/// Features of waveforms, computed in batches by the device that runs the network, as its first step:
/// so the sounds themselves travel to a GPU, and the processor only reads files. The front end's
/// features are then `waveform`.
///
/// They equal the processor's to 1e-4 of their range, which a test proves, where decibels end 80 below
/// the loudest, as by default; what is quieter still is rounding, here and there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnDeviceSpec {
    /// `mel` or `log_mel` with the fields they have as features of a front end; `power` must be 2.
    pub features: FeatureSpec,
    /// Subtracted from every value. Default 0.
    #[serde(default)]
    pub mean: f64,
    /// What every value is divided by then. Default 1.
    #[serde(default = "one")]
    pub std: f64,
    /// In training a stretch of up to so many frames of each example is set to 0, by SpecAugment (Park
    /// et al. 2019). Default 0.
    #[serde(default)]
    pub time_mask_param: usize,
    /// As `time_mask_param`, for bands.
    #[serde(default)]
    pub freq_mask_param: usize,
}

fn one() -> f64 {
    1.0
}

impl OnDeviceSpec {
    /// Checks what can be checked without a device.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field that makes no sense, [`Error::Unsupported`] for a feature that
    /// is computed by the processor alone.
    pub fn check(&self) -> Result<()> {
        self.bands().map(|_| ())?;
        if !(self.mean.is_finite() && self.std.is_finite() && self.std != 0.0) {
            let reason = format!(
                "must be finite and not 0, got {} and {}",
                self.mean, self.std
            );
            return Err(Error::config(SPEC, "mean and std", reason));
        }
        Ok(())
    }

    /// The mel spectrogram that it is, and its decibels if it has them.
    fn bands(&self) -> Result<(MelSpec, Option<Decibels>)> {
        let (mel, decibels) = match &self.features {
            FeatureSpec::Mel(mel) => (mel.clone(), None),
            FeatureSpec::LogMel(LogMelSpec {
                power,
                decibels,
                bands,
                analysis,
            }) => {
                decibels.check()?;
                let mel = MelSpec {
                    power: *power,
                    bands: bands.clone(),
                    analysis: analysis.clone(),
                };
                (mel, Some(decibels.clone()))
            }
            _ => {
                return Err(Error::Unsupported {
                    what: "any feature on the device but mel and log_mel".to_owned(),
                    feature: None,
                });
            }
        };
        match mel.power == 2.0 {
            true => Ok((mel, decibels)),
            false => Err(Error::config(
                SPEC,
                "power",
                format!("must be 2, got {}", mel.power),
            )),
        }
    }
}

/// Planned features of waveforms on a device.
///
/// A short-time Fourier transform is one product of matrices for each hop of a frame: hop k of all
/// frames, times the window and the waves under it. No frame is laid out on its own.
#[derive(Debug)]
pub struct DeviceFeatures {
    spec: OnDeviceSpec,
    decibels: Option<Decibels>,
    n_fft: usize,
    hop: usize,
    /// What frames see beyond the ends, if they are centred.
    padding: Option<Padding>,
    bins: usize,
    /// For each hop of a frame (hop, 2 · bins): cosines, then sines.
    waves: Vec<Tensor>,
    /// (bins, n_mels)
    filters: Tensor,
}

impl DeviceFeatures {
    /// Plans the features of sounds at `rate`.
    ///
    /// # Errors
    /// As [`OnDeviceSpec::check`]; [`Error::Backend`] if the device fails.
    pub fn new(spec: &OnDeviceSpec, rate: SampleRate, device: &Device) -> Result<Self> {
        spec.check()?;
        let (mel, decibels) = spec.bands()?;
        let analysis = mel.analysis.clone();
        let plan = mel.build(rate)?;
        let (n_fft, hop) = (analysis.n_fft, analysis.hop_length);
        let bins = n_fft / 2 + 1;
        let window = analysis
            .window
            .periodic(analysis.win_length.unwrap_or(n_fft));
        // A shorter window lies in the middle of the transform.
        let mut centred = vec![0.0; n_fft];
        let first = (n_fft - window.len()) / 2;
        centred[first..first + window.len()].copy_from_slice(&window);
        let blocks = n_fft.div_ceil(hop);
        let waves = (0..blocks).map(|block| {
            let mut wave = vec![0.0f32; hop * 2 * bins];
            for (row, values) in wave.chunks_exact_mut(2 * bins).enumerate() {
                let at = block * hop + row;
                if at >= n_fft {
                    break;
                }
                for bin in 0..bins {
                    // The phase as a whole number of parts, so that it is exact for any bin.
                    let part = (at * bin % n_fft) as f64 / n_fft as f64;
                    let (sin, cos) = (std::f64::consts::TAU * part).sin_cos();
                    values[bin] = (centred[at] * cos) as f32;
                    values[bins + bin] = (centred[at] * sin) as f32;
                }
            }
            upload(wave, (hop, 2 * bins), device)
        });
        let waves = waves.collect::<CandleResult<Vec<_>>>().during(SPEC)?;
        let filters = filters(&plan, bins)?;
        Ok(Self {
            spec: spec.clone(),
            decibels,
            n_fft,
            hop,
            padding: analysis.center.then_some(analysis.pad_mode),
            bins,
            waves,
            filters: upload(filters, (bins, plan.bins()), device).during(SPEC)?,
        })
    }

    /// The features of a batch.
    ///
    /// # Shapes
    /// (batch, 1, 1, samples) → (batch, 1, n_mels, frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if the sounds are of more than one channel or shorter than a frame,
    /// [`Error::Backend`] if the device fails.
    pub fn apply(&self, xs: &Value) -> Result<Value> {
        let &[_, 1, 1, samples] = xs.dims() else {
            let got = format!("{:?}", xs.dims());
            let expected = "waveforms (batch, 1, 1, samples): the front end's features must be \
                            `waveform`, and its sound mono";
            return Err(Error::shape(SPEC, expected, got));
        };
        let reach = self.padding.map_or(0, |_| 2 * (self.n_fft / 2));
        if samples == 0 || samples + reach < self.n_fft {
            let expected = format!("sounds of at least {} samples", self.n_fft);
            return Err(Error::shape(SPEC, expected, samples));
        }
        with_candle(&[xs], &[], |xs| self.compute(&xs[0]))
    }

    fn compute(&self, xs: &Tensor) -> CandleResult<Tensor> {
        let xs = xs.detach();
        let (batch, samples) = (xs.dim(0)?, xs.dim(3)?);
        let xs = self.padded(&xs.reshape((batch, samples))?)?;
        let frames = 1 + (xs.dim(1)? - self.n_fft) / self.hop;
        let blocks = frames - 1 + self.waves.len();
        // The last frame's last hop may reach beyond the end, where the window is 0.
        let missing = (blocks * self.hop).saturating_sub(xs.dim(1)?);
        let xs = xs
            .pad_with_zeros(1, 0, missing)?
            .narrow(1, 0, blocks * self.hop)?
            .contiguous()?
            .reshape((batch, blocks, self.hop))?;
        let mut transform: Option<Tensor> = None;
        for (block, waves) in self.waves.iter().enumerate() {
            let part = xs
                .narrow(1, block, frames)?
                .contiguous()?
                .reshape((batch * frames, self.hop))?
                .matmul(waves)?;
            transform = Some(match transform {
                Some(sum) => (sum + part)?,
                None => part,
            });
        }
        let Some(transform) = transform else {
            candle_core::bail!("a transform of no samples");
        };
        let real = transform.narrow(1, 0, self.bins)?.sqr()?;
        let power = (real + transform.narrow(1, self.bins, self.bins)?.sqr()?)?;
        let bands = power
            .contiguous()?
            .matmul(&self.filters)?
            .reshape((batch, frames, ()))?
            .transpose(1, 2)?
            .contiguous()?;
        let bands = match &self.decibels {
            Some(decibels) => in_decibels(&bands, decibels)?,
            None => bands,
        };
        bands
            .affine(1.0 / self.spec.std, -self.spec.mean / self.spec.std)?
            .unsqueeze(1)
    }

    /// With what centred frames see beyond the ends.
    fn padded(&self, xs: &Tensor) -> CandleResult<Tensor> {
        let half = self.n_fft / 2;
        match self.padding {
            None => Ok(xs.clone()),
            Some(Padding::Constant) => xs.pad_with_zeros(1, half, half),
            Some(padding) => {
                let samples = xs.dim(1)?;
                let ends = -(half as isize)..(samples + half) as isize;
                let sources = ends.map(|at| padding.source(at, samples).unwrap_or(0) as u32);
                let sources = Tensor::from_iter(sources, &Device::Cpu)?;
                xs.index_select(&sources.to_device(xs.device())?, 1)
            }
        }
    }

    /// The example's features with a stretch of frames and one of bands set to 0.
    fn masked(&self, ys: &Value, mode: &mut Mode<'_>) -> Result<Value> {
        let (time, bands) = (self.spec.time_mask_param, self.spec.freq_mask_param);
        let (rng, first) = match mode {
            Mode::Train(rng) => (rng, 0),
            Mode::TrainShare(rng, share) => (rng, share.first()),
            Mode::Eval => return Ok(ys.clone()),
        };
        if time == 0 && bands == 0 {
            return Ok(ys.clone());
        }
        let &[batch, _, bins, frames] = ys.dims() else {
            return Ok(ys.clone());
        };
        // One number is drawn, whatever the size of the batch: by it and its place each example has a
        // generator of its own.
        let seed = Seed(rng.next_u64());
        let mut factors = vec![1.0f32; batch * bins * frames];
        for (i, map) in factors.chunks_exact_mut((bins * frames).max(1)).enumerate() {
            let rng = &mut seed.rng(0, (first + i) as u64);
            let (from, to) = stretch(rng, time, frames);
            let (low, high) = stretch(rng, bands, bins);
            for (band, row) in map.chunks_exact_mut(frames.max(1)).enumerate() {
                match (low..high).contains(&band) {
                    true => row.fill(0.0),
                    false => row[from..to].fill(0.0),
                }
            }
        }
        with_candle(&[ys], &[], |ys| {
            &ys[0] * upload(factors, (batch, 1, bins, frames), ys[0].device())?
        })
    }
}

/// A stretch of up to `most` of `length` places.
fn stretch(rng: &mut Rng, most: usize, length: usize) -> (usize, usize) {
    let width = rng.below(most.min(length) + 1);
    let from = rng.below(length - width + 1);
    (from, from + width)
}

fn upload(
    values: Vec<f32>,
    shape: impl Into<candle_core::Shape>,
    device: &Device,
) -> CandleResult<Tensor> {
    Tensor::from_vec(values, shape.into(), &Device::Cpu)?.to_device(device)
}

/// The filters as a matrix (bins, bands): what the plan makes of the power of one bin after the other.
fn filters(plan: &sarangi_features::Mel, bins: usize) -> Result<Vec<f32>> {
    let Some(of_power) = plan.of_power() else {
        return Err(Error::config(SPEC, "power", "must be 2"));
    };
    let mut power = vec![0.0f32; bins * bins];
    power
        .iter_mut()
        .step_by(bins + 1)
        .for_each(|one| *one = 1.0);
    // (bands, frames), and frame i is bin i alone.
    let mut rows = vec![0.0f32; plan.bins() * bins];
    of_power.compute_of_power(&power, &mut rows)?;
    let mut filters = vec![0.0f32; bins * plan.bins()];
    for (band, row) in rows.chunks_exact(bins).enumerate() {
        for (bin, &weight) in row.iter().enumerate() {
            filters[bin * plan.bins() + band] = weight;
        }
    }
    Ok(filters)
}

/// As [`Decibels::apply`] on each map of (batch, bands, frames).
fn in_decibels(maps: &Tensor, decibels: &Decibels) -> CandleResult<Tensor> {
    let factor = 10.0 / std::f64::consts::LN_10;
    let level = |power: &Tensor| power.maximum(decibels.amin)?.log()?.affine(factor, 0.0);
    let levels = level(maps)?;
    let peak = levels
        .flatten_from(1)?
        .max_keepdim(D::Minus1)?
        .unsqueeze(D::Minus1)?;
    let levels = match decibels.top_db {
        Some(top_db) => levels.broadcast_maximum(&peak.affine(1.0, -top_db)?)?,
        None => levels,
    };
    match decibels.reference {
        Reference::Power(power) => {
            let offset = 10.0 * power.abs().max(decibels.amin).log10();
            levels.affine(1.0, -offset)
        }
        Reference::Peak(_) => levels.broadcast_sub(&peak),
    }
}

/// A network that hears waveforms: features first.
pub(crate) struct Hearing {
    pub(crate) features: DeviceFeatures,
    pub(crate) network: Box<dyn Model>,
    /// The type in which the network stores what it computes in training.
    pub(crate) dtype: DType,
}

impl Hearing {
    fn hear(&self, inputs: Inputs<'_>, mut mode: Mode<'_>) -> Result<Value> {
        let xs = match inputs {
            Inputs::One(xs) | Inputs::Named(&[(_, xs)]) => xs,
            Inputs::Named(_) => {
                let expected = "one input, of waveforms";
                return Err(Error::shape(SPEC, expected, "several"));
            }
        };
        let ys = self.features.apply(xs)?;
        let ys = self.features.masked(&ys, &mut mode)?;
        match mode.is_train() {
            true => ys.to_dtype(self.dtype),
            false => Ok(ys),
        }
    }
}

impl Model for Hearing {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let ys = self.hear(xs.into(), mode.reborrow())?;
        self.network.forward(&ys, mode)
    }

    fn stages(&self) -> Vec<&str> {
        self.network.stages()
    }

    fn forward_inputs(&self, inputs: Inputs<'_>, mut mode: Mode<'_>) -> Result<Value> {
        let ys = self.hear(inputs, mode.reborrow())?;
        self.network.forward(&ys, mode)
    }

    fn forward_watched(
        &self,
        inputs: Inputs<'_>,
        mut mode: Mode<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Value> {
        let ys = self.hear(inputs, mode.reborrow())?;
        self.network.forward_watched((&ys).into(), mode, watch)
    }

    fn forward_features(&self, inputs: Inputs<'_>, mut mode: Mode<'_>) -> Result<Value> {
        let ys = self.hear(inputs, mode.reborrow())?;
        self.network.forward_features((&ys).into(), mode)
    }

    fn forward_to(&self, stage: &str, inputs: Inputs<'_>, mut mode: Mode<'_>) -> Result<Value> {
        let ys = self.hear(inputs, mode.reborrow())?;
        self.network.forward_to(stage, (&ys).into(), mode)
    }

    fn forward_from(&self, stage: &str, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        self.network.forward_from(stage, xs, mode)
    }
}

#[cfg(test)]
mod tests;
