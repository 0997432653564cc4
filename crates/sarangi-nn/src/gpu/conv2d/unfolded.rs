//! Convolution without cuDNN: each output's inputs laid out in a row, so that a product of matrices
//! does the work; groups by kernels that sum as they are.

use candle_core::{Result, Tensor, bail};

use super::{Pass, result};
use crate::cpu::conv2d::Conv;
use crate::cpu::pictures::Pictures;
use crate::gpu::device::fresh;
use crate::gpu::launch::{Arg, Grid, count, counts, launch};

/// The most values of the rows of one product: more go in parts of the batch.
const ROWS: usize = 1 << 26;

/// Runs a pass.
pub(super) fn run(pass: Pass, conv: &Conv, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if conv.groups > 1 {
        return grouped(pass, conv, a, b);
    }
    let images = images_at_once(conv);
    if images >= conv.input.batch {
        return whole(pass, conv, a, b);
    }
    let mut parts = Vec::new();
    let mut first = 0;
    while first < conv.input.batch {
        let batch = images.min(conv.input.batch - first);
        let of = |of: Pictures| Pictures { batch, ..of };
        let part = Conv {
            input: of(conv.input),
            output: of(conv.output),
            ..*conv
        };
        let cut = |values: &Tensor, of: Pictures| {
            let pixels = of.height * of.width;
            values.narrow(0, first * pixels, batch * pixels)
        };
        parts.push(match pass {
            Pass::Forward => whole(pass, &part, &cut(a, conv.input)?, b)?,
            Pass::Data => whole(pass, &part, &cut(a, conv.output)?, b)?,
            Pass::Filter => whole(pass, &part, &cut(a, conv.input)?, &cut(b, conv.output)?)?,
        });
        first += batch;
    }
    match pass {
        Pass::Filter => {
            let mut parts = parts.into_iter();
            let Some(first) = parts.next() else {
                bail!("a convolution of no pictures");
            };
            parts.try_fold(first, |sum, part| sum + part)
        }
        _ => Tensor::cat(&parts, 0),
    }
}

fn images_at_once(conv: &Conv) -> usize {
    let [height, width] = conv.window.kernel;
    let pixels = conv.output.height * conv.output.width;
    let image = pixels * height * width * conv.input.channels;
    (ROWS / image.max(1)).max(1)
}

fn whole(pass: Pass, conv: &Conv, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match pass {
        Pass::Forward => unfold(conv, a)?.matmul(&b.t()?),
        Pass::Data => fold(conv, &a.matmul(b)?),
        Pass::Filter => b.t()?.matmul(&unfold(conv, a)?),
    }
}

/// Each output's inputs in a row, (pixels, kernel height · kernel width · channels).
fn unfold(conv: &Conv, x: &Tensor) -> Result<Tensor> {
    let [height, width] = conv.window.kernel;
    let row = height * width * conv.input.channels;
    let rows = fresh((conv.output.pixels(), row), x.dtype(), x.device())?;
    let first = [count(rows.elem_count())?];
    let rest = [Arg::Reads(x), Arg::Writes(&rows)];
    let args = [&first[..], &geometry(conv)?, &rest].concat();
    let grid = Grid::over(rows.elem_count());
    launch("unfold", x.dtype(), x.device(), grid, &args)?;
    Ok(rows)
}

/// The sum of what such rows say of each input.
fn fold(conv: &Conv, rows: &Tensor) -> Result<Tensor> {
    let x = result(Pass::Data, conv, rows)?;
    let first = [count(x.elem_count())?];
    let rest = [Arg::Reads(rows), Arg::Writes(&x)];
    let args = [&first[..], &geometry(conv)?, &rest].concat();
    let grid = Grid::over(x.elem_count());
    launch("fold", rows.dtype(), rows.device(), grid, &args)?;
    Ok(x)
}

/// Threads of a block that sums over the pixels for one value of a filter.
const THREADS: u32 = 256;

fn grouped(pass: Pass, conv: &Conv, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let out = result(pass, conv, a)?;
    let values = out.elem_count();
    let (kernel, first, grid) = match pass {
        Pass::Forward => ("grouped", values, Grid::over(values)),
        Pass::Data => ("grouped_data", values, Grid::over(values)),
        Pass::Filter => {
            let grid = Grid {
                blocks: [values as u32, 1],
                threads: [THREADS, 1],
            };
            ("grouped_filter", conv.output.pixels(), grid)
        }
    };
    let rest = [
        count(conv.groups)?,
        Arg::Reads(a),
        Arg::Reads(b),
        Arg::Writes(&out),
    ];
    let args = [&[count(first)?][..], &geometry(conv)?, &rest].concat();
    launch(kernel, a.dtype(), a.device(), grid, &args)?;
    Ok(out)
}

fn geometry(conv: &Conv) -> Result<[Arg<'static>; 14]> {
    let (input, output, window) = (conv.input, conv.output, conv.window);
    counts([
        input.height,
        input.width,
        input.channels,
        output.height,
        output.width,
        output.channels,
        window.kernel[0],
        window.kernel[1],
        window.stride[0],
        window.stride[1],
        window.padding[0],
        window.padding[1],
        window.dilation[0],
        window.dilation[1],
    ])
}
