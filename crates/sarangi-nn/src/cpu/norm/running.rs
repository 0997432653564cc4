//! Sums over the pixels of each channel.

use super::super::buffer::Buffer;
use super::super::map::PerChannel;
use super::super::simd::Lanes;

/// How many values are added up in f32 before the sum goes to f64.
const RUN: usize = 64;

/// Vectors whose sums stay in registers while the pixels go by.
const GROUP: usize = 4;

/// Sums Σ a and Σ a · b that grow in f32 for a while and then go to f64. Index i belongs to channel
/// `i % channels`, as in [`PerChannel`].
pub(super) struct Running {
    period: usize,
    sums: [Buffer; 2],
    /// Values that each of the sums has taken in since they were 0, at most.
    added: usize,
    totals: [Vec<f64>; 2],
}

impl Running {
    pub(super) fn new(channels: usize) -> Self {
        let period = PerChannel::shortest_period(channels, 64);
        Self {
            period,
            sums: [Buffer::zeros(period), Buffer::zeros(period)],
            added: 0,
            totals: [vec![0.0; period], vec![0.0; period]],
        }
    }

    /// Adds a and a · b for the pairs (a, b) that `pair` makes of values of `x` and `d`, which begin
    /// with a pixel, given the number of their vector in numbers repeated [`PerChannel`].
    ///
    /// Mark `pair` `#[inline(always)]`: it has several callers here.
    #[inline(always)]
    pub(super) fn add<S: Lanes>(
        &mut self,
        simd: S,
        mut x: &[f32],
        mut d: &[f32],
        pair: impl Fn(usize, S::f32s, S::f32s) -> [S::f32s; 2],
    ) {
        let vectors = self.period / S::F32_LANES;
        while x.len() >= self.period {
            let rows = (x.len() / self.period).min(RUN - self.added);
            let (now, later) = x.split_at(rows * self.period);
            let (d_now, d_later) = d.split_at(rows * self.period);
            let (xs, ds) = (S::as_simd_f32s(now).0, S::as_simd_f32s(d_now).0);
            let mut first = 0;
            while first + GROUP <= vectors {
                self.group::<S, GROUP>(simd, [xs, ds], first, &pair);
                first += GROUP;
            }
            for first in first..vectors {
                self.group::<S, 1>(simd, [xs, ds], first, &pair);
            }
            (x, d) = (later, d_later);
            self.took(rows);
        }
        if !x.is_empty() {
            self.part(simd, x, d, &pair);
            self.took(1);
        }
    }

    /// Adds N vectors of each whole period.
    #[inline(always)]
    fn group<S: Lanes, const N: usize>(
        &mut self,
        simd: S,
        [xs, ds]: [&[S::f32s]; 2],
        first: usize,
        pair: &impl Fn(usize, S::f32s, S::f32s) -> [S::f32s; 2],
    ) {
        let vectors = self.period / S::F32_LANES;
        let [sums, products] = &mut self.sums;
        let sums = S::as_mut_simd_f32s(sums).0[first..].first_chunk_mut::<N>();
        let products = S::as_mut_simd_f32s(products).0[first..].first_chunk_mut::<N>();
        let (Some(sums), Some(products)) = (sums, products) else {
            return;
        };
        let (mut sum, mut product) = (*sums, *products);
        for (xs, ds) in xs.chunks_exact(vectors).zip(ds.chunks_exact(vectors)) {
            let (xs, ds) = (&xs[first..first + N], &ds[first..first + N]);
            for i in 0..N {
                let [a, b] = pair(first + i, xs[i], ds[i]);
                sum[i] = simd.add_f32s(sum[i], a);
                product[i] = simd.fma(a, b, product[i]);
            }
        }
        (*sums, *products) = (sum, product);
    }

    /// Adds less than a period.
    #[inline(always)]
    fn part<S: Lanes>(
        &mut self,
        simd: S,
        x: &[f32],
        d: &[f32],
        pair: &impl Fn(usize, S::f32s, S::f32s) -> [S::f32s; 2],
    ) {
        for (i, first) in (0..x.len()).step_by(S::F32_LANES).enumerate() {
            let range = first..(first + S::F32_LANES).min(x.len());
            let values = [x, d].map(|values| simd.partial_load_f32s(&values[range.clone()]));
            let [a, b] = pair(i, values[0], values[1]);
            let [sum, product] = &mut self.sums;
            let (sum, product) = (&mut sum[range.clone()], &mut product[range]);
            let old = [&*sum, &*product].map(|values| simd.partial_load_f32s(values));
            simd.partial_store_f32s(sum, simd.add_f32s(old[0], a));
            simd.partial_store_f32s(product, simd.fma(a, b, old[1]));
        }
    }

    #[inline(always)]
    fn took(&mut self, rows: usize) {
        self.added += rows;
        if self.added == RUN {
            self.flush();
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        for (total, sum) in self.totals.iter_mut().zip(&mut self.sums) {
            for (total, sum) in total.iter_mut().zip(sum.iter_mut()) {
                *total += f64::from(std::mem::take(sum));
            }
        }
        self.added = 0;
    }

    /// Both sums of each channel.
    #[inline(always)]
    pub(super) fn finish(mut self, channels: usize) -> [Vec<f64>; 2] {
        self.flush();
        self.totals.map(|mut total| {
            let (sums, repeated) = total.split_at_mut(channels);
            for repeated in repeated.chunks(channels.max(1)) {
                sums.iter_mut()
                    .zip(repeated)
                    .for_each(|(sum, more)| *sum += more);
            }
            total.truncate(channels);
            total
        })
    }
}
