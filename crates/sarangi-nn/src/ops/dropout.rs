//! Dropout.

use candle_core::{Device, Tensor};
use sarangi_core::{During, Error, Result, Rng};

use crate::Share;
use crate::chain::Chain;
use crate::cpu::mask::Mask;
use crate::gpu;
use crate::value::{Value, View, pictures, untraceable};

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
pub fn dropout(xs: &Value, p: f32, rng: &mut Rng) -> Result<Value> {
    apply(xs, p, rng, None)
}

/// [`dropout`] of one rank's share of a batch: what is dropped is what would be in the whole batch.
///
/// # Shapes
/// Any whose first axis is the share's batch.
///
/// # Errors
/// As [`dropout`].
pub fn dropout_shared(xs: &Value, p: f32, rng: &mut Rng, share: &Share) -> Result<Value> {
    apply(xs, p, rng, Some(share))
}

fn apply(xs: &Value, p: f32, rng: &mut Rng, share: Option<&Share>) -> Result<Value> {
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
    let values = xs.dims().iter().product();
    let offset = share.map_or(0, |share| share.offset(values));
    let mask = Mask::new(rng.next_u64(), p).from(offset);
    match xs.view() {
        View::Host(xs) => Ok(Value::host(Chain::dropout(xs, mask))),
        View::Gpu(xs) => gpu::dropout(xs, mask, OP).map(Value::gpu),
        View::Device(xs) => factors(xs, mask)
            .and_then(|factors| xs * factors)
            .map(Value::device)
            .during(OP),
        View::Traced(_) => Err(untraceable(OP)),
    }
}

/// The mask as a tensor: its positions count channels last, as in the engine.
fn factors(xs: &Tensor, mask: Mask) -> candle_core::Result<Tensor> {
    let of = pictures(xs.dims());
    let factors: Vec<f32> = (0..of.len() as u32).map(|i| mask.factor(i)).collect();
    let shape = (of.batch, of.height, of.width, of.channels);
    Tensor::from_vec(factors, shape, &Device::Cpu)?
        .permute((0, 3, 1, 2))?
        .contiguous()?
        .reshape(xs.shape())?
        .to_device(xs.device())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::Seed;

    fn ones(count: usize) -> Tensor {
        Tensor::ones((1, count), candle_core::DType::F32, &Device::Cpu).unwrap()
    }

    fn values(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn the_share_is_right_and_the_gradient_follows_the_same_mask() {
        let x = Value::variable(&ones(40_000)).unwrap();
        let y = dropout(&x, 0.3, &mut Seed(1).rng(0, 0)).unwrap();
        let dropped = values(&y.tensor().unwrap());
        let share = dropped.iter().filter(|&&v| v == 0.0).count() as f32 / 40_000.0;
        assert!((share - 0.3).abs() < 0.01, "{share}");
        assert!(dropped.iter().all(|&v| v == 0.0 || v == 1.0 / 0.7));
        let gradients = y
            .backward_from(&Value::new(&ones(40_000)).unwrap())
            .unwrap();
        assert_eq!(values(&gradients.of(&x).unwrap().unwrap()), dropped);
    }

    #[test]
    fn the_same_generator_drops_the_same_values_on_any_number_of_threads_and_device() {
        let tensor = Tensor::ones((50, 20, 10, 5), candle_core::DType::F32, &Device::Cpu).unwrap();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let x = Value::new(&tensor).unwrap();
                values(
                    &dropout(&x, 0.5, &mut Seed(9).rng(3, 4))
                        .unwrap()
                        .tensor()
                        .unwrap(),
                )
            })
        };
        let one = run(1);
        assert_eq!(one, run(2));
        let x = Value::device(tensor.clone());
        let composed = dropout(&x, 0.5, &mut Seed(9).rng(3, 4)).unwrap();
        assert_eq!(values(&composed.tensor().unwrap()), one);
    }

    #[test]
    fn nonsense_is_refused() {
        let x = Value::new(&ones(3)).unwrap();
        for p in [1.0, -0.1, f32::NAN] {
            assert!(dropout(&x, p, &mut Seed(0).rng(0, 0)).is_err(), "{p}");
        }
    }
}
