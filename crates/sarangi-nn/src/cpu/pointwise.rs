//! What happens to each value on its own: products, scalings, the logistic function.

use rayon::prelude::*;

use super::buffer::Buffer;
use super::elementwise::combine;
use super::pictures::Pictures;
use super::simd::{Kernel, Lanes, run};
use super::source::Source;
use super::tasks::{BLOCK, VALUES, pieces};

/// `y = a · b`.
pub(crate) fn multiply(a: Source, b: Source, of: Pictures, y: &mut [f32]) {
    pieces(of, y)
        .into_par_iter()
        .for_each(|(first, y)| run(Multiply { a, b, of, first, y }));
}

struct Multiply<'a> {
    a: Source<'a>,
    b: Source<'a>,
    of: Pictures,
    first: usize,
    y: &'a mut [f32],
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let pixels = self.of.pixels_per(BLOCK);
        let mut scratch =
            [0, 1].map(|_| Buffer::stale((pixels * self.of.channels).min(self.y.len())));
        let blocks = self.y.chunks_mut(scratch[0].len().max(1));
        for (block, y) in blocks.enumerate() {
            let first = self.first + block * pixels;
            let [for_a, for_b] = &mut scratch;
            let a = self.a.view(simd, self.of, first, &mut for_a[..y.len()]);
            let b = self.b.view(simd, self.of, first, &mut for_b[..y.len()]);
            combine(simd, y, [a, b], |a, b| simd.mul_f32s(a, b));
        }
    }
}

/// Multiplies all values by `factor`.
pub(crate) fn scale(values: &mut [f32], factor: f32) {
    values
        .par_chunks_mut(VALUES)
        .for_each(|values| values.iter_mut().for_each(|value| *value *= factor));
}

/// `y = 1 / (1 + exp(−y))`, by the hyperbolic tangent, which overflows nowhere.
pub(crate) fn sigmoid(y: &mut [f32]) {
    y.par_chunks_mut(VALUES).for_each(|y| {
        y.iter_mut()
            .for_each(|y| *y = ((*y * 0.5).tanh() + 1.0) * 0.5);
    });
}

/// `dy = y · (1 − y) · dy`: the way back through [`sigmoid`], whose result `y` is.
pub(crate) fn sigmoid_gradient(y: &[f32], dy: &mut [f32]) {
    dy.par_chunks_mut(VALUES)
        .zip(y.par_chunks(VALUES))
        .for_each(|(dy, y)| {
            let pairs = dy.iter_mut().zip(y);
            pairs.for_each(|(dy, &y)| *dy *= y * (1.0 - y));
        });
}

#[cfg(test)]
mod tests {
    use super::super::map::{Activation, Map};
    use super::*;

    #[test]
    fn products_are_read_through_maps() {
        let of = Pictures {
            batch: 3,
            height: 37,
            width: 19,
            channels: 37,
        };
        let values = |seed: usize| -> Vec<f32> {
            let value = |i: usize| ((i * 7919 + seed) % 1009) as f32 / 100.0 - 5.0;
            (0..of.len()).map(value).collect()
        };
        let (a, b) = (values(1), values(2));
        let map = Map {
            after: Activation::RELU,
            ..Map::identity(of.channels)
        };
        let mut y = vec![f32::NAN; of.len()];
        multiply(Source::Mapped(&a, &map), Source::Stored(&b), of, &mut y);
        for ((&a, &b), &y) in a.iter().zip(&b).zip(&y) {
            assert_eq!(y, a.max(0.0) * b);
        }
        let nothing = Pictures { batch: 0, ..of };
        multiply(Source::Stored(&[]), Source::Stored(&[]), nothing, &mut []);
    }

    #[test]
    fn the_logistic_function_overflows_nowhere() {
        let mut y = [f32::NEG_INFINITY, -200.0, 0.0, 1.0, 200.0, f32::INFINITY];
        sigmoid(&mut y);
        assert_eq!(y[..3], [0.0, 0.0, 0.5]);
        assert!((y[3] - 0.731_058_6).abs() < 1e-6, "{y:?}");
        assert_eq!(y[4..], [1.0, 1.0]);
    }
}
