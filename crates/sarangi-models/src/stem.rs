//! Pretrained first convolutions for other inputs than pictures of three colours.

use candle_core::Tensor;
use sarangi_core::{During, Error, Result};

/// The filter of a first convolution for another number of input channels, by the rule of timm's
/// `adapt_input_conv`: for one channel the sum over the inputs; for n the inputs in turn as often as
/// needed, scaled by inputs / n. So the same picture in every channel has the response that it had,
/// if `channels` is 1 or a multiple of the inputs.
///
/// # Shapes
/// (out, inputs, height, width) → (out, `channels`, height, width).
///
/// # Errors
/// [`Error::Shape`] if it is no filter, [`Error::Config`] if `channels` is 0,
/// [`Error::Backend`] if the device fails.
pub fn adapt_input_conv(filter: &Tensor, channels: usize) -> Result<Tensor> {
    const OP: &str = "adapt_input_conv";
    let inputs = match *filter.dims() {
        [_, inputs, _, _] if inputs > 0 => inputs,
        ref got => {
            let expected = "a filter (out, in, height, width)";
            return Err(Error::shape(OP, expected, format!("{got:?}")));
        }
    };
    if channels == 0 {
        return Err(Error::config(OP, "channels", "must be at least 1, got 0"));
    }
    if channels == inputs {
        return Ok(filter.clone());
    }
    if channels == 1 {
        return filter.sum_keepdim(1).during(OP);
    }
    let turn = |i: usize| filter.narrow(1, i % inputs, 1);
    let turns = (0..channels).map(turn).collect::<Result<Vec<_>, _>>();
    turns
        .and_then(|turns| Tensor::cat(&turns, 1)? * (inputs as f64 / channels as f64))
        .during(OP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    /// ```python
    /// timm.models.adapt_input_conv(n, torch.arange(6.).reshape(1, 3, 1, 2))
    /// ```
    #[test]
    fn filters_are_adapted_as_timm_adapts_them() {
        let filter: Vec<f32> = (0..6).map(|i| i as f32).collect();
        let filter = Tensor::from_vec(filter, (1, 3, 1, 2), &Device::Cpu).unwrap();
        let adapted = |channels| {
            let adapted = adapt_input_conv(&filter, channels).unwrap();
            assert_eq!(adapted.dims(), [1, channels, 1, 2]);
            adapted.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        assert_eq!(adapted(1), [6.0, 9.0]);
        assert_eq!(adapted(2), [0.0, 1.5, 3.0, 4.5]);
        assert_eq!(adapted(3), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        let five = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 1.0, 2.0, 3.0];
        let close = |a: f32, b: f32| (a - 0.6 * b).abs() < 1e-6;
        assert!(adapted(5).iter().zip(five).all(|(&a, b)| close(a, b)));
        assert!(adapt_input_conv(&filter, 0).is_err());
        assert!(adapt_input_conv(&filter.flatten_all().unwrap(), 1).is_err());
    }
}
