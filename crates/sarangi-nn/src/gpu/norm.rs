//! Batch norm.

use std::sync::Arc;

use candle_core::{DType, Device, Result as CandleResult, Tensor};
use sarangi_core::{During, Result};

use super::Resident;
use super::device::fresh;
use super::launch::{Arg, Grid, count, counts, launch};
use super::pointwise::{follow, like};
use super::resident::records;
use crate::backward::GpuNode;
use crate::cpu::norm::Moments;
use crate::share::{Share, Together};

const OP: &str = "batch_norm";

/// Columns and rows of a block that takes sums, as in the kernels.
const BLOCK: [u32; 2] = [32, 8];
/// At most so many sections have their own sums.
const SECTIONS: usize = 256;
/// At least so many pixels are in a section.
const SECTION: usize = 64;

/// Sections of the pixels, each with sums of its own.
#[derive(Clone, Copy)]
struct Sections {
    pixels: usize,
    channels: usize,
    /// The pixels of each but the last.
    each: usize,
    number: usize,
}

impl Sections {
    fn of(x: &Tensor) -> CandleResult<Self> {
        let (pixels, channels) = x.dims2()?;
        let each = pixels.div_ceil(SECTIONS).max(SECTION);
        Ok(Self {
            pixels,
            channels,
            each,
            number: pixels.div_ceil(each).max(1),
        })
    }

    fn grid(self) -> Grid {
        let columns = self.channels.div_ceil(BLOCK[0] as usize).max(1);
        Grid {
            blocks: [columns as u32, self.number as u32],
            threads: BLOCK,
        }
    }

    fn sums(self, like: &Tensor) -> CandleResult<Tensor> {
        let shape = (self.number, self.channels);
        fresh(shape, DType::F32, like.device())
    }
}

/// Memory for a number of each channel.
fn vector(channels: usize, like: &Tensor) -> CandleResult<Tensor> {
    fresh(channels, DType::F32, like.device())
}

fn run(kernel: &'static str, x: &Tensor, grid: Grid, args: &[Arg<'_>]) -> CandleResult<()> {
    launch(kernel, x.dtype(), x.device(), grid, args)
}

/// The mean, the population and the unbiased variance of each channel.
fn moments(x: &Tensor) -> CandleResult<[Tensor; 3]> {
    let sections = Sections::of(x)?;
    let [means, squares] = [sections.sums(x)?, sections.sums(x)?];
    let [pixels, channels, each, number] = counts([
        sections.pixels,
        sections.channels,
        sections.each,
        sections.number,
    ])?;
    let args = [
        pixels,
        channels,
        each,
        Arg::Reads(x),
        Arg::Writes(&means),
        Arg::Writes(&squares),
    ];
    run("moments", x, sections.grid(), &args)?;
    let width = sections.channels;
    let all = [vector(width, x)?, vector(width, x)?, vector(width, x)?];
    let [mean, variance, unbiased] = all.each_ref().map(Arg::Writes);
    let args = [
        pixels,
        channels,
        each,
        number,
        Arg::Reads(&means),
        Arg::Reads(&squares),
        mean,
        variance,
        unbiased,
    ];
    run("moments_of_sections", x, Grid::over(width), &args)?;
    Ok(all)
}

/// What a norm is made of.
#[derive(Clone)]
struct Norm {
    gamma: Tensor,
    beta: Tensor,
    mean: Tensor,
    variance: Tensor,
    eps: f64,
    of_batch: bool,
    /// With whom the statistics were taken.
    together: Option<Arc<Together>>,
}

impl Norm {
    fn apply(&self, x: &Tensor) -> CandleResult<Tensor> {
        let channels = self.mean.elem_count();
        let [scale, shift] = [vector(channels, x)?, vector(channels, x)?];
        let args = [
            count(channels)?,
            Arg::Number(self.eps as f32),
            Arg::Reads(&self.mean),
            Arg::Reads(&self.variance),
            Arg::Reads(&self.gamma),
            Arg::Reads(&self.beta),
            Arg::Writes(&scale),
            Arg::Writes(&shift),
        ];
        run("norm_line", x, Grid::over(channels), &args)?;
        let y = like(x)?;
        let args = [
            count(x.elem_count())?,
            count(channels)?,
            Arg::Reads(&scale),
            Arg::Reads(&shift),
            Arg::Reads(x),
            Arg::Writes(&y),
        ];
        run("norm_apply", x, Grid::over(x.elem_count() / 4), &args)?;
        Ok(y)
    }

