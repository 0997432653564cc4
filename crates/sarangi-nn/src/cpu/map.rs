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
    /// The length of the repetition: a multiple of the channels and of 16.
    pub(crate) fn period(channels: usize) -> usize {
        let channels = channels.max(1);
        let whole = channels * (16 / gcd(channels, 16));
        whole * 256usize.div_ceil(whole)
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
            for (((y, &x), &scale), &shift) in ys.iter_mut().zip(xs).zip(scales).zip(shifts) {
                *y = after.apply(simd, simd.fma(before.apply(simd, x), scale, shift));
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
        let period = self.scale.values().len();
        let (scales, _) = S::as_simd_f32s(self.scale.values());
        let (shifts, _) = S::as_simd_f32s(self.shift.values());
        let (slopes, _) = S::as_simd_f32s(linear.slope.values());
        let (offsets, _) = S::as_simd_f32s(linear.offset.values());
        let way = Back {
            before: Clamp::new(simd, self.before),
            after: Clamp::new(simd, self.after),
        };
        for (x, d) in x.chunks(period).zip(d.chunks_mut(period)) {
            let (xs, x_rest) = S::as_simd_f32s(x);
            let (ds, d_rest) = S::as_mut_simd_f32s(d);
            let whole = ds.len();
            let numbers = scales.iter().zip(shifts).zip(slopes).zip(offsets);
            for ((d, &x), (((&scale, &shift), &slope), &offset)) in
                ds.iter_mut().zip(xs).zip(numbers)
            {
                *d = way.one(simd, x, *d, [scale, shift, slope, offset]);
            }
            if !d_rest.is_empty() {
                let (x, got) = (
                    simd.partial_load_f32s(x_rest),
                    simd.partial_load_f32s(d_rest),
                );
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
        Self {
            low: simd.splat_f32s(activation.low),
            high: simd.splat_f32s(activation.high),
        }
    }

    /// The value comes second in both comparisons, so that on x86 what is not a number stays so.
    #[inline(always)]
    pub(crate) fn apply(self, simd: S, x: S::f32s) -> S::f32s {
        simd.max_f32s(self.low, simd.min_f32s(self.high, x))
    }

    /// `d` where `x` lies inside the interval, 0 on its ends and outside, as torch has it.
    #[inline(always)]
    pub(crate) fn gradient(self, simd: S, x: S::f32s, d: S::f32s) -> S::f32s {
        let inside = simd.and_m32s(
            simd.greater_than_f32s(x, self.low),
            simd.less_than_f32s(x, self.high),
        );
        simd.select_f32s(inside, d, simd.splat_f32s(0.0))
    }
}
