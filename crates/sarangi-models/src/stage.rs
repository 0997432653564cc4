//! The named parts that networks are made of.

use std::fmt::Debug;

use sarangi_core::Result;
use sarangi_nn::{
    BatchNorm, Dropout, Linear, MaxPool2d, Mode, Value, global_avg_pool2d, global_max_pool2d,
    log_softmax, relu,
};
use serde::{Deserialize, Serialize};

/// A part of a network between two places at which it can be watched, stopped or entered.
pub trait Stage: Debug + Send + Sync {
    /// Runs it.
    ///
    /// # Errors
    /// As those of its layers.
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value>;
}

impl Stage for MaxPool2d {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        Self::forward(self, xs)
    }
}

impl Stage for Dropout {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        Self::forward(self, xs, mode)
    }
}

impl Stage for BatchNorm {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        Self::forward(self, xs, mode)
    }
}

impl Stage for Linear {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        Self::forward(self, xs)
    }
}

/// One after the other, as `torch.nn.Sequential`.
impl<S: Stage> Stage for Vec<S> {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let mut xs = xs.clone();
        for stage in self {
            xs = stage.forward(&xs, mode.reborrow())?;
        }
        Ok(xs)
    }
}

/// From pictures to one vector for each item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// The mean over the picture.
    #[default]
    Average,
    /// The largest value of the picture.
    Max,
}

impl Stage for Pool {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        match self {
            Self::Average => global_avg_pool2d(xs),
            Self::Max => global_max_pool2d(xs),
        }
    }
}

/// The picture as a vector.
#[derive(Debug)]
pub(crate) struct Flatten;

impl Stage for Flatten {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        sarangi_nn::flatten(xs)
    }
}

/// A linear layer and a ReLU.
#[derive(Debug)]
pub(crate) struct LinearRelu(pub(crate) Linear);

impl Stage for LinearRelu {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        relu(&self.0.forward(xs)?)
    }
}

/// A linear layer, ReLU and dropout.
#[derive(Debug)]
pub(crate) struct Hidden {
    linear: LinearRelu,
    dropout: Dropout,
}

impl Hidden {
    pub(crate) fn new(linear: Linear, dropout: Dropout) -> Self {
        let linear = LinearRelu(linear);
        Self { linear, dropout }
    }
}

impl Stage for Hidden {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let xs = self.linear.forward(xs, mode.reborrow())?;
        self.dropout.forward(&xs, mode)
    }
}

/// A linear layer whose result are log probabilities.
#[derive(Debug)]
pub(crate) struct LogProbabilities(pub(crate) Linear);

impl Stage for LogProbabilities {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        log_softmax(&self.0.forward(xs)?)
    }
}
