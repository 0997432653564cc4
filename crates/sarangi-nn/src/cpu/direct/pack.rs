//! Filters in the order in which tiles read them.
//!
//! Weights lie in panels: a panel has a row for each value that a sum runs over, and each row as
//! many columns as a tile is wide, of which those beyond the channels of its group are zero.

use rayon::prelude::*;

use super::super::buffer::Buffer;
use super::super::conv2d::Conv;
use super::super::simd::{self, Kernel, Lanes};
use super::super::transpose::{SIDE, Square, read, write};
use super::panels::{Panel, Panels};

/// A filter (out, in / groups, height, width) whose places have been put in an order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order<'a> {
    pub(super) conv: &'a Conv,
    pub(super) panels: Panels,
    /// Places of the kernel, each at most once.
    pub(super) taps: &'a [usize],
}

impl Order<'_> {
    fn area(&self) -> usize {
        let [height, width] = self.conv.window.kernel;
        height * width
    }

    /// Input channels of a group.
    fn inputs(&self) -> usize {
        self.conv.input.channels / self.conv.groups
    }

    /// Output channels of a group.
    fn outputs(&self) -> usize {
        self.conv.output.channels / self.conv.groups
    }

    /// Where in the order each place of the kernel comes, if at all.
    fn positions(&self) -> Vec<Option<usize>> {
        let mut positions = vec![None; self.area()];
        for (i, &tap) in self.taps.iter().enumerate() {
            positions[tap] = Some(i);
        }
        positions
    }

    /// The row of a panel over output channels to which each value of one output's filter belongs.
    fn rows(&self) -> Vec<Option<usize>> {
        let (positions, inputs) = (self.positions(), self.inputs());
        let row = |input| positions.iter().map(move |p| Some((*p)? * inputs + input));
        (0..inputs).flat_map(row).collect()
    }

    /// Panels over output channels; sums run over taps, then input channels.
    pub(super) fn pack_forward(&self, filter: &[f32]) -> Buffer {
        let rows = self.rows();
        self.pack(self.inputs(), |panel, out| {
            simd::run(Forward {
                rows: &rows,
                panel,
                width: self.panels.width,
                filter,
                out,
            });
        })
    }

    /// Panels over input channels; sums run over taps, then output channels.
    pub(super) fn pack_backward(&self, filter: &[f32]) -> Buffer {
        let positions = self.positions();
        self.pack(self.outputs(), |panel, out| {
            simd::run(Backward {
                order: self,
                positions: &positions,
                panel,
                filter,
                out,
            });
        })
    }

    /// Makes all panels, whose sums run over `inner` channels.
    fn pack(&self, inner: usize, make: impl Fn(Panel, &mut [f32]) + Sync) -> Buffer {
        let size = self.taps.len() * inner * self.panels.width;
        let mut out = Buffer::stale(self.panels.count() * size);
        let panels = out.par_chunks_mut(size.max(1)).enumerate();
        panels.for_each(|(i, out)| make(self.panels.get(i), out));
        out
    }

    /// Writes sums in the order of [`pack_forward`](Self::pack_forward) to the filter's gradient.
    pub(super) fn unpack(&self, sums: &[f32], out: &mut [f32]) {
        let (rows, per_group) = (self.rows(), self.panels.per_group());
        let panel = (rows.len() * self.panels.width).max(1);
        out.par_chunks_mut((self.outputs() * rows.len()).max(1))
            .zip(sums.par_chunks((per_group * panel).max(1)))
            .enumerate()
            .for_each(|(group, (out, sums))| {
                let panels = out.par_chunks_mut(panel).zip(sums.par_chunks(panel));
                panels.enumerate().for_each(|(i, (out, sums))| {
                    simd::run(Unpack {
                        rows: &rows,
                        panel: self.panels.get(group * per_group + i),
                        width: self.panels.width,
                        sums,
                        out,
                    });
                });
            });
    }
}

/// Makes one panel of [`Order::pack_forward`].
struct Forward<'a> {
    /// For each value of one output's filter.
    rows: &'a [Option<usize>],
    panel: Panel,
    width: usize,
    filter: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let length = self.rows.len();
        let mut square = Square::zeros();
        for first in (0..self.width).step_by(SIDE) {
            let lanes = (self.width - first).min(SIDE);
            let columns = self.panel.columns.saturating_sub(first).min(lanes);
            let output = self.panel.first + first.min(self.panel.columns);
            for (at, rows) in (0..length).step_by(SIDE).zip(self.rows.chunks(SIDE)) {
                for i in 0..lanes {
                    if i < columns {
                        let from = &self.filter[(output + i) * length + at..];
                        read(from, rows.len(), square.row_mut(i));
                    } else {
                        square.row_mut(i).fill(0.0);
                    }
                }
                square.turn(simd);
                for (i, row) in rows.iter().enumerate() {
                    let Some(row) = row else { continue };
                    write(
                        square.row_mut(i),
                        lanes,
                        &mut self.out[row * self.width + first..],
                    );
                }
            }
        }
    }
}

/// Makes one panel of [`Order::pack_backward`].
struct Backward<'a> {
    order: &'a Order<'a>,
    positions: &'a [Option<usize>],
    panel: Panel,
    filter: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let (area, width) = (self.positions.len(), self.order.panels.width);
        let (inputs, outputs) = (self.order.inputs(), self.order.outputs());
        let input = self.panel.first - self.panel.group * inputs;
        let mut square = Square::zeros();
        for output in 0..outputs {
            let row = (self.panel.group * outputs + output) * inputs + input;
            if let [Some(_)] = self.positions {
                // Rows as they are.
                let first = row - input;
                let channels = Panel {
                    first: input,
                    ..self.panel
                };
                let to = &mut self.out[output * width..][..width];
                channels.copy(simd, &self.filter[first..][..inputs], to);
                continue;
            }
            let from = &self.filter[row * area..][..self.panel.columns * area];
            for first in (0..width).step_by(SIDE) {
                let lanes = (width - first).min(SIDE);
                let columns = self.panel.columns.saturating_sub(first).min(lanes);
                for (at, taps) in (0..area).step_by(SIDE).zip(self.positions.chunks(SIDE)) {
                    for i in 0..lanes {
                        if i < columns {
                            let from = &from[(first + i) * area + at..];
                            read(from, taps.len(), square.row_mut(i));
                        } else {
                            square.row_mut(i).fill(0.0);
                        }
                    }
                    square.turn(simd);
                    for (i, position) in taps.iter().enumerate() {
                        let Some(position) = position else { continue };
                        let to = (position * outputs + output) * width + first;
                        write(square.row(i), lanes, &mut self.out[to..]);
                    }
                }
            }
        }
    }
}

/// Writes one panel's sums to the filter's gradient.
struct Unpack<'a> {
    /// For each value of one output's filter.
    rows: &'a [Option<usize>],
    panel: Panel,
    width: usize,
    sums: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Unpack<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let length = self.rows.len();
        let mut square = Square::zeros();
        for first in (0..self.panel.columns).step_by(SIDE) {
            let columns = (self.panel.columns - first).min(SIDE);
            for (at, rows) in (0..length).step_by(SIDE).zip(self.rows.chunks(SIDE)) {
                for (i, row) in rows.iter().enumerate() {
                    let Some(row) = row else { continue };
                    let from = &self.sums[row * self.width + first..];
                    read(from, columns, square.row_mut(i));
                }
                square.turn(simd);
                for i in 0..columns {
                    let to = &mut self.out[(first + i) * length + at..];
                    write(square.row(i), rows.len(), to);
                }
            }
        }
    }
}
