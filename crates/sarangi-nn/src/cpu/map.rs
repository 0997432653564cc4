//! What happens to each value of a channel: activation, scale and shift, activation, dropout.
//!
//! Such a chain is not carried out at once. It travels with the stored values and is applied when
//! the next kernel reads them, which saves a pass over memory and the memory itself.

use super::mask::Mask;
use super::simd::Lanes;

/// An activation as the interval to which it clamps: `max(low, min(x, high))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Activation {
    pub(crate) low: f32,
    pub(crate) high: f32,
}

impl Activation {
    pub(crate) const NONE: Self = Self {
        low: f32::NEG_INFINITY,
        high: f32::INFINITY,
    };
    pub(crate) const RELU: Self = Self {
        low: 0.0,
        high: f32::INFINITY,
    };
    pub(crate) const RELU6: Self = Self {
        low: 0.0,
        high: 6.0,
    };
}

/// Per-channel numbers, repeated so often that whole vectors of any instruction set fit and a loop
/// over them is worth its start. Index i belongs to channel `i % channels`.
#[derive(Clone, Debug)]
pub(crate) struct PerChannel(Vec<f32>);

impl PerChannel {
    /// The length of the repetition.
    fn period(channels: usize) -> usize {
        Self::shortest_period(channels, 256)
    }

    /// The shortest repetition of at least so many values, a multiple of the channels and of 16;
    /// no longer than that of these numbers for at most 256.
    pub(crate) fn shortest_period(channels: usize, least: usize) -> usize {
        let channels = channels.max(1);
        let whole = channels * (16 / gcd(channels, 16));
        whole * least.div_ceil(whole)
    }

    pub(crate) fn new(values: &[f32]) -> Self {
        Self(values.repeat(Self::period(values.len()) / values.len().max(1)))
    }

    pub(crate) fn constant(value: f32, channels: usize) -> Self {
        Self(vec![value; Self::period(channels)])
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.0
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// `y = dropout(after(scale · before(x) + shift))`.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    pub(crate) before: Activation,
    pub(crate) scale: PerChannel,
    pub(crate) shift: PerChannel,
    pub(crate) after: Activation,
    pub(crate) dropout: Option<Mask>,
}

/// The way back through a [`Map`]: `dx = before′(x) · (scale · after′ · dropout · dy + slope ·
/// before(x) + offset)`. Slope and offset are what a norm's own statistics add.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    pub(crate) slope: PerChannel,
    pub(crate) offset: PerChannel,
}

impl Map {
    pub(crate) fn identity(channels: usize) -> Self {
        Self {
            before: Activation::NONE,
            scale: PerChannel::constant(1.0, channels),
            shift: PerChannel::constant(0.0, channels),
            after: Activation::NONE,
            dropout: None,
        }
    }

    /// Writes y for the values that begin at `first`, the start of a pixel.
    #[inline(always)]
    pub(crate) fn forward<S: Lanes>(&self, simd: S, first: usize, x: &[f32], y: &mut [f32]) {
        let period = self.scale.values().len();
        let (scales, _) = S::as_simd_f32s(self.scale.values());
        let (shifts, _) = S::as_simd_f32s(self.shift.values());
        let (before, after) = (Clamp::new(simd, self.before), Clamp::new(simd, self.after));
        for (x, y) in x.chunks(period).zip(y.chunks_mut(period)) {
            let (xs, x_rest) = S::as_simd_f32s(x);
            let (ys, y_rest) = S::as_mut_simd_f32s(y);
            let whole = ys.len();
            for (((y, x), &scale), &shift) in ys.iter_mut().zip(xs).zip(scales).zip(shifts) {
                simd.prefetch_beyond(x);
                *y = after.apply(simd, simd.fma(before.apply(simd, *x), scale, shift));
            }
            if !y_rest.is_empty() {
                let x = before.apply(simd, simd.partial_load_f32s(x_rest));
                let y = after.apply(simd, simd.fma(x, scales[whole], shifts[whole]));
                simd.partial_store_f32s(y_rest, y);
            }
        }
        if let Some(mask) = &self.dropout {
            mask.apply(first, y);
        }
    }

    /// Turns `d`, which holds dy for the values that begin at `first`, into `scale · after′ ·
    /// dropout · dy`, before′ and the [`Linear`] terms included where `linear` is given.
    #[inline(always)]
    pub(crate) fn backward<S: Lanes>(
        &self,
        simd: S,
        first: usize,
        x: &[f32],
        linear: &Linear,
        d: &mut [f32],
    ) {
        if let Some(mask) = &self.dropout {
            mask.apply(first, d);
        }
        self.back::<S, false>(simd, x, linear, &[], d);
    }

    /// As [`backward`](Self::backward), from a `dy` that lies elsewhere: `d` is written only.
    #[inline(always)]
    pub(crate) fn backward_from<S: Lanes>(
        &self,
        simd: S,
        first: usize,
        [dy, x]: [&[f32]; 2],
        linear: &Linear,
        d: &mut [f32],
    ) {
        if self.dropout.is_some() {
            d.copy_from_slice(dy);
            self.backward(simd, first, x, linear, d);
        } else {
            self.back::<S, true>(simd, x, linear, dy, d);
        }
    }

