use proptest::prelude::*;

use super::super::map::{Linear, Map, PerChannel};
use super::super::source::Above;
use super::*;

/// A convolution of a picture with square strides and so on as the shape's nine numbers say.
#[derive(Clone, Copy, Debug)]
struct Shape {
    batch: usize,
    size: [usize; 2],
    /// Per group.
    channels: [usize; 2],
    groups: usize,
    window: Geometry2d,
}

impl Shape {
    fn new(batch: usize, size: [usize; 2], channels: [usize; 2], kernel: usize) -> Self {
        let mut window = Geometry2d::new([kernel, kernel]);
        window.padding = [kernel / 2, kernel / 2];
        Self {
            batch,
            size,
            channels,
            groups: 1,
            window,
        }
    }

    fn stride(mut self, stride: [usize; 2]) -> Self {
        self.window.stride = stride;
        self
    }

    fn padding(mut self, padding: [usize; 2]) -> Self {
        self.window.padding = padding;
        self
    }

    fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    fn conv(&self) -> Option<Conv> {
        let [height, width] = self.window.output("test", self.size).ok()?;
        let input = Pictures {
            batch: self.batch,
            height: self.size[0],
            width: self.size[1],
            channels: self.groups * self.channels[0],
        };
        Some(Conv {
            input,
            output: Pictures {
                height,
                width,
                channels: self.groups * self.channels[1],
                ..input
            },
            window: self.window,
            groups: self.groups,
        })
    }
}

fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Calls `f(place in x, place in y, place in the filter)` for every product.
fn each_product(conv: &Conv, mut f: impl FnMut(usize, usize, usize)) {
    let Conv {
        input,
        output,
        window: w,
        groups,
    } = *conv;
    let (i_group, o_group) = (input.channels / groups, output.channels / groups);
    for p in 0..output.pixels() {
        let (n, oy, ox) = (
            p / output.width / output.height,
            p / output.width % output.height,
            p % output.width,
        );
        for (ky, kx) in (0..w.kernel[0]).flat_map(|y| (0..w.kernel[1]).map(move |x| (y, x))) {
            let iy = (oy * w.stride[0] + ky * w.dilation[0]).wrapping_sub(w.padding[0]);
            let ix = (ox * w.stride[1] + kx * w.dilation[1]).wrapping_sub(w.padding[1]);
            if iy >= input.height || ix >= input.width {
                continue;
            }
            let q = (n * input.height + iy) * input.width + ix;
            for o in 0..output.channels {
                let group = o / o_group;
                for i in 0..i_group {
                    f(
                        q * input.channels + group * i_group + i,
                        p * output.channels + o,
                        ((o * i_group + i) * w.kernel[0] + ky) * w.kernel[1] + kx,
                    );
                }
            }
        }
    }
}

#[track_caller]
fn close(got: &[f32], expected: &[f64], what: &str) {
    let peak = expected.iter().fold(1e-3, |a: f64, b| a.max(b.abs()));
    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let error = (f64::from(got) - expected).abs() / peak;
        assert!(error < 1e-5, "{what}[{i}] is {got}, not {expected}");
    }
    assert_eq!(got.len(), expected.len(), "{what}");
}

fn planar(x: &[f32], of: Pictures) -> Vec<f32> {
    let plane = of.height * of.width;
    let mut out = vec![0.0; x.len()];
    for (i, &x) in x.iter().enumerate() {
        let (pixel, channel) = (i / of.channels, i % of.channels);
        out[(pixel / plane * of.channels + channel) * plane + pixel % plane] = x;
    }
    out
}

/// The entry points, or the direct sums that they fall back to.
#[derive(Clone, Copy, Debug)]
enum Way {
    Chosen,
    Direct,
}

impl Way {
    fn forward(
        self,
        conv: &Conv,
        x: Source,
        filter: &[f32],
        epilogue: Epilogue,
        y: &mut [f32],
    ) -> Vec<Tally> {
        match self {
            Self::Chosen => conv.forward(x, filter, epilogue, y),
            Self::Direct => direct::forward(conv, x, filter, epilogue, y),
        }
    }

    fn backward_data(self, conv: &Conv, dy: Source, filter: &[f32], dx: &mut [f32]) {
        match self {
            Self::Chosen => conv.backward_data(dy, filter, dx),
            Self::Direct => direct::backward_data(conv, dy, filter, dx),
        }
    }

