//! Dropout.

use candle_core::{CpuStorage, CustomOp1, Layout, Result as CandleResult, Shape, Tensor};
use rayon::prelude::*;
use sarangi_core::{During, Error, Result, Rng};

use super::relu::BLOCK;
use super::slices;

const OP: &str = "dropout";

/// Sets each value to zero with probability `p` and scales the others by 1 / (1 − p),
/// `torch.nn.functional.dropout` (Srivastava et al. 2014).
///
/// One number is drawn from `rng`; whether value i is dropped is a function of that number and i,
/// so neither the number of threads nor the device changes it.
///
/// # Shapes
/// Any.
///
/// # Errors
/// [`Error::Config`] if `p` is not in [0, 1), [`Error::Backend`] if the device fails.
pub fn dropout(xs: &Tensor, p: f32, rng: &mut Rng) -> Result<Tensor> {
    if !(0.0..1.0).contains(&p) {
        return Err(Error::config(
            OP,
            "p",
            format!("must be in [0, 1), got {p}"),
        ));
    }
    if p == 0.0 {
        return Ok(xs.clone());
    }
    let mask = Mask {
        key: rng.next_u64(),
        p,
    };
    if xs.device().is_cpu() {
        return xs.contiguous().and_then(|xs| xs.apply_op1(mask)).during(OP);
    }
    (|| {
        let factors = (0..xs.elem_count() as u64)
            .map(|i| mask.factor(i))
            .collect();
        let mask: Vec<f32> = factors;
        xs * Tensor::from_vec(mask, xs.shape(), xs.device())?
    })()
    .during(OP)
}

struct Mask {
    key: u64,
    p: f32,
}

impl Mask {
    /// What value `i` is multiplied by: SplitMix64's mixing function (Steele et al. 2014) of the
    /// key and the position, its upper 32 bits compared with p.
    fn factor(&self, i: u64) -> f32 {
        let mut z = self
            .key
            .wrapping_add((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let uniform = (z >> 40) as f32 * (1.0 / (1u32 << 24) as f32);
        if uniform < self.p {
            0.0
        } else {
            1.0 / (1.0 - self.p)
        }
    }

    fn apply(&self, x: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0; x.len()];
        let blocks = y.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).enumerate();
        blocks.for_each(|(block, (y, x))| {
            let first = (block * BLOCK) as u64;
            for ((i, y), &x) in (first..).zip(y).zip(x) {
                *y = x * self.factor(i);
            }
        });
        y
    }
}

impl CustomOp1 for Mask {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, xs: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        slices::result(self.apply(slices::of(xs, layout)?), layout.shape())
    }

    fn bwd(&self, xs: &Tensor, _: &Tensor, dy: &Tensor) -> CandleResult<Option<Tensor>> {
        let dx = slices::with(dy, |dy| self.apply(dy))?;
        Ok(Some(slices::like(dx, xs)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};
    use sarangi_core::Seed;

    #[test]
    fn the_share_is_right_and_the_gradient_follows_the_same_mask() {
        let ones = Var::from_vec(vec![1.0f32; 40_000], 40_000, &Device::Cpu).unwrap();
        let y = dropout(&ones, 0.3, &mut Seed(1).rng(0, 0)).unwrap();
        let values = y.to_vec1::<f32>().unwrap();
        let dropped = values.iter().filter(|&&v| v == 0.0).count() as f32 / 40_000.0;
        assert!((dropped - 0.3).abs() < 0.01, "{dropped}");
        assert!(values.iter().all(|&v| v == 0.0 || v == 1.0 / 0.7));
        let gradients = y.sum_all().unwrap().backward().unwrap();
        assert_eq!(
            gradients.get(&ones).unwrap().to_vec1::<f32>().unwrap(),
            values
        );
    }

    #[test]
    fn the_same_generator_drops_the_same_values_on_any_number_of_threads() {
        let ones = Tensor::ones(50_000, candle_core::DType::F32, &Device::Cpu).unwrap();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| dropout(&ones, 0.5, &mut Seed(9).rng(3, 4)).unwrap())
                .to_vec1::<f32>()
                .unwrap()
        };
        assert_eq!(run(1), run(2));
    }

    #[test]
    fn nonsense_is_refused() {
        let x = Tensor::ones(3, candle_core::DType::F32, &Device::Cpu).unwrap();
        for p in [1.0, -0.1, f32::NAN] {
            assert!(dropout(&x, p, &mut Seed(0).rng(0, 0)).is_err(), "{p}");
        }
    }
}
