//! What happens to each value on its own: products, scalings, the logistic function.

use rayon::prelude::*;

use super::pairs::{Pair, each};
use super::pictures::Pictures;
use super::simd::Lanes;
use super::source::Source;
use super::tasks::VALUES;

/// `y = a · b`.
pub(crate) fn multiply(a: Source, b: Source, of: Pictures, y: &mut [f32]) {
    each(Product, Some(a), b, of, y);
}

#[derive(Clone, Copy)]
struct Product;

impl Pair for Product {
    #[inline(always)]
    fn of<S: Lanes>(self, simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        simd.mul_f32s(a, b)
    }
}

/// Multiplies all values by `factor`.
pub(crate) fn scale(values: &mut [f32], factor: f32) {
    values
        .par_chunks_mut(VALUES)
        .for_each(|values| values.iter_mut().for_each(|value| *value *= factor));
}

/// Adds to all values.
pub(crate) fn add(values: &mut [f32], more: &[f32]) {
    values
        .par_chunks_mut(VALUES)
        .zip(more.par_chunks(VALUES))
        .for_each(|(values, more)| values.iter_mut().zip(more).for_each(|(v, m)| *v += m));
}

/// Brings all values into [−`bound`, `bound`].
pub(crate) fn clamp(values: &mut [f32], bound: f32) {
    values
        .par_chunks_mut(VALUES)
        .for_each(|values| values.iter_mut().for_each(|v| *v = v.clamp(-bound, bound)));
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
