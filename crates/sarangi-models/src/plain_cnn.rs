//! Convolutions and poolings in turn, then the picture as a vector: what the small networks share.

use sarangi_core::{Error, Result};
use sarangi_nn::{Conv2d, Conv2dSpec, Geometry2d, MaxPool2d, Mode, Params, Value, relu};

use crate::Stage;

/// A 3 × 3 convolution with bias, ReLU and halving.
#[derive(Debug)]
pub(crate) struct Halving {
    conv: Conv2d,
}

impl Halving {
    pub(crate) fn new(params: &Params, (from, to): (usize, usize), padding: usize) -> Result<Self> {
        let window = Geometry2d::square(3).padding(padding);
        let conv = Conv2d::new(params, Conv2dSpec::new(from, to, window))?;
        Ok(Self { conv })
    }
}

impl Stage for Halving {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        MaxPool2d::square(2).forward(&relu(&self.conv.forward(xs)?)?)
    }
}

/// The most pixels on a side: more are a mistake, and would overflow the layers' sizes.
const MOST: usize = 1 << 14;

/// Refuses a picture that is smaller than `least` or absurdly large.
pub(crate) fn check_size(network: &'static str, size: [usize; 2], least: usize) -> Result<()> {
    match size.iter().all(|side| (least..=MOST).contains(side)) {
        true => Ok(()),
        false => {
            let reason = format!("must be from {least} to {MOST} on both sides, got {size:?}");
            Err(Error::config(network, "size", reason))
        }
    }
}
