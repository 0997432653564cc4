//! The largest value of each window, and which one it was.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use rayon::prelude::*;

use super::buffer::Buffer;
use super::elementwise::{load, store};
use super::map::{Clamp, Map};
use super::pictures::Pictures;
use super::rows::{Ring, Rows};
use super::simd::{Kernel, Lanes, run};
use super::source::Source;
use super::tasks::strips;
use super::windows::{Axis, Tap, Windows, reach};

/// The shapes of a maximum pooling. The first of equals wins, NaN wins over everything, padding
/// never wins.
#[derive(Clone, Debug)]
pub(crate) struct MaxPool {
    pub(crate) input: Pictures,
    pub(crate) output: Pictures,
    pub(crate) windows: Windows,
    /// The windows along both axes.
    pub(super) axes: Arc<[Axis; 2]>,
}

/// For each value of the output the number of the tap that won.
#[derive(Debug)]
pub(crate) struct Places {
    memory: Buffer,
    wide: bool,
}

impl Places {
    /// The taps' numbers, of windows of at most 256.
    pub(super) fn bytes(&self) -> &[u8] {
        debug_assert!(!self.wide);
        bytemuck::cast_slice(&self.memory)
    }
}

impl MaxPool {
    pub(crate) fn new(input: Pictures, output: Pictures, windows: Windows) -> Self {
        let axes = Arc::new(windows.axes(input, output));
        Self {
            input,
            output,
            windows,
            axes,
        }
    }

    /// Whether the gradient can be computed as it is read: no windows overlap, and none is large.
    pub(crate) fn unpools(&self) -> bool {
        let apart = |axis: &Axis| axis.read_by.iter().all(|by| by.len() <= 1);
        self.axes.iter().all(apart) && !self.wide()
    }

    /// Whether a byte cannot hold the number of a tap.
    fn wide(&self) -> bool {
        let [rows, columns] = &*self.axes;
        rows.taps * columns.taps > 1 << u8::BITS
    }

    /// The maxima, and what the way back needs.
    pub(crate) fn forward(&self, x: Source, y: &mut [f32]) -> Places {
        let wide = self.wide();
        let bytes = y.len() * if wide { 4 } else { 1 };
        let mut memory = Buffer::stale(bytes.div_ceil(4));
        if wide {
            self.maxima::<u32>(x, y, bytemuck::cast_slice_mut(&mut memory));
        } else {
            let places = bytemuck::cast_slice_mut(&mut memory);
            self.maxima::<u8>(x, y, &mut places[..bytes]);
        }
        Places { memory, wide }
    }

    /// The maxima alone.
    pub(crate) fn forward_only(&self, x: Source, y: &mut [f32]) {
        let nothing = &mut vec![(); y.len()];
        self.maxima(x, y, nothing);
    }

    /// The gradient of x: of each window it goes to the value that won.
    pub(crate) fn backward(&self, dy: Source, places: &Places, dx: &mut [f32]) {
        if places.wide {
            self.gradients::<u32>(dy, bytemuck::cast_slice(&places.memory), dx);
        } else {
            self.gradients::<u8>(dy, bytemuck::cast_slice(&places.memory), dx);
        }
    }

    fn maxima<P: Place>(&self, x: Source, y: &mut [f32], places: &mut [P]) {
        let [rows, columns] = &*self.axes;
        // A chain without dropout is applied to what is read of the stored values: rows behind it
        // would be written to the nearest cache and read again.
        let (x, map) = match x {
            Source::Mapped(x, map) if map.dropout.is_none() => (Source::Stored(x), Some(map)),
            x => (x, None),
        };
        strips(self.output, y)
            .into_par_iter()
            .zip(strips(self.output, places))
            .for_each(|(y, places)| {
                let rows = &rows.reads[y.first..];
                run(Maxima {
                    x: self.rows(x, self.input, y.image, rows),
                    map,
                    rows,
                    columns,
                    y: y.values,
                    places: places.values,
                });
            });
    }

    fn gradients<P: Place>(&self, dy: Source, places: &[P], dx: &mut [f32]) {
        let [rows, columns] = &*self.axes;
        let size = self.output.image();
        strips(self.input, dx).into_par_iter().for_each(|dx| {
            let rows = &rows.read_by[dx.first..];
            run(Gradients {
                dy: self.rows(dy, self.output, dx.image, rows),
                rows,
                columns,
                places: &places[dx.image * size..][..size],
                dx: dx.values,
            });
        });
    }

    /// Rows enough for any one row at the taps' other end.
    fn rows<'a>(
        &self,
        of: Source<'a>,
        pictures: Pictures,
        image: usize,
        taps: &[Vec<Tap>],
    ) -> Rows<'a> {
        let slots = taps
            .iter()
            .map(|taps| reach(std::slice::from_ref(taps)).len());
        Rows::new(of, pictures, image, Ring::plain(slots.max().unwrap_or(0)))
    }
}

/// How the number of a tap is kept.
trait Place: Copy + Eq + Send + Sync {
    /// Whether it is kept at all.
    const KEPT: bool = true;

    fn of(tap: u32) -> Self;
}

impl Place for () {
    const KEPT: bool = false;

    fn of(_: u32) -> Self {}
}

impl Place for u8 {
    #[inline(always)]
    fn of(tap: u32) -> Self {
        tap as u8
    }
}

impl Place for u32 {
    #[inline(always)]
    fn of(tap: u32) -> Self {
        tap
    }
}