    /// The gradients of gamma, of beta, and of x if it is wanted.
    fn back(&self, x: &Tensor, dy: &Tensor, wanted: bool) -> Result<[Option<Tensor>; 3]> {
        let sections = Sections::of(x).during(OP)?;
        let sums = sections_of(x, dy, &self.mean, sections).during(OP)?;
        let (pixels, channels) = (sections.pixels as f64, sections.channels);
        let own = self.gradients(&sums, sections.number, pixels, self.of_batch, x);
        let [dgamma, dbeta, mut along, mut across, mut offset] = own.during(OP)?;
        if !wanted {
            return Ok([Some(dgamma), Some(dbeta), None]);
        }
        if let Some(together) = &self.together {
            let (sums, moves) = (together_sums(&sums, together, x)?, !together.stands_in);
            let all = self.gradients(&sums, 1, together.count, moves, x);
            [_, _, along, across, offset] = all.during(OP)?;
        }
        let back = || {
            let dx = like(x)?;
            let args = [
                count(x.elem_count())?,
                count(channels)?,
                Arg::Reads(&along),
                Arg::Reads(&across),
                Arg::Reads(&offset),
                Arg::Reads(x),
                Arg::Reads(dy),
                Arg::Writes(&dx),
            ];
            run("norm_back", x, Grid::over(x.elem_count() / 4), &args)?;
            Ok(dx)
        };
        Ok([Some(dgamma), Some(dbeta), Some(back().during(OP)?)])
    }

    /// The gradients of gamma and beta, and that of x as along · dy + across · x + offset, from Σ dy
    /// and Σ dy · (x − mean) of each section. Unless the statistics move with x, none flows through
    /// them.
    fn gradients(
        &self,
        [sums, products]: &[Tensor; 2],
        sections: usize,
        pixels: f64,
        moves: bool,
        x: &Tensor,
    ) -> CandleResult<[Tensor; 5]> {
        let channels = self.mean.elem_count();
        let memory = || vector(channels, x);
        let vectors = [memory()?, memory()?, memory()?, memory()?, memory()?];
        let [dgamma, dbeta, along, across, offset] = vectors.each_ref().map(Arg::Writes);
        let args = [
            Arg::Number(pixels as f32),
            count(channels)?,
            count(sections)?,
            Arg::Count(u32::from(moves)),
            Arg::Number(self.eps as f32),
            Arg::Reads(sums),
            Arg::Reads(products),
            Arg::Reads(&self.mean),
            Arg::Reads(&self.variance),
            Arg::Reads(&self.gamma),
            dgamma,
            dbeta,
            along,
            across,
            offset,
        ];
        run("norm_gradients", x, Grid::over(channels), &args)?;
        Ok(vectors)
    }
}

/// Each section's Σ dy and Σ dy · (x − mean).
fn sections_of(
    x: &Tensor,
    dy: &Tensor,
    mean: &Tensor,
    sections: Sections,
) -> CandleResult<[Tensor; 2]> {
    let [sums, products] = [sections.sums(x)?, sections.sums(x)?];
    let args = [
        count(sections.pixels)?,
        count(sections.channels)?,
        count(sections.each)?,
        Arg::Reads(mean),
        Arg::Reads(x),
        Arg::Reads(dy),
        Arg::Writes(&sums),
        Arg::Writes(&products),
    ];
    run("norm_sums", x, sections.grid(), &args)?;
    Ok([sums, products])
}

/// Each channel's mean and variance, as the CPU knows them.
fn moments_here(mean: &Tensor, variance: &Tensor) -> CandleResult<Vec<Moments>> {
    let (means, variances) = (mean.to_vec1::<f32>()?, variance.to_vec1::<f32>()?);
    let pairs = means.into_iter().zip(variances);
    let each = pairs.map(|(mean, variance)| Moments {
        mean: f64::from(mean),
        variance: f64::from(variance),
    });
    Ok(each.collect())
}

