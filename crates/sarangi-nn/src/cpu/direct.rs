//! Convolution as small matrix products straight on rows of pixels, for any window and any groups.
//!
//! A task takes some rows of output, copies the input rows under them, padding included, to memory
//! that stays in the nearest caches, and multiplies: pixels that lie side by side are the rows of a
//! tile, output channels its columns, and what the sums run over (the channels under the window's
//! taps) lies in runs of consecutive values. The gradient of the input is the same walk over the
//! output's gradient, once for each phase of the stride.

mod axis;
mod filter;
mod gather;
mod pack;
mod panels;
mod patch;
mod phase;
mod section;

use super::conv2d::{Conv, Epilogue};
use super::norm::Tally;
use super::source::Source;
use super::tile::panel_width;
use axis::Axis;
use gather::Gather;
use pack::Order;
use panels::Panels;
use phase::Phase;

/// y from x and the filter.
pub(crate) fn forward(
    conv: &Conv,
    x: Source<'_>,
    filter: &[f32],
    epilogue: Epilogue<'_>,
    y: &mut [f32],
) -> Vec<Tally> {
    let conv = flat(conv, &[x]);
    let axis = |i, count| Axis::forward(&conv.window, i, count);
    let phase = Phase {
        rows: axis(0, conv.output.height),
        columns: axis(1, conv.output.width),
        first: 0,
    };
    let order = Order {
        conv: &conv,
        panels: Panels::new(conv.groups, conv.output.channels, panel_width()),
        taps: &phase.taps(&conv.window),
    };
    let bias = epilogue.bias.map(|bias| order.panels.row(bias));
    Gather {
        source: x,
        from: conv.input,
        to: conv.output,
        panels: order.panels,
        weights: &order.pack_forward(filter),
        phases: &[phase],
        bias: bias.as_deref(),
        epilogue,
    }
    .run(y)
}

/// The gradient of x from that of y.
pub(crate) fn backward_data(conv: &Conv, dy: Source<'_>, filter: &[f32], dx: &mut [f32]) {
    let conv = flat(conv, &[dy]);
    let axis = |i, size, phase| Axis::backward(&conv.window, i, size, phase);
    let [down, across] = conv.window.stride;
    let mut phases = Vec::new();
    let mut taps = Vec::new();
    for i in 0..down.min(conv.input.height) {
        for j in 0..across.min(conv.input.width) {
            let phase = Phase {
                rows: axis(0, conv.input.height, i),
                columns: axis(1, conv.input.width, j),
                first: taps.len(),
            };
            taps.extend(phase.taps(&conv.window));
            phases.push(phase);
        }
    }
    let order = Order {
        conv: &conv,
        panels: Panels::new(conv.groups, conv.input.channels, panel_width()),
        taps: &taps,
    };
    Gather {
        source: dy,
        from: conv.output,
        to: conv.input,
        panels: order.panels,
        weights: &order.pack_backward(filter),
        phases: &phases,
        bias: None,
        epilogue: Epilogue::default(),
    }
    .run(dx);
}

/// The gradients of the filter and of a bias from x and the gradient of y.
pub(crate) fn backward_filter(
    conv: &Conv,
    x: Source<'_>,
    dy: Source<'_>,
    dfilter: &mut [f32],
    dbias: Option<&mut [f32]>,
) {
    let conv = flat(conv, &[x, dy]);
    filter::run(&conv, x, dy, dfilter, dbias);
}

/// The same convolution on one tall picture where the window never spans two rows: its rows can be
/// shared out without regard to where pictures end.
fn flat(conv: &Conv, sources: &[Source<'_>]) -> Conv {
    let w = &conv.window;
    let planar = |source: &Source<'_>| matches!(source, Source::Planar(_));
    if (w.kernel[0], w.stride[0], w.padding[0]) != (1, 1, 0) || sources.iter().any(planar) {
        return *conv;
    }
    let mut tall = *conv;
    for pictures in [&mut tall.input, &mut tall.output] {
        pictures.height *= pictures.batch;
        pictures.batch = 1;
    }
    tall
}
