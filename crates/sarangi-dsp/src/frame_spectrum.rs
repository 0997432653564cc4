//! One frame's spectrum, bin after bin.

use num_complex::Complex32;
use pulp::Simd;

use crate::apart::Apart;
use crate::lanes::LANES;
use crate::simd::{Kernel, run};

/// Makes a spectrum of the transform of a frame's even and odd samples, as [`RealFft`] does it for
/// sixteen frames at once, to the same bits.
///
/// # Shapes
/// `halves` has M values, `twiddles` those of the bins 1 … below M / 2, `out` M + 1.
///
/// [`RealFft`]: crate::real_fft::RealFft
pub(crate) fn unfold(halves: &[Complex32], twiddles: &[Complex32], out: &mut [Complex32]) {
    run(Unfold {
        halves,
        twiddles,
        out,
    });
}

struct Unfold<'a> {
    halves: &'a [Complex32],
    twiddles: &'a [Complex32],
    out: &'a mut [Complex32],
}

impl Kernel for Unfold<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let (z, half) = (self.halves, self.halves.len());
        let (blocks, rest) = self.twiddles.as_chunks::<LANES>();
        // Bin k comes from the front and its partner, half − k, from behind.
        let (low, high) = self.out.split_at_mut(half / 2 + 1);
        let middle = low.len();
        for (k, w) in (1..).step_by(LANES).zip(blocks) {
            let partner = half + 1 - k - LANES;
            let from = z[k..].first_chunk().zip(z[partner..].first_chunk());
            let to = low[k..].first_chunk_mut();
            let to = to.zip(high[partner - middle..].first_chunk_mut());
            if let (Some((a, b)), Some((mine, other))) = (from, to) {
                let [x, y] = pairs(&Apart::of(a), &Apart::of_reversed(b), &Apart::of(w));
                x.write(mine);
                y.write_reversed(other);
            }
        }
        for (k, &w) in (1 + blocks.len() * LANES..).zip(rest) {
            let other = half - k;
            [low[k], high[other - middle]] = pair(z[k], z[other], w);
        }
        // The bins that have no partner.
        let first = z[0];
        low[0] = Complex32::new(first.re + first.im, 0.0);
        if half.is_multiple_of(2) {
            // No conjugate: the bits of a zero would be others.
            low[half / 2] = Complex32::new(z[half / 2].re, 0.0 - z[half / 2].im);
        }
        if let Some(last) = high.last_mut() {
            *last = Complex32::new(first.re - first.im, 0.0);
        }
    }
}

/// Sixteen bins and their partners.
#[inline(always)]
fn pairs(a: &Apart, b: &Apart, w: &Apart) -> [Apart; 2] {
    let mut both = [Apart::ZERO; 2];
    for i in 0..LANES {
        let a = Complex32::new(a.re[i], a.im[i]);
        let b = Complex32::new(b.re[i], b.im[i]);
        let [x, y] = pair(a, b, Complex32::new(w.re[i], w.im[i]));
        (both[0].re[i], both[0].im[i]) = (x.re, x.im);
        (both[1].re[i], both[1].im[i]) = (y.re, y.im);
    }
    both
}

/// A bin and its partner.
#[inline(always)]
fn pair(a: Complex32, b: Complex32, w: Complex32) -> [Complex32; 2] {
    let sum = [0.5 * (a.re + b.re), 0.5 * (a.im - b.im)];
    let [re, im] = [a.re - b.re, a.im + b.im];
    let turned = [re * w.re - im * w.im, re * w.im + im * w.re];
    [
        Complex32::new(sum[0] + turned[0], sum[1] + turned[1]),
        Complex32::new(sum[0] - turned[0], turned[1] - sum[1]),
    ]
}