/// Each channel's sums over the sections and over all ranks, as those of one section.
fn together_sums(sums: &[Tensor; 2], together: &Together, x: &Tensor) -> Result<[Tensor; 2]> {
    let here = |sums: &Tensor| sums.sum(0)?.to_vec1::<f32>();
    let [first, second] = [here(&sums[0]).during(OP)?, here(&sums[1]).during(OP)?];
    let mut all: Vec<f64> = first.into_iter().chain(second).map(f64::from).collect();
    if together.stands_in {
        all.fill(0.0);
    }
    together.ranks.all_reduce_sum_f64(&mut all)?;
    let (first, second) = all.split_at(all.len() / 2);
    let upload = |values: &[f64]| there(values.iter().map(|&v| v as f32).collect(), x).during(OP);
    Ok([upload(first)?, upload(second)?])
}

/// A number of each channel, where `like` is.
fn there(values: Vec<f32>, like: &Tensor) -> CandleResult<Tensor> {
    let channels = values.len();
    Tensor::from_vec(values, channels, &Device::Cpu)?.to_device(like.device())
}

/// The sum of each channel: the gradient of a bias.
pub(super) fn channel_sums(dy: &Tensor) -> CandleResult<Tensor> {
    let sections = Sections::of(dy)?;
    let mean = Tensor::zeros(sections.channels, DType::F32, dy.device())?;
    let [sums, _] = sections_of(dy, dy, &mean, sections)?;
    let sum = vector(sections.channels, dy)?;
    let args = [
        count(sections.channels)?,
        count(sections.number)?,
        Arg::Reads(&sums),
        Arg::Writes(&sum),
    ];
    run("sum_of_sections", dy, Grid::over(sections.channels), &args)?;
    Ok(sum)
}

/// The norm by the batch's statistics, with its mean and unbiased variance.
pub(crate) fn batch_norm_train(
    xs: &Resident,
    gamma: &Tensor,
    beta: &Tensor,
    eps: f64,
    share: Option<&Share>,
) -> Result<(Resident, Tensor, Tensor)> {
    let x = xs.values();
    let [mut mean, mut variance, mut unbiased] = moments(x).during(OP)?;
    let mut together = None;
    if let Some(share) = share.filter(|share| share.has_statistics()) {
        let own = moments_here(&mean, &variance).during(OP)?;
        if let Some((all, with)) = share.moments(&own, x.dims()[0])? {
            let bessel = with.count / (with.count - 1.0);
            let upload = |value: &dyn Fn(&Moments) -> f64| {
                let values = all.iter().map(|m| value(m) as f32).collect();
                there(values, x).during(OP)
            };
            mean = upload(&|m| m.mean)?;
            variance = upload(&|m| m.variance)?;
            unbiased = upload(&|m| m.variance * bessel)?;
            together = Some(Arc::new(with));
        }
    }
    let norm = Norm {
        gamma: gamma.clone(),
        beta: beta.clone(),
        mean: mean.clone(),
        variance,
        eps,
        of_batch: true,
        together,
    };
    Ok((normalised(xs, norm)?, mean, unbiased))
}

/// The norm by statistics that are given.
pub(crate) fn batch_norm_eval(
    xs: &Resident,
    gamma: &Tensor,
    beta: &Tensor,
    mean: &Tensor,
    variance: &Tensor,
    eps: f64,
) -> Result<Resident> {
    let norm = Norm {
        gamma: gamma.clone(),
        beta: beta.clone(),
        mean: mean.detach(),
        variance: variance.detach(),
        eps,
        of_batch: false,
        together: None,
    };
    normalised(xs, norm)
}

fn normalised(xs: &Resident, norm: Norm) -> Result<Resident> {
    let y = norm.apply(xs.values()).during(OP)?;
    let node = records(&[xs], [&norm.gamma, &norm.beta]).then(|| {
        let (x, parent) = (xs.values().clone(), xs.node().cloned());
        GpuNode::new(move |dy: Tensor, flow| {
            let [dgamma, dbeta, dx] = norm.back(&x, &dy, parent.is_some())?;
            for (parameter, gradient) in [(&norm.gamma, dgamma), (&norm.beta, dbeta)] {
                if let Some(gradient) = gradient {
                    flow.parameter(parameter, gradient);
                }
            }
            if let (Some(parent), Some(dx)) = (&parent, dx) {
                flow.give(parent, dx);
            }
            Ok(())
        })
    });
    Ok(follow(xs, y, node))
}
