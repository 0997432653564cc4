use std::sync::Arc;

use super::super::map::{Activation, Map, PerChannel};
use super::super::mask::Mask;
use super::super::unpool::Unpool;
use super::*;
use crate::geometry::Geometry2d;
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
    Some(MaxPool::new(input, output, Windows::Moving(window)))
}

/// The maxima and the gradient, one value after the other.
fn expected(of: &MaxPool, x: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let [rows, columns] = &*of.axes;
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
        let unpool = Unpool::new(of.clone(), places, shared(&y), shared(&dy));
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
        let of = MaxPool::new(input, output, Windows::Adaptive);
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
    let of = MaxPool::new(input, output, Windows::Adaptive);
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

/// A chain is applied to what is read of stored values, or, with dropout, to rows of its own.
#[test]
fn the_same_through_a_chain_as_of_its_results() {
    let window = Geometry2d::square(3).stride(2).padding(1);
    for (channels, dropout) in [(37, None), (37, Some(Mask::new(5, 0.3))), (32, None)] {
        let of = pool([2, 13, 10, channels], window).unwrap();
        let x = values(of.input.len(), 3);
        let numbers: Vec<f32> = (0..channels).map(|c| c as f32 / 8.0 - 2.0).collect();
        let map = Map {
            before: Activation::RELU,
            scale: PerChannel::new(&numbers),
            shift: PerChannel::constant(0.5, channels),
            after: Activation::RELU6,
            dropout,
        };
        let mut stored = vec![0.0; x.len()];
        Source::Mapped(&x, &map).materialise(of.input, &mut stored);
        let [mut found, mut expected] = [0, 1].map(|_| vec![9.0; of.output.len()]);
        let places = of.forward(Source::Mapped(&x, &map), &mut found);
        let expected_places = of.forward(Source::Stored(&stored), &mut expected);
        assert_eq!(bits(&found), bits(&expected));
        let count = of.output.len();
        assert_eq!(places.bytes()[..count], expected_places.bytes()[..count]);
    }
}
