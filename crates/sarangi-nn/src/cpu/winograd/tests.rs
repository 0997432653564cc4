//! Against sums in f64, over the convolution's definition.

use proptest::prelude::*;

use super::*;
use crate::cpu::map::{Activation, Linear, Map, PerChannel};
use crate::cpu::source::Above;

fn pictures(batch: usize, [height, width]: [usize; 2], channels: usize) -> Pictures {
    Pictures {
        batch,
        height,
        width,
        channels,
    }
}

/// Numbers in [-1, 1) that look random.
fn noise(len: usize, key: u32) -> Vec<f32> {
    let mix = |i: u32| {
        let mut z = i.wrapping_mul(0x9e37_79b1) ^ key.wrapping_mul(0x85eb_ca6b);
        z = (z ^ (z >> 16)).wrapping_mul(0x7feb_352d);
        z = (z ^ (z >> 15)).wrapping_mul(0x846c_a68b);
        (z ^ (z >> 16)) as f32 / 2_147_483_648.0 - 1.0
    };
    (0..len as u32).map(mix).collect()
}

/// Calls `each(y, x, tap, out, in)` with the places of every product of the convolution.
fn products(conv: &Winograd, mut each: impl FnMut(usize, usize, usize)) {
    let (of, to) = (conv.input, conv.output);
    for n in 0..to.batch {
        for (oy, ox) in (0..to.height).flat_map(|y| (0..to.width).map(move |x| (y, x))) {
            for tap in 0..9 {
                let y = (oy + tap / 3).wrapping_sub(conv.padding[0]);
                let x = (ox + tap % 3).wrapping_sub(conv.padding[1]);
                if y >= of.height || x >= of.width {
                    continue;
                }
                let x = ((n * of.height + y) * of.width + x) * of.channels;
                let y = ((n * to.height + oy) * to.width + ox) * to.channels;
                for o in 0..to.channels {
                    for i in 0..of.channels {
                        each(y + o, x + i, (o * of.channels + i) * 9 + tap);
                    }
                }
            }
        }
    }
}

/// Sums in f64 and, of the same products, the sums of their squares.
struct Sums {
    values: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn zeros(len: usize) -> Self {
        let zeros = vec![0.0; len];
        Self {
            values: zeros.clone(),
            squares: zeros,
        }
    }

    fn add(&mut self, at: usize, product: f64) {
        self.values[at] += product;
        self.squares[at] += product * product;
    }

    /// The largest difference as a share of the largest that a sum would be if the signs of its
    /// products were drawn. The sums themselves say nothing where they cancel.
    fn error(&self, got: &[f32]) -> f64 {
        assert_eq!(got.len(), self.values.len());
        let square = self.squares.iter().fold(0.0f64, |most, &s| most.max(s));
        let both = got.iter().zip(&self.values);
        let worst = both.fold(0.0f64, |worst, (&got, value)| {
            let difference = (f64::from(got) - value).abs();
            assert!(difference.is_finite());
            worst.max(difference)
        });
        if square == 0.0 {
            worst
        } else {
            worst / square.sqrt()
        }
    }
}

struct Case {
    conv: Winograd,
    x: Vec<f32>,
    dy: Vec<f32>,
    filter: Vec<f32>,
}

impl Case {
    fn new(
        batch: usize,
        size: [usize; 2],
        channels: [usize; 2],
        padding: [usize; 2],
    ) -> Option<Self> {
        let out = |axis: usize| (size[axis] + 2 * padding[axis]).checked_sub(2);
        let conv = Winograd {
            input: pictures(batch, size, channels[0]),
            output: pictures(batch, [out(0)?, out(1)?], channels[1]),
            padding,
        };
        Some(Self {
            conv,
            x: noise(conv.input.len(), 1),
            dy: noise(conv.output.len(), 2),
            filter: noise(channels[0] * channels[1] * 9, 3),
        })
    }

    /// The worst error of the four results.
    fn worst(&self) -> f64 {
        let Self {
            conv,
            x,
            dy,
            filter,
        } = self;
        let of = |v: f32| f64::from(v);
        let channels = conv.output.channels;
        let lengths = [dy.len(), x.len(), filter.len(), channels];
        let mut expected = lengths.map(Sums::zeros);
        let [y, dx, dfilter, dbias] = &mut expected;
        products(conv, |o, i, tap| {
            y.add(o, of(x[i]) * of(filter[tap]));
            dx.add(i, of(dy[o]) * of(filter[tap]));
            dfilter.add(tap, of(x[i]) * of(dy[o]));
        });
        for (i, &d) in dy.iter().enumerate() {
            dbias.add(i % channels, of(d));
        }
        let got = self.results();
        let errors = expected.iter().zip(&got).map(|(sums, got)| sums.error(got));
        errors.fold(0.0, f64::max)
    }

    fn results(&self) -> [Vec<f32>; 4] {
        let Self {
            conv,
            x,
            dy,
            filter,
        } = self;
        let dirty = |len| vec![f32::NAN; len];
        let (mut y, mut dx) = (dirty(dy.len()), dirty(x.len()));
        let (mut dfilter, mut dbias) = (dirty(filter.len()), dirty(conv.output.channels));
        let (x, dy) = (Source::Stored(x), Source::Stored(dy));
        conv.forward(x, filter, Epilogue::default(), &mut y);
        conv.backward_data(dy, filter, &mut dx);
        conv.backward_filter(x, dy, &mut dfilter, Some(&mut dbias));
        [y, dx, dfilter, dbias]
    }
}