    fn backward_filter(
        self,
        conv: &Conv,
        [x, dy]: [Source; 2],
        dfilter: &mut [f32],
        dbias: Option<&mut [f32]>,
    ) {
        match self {
            Self::Chosen => conv.backward_filter(x, dy, dfilter, dbias),
            Self::Direct => direct::backward_filter(conv, x, dy, dfilter, dbias),
        }
    }
}

fn check(conv: &Conv) {
    for way in [Way::Chosen, Way::Direct] {
        check_way(conv, way);
    }
}

/// Every function, with every kind of source, against plain loops in f64.
fn check_way(conv: &Conv, way: Way) {
    let Conv { input, output, .. } = *conv;
    let taps = conv.window.kernel[0] * conv.window.kernel[1];
    let count = output.channels * input.channels / conv.groups * taps;
    let (x, dy, filter) = (
        values(input.len(), 1),
        values(output.len(), 2),
        values(count, 3),
    );
    let bias = values(output.channels, 5);
    let mut y64 = vec![0.0; output.len()];
    let mut dx64 = vec![0.0; input.len()];
    let mut dfilter64 = vec![0.0; count];
    each_product(conv, |i, o, w| {
        let [x, dy, w64] = [x[i], dy[o], filter[w]].map(f64::from);
        y64[o] += w64 * x;
        dx64[i] += w64 * dy;
        dfilter64[w] += dy * x;
    });
    let mut dbias64 = vec![0.0; output.channels];
    for (i, &dy) in dy.iter().enumerate() {
        dbias64[i % output.channels] += f64::from(dy);
    }

    // The same x and dy out of maps: halved on the way, so twice as large before.
    let twice: Vec<f32> = x.iter().map(|x| 2.0 * x + 4.0).collect();
    let map = Map {
        scale: PerChannel::constant(0.5, input.channels),
        shift: PerChannel::constant(-2.0, input.channels),
        ..Map::identity(input.channels)
    };
    let dy_twice: Vec<f32> = dy.iter().map(|dy| 2.0 * dy).collect();
    let halve = Map {
        scale: PerChannel::constant(0.5, output.channels),
        ..Map::identity(output.channels)
    };
    let linear = Linear {
        slope: PerChannel::constant(0.0, output.channels),
        offset: PerChannel::constant(0.0, output.channels),
    };
    let anything = values(output.len(), 6);
    let (x_planar, dy_planar) = (planar(&x, input), planar(&dy, output));
    let xs = [
        Source::Stored(&x),
        Source::Planar(&x_planar),
        Source::Mapped(&twice, &map),
    ];
    let dys = [
        Source::Stored(&dy),
        Source::Planar(&dy_planar),
        Source::Gradient {
            dy: Above::Stored(&dy_twice),
            x: &anything,
            map: &halve,
            linear: &linear,
        },
    ];
    for (x, dy) in xs.into_iter().zip(dys) {
        let mut y = vec![f32::NAN; output.len()];
        way.forward(conv, x, &filter, Epilogue::default(), &mut y);
        close(&y, &y64, "y");

        let mut dx = vec![f32::NAN; input.len()];
        way.backward_data(conv, dy, &filter, &mut dx);
        close(&dx, &dx64, "dx");

        let mut dfilter = vec![f32::NAN; count];
        let mut dbias = vec![f32::NAN; output.channels];
        way.backward_filter(conv, [x, dy], &mut dfilter, Some(&mut dbias));
        close(&dfilter, &dfilter64, "dfilter");
        close(&dbias, &dbias64, "dbias");
    }

    let epilogue = Epilogue {
        bias: Some(&bias),
        tally: Some(Activation::RELU),
    };
    let mut y = vec![f32::NAN; output.len()];
    let tallies = way.forward(conv, xs[0], &filter, epilogue, &mut y);
    for (i, y) in y64.iter_mut().enumerate() {
        *y += f64::from(bias[i % output.channels]);
    }
    close(&y, &y64, "y with a bias");
    let moments = Tally::moments(tallies, output.channels);
    for (c, moments) in moments.iter().enumerate() {
        let values = || y.iter().skip(c).step_by(output.channels);
        let positive = || values().map(|&y| f64::from(y.max(0.0)));
        let count = output.pixels().max(1) as f64;
        let mean = positive().sum::<f64>() / count;
        let variance = positive().map(|y| (y - mean).powi(2)).sum::<f64>() / count;
        let size = positive().fold(1.0, f64::max);
        assert!((moments.mean - mean).abs() < 1e-6 * size);
        assert!((moments.variance - variance).abs() < 1e-6 * size * size);
    }
}

