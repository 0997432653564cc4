//! What is made of two batches, value by value.

use rayon::prelude::*;

use super::buffer::Buffer;
use super::elementwise::{combine, update};
use super::pictures::Pictures;
use super::simd::{Kernel, Lanes, run};
use super::source::Source;
use super::tasks::{BLOCK, pieces};

/// What is made of two values.
pub(super) trait Pair: Copy + Send + Sync {
    /// Mark it `#[inline(always)]`.
    fn of<S: Lanes>(self, simd: S, a: S::f32s, b: S::f32s) -> S::f32s;
}

/// `y = pair(a, b)`, where `a` is what `y` held, unless it is given.
pub(super) fn each(pair: impl Pair, a: Option<Source>, b: Source, of: Pictures, y: &mut [f32]) {
    pieces(of, y).into_par_iter().for_each(|(first, y)| {
        run(Piece {
            pair,
            a,
            b,
            of,
            first,
            y,
        });
    });
}

struct Piece<'a, P> {
    pair: P,
    a: Option<Source<'a>>,
    b: Source<'a>,
    of: Pictures,
    first: usize,
    y: &'a mut [f32],
}

impl<P: Pair> Kernel for Piece<'_, P> {
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
            let b = self.b.view(simd, self.of, first, &mut for_b[..y.len()]);
            match self.a {
                Some(a) => {
                    let a = a.view(simd, self.of, first, &mut for_a[..y.len()]);
                    combine(
                        simd,
                        y,
                        [a, b],
                        #[inline(always)]
                        |a, b| self.pair.of(simd, a, b),
                    );
                }
                None => update(
                    simd,
                    y,
                    b,
                    #[inline(always)]
                    |a, b| self.pair.of(simd, a, b),
                ),
            }
        }
    }
}
