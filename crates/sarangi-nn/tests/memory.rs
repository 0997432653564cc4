//! The kernels that hold `unsafe`, on shapes small enough for Miri to interpret:
//! `MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-tree-borrows -Zmiri-ignore-leaks" cargo +nightly miri
//! test -p sarangi-nn --test memory`. There is no vector unit under Miri: it sees the portable path,
//! whose tiles and bounds are those of the others.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candle_core::{Device, Tensor, Var};
use sarangi_nn::{Geometry2d, Value, conv2d, flatten, linear};

/// Numbers in [-1, 1) by a congruence: the project's generator takes Miri longer than the kernels.
fn noise(count: usize, mut state: u32) -> Vec<f32> {
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// One convolution without dilation; the filter over `input / groups` channels.
struct Case {
    x: [usize; 4],
    filters: usize,
    window: Geometry2d,
    groups: usize,
}

impl Case {
    /// Calls `f(place in x, place in y, place in the filter)` for every product.
    fn each_product(&self, [height, width]: [usize; 2], mut f: impl FnMut(usize, usize, usize)) {
        let [batch, channels, rows, columns] = self.x;
        let (w, inputs) = (self.window, channels / self.groups);
        let range = |n: usize| 0..n;
        for (n, o, y, x) in range(batch * self.filters * height * width).map(|i| {
            let (pixel, image) = (i % (height * width), i / (height * width));
            let (n, o) = (image / self.filters, image % self.filters);
            (n, o, pixel / width, pixel % width)
        }) {
            let to = ((n * self.filters + o) * height + y) * width + x;
            for (c, ky, kx) in range(inputs * w.kernel[0] * w.kernel[1]).map(|i| {
                let tap = i % (w.kernel[0] * w.kernel[1]);
                (
                    i / (w.kernel[0] * w.kernel[1]),
                    tap / w.kernel[1],
                    tap % w.kernel[1],
                )
            }) {
                let row = (y * w.stride[0] + ky).wrapping_sub(w.padding[0]);
                let column = (x * w.stride[1] + kx).wrapping_sub(w.padding[1]);
                if row >= rows || column >= columns {
                    continue;
                }
                let channel = o / (self.filters / self.groups) * inputs + c;
                let from = ((n * channels + channel) * rows + row) * columns + column;
                let tap = ((o * inputs + c) * w.kernel[0] + ky) * w.kernel[1] + kx;
                f(from, to, tap);
            }
        }
    }

    fn check(&self) {
        let [_, channels, height, width] = self.x;
        let size = self.window.output("test", [height, width]).unwrap();
        let filter = [
            self.filters,
            channels / self.groups,
            self.window.kernel[0],
            self.window.kernel[1],
        ];
        let values = [
            noise(self.x.iter().product(), 1),
            noise(filter.iter().product(), 2),
        ];
        let var = |values: &[f32], dims: &[usize]| {
            Var::from_vec(values.to_vec(), dims, &Device::Cpu).unwrap()
        };
        let (x, f) = (var(&values[0], &self.x), var(&values[1], &filter));
        let input = Value::variable(x.as_tensor()).unwrap();
        let y = conv2d(&input, f.as_tensor(), None, self.window, self.groups).unwrap();
        let mut expected = [
            vec![0.0; self.x[0] * self.filters * size[0] * size[1]],
            vec![0.0; values[0].len()],
            vec![0.0; values[1].len()],
        ];
        let dy = noise(expected[0].len(), 3);
        self.each_product(size, |from, to, tap| {
            expected[0][to] += values[0][from] * values[1][tap];
            expected[1][from] += dy[to] * values[1][tap];
            expected[2][tap] += dy[to] * values[0][from];
        });
        let dy = Tensor::from_vec(dy, y.dims(), &Device::Cpu).unwrap();
        let gradients = y.backward_from(&Value::new(&dy).unwrap()).unwrap();
        let found = [
            y.tensor().unwrap(),
            gradients.of(&input).unwrap().unwrap(),
            gradients.get(&f).unwrap().unwrap(),
        ];
        for (found, expected) in found.iter().zip(expected) {
            close(found, &expected);
        }
    }
}

#[track_caller]
fn close(found: &Tensor, expected: &[f32]) {
    let found = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let peak = expected.iter().fold(1.0f32, |a, b| a.max(b.abs()));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 2e-5 * peak,
            "{found} {expected}"
        );
    }
}

/// Enough channels and tiles for Winograd's algorithm on all three ways.
#[test]
#[cfg_attr(miri, ignore = "takes Miri more than four minutes")]
fn three_by_three() {
    Case {
        x: [2, 24, 8, 8],
        filters: 32,
        window: Geometry2d::square(3).padding(1),
        groups: 1,
    }
    .check();
}

#[test]
fn direct_sums() {
    let square = Geometry2d::square;
    for (channels, filters, window, groups) in [
        (2, 3, square(5).stride(2).padding(2), 1),
        (3, 19, square(1), 1),
        (4, 6, square(3).padding(1), 2),
    ] {
        Case {
            x: [1, channels, 5, 6],
            filters,
            window,
            groups,
        }
        .check();
    }
}

#[test]
fn depthwise() {
    for stride in [1, 2] {
        Case {
            x: [1, 9, 5, 7],
            filters: 9,
            window: Geometry2d::square(3).stride(stride).padding(1),
            groups: 9,
        }
        .check();
    }
}

#[test]
fn matrix_products() {
    let (x, w) = (noise(3 * 11, 4), noise(5 * 11, 5));
    let tensor = |values: &[f32], dims: (usize, usize)| {
        Tensor::from_vec(values.to_vec(), dims, &Device::Cpu).unwrap()
    };
    let input = Value::new(&tensor(&x, (3, 11))).unwrap();
    let y = linear(&flatten(&input).unwrap(), &tensor(&w, (5, 11)), None).unwrap();
    let expected: Vec<f32> = (0..15)
        .map(|i| (0..11).map(|k| x[i / 5 * 11 + k] * w[i % 5 * 11 + k]).sum())
        .collect();
    close(&y.tensor().unwrap(), &expected);
}