const BOUND: f64 = 5e-6;

#[test]
fn awkward_shapes() {
    for (batch, size, channels, padding) in [
        (1, [1, 1], [1, 1], [1, 1]),
        (1, [1, 1], [16, 32], [2, 2]),
        (2, [3, 3], [5, 7], [0, 0]),
        (3, [1, 9], [17, 31], [1, 0]),
        (1, [9, 1], [33, 15], [0, 1]),
        (2, [2, 5], [32, 64], [2, 1]),
        (1, [4, 131], [3, 40], [1, 2]),
        (11, [7, 7], [16, 16], [1, 1]),
        (2, [8, 9], [70, 65], [1, 1]),
        (0, [4, 4], [3, 4], [1, 1]),
        (2, [2, 2], [3, 4], [0, 0]),
    ] {
        let case = Case::new(batch, size, channels, padding).unwrap();
        let worst = case.worst();
        assert!(worst <= BOUND, "{:?}: {worst:e}", case.conv);
    }
}

#[test]
fn many_channels() {
    for (batch, size, channels) in [
        (2, [14, 13], [64, 64]),
        (4, [7, 7], [128, 96]),
        (9, [4, 5], [256, 256]),
        // More sums than are held at once.
        (2, [5, 4], [512, 200]),
        // More tiles than are held at once, and a filter that is larger still.
        (65, [4, 4], [2, 1024]),
    ] {
        let case = Case::new(batch, size, [channels[0], channels[1]], [1, 1]).unwrap();
        let worst = case.worst();
        assert!(worst <= BOUND, "{:?}: {worst:e}", case.conv);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn shapes_of_all_kinds(
        batch in 1usize..4,
        size in [1usize..12, 1usize..20],
        channels in [1usize..40, 1usize..40],
        padding in [0usize..3, 0usize..3],
    ) {
        if let Some(case) = Case::new(batch, size, channels, padding) {
            let worst = case.worst();
            prop_assert!(worst <= BOUND, "{:?}: {worst:e}", case.conv);
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_threads() {
    for (size, channels) in [([13, 20], [48, 40]), ([5, 7], [100, 200])] {
        let case = Case::new(5, size, channels, [1, 1]).unwrap();
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| case.results())
        };
        let (one, three) = (on(1), on(3));
        for (a, b) in one.iter().flatten().zip(three.iter().flatten()) {
            assert_eq!(a.to_bits(), b.to_bits());
        }
    }
}

#[test]
fn it_pays_for_large_pictures_of_many_channels() {
    let pays = |batch, size, channels| {
        let conv = Case::new(batch, size, channels, [1, 1]).unwrap().conv;
        [
            conv.pays_forward(),
            conv.pays_backward_data(),
            conv.pays_backward_filter(),
        ]
    };
    assert_eq!(pays(8, [28, 28], [128, 128]), [true; 3]);
    assert_eq!(pays(8, [4, 5], [512, 512]), [true; 3]);
    // Three channels in: their transforms cost more than the products.
    assert_eq!(pays(8, [20, 33], [3, 64]), [false; 3]);
    // Half of each tile would be thrown away.
    assert_eq!(pays(8, [1, 9], [64, 64]), [false; 3]);
    // The filter's gradient is worth sixteen matrices only if there are tiles enough.
    assert_eq!(pays(1, [4, 4], [64, 64]), [true, true, false]);
}

#[test]
fn values_mapped_as_they_are_read_and_biases() {
    let case = Case::new(2, [6, 7], [20, 35], [1, 1]).unwrap();
    let (conv, filter) = (case.conv, &case.filter);
    let map = Map {
        before: Activation::RELU,
        scale: PerChannel::new(&noise(20, 4)),
        shift: PerChannel::new(&noise(20, 5)),
        after: Activation::RELU6,
        dropout: None,
    };
    let mut mapped = vec![0.0; case.x.len()];
    Source::Mapped(&case.x, &map).materialise(conv.input, &mut mapped);
    let bias = noise(35, 7);
    let mut plain = vec![0.0; case.dy.len()];
    conv.forward(
        Source::Stored(&mapped),
        filter,
        Epilogue::default(),
        &mut plain,
    );
    let mut y = vec![f32::NAN; case.dy.len()];
    let x = Source::Mapped(&case.x, &map);
    let epilogue = Epilogue {
        bias: Some(&bias),
        ..Epilogue::default()
    };
    conv.forward(x, filter, epilogue, &mut y);
    for (i, (y, plain)) in y.iter().zip(&plain).enumerate() {
        let expected = plain + bias[i % 35];
        assert!((y - expected).abs() <= 1e-5, "{i}: {y} {expected}");
    }
    let linear = Linear {
        slope: PerChannel::constant(0.5, 35),
        offset: PerChannel::constant(0.25, 35),
    };
    let dy = Source::Gradient {
        dy: Above::Stored(&case.dy),
        x: &plain,
        map: &Map::identity(35),
        linear: &linear,
    };
    let mut stored = vec![0.0; case.dy.len()];
    dy.materialise(conv.output, &mut stored);
    let (mut a, mut b) = (vec![0.0; filter.len()], vec![0.0; filter.len()]);
    conv.backward_filter(x, dy, &mut a, None);
    let (x, dy) = (Source::Stored(&mapped), Source::Stored(&stored));
    conv.backward_filter(x, dy, &mut b, None);
    assert_eq!(a, b);
}