/// Some rows of one picture of the output.
struct Maxima<'a, P> {
    x: Rows<'a>,
    /// What is applied to the values of these rows.
    map: Option<&'a Map>,
    /// What these rows read.
    rows: &'a [Vec<Tap>],
    columns: &'a Axis,
    y: &'a mut [f32],
    places: &'a mut [P],
}

impl<P: Place> Kernel for Maxima<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        match self.map {
            Some(map) => {
                let (scales, _) = S::as_simd_f32s(map.scale.values());
                let (shifts, _) = S::as_simd_f32s(map.shift.values());
                let (before, after) = (Clamp::new(simd, map.before), Clamp::new(simd, map.after));
                self.strip(
                    simd,
                    #[inline(always)]
                    |vector| {
                        let (scale, shift) = (scales[vector], shifts[vector]);
                        #[inline(always)]
                        move |x| after.apply(simd, simd.fma(before.apply(simd, x), scale, shift))
                    },
                );
            }
            None => self.strip(
                simd,
                #[inline(always)]
                |_| {
                    #[inline(always)]
                    |x| x
                },
            ),
        }
    }
}

impl<P: Place> Maxima<'_, P> {
    /// `behind` makes of the number of a vector of channels what is applied to its values.
    #[inline(always)]
    fn strip<S: Lanes, F: Fn(S::f32s) -> S::f32s>(mut self, simd: S, behind: impl Fn(usize) -> F) {
        let (channels, width) = (self.x.pictures().channels, self.columns.reads.len());
        // The numbers of a row's taps, narrowed together.
        let mut taps = vec![0; if P::KEPT { width * channels } else { 0 }];
        let (y, places) = (
            self.y.chunks_mut(width * channels),
            self.places.chunks_mut(width * channels),
        );
        for ((y, places), rows) in y.zip(places).zip(self.rows) {
            self.x.read(simd, reach(std::slice::from_ref(rows)));
            let rows: Vec<(&[f32], usize)> = rows
                .iter()
                .map(|row| (self.x.row(row.at), row.tap * self.columns.taps))
                .collect();
            for (pixel, columns) in self.columns.reads.iter().enumerate() {
                let at = pixel * channels;
                for (vector, channel) in (0..channels).step_by(S::F32_LANES).enumerate() {
                    let behind = behind(vector);
                    let to = (channel + S::F32_LANES).min(channels);
                    let mut best = simd.splat_f32s(f32::NEG_INFINITY);
                    let mut place = simd.splat_u32s(0);
                    let mut first = true;
                    for &(x, tap) in &rows {
                        for column in columns {
                            let x = &x[column.at * channels..];
                            let x = &x[channel..to];
                            simd.prefetch_beyond(x);
                            let x = behind(load(simd, x));
                            let tap = simd.splat_u32s((tap + column.tap) as u32);
                            let nan = simd.not_m32s(simd.equal_f32s(x, x));
                            let wins = simd.or_m32s(simd.greater_than_f32s(x, best), nan);
                            best = simd.select_f32s(wins, x, best);
                            place = simd.select_u32s(wins, tap, place);
                            if first {
                                (best, place, first) = (x, tap, false);
                            }
                        }
                    }
                    store(simd, &mut y[at + channel..at + to], best);
                    if P::KEPT {
                        let taps = &mut taps[at + channel..at + to];
                        match S::as_mut_simd_u32s(taps) {
                            ([whole], []) => *whole = place,
                            _ => simd.partial_store_u32s(taps, place),
                        }
                    }
                }
            }
            for (place, &tap) in places.iter_mut().zip(&taps) {
                *place = P::of(tap);
            }
        }
    }
}

/// Some rows of one picture of the input.
struct Gradients<'a, P> {
    dy: Rows<'a>,
    /// What reads these rows.
    rows: &'a [Vec<Tap>],
    columns: &'a Axis,
    /// Those of the whole picture.
    places: &'a [P],
    dx: &'a mut [f32],
}

impl<P: Place> Kernel for Gradients<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        let of = self.dy.pictures();
        let channels = of.channels;
        let width = self.columns.read_by.len();
        for (dx, rows) in self.dx.chunks_mut(width * channels).zip(self.rows) {
            self.dy.read(simd, reach(std::slice::from_ref(rows)));
            let rows: Vec<(&[f32], &[P], usize)> = rows
                .iter()
                .map(|row| {
                    let places = &self.places[row.at * of.row()..];
                    (self.dy.row(row.at), places, row.tap * self.columns.taps)
                })
                .collect();
            for (dx, columns) in dx.chunks_mut(channels).zip(&self.columns.read_by) {
                let mut first = true;
                for &(dy, places, tap) in &rows {
                    for column in columns {
                        let at = column.at * channels;
                        let dy = &dy[at..at + channels];
                        let places = &places[at..at + channels];
                        let tap = P::of((tap + column.tap) as u32);
                        let all = dx.iter_mut().zip(dy).zip(places);
                        if first {
                            all.for_each(|((dx, &dy), &place)| {
                                *dx = if place == tap { dy } else { 0.0 }
                            });
                        } else {
                            all.for_each(|((dx, &dy), &place)| {
                                *dx += if place == tap { dy } else { 0.0 }
                            });
                        }
                        first = false;
                    }
                }
                if first {
                    dx.fill(0.0);
                }
            }
        }
    }
}
