//! The filter as sixteen matrices, and back.

use std::ops::Range;

use rayon::prelude::*;

use super::super::buffer::Buffer;
use super::super::simd::{Kernel, Lanes, run};
use super::super::tile::panel;
use super::super::transpose::{SIDE, Square, read, write};
use super::transform;

/// A 3 × 3 filter in torch's order, seen as a matrix of taps: what is summed over, by outputs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter<'a> {
    values: &'a [f32],
    /// Terms of an output's sum.
    pub(super) depth: usize,
    pub(super) outputs: usize,
    depth_step: usize,
    output_step: usize,
    flipped: bool,
}

const TAPS: usize = 9;

impl<'a> Filter<'a> {
    pub(super) fn forward(values: &'a [f32], [inputs, outputs]: [usize; 2]) -> Self {
        Self {
            values,
            depth: inputs,
            outputs,
            depth_step: TAPS,
            output_step: inputs * TAPS,
            flipped: false,
        }
    }

    /// The filter that brings the gradient of the outputs back to the inputs.
    pub(super) fn backward(values: &'a [f32], [inputs, outputs]: [usize; 2]) -> Self {
        Self {
            values,
            depth: outputs,
            outputs: inputs,
            depth_step: inputs * TAPS,
            output_step: TAPS,
            flipped: true,
        }
    }

    /// Writes terms `depth` of a panel of outputs, as sixteen matrices of terms by outputs. What
    /// is left of the last panel becomes 0.
    #[inline(always)]
    pub(super) fn transform<S: Lanes>(
        &self,
        simd: S,
        column: usize,
        depth: Range<usize>,
        out: &mut [f32],
    ) {
        let (width, lanes) = (panel::<S>(), S::F32_LANES);
        let plane = depth.len() * width;
        let mut square = Square::zeros();
        for first in (0..width).step_by(SIDE) {
            let output = column * width + first;
            let outputs = self.outputs.saturating_sub(output).min(SIDE);
            for (at, term) in depth.clone().enumerate() {
                if outputs < SIDE {
                    square = Square::zeros();
                }
                if outputs > 0 {
                    let from = output * self.output_step + term * self.depth_step;
                    for i in 0..outputs {
                        let from = &self.values[from + i * self.output_step..];
                        read(from, TAPS, square.row_mut(i));
                    }
                    square.turn(simd);
                }
                for lane in (0..SIDE.min(width)).step_by(lanes) {
                    let mut g = [[simd.splat_f32s(0.0); 3]; 3];
                    for (tap, g) in g.as_flattened_mut().iter_mut().enumerate() {
                        let tap = if self.flipped { TAPS - 1 - tap } else { tap };
                        *g = S::as_simd_f32s(&square.row(tap)[lane..][..lanes]).0[0];
                    }
                    let u = transform::filter(simd, g);
                    let at = at * width + first + lane;
                    for (k, &u) in u.as_flattened().iter().enumerate() {
                        S::as_mut_simd_f32s(&mut out[k * plane + at..][..lanes]).0[0] = u;
                    }
                }
            }
        }
    }

    /// The sixteen matrices of every panel, one panel after another.
    pub(super) fn transformed(&self, panel: usize) -> Buffer {
        let mut panels = Buffer::stale(self.outputs.div_ceil(panel) * 16 * self.depth * panel);
        panels
            .par_chunks_mut((16 * self.depth * panel).max(1))
            .enumerate()
            .for_each(|(column, out)| {
                run(Transform {
                    filter: *self,
                    column,
                    out,
                })
            });
        panels
    }
}

struct Transform<'a, 'b> {
    filter: Filter<'a>,
    column: usize,
    out: &'b mut [f32],
}

impl Kernel for Transform<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let depth = 0..self.filter.depth;
        self.filter.transform(simd, self.column, depth, self.out);
    }
}

/// The filter's gradient for a panel of outputs, from that of the sixteen matrices of inputs by
/// outputs, which begin `plane` values apart; `out` begins with the panel's first output and has
/// torch's order.
#[inline(always)]
pub(super) fn gradient<S: Lanes>(
    simd: S,
    (matrices, plane): (&[f32], usize),
    inputs: usize,
    out: &mut [f32],
) {
    let (width, lanes) = (panel::<S>(), S::F32_LANES);
    let row = inputs * TAPS;
    let mut square = Square::zeros();
    let outputs = width.min(out.len() / row);
    for first in (0..outputs).step_by(SIDE) {
        for term in 0..inputs {
            for lane in (0..SIDE.min(width)).step_by(lanes) {
                let at = term * width + first + lane;
                let mut u = [[simd.splat_f32s(0.0); 4]; 4];
                for (k, u) in u.as_flattened_mut().iter_mut().enumerate() {
                    *u = S::as_simd_f32s(&matrices[k * plane + at..][..lanes]).0[0];
                }
                let g = transform::filter_gradient(simd, u);
                for (tap, &g) in g.as_flattened().iter().enumerate() {
                    S::as_mut_simd_f32s(&mut square.row_mut(tap)[lane..][..lanes]).0[0] = g;
                }
            }
            square.turn(simd);
            for i in 0..SIDE.min(outputs - first) {
                let to = &mut out[(first + i) * row + term * TAPS..];
                write(square.row(i), TAPS, to);
            }
        }
    }
}
