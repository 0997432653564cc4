//! Sums of two batches: what a residual connection does, and what gradients do where values fork.

use rayon::prelude::*;

use super::elementwise::update;
use super::map::{Activation, Clamp};
use super::pairs::{Pair, each};
use super::pictures::Pictures;
use super::simd::{Kernel, Lanes, run};
use super::source::Source;
use super::tasks::VALUES;

/// `y = activation(a + b)`.
pub(crate) fn add(a: Source, b: Source, activation: Activation, of: Pictures, y: &mut [f32]) {
    each(Sum { activation }, Some(a), b, of, y);
}

/// `into += from`.
pub(crate) fn accumulate(into: &mut [f32], from: Source, of: Pictures) {
    let activation = Activation::NONE;
    each(Sum { activation }, None, from, of, into);
}

#[derive(Clone, Copy)]
struct Sum {
    activation: Activation,
}

impl Pair for Sum {
    #[inline(always)]
    fn of<S: Lanes>(self, simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        let clamp = Clamp::new(simd, self.activation);
        clamp.apply(simd, simd.add_f32s(a, b))
    }
}

/// Sets the gradient to zero where the activation that gave `y` was off: on the ends of its
/// interval.
pub(crate) fn mask_in_place(y: &[f32], activation: Activation, dy: &mut [f32]) {
    dy.par_chunks_mut(VALUES)
        .zip(y.par_chunks(VALUES))
        .for_each(|(dy, y)| run(MaskOff { y, activation, dy }));
}

struct MaskOff<'a> {
    y: &'a [f32],
    activation: Activation,
    dy: &'a mut [f32],
}

impl Kernel for MaskOff<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let clamp = Clamp::new(simd, self.activation);
        update(simd, self.dy, self.y, |dy, y| clamp.gradient(simd, y, dy));
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::{Map, PerChannel};
    use super::*;

    const OF: Pictures = Pictures {
        batch: 3,
        height: 37,
        width: 19,
        channels: 37,
    };

    fn values(seed: usize) -> Vec<f32> {
        let value = |i: usize| ((i * 7919 + seed) % 1009) as f32 / 100.0 - 5.0;
        (0..OF.len()).map(value).collect()
    }

    #[test]
    fn sums_are_clamped_and_read_through_maps() {
        let (a, b) = (values(1), values(2));
        let map = Map {
            scale: PerChannel::constant(2.0, OF.channels),
            ..Map::identity(OF.channels)
        };
        let mut y = vec![f32::NAN; OF.len()];
        add(
            Source::Mapped(&a, &map),
            Source::Stored(&b),
            Activation::RELU6,
            OF,
            &mut y,
        );
        for ((&a, &b), &y) in a.iter().zip(&b).zip(&y) {
            assert_eq!(y, (2.0 * a + b).clamp(0.0, 6.0));
        }
        let mut dy = b.clone();
        mask_in_place(&y, Activation::RELU6, &mut dy);
        for ((&y, &b), &dy) in y.iter().zip(&b).zip(&dy) {
            assert_eq!(dy, if y > 0.0 && y < 6.0 { b } else { 0.0 });
        }
        let mut into = b.clone();
        accumulate(&mut into, Source::Mapped(&a, &map), OF);
        for ((&a, &b), &sum) in a.iter().zip(&b).zip(&into) {
            assert_eq!(sum, 2.0 * a + b);
        }
    }

    #[test]
    fn nothing_is_no_work() {
        let of = Pictures { batch: 0, ..OF };
        add(
            Source::Stored(&[]),
            Source::Stored(&[]),
            Activation::NONE,
            of,
            &mut [],
        );
        accumulate(&mut [], Source::Stored(&[]), of);
        mask_in_place(&[], Activation::RELU, &mut []);
    }
}