    /// The way back but for dropout, of what lies in `dy` if that is `APART`, or else in `d`.
    #[inline(always)]
    fn back<S: Lanes, const APART: bool>(
        &self,
        simd: S,
        x: &[f32],
        linear: &Linear,
        dy: &[f32],
        d: &mut [f32],
    ) {
        let period = self.scale.values().len();
        let (scales, _) = S::as_simd_f32s(self.scale.values());
        let (shifts, _) = S::as_simd_f32s(self.shift.values());
        let (slopes, _) = S::as_simd_f32s(linear.slope.values());
        let (offsets, _) = S::as_simd_f32s(linear.offset.values());
        let way = Back {
            before: Clamp::new(simd, self.before),
            after: Clamp::new(simd, self.after),
        };
        for (i, (x, d)) in x.chunks(period).zip(d.chunks_mut(period)).enumerate() {
            let dy = if APART {
                &dy[i * period..][..d.len()]
            } else {
                dy
            };
            let (xs, x_rest) = S::as_simd_f32s(x);
            let (dys, dy_rest) = S::as_simd_f32s(dy);
            let (ds, d_rest) = S::as_mut_simd_f32s(d);
            let whole = ds.len();
            let numbers = scales.iter().zip(shifts).zip(slopes).zip(offsets);
            for (i, ((d, x), (((&scale, &shift), &slope), &offset))) in
                ds.iter_mut().zip(xs).zip(numbers).enumerate()
            {
                simd.prefetch_beyond(x);
                if APART {
                    simd.prefetch_beyond(&dys[i]);
                }
                let got = if APART { dys[i] } else { *d };
                *d = way.one(simd, *x, got, [scale, shift, slope, offset]);
            }
            if !d_rest.is_empty() {
                let x = simd.partial_load_f32s(x_rest);
                let got = simd.partial_load_f32s(if APART { dy_rest } else { d_rest });
                let numbers = [scales[whole], shifts[whole], slopes[whole], offsets[whole]];
                simd.partial_store_f32s(d_rest, way.one(simd, x, got, numbers));
            }
        }
    }
}

/// The way back of one vector. Not a closure: the compiler would call one with two callers, which
/// costs thirty times the arithmetic.
struct Back<S: Lanes> {
    before: Clamp<S>,
    after: Clamp<S>,
}

impl<S: Lanes> Back<S> {
    #[inline(always)]
    fn one(
        &self,
        simd: S,
        x: S::f32s,
        d: S::f32s,
        [scale, shift, slope, offset]: [S::f32s; 4],
    ) -> S::f32s {
        let z = self.before.apply(simd, x);
        let g = self.after.gradient(simd, simd.fma(z, scale, shift), d);
        let d = simd.fma(g, scale, simd.fma(z, slope, offset));
        self.before.gradient(simd, x, d)
    }
}

/// An [`Activation`] in vectors.
#[derive(Clone, Copy)]
pub(crate) struct Clamp<S: Lanes> {
    low: S::f32s,
    high: S::f32s,
}

impl<S: Lanes> Clamp<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, activation: Activation) -> Self {
        // No comparison with a NaN holds: where there is no end, nothing lies on it or beyond it,
        // not even infinity.
        let end = |end: f32| simd.splat_f32s(if end.is_finite() { end } else { f32::NAN });
        Self {
            low: end(activation.low),
            high: end(activation.high),
        }
    }

    /// What is not a number stays so.
    #[inline(always)]
    pub(crate) fn apply(self, simd: S, x: S::f32s) -> S::f32s {
        simd.at_least(self.low, simd.at_most(self.high, x))
    }

    /// 0 on the interval's ends and outside, as torch has it, and `d` elsewhere.
    #[inline(always)]
    pub(crate) fn gradient(self, simd: S, x: S::f32s, d: S::f32s) -> S::f32s {
        let outside = simd.or_m32s(
            simd.less_than_or_equal_f32s(x, self.low),
            simd.greater_than_or_equal_f32s(x, self.high),
        );
        simd.select_f32s(outside, simd.splat_f32s(0.0), d)
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::{Kernel, run};
    use super::*;

    struct Both {
        activation: Activation,
        x: [f32; 16],
        y: [f32; 16],
        d: [f32; 16],
    }

    impl Kernel for &mut Both {
        type Output = ();

        #[inline(always)]
        fn run<S: Lanes>(self, simd: S) {
            let clamp = Clamp::new(simd, self.activation);
            let (xs, _) = S::as_simd_f32s(&self.x);
            let results = S::as_mut_simd_f32s(&mut self.y).0.iter_mut();
            let gradients = S::as_mut_simd_f32s(&mut self.d).0.iter_mut();
            for ((y, d), &x) in results.zip(gradients).zip(xs) {
                (*y, *d) = (
                    clamp.apply(simd, x),
                    clamp.gradient(simd, x, simd.splat_f32s(2.0)),
                );
            }
        }
    }

    /// Every path must keep what is not a number, and torch's gradients at the ends.
    #[test]
    fn ends_infinities_and_nan() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let x = [-inf, -1.0, 0.0, 3.0, 6.0, 7.0, inf, nan];
        for (activation, y, d) in [
            (Activation::NONE, x, [2.0; 8]),
            (
                Activation::RELU,
                [0.0, 0.0, 0.0, 3.0, 6.0, 7.0, inf, nan],
                [0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0, 2.0],
            ),
            (
                Activation::RELU6,
                [0.0, 0.0, 0.0, 3.0, 6.0, 6.0, 6.0, nan],
                [0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0],
            ),
        ] {
            let mut both = Both {
                activation,
                x: [x, x].as_flattened().try_into().unwrap(),
                y: [0.0; 16],
                d: [0.0; 16],
            };
            run(&mut both);
            for i in 0..16 {
                let (got, want) = (both.y[i], y[i % 8]);
                assert!(
                    got == want || got.is_nan() && want.is_nan(),
                    "{activation:?} {i}: {got}"
                );
                assert_eq!(both.d[i], d[i % 8], "{activation:?} {i}");
            }
        }
    }
}
