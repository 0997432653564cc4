//! The largest value of each window, and which one it was.

use rayon::prelude::*;

use super::buffer::Buffer;
use super::elementwise::{load, store};
use super::pictures::Pictures;
use super::rows::{Ring, Rows};
use super::simd::{Kernel, Lanes, run};
use super::source::Source;
use super::tasks::strips;
use super::windows::{Axis, Tap, Windows, reach};

/// The shapes of a maximum pooling. The first of equals wins, NaN wins over everything, padding
/// never wins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxPool {
    pub(crate) input: Pictures,
    pub(crate) output: Pictures,
    pub(crate) windows: Windows,
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
    /// Whether the gradient can be computed as it is read: no windows overlap, and none is large.
    pub(crate) fn unpools(&self) -> bool {
        let axes = self.windows.axes(self.input, self.output);
        let apart = |axis: &Axis| axis.read_by.iter().all(|by| by.len() <= 1);
        axes.iter().all(apart) && !wide(&axes)
    }

    /// The maxima, and what the way back needs.
    pub(crate) fn forward(&self, x: Source, y: &mut [f32]) -> Places {
        let axes = self.windows.axes(self.input, self.output);
        let wide = wide(&axes);
        let bytes = y.len() * if wide { 4 } else { 1 };
        let mut memory = Buffer::stale(bytes.div_ceil(4));
        if wide {
            self.maxima::<u32>(&axes, x, y, bytemuck::cast_slice_mut(&mut memory));
        } else {
            let places = bytemuck::cast_slice_mut(&mut memory);
            self.maxima::<u8>(&axes, x, y, &mut places[..bytes]);
        }
        Places { memory, wide }
    }

    /// The maxima alone.
    pub(crate) fn forward_only(&self, x: Source, y: &mut [f32]) {
        let axes = self.windows.axes(self.input, self.output);
        let nothing = &mut vec![(); y.len()];
        self.maxima(&axes, x, y, nothing);
    }

    /// The gradient of x: of each window it goes to the value that won.
    pub(crate) fn backward(&self, dy: Source, places: &Places, dx: &mut [f32]) {
        let axes = self.windows.axes(self.input, self.output);
        if places.wide {
            self.gradients::<u32>(&axes, dy, bytemuck::cast_slice(&places.memory), dx);
        } else {
            self.gradients::<u8>(&axes, dy, bytemuck::cast_slice(&places.memory), dx);
        }
    }

    fn maxima<P: Place>(&self, axes: &[Axis; 2], x: Source, y: &mut [f32], places: &mut [P]) {
        let [rows, columns] = axes;
        strips(self.output, y)
            .into_par_iter()
            .zip(strips(self.output, places))
            .for_each(|(y, places)| {
                let rows = &rows.reads[y.first..];
                run(Maxima {
                    x: self.rows(x, self.input, y.image, rows),
                    rows,
                    columns,
                    y: y.values,
                    places: places.values,
                });
            });
    }

    fn gradients<P: Place>(&self, axes: &[Axis; 2], dy: Source, places: &[P], dx: &mut [f32]) {
        let [rows, columns] = axes;
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

/// Whether a byte cannot hold the number of a tap.
fn wide(axes: &[Axis; 2]) -> bool {
    axes[0].taps * axes[1].taps > 1 << u8::BITS
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
    /// What these rows read.
    rows: &'a [Vec<Tap>],
    columns: &'a Axis,
    y: &'a mut [f32],
    places: &'a mut [P],
}

impl<P: Place> Kernel for Maxima<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
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
                for channel in (0..channels).step_by(S::F32_LANES) {
                    let to = (channel + S::F32_LANES).min(channels);
                    let mut best = simd.splat_f32s(f32::NEG_INFINITY);
                    let mut place = simd.splat_u32s(0);
                    let mut first = true;
                    for &(x, tap) in &rows {
                        for column in columns {
                            let x = &x[column.at * channels..];
                            let x = load(simd, &x[channel..to]);
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
                        simd.partial_store_u32s(&mut taps[at + channel..at + to], place);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::map::{Activation, Map};
    use super::super::unpool::Unpool;
    use super::*;
    use crate::ops::Geometry2d;
    use proptest::prelude::*;

    /// Values of which many are equal.
    fn values(count: usize, seed: u64) -> Vec<f32> {
        let mut rng = sarangi_core::Seed(seed).rng(0, 0);
        (0..count).map(|_| rng.below(9) as f32 - 4.0).collect()
    }

    fn pool([batch, height, width, channels]: [usize; 4], window: Geometry2d) -> Option<MaxPool> {
        let [out_height, out_width] = window.output("test", [height, width]).ok()?;
        let input = Pictures {
            batch,
            height,
            width,
            channels,
        };
        let output = Pictures {
            height: out_height,
            width: out_width,
            ..input
        };
        Some(MaxPool {
            input,
            output,
            windows: Windows::Moving(window),
        })
    }

    /// The maxima and the gradient, one value after the other.
    fn expected(of: &MaxPool, x: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let [rows, columns] = of.windows.axes(of.input, of.output);
        let mut y = vec![f32::NEG_INFINITY; dy.len()];
        let mut dx = vec![0.0; x.len()];
        for (i, y) in y.iter_mut().enumerate() {
            let (pixel, c) = (i / of.output.channels, i % of.output.channels);
            let (row, ox) = (pixel / of.output.width, pixel % of.output.width);
            let (image, oy) = (row / of.output.height, row % of.output.height);
            let mut place = None;
            for row in &rows.reads[oy] {
                for column in &columns.reads[ox] {
                    let at = (image * of.input.height + row.at) * of.input.width + column.at;
                    let at = at * of.input.channels + c;
                    if place.is_none() || x[at] > *y || x[at].is_nan() {
                        (*y, place) = (x[at], Some(at));
                    }
                }
            }
            if let Some(place) = place {
                dx[place] += dy[i];
            }
        }
        (y, dx)
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|v| v.to_bits()).collect()
    }

    fn check(of: &MaxPool, x: &[f32]) {
        // Whole numbers: sums are exact in any order.
        let dy = values(of.output.len(), 77);
        let (y, dx) = expected(of, x, &dy);
        let (mut found, mut only) = (vec![9.0; y.len()], vec![9.0; y.len()]);
        let places = of.forward(Source::Stored(x), &mut found);
        of.forward_only(Source::Stored(x), &mut only);
        assert_eq!(bits(&found), bits(&y));
        assert_eq!(bits(&only), bits(&y));
        let mut found = vec![9.0; x.len()];
        of.backward(Source::Stored(&dy), &places, &mut found);
        assert_eq!(found, dx);
        if of.unpools() {
            let unpool = Unpool::new(*of, places, shared(&y), shared(&dy));
            found.fill(9.0);
            Source::Unpooled(&unpool).materialise(of.input, &mut found);
            assert_eq!(found, dx);
            // From the middle of a row to the middle of another.
            let pixels = of.input.pixels() / 3..of.input.pixels() - of.input.pixels() / 5;
            let values = pixels.start * of.input.channels..pixels.end * of.input.channels;
            found.fill(9.0);
            run(Part {
                unpool: &unpool,
                first: pixels.start,
                out: &mut found[values.clone()],
            });
            assert_eq!(found[values.clone()], dx[values]);
        }
    }

    struct Part<'a> {
        unpool: &'a Unpool,
        first: usize,
        out: &'a mut [f32],
    }

    impl Kernel for Part<'_> {
        type Output = ();

        #[inline(always)]
        fn run<S: Lanes>(self, simd: S) {
            self.unpool.read(simd, self.first, self.out);
        }
    }

    fn shared(values: &[f32]) -> Arc<Buffer> {
        let mut buffer = Buffer::stale(values.len());
        buffer.copy_from_slice(values);
        Arc::new(buffer)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_shape(
            batch in 1usize..4,
            size in [1usize..20, 1usize..20],
            channels in 1usize..70,
            kernel in [1usize..5, 1usize..5],
            stride in [1usize..4, 1usize..4],
            padding in [0usize..3, 0usize..3],
            dilation in [1usize..3, 1usize..3],
            seed in 0u64..1000,
        ) {
            let window = Geometry2d { kernel, stride, padding, dilation };
            if let Some(of) = pool([batch, size[0], size[1], channels], window) {
                check(&of, &values(of.input.len(), seed));
            }
        }

        #[test]
        fn windows_that_do_not_overlap(
            batch in 1usize..4,
            size in [1usize..20, 1usize..20],
            channels in 1usize..70,
            kernel in [1usize..4, 1usize..4],
            gap in [0usize..2, 0usize..2],
            seed in 0u64..1000,
        ) {
            let stride = [kernel[0] + gap[0], kernel[1] + gap[1]];
            let padding = [kernel[0] / 2, kernel[1] / 2];
            let window = Geometry2d { kernel, stride, padding, dilation: [1, 1] };
            if let Some(of) = pool([batch, size[0], size[1], channels], window) {
                assert!(of.unpools());
                check(&of, &values(of.input.len(), seed));
            }
        }

        #[test]
        fn adaptive_windows(
            input in [1usize..20, 1usize..20],
            output in [1usize..9, 1usize..9],
            channels in 1usize..40,
            seed in 0u64..1000,
        ) {
            let input = Pictures { batch: 2, height: input[0], width: input[1], channels };
            let output = Pictures { height: output[0], width: output[1], ..input };
            let of = MaxPool { input, output, windows: Windows::Adaptive };
            check(&of, &values(input.len(), seed));
        }
    }

    #[test]
    fn more_taps_than_a_byte_counts() {
        let input = Pictures {
            batch: 2,
            height: 33,
            width: 21,
            channels: 5,
        };
        let output = Pictures {
            height: 1,
            width: 1,
            ..input
        };
        let of = MaxPool {
            input,
            output,
            windows: Windows::Adaptive,
        };
        let mut x = values(input.len(), 1);
        let last = x.len() - 1;
        x[last] = 100.0;
        check(&of, &x);
    }

    #[test]
    fn nan_wins_and_padding_never() {
        let window = Geometry2d {
            padding: [1, 1],
            stride: [2, 2],
            ..Geometry2d::new([3, 3])
        };
        let of = pool([1, 5, 6, 18], window).unwrap();
        let mut x = vec![f32::NEG_INFINITY; of.input.len()];
        check(&of, &x);
        x[40] = f32::NAN;
        x[200] = -1e30;
        check(&of, &x);
        let mut y = vec![0.0; of.output.len()];
        of.forward_only(Source::Stored(&x), &mut y);
        assert!(y.iter().any(|y| y.is_nan()));
    }

    #[test]
    fn sources_are_read_through_their_maps() {
        let of = pool(
            [2, 9, 11, 24],
            Geometry2d {
                stride: [2, 2],
                ..Geometry2d::new([3, 3])
            },
        )
        .unwrap();
        let x = values(of.input.len(), 5);
        let map = Map {
            after: Activation {
                low: -1.0,
                high: 2.0,
            },
            ..Map::identity(24)
        };
        let mapped = Source::Mapped(&x, &map);
        let mut dense = vec![0.0; x.len()];
        mapped.materialise(of.input, &mut dense);
        let (y, _) = expected(&of, &dense, &values(of.output.len(), 1));
        let mut found = vec![0.0; y.len()];
        of.forward_only(mapped, &mut found);
        assert_eq!(found, y);
    }

    #[test]
    fn nothing_is_no_work() {
        let of = pool([0, 5, 5, 3], Geometry2d::new([2, 2])).unwrap();
        let places = of.forward(Source::Stored(&[]), &mut []);
        of.backward(Source::Stored(&[]), &places, &mut []);
    }
}
