//! The first layer for another number of channels.

use candle_core::Tensor;
use sarangi_core::{During, Error, Result};

/// The weight of a first convolution for another number of input channels, so that a network that
/// learned from pictures of red, green and blue begins well on one feature map or on many.
///
/// One channel takes the sum over the three, which is what a grey picture would see. Any other
/// number *n* takes the three again and again, scaled by 3/n, so that the sum over the inputs keeps
/// its size. This is timm's `adapt_input_conv`.
///
/// # Shapes
/// (out, 3, height, width) → (out, `channels`, height, width). A weight that has `channels` already
/// is given back as it is.
///
/// # Errors
/// [`Error::Shape`] if the weight is not that of a convolution over 3 channels,
/// [`Error::Config`] if `channels` is 0, [`Error::Backend`] if the device fails.
pub fn adapt_input_conv(weight: &Tensor, channels: usize) -> Result<Tensor> {
    const OP: &str = "adapt_input_conv";
    if channels == 0 {
        return Err(Error::config(OP, "channels", "must be at least 1, got 0"));
    }
    match *weight.dims() {
        [_, found, _, _] if found == channels => return Ok(weight.clone()),
        [_, 3, _, _] => {}
        ref dims => {
            let got = format!("{dims:?}");
            return Err(Error::shape(OP, "(out, 3, height, width)", got));
        }
    }
    if channels == 1 {
        return weight.sum_keepdim(1).during(OP);
    }
    let repeated = weight.repeat((1, channels.div_ceil(3), 1, 1));
    let cut = repeated.and_then(|weight| weight.narrow(1, 0, channels));
    cut.and_then(|weight| weight.affine(3.0 / channels as f64, 0.0))
        .during(OP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn adapted(channels: usize) -> Vec<f32> {
        // Two outputs of one point: (1, 2, 4) and (8, 16, 32).
        let weight = Tensor::new(
            &[[[[1f32]], [[2.]], [[4.]]], [[[8.]], [[16.]], [[32.]]]],
            &Device::Cpu,
        );
        let adapted = adapt_input_conv(&weight.unwrap(), channels).unwrap();
        assert_eq!(adapted.dims(), [2, channels, 1, 1]);
        adapted.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn the_rule_is_timms() {
        // timm 1.0.31: adapt_input_conv(n, torch.tensor([1., 2., 4., 8., 16., 32.]).reshape(2, 3, 1, 1))
        assert_eq!(adapted(1), [7., 56.]);
        assert_eq!(adapted(2), [1.5, 3., 12., 24.]);
        assert_eq!(adapted(3), [1., 2., 4., 8., 16., 32.]);
        assert_eq!(
            adapted(6),
            [0.5, 1., 2., 0.5, 1., 2., 4., 8., 16., 4., 8., 16.]
        );
        let five = adapted(5);
        for (got, want) in five
            .iter()
            .zip([0.6, 1.2, 2.4, 0.6, 1.2, 4.8, 9.6, 19.2, 4.8, 9.6])
        {
            assert!((got - want).abs() < 1e-6, "{five:?}");
        }
    }

    #[test]
    fn what_is_no_first_layer_is_refused() {
        let weight =
            |dims: &[usize]| Tensor::zeros(dims, candle_core::DType::F32, &Device::Cpu).unwrap();
        let error = adapt_input_conv(&weight(&[4, 64, 3, 3]), 1).unwrap_err();
        assert!(error.to_string().contains("[4, 64, 3, 3]"), "{error}");
        assert!(adapt_input_conv(&weight(&[4, 3]), 1).is_err());
        assert!(adapt_input_conv(&weight(&[4, 3, 3, 3]), 0).is_err());
    }
}
