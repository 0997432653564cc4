//! The gradient below a maximum pooling, computed as it is read.
//!
//! It is as large as the pooling's input and almost all zeros. Where windows do not overlap, each
//! value is one of the pooled gradient's or zero, which costs less to find out again at each
//! reading than to write and read.

use std::sync::Arc;

use super::buffer::Buffer;
use super::max_pool::{MaxPool, Places};
use super::pictures::Pictures;
use super::simd::Lanes;
use super::windows::Tap;

/// The gradient of a pooling's input, from that of its result.
#[derive(Debug)]
pub(crate) struct Unpool {
    pool: MaxPool,
    places: Places,
    y: Arc<Buffer>,
    dy: Arc<Buffer>,
    /// The window, if any, in which each row and each column lies.
    rows: Vec<Option<Tap>>,
    columns: Vec<Option<Tap>>,
    /// Taps of a row of a window.
    taps: usize,
}

impl Unpool {
    /// Of a pooling that [can be undone so](MaxPool::unpools).
    pub(crate) fn new(pool: MaxPool, places: Places, y: Arc<Buffer>, dy: Arc<Buffer>) -> Self {
        debug_assert!(pool.unpools());
        let [rows, columns] = &*pool.axes;
        let only = |taps: &Vec<Tap>| taps.first().copied();
        Self {
            rows: rows.read_by.iter().map(only).collect(),
            columns: columns.read_by.iter().map(only).collect(),
            taps: columns.taps,
            pool,
            places,
            y,
            dy,
        }
    }

    /// The pooling's result.
    pub(crate) fn y(&self) -> &[f32] {
        &self.y
    }

    /// The gradient of the pooling's result.
    pub(crate) fn dy(&self) -> &[f32] {
        &self.dy
    }

    /// The shape of both.
    pub(crate) fn pooled(&self) -> Pictures {
        self.pool.output
    }

    /// Writes consecutive pixels, from pixel `first` of the batch on, to `out`.
    ///
    /// Call it from inside a [`Kernel`](super::simd::Kernel).
    #[inline(always)]
    pub(crate) fn read<S: Lanes>(&self, simd: S, first: usize, out: &mut [f32]) {
        let of = self.pool.input;
        let (mut first, mut rest) = (first, out);
        while !rest.is_empty() {
            let (row, column) = (first / of.width, first % of.width);
            let pixels = (of.width - column).min(rest.len() / of.channels);
            let (line, after) = rest.split_at_mut(pixels * of.channels);
            match &self.rows[row % of.height] {
                None => line.fill(0.0),
                Some(window) => {
                    let windows = row / of.height * self.pool.output.height + window.at;
                    let first = windows * self.pool.output.row();
                    self.line(simd, first, *window, column, line);
                }
            }
            (first, rest) = (first + pixels, after);
        }
    }

    /// A part of a row, from `column` on; its windows' results begin at `first`.
    #[inline(always)]
    fn line<S: Lanes>(&self, simd: S, first: usize, row: Tap, column: usize, out: &mut [f32]) {
        let channels = self.pool.input.channels;
        let (dy, places) = (&self.dy[first..], &self.places.bytes()[first..]);
        let pixels = out.chunks_exact_mut(channels);
        for (out, column) in pixels.zip(&self.columns[column..]) {
            let Some(column) = column else {
                out.fill(0.0);
                continue;
            };
            let at = column.at * channels;
            let tap = (row.tap * self.taps + column.tap) as u8;
            let (dy, places) = (&dy[at..at + channels], &places[at..at + channels]);
            select(simd, dy, places, tap, out);
        }
    }
}

/// The gradients that belong to this tap, zeros for the others.
#[inline(always)]
fn select<S: Lanes>(simd: S, dy: &[f32], places: &[u8], tap: u8, out: &mut [f32]) {
    // Blocks of known length become a few vector instructions.
    let (outs, rest) = out.as_chunks_mut::<16>();
    let (dys, dy_rest) = dy.as_chunks::<16>();
    let (all_places, places_rest) = places.as_chunks::<16>();
    let (wanted, zero) = (simd.splat_u32s(tap.into()), simd.splat_f32s(0.0));
    for ((out, dy), places) in outs.iter_mut().zip(dys).zip(all_places) {
        // Masks of bytes are none of vectors four times as long.
        let places = places.map(u32::from);
        let places = S::as_simd_u32s(&places).0;
        let values = S::as_simd_f32s(dy).0.iter().zip(places);
        for (out, (&dy, &place)) in S::as_mut_simd_f32s(out).0.iter_mut().zip(values) {
            *out = simd.select_f32s(simd.equal_u32s(place, wanted), dy, zero);
        }
    }
    for ((out, &dy), &place) in rest.iter_mut().zip(dy_rest).zip(places_rest) {
        *out = if place == tap { dy } else { 0.0 };
    }
}