#[test]
fn shapes_that_networks_have() {
    let shapes = [
        Shape::new(2, [13, 15], [5, 32], 3),
        Shape::new(2, [12, 17], [3, 40], 7).stride([2, 2]),
        Shape::new(3, [9, 8], [32, 64], 3),
        Shape::new(2, [11, 12], [33, 20], 3).stride([2, 2]),
        Shape::new(2, [12, 11], [16, 48], 3).stride([2, 2]),
        Shape::new(2, [9, 9], [24, 144], 1),
        Shape::new(5, [7, 7], [144, 24], 1),
        Shape::new(2, [8, 9], [64, 96], 1).stride([2, 2]),
        Shape::new(5, [4, 4], [128, 160], 3),
        Shape::new(2, [10, 9], [4, 4], 3).groups(8),
        Shape::new(2, [10, 9], [20, 40], 1).groups(2),
        Shape::new(2, [10, 9], [1, 1], 3).groups(17),
        Shape::new(3, [3, 3], [512, 64], 3),
        Shape::new(3, [3, 3], [40, 1024], 1),
        Shape::new(3, [3, 3], [1024, 40], 1),
        Shape::new(1, [40, 130], [1, 32], 3),
        Shape::new(1, [70, 70], [16, 32], 3),
    ];
    for shape in shapes {
        check(&shape.conv().expect("the window fits"));
    }
}

#[test]
fn shapes_at_the_edge() {
    let one = Shape::new(1, [1, 1], [1, 1], 1);
    let shapes = [
        one,
        Shape::new(1, [1, 1], [7, 5], 3),
        Shape::new(4, [1, 1], [40, 50], 1),
        // Padding wider than the kernel: some outputs see nothing but zeros.
        one.padding([1, 2]),
        Shape::new(2, [2, 3], [3, 3], 3).padding([4, 5]),
        Shape::new(2, [2, 3], [3, 3], 3)
            .padding([4, 5])
            .stride([3, 2]),
        // Strides beyond the kernel: some inputs are never met.
        Shape::new(2, [9, 8], [3, 2], 2)
            .padding([0, 0])
            .stride([3, 4]),
        Shape::new(2, [2, 2], [3, 2], 1).stride([5, 5]),
        // The last lines belong to the first phase of the stride alone.
        Shape {
            window: Geometry2d {
                kernel: [4, 1],
                stride: [3, 1],
                padding: [2, 0],
                dilation: [2, 1],
            },
            ..Shape::new(1, [10, 10], [1, 1], 4)
        },
        Shape::new(0, [3, 3], [2, 2], 3),
        Shape::new(1, [1, 20], [2, 70], 1).padding([0, 3]),
    ];
    for shape in shapes {
        check(&shape.conv().expect("the window fits"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_shape(
        batch in 1usize..4,
        size in [1usize..14, 1..14],
        channels in [1usize..40, 1..70],
        groups in 1usize..4,
        kernel in [1usize..5, 1..5],
        stride in [1usize..4, 1..4],
        padding in [0usize..4, 0..4],
        dilation in [1usize..3, 1..3],
    ) {
        let window = Geometry2d { kernel, stride, padding, dilation };
        let shape = Shape { batch, size, channels, groups, window };
        if let Some(conv) = shape.conv() {
            check(&conv);
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let conv = Shape::new(5, [19, 18], [20, 33], 3)
        .conv()
        .expect("the window fits");
    let (x, dy, filter) = (
        values(conv.input.len(), 1),
        values(conv.output.len(), 2),
        values(20 * 33 * 9, 3),
    );
    let results = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a pool").install(|| {
            let mut y = vec![0.0; conv.output.len()];
            let mut dx = vec![0.0; conv.input.len()];
            let mut dfilter = vec![0.0; filter.len()];
            let mut dbias = vec![0.0; conv.output.channels];
            conv.forward(Source::Stored(&x), &filter, Epilogue::default(), &mut y);
            conv.backward_data(Source::Stored(&dy), &filter, &mut dx);
            let (x, dy) = (Source::Stored(&x), Source::Stored(&dy));
            conv.backward_filter(x, dy, &mut dfilter, Some(&mut dbias));
            [y, dx, dfilter, dbias].concat()
        })
    };
    let bits = |v: Vec<f32>| v.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    assert_eq!(bits(results(1)), bits(results(3)));
}
