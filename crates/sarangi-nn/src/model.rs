//! What every network is.

use candle_core::Tensor;
use sarangi_core::{Error, Result};

use crate::{Mode, Value};

/// What a network is given.
#[derive(Clone, Copy, Debug)]
pub enum Inputs<'a> {
    /// One value. A network of several inputs takes it as those side by side in its channels, in
    /// the order of [`Model::inputs`].
    One(&'a Value),
    /// Each input by its name, in any order.
    Named(&'a [(&'a str, &'a Value)]),
}

impl<'a> From<&'a Value> for Inputs<'a> {
    fn from(xs: &'a Value) -> Self {
        Self::One(xs)
    }
}

/// What is called with each stage's name and result while a network runs, and gives what the
/// network goes on with: the same value, or another in its place.
pub type Watch<'a> = dyn FnMut(&str, Value) -> Result<Value> + 'a;

/// A network from a batch of feature maps to class scores.
///
/// Only [`forward`](Self::forward) must be written. The networks of `sarangi-models` are made of
/// named [stages](Self::stages) besides, so that one can be watched, stopped or entered anywhere;
/// of a network without stages these methods are errors that say so.
///
/// # Shapes
/// Input (batch, channels, bins, frames), output (batch, classes). The scores are logits; log
/// probabilities are logits too, since `softmax(log_softmax(x)) = softmax(x)`.
pub trait Model: Send + Sync {
    /// Runs the network.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the input does not fit,
    /// [`Error::Backend`](sarangi_core::Error::Backend) if the device fails.
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value>;

    /// The scores of a batch in evaluation mode, from tensor to tensor.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    fn predict(&self, xs: &Tensor) -> Result<Tensor> {
        self.forward(&Value::new(xs)?, Mode::Eval)?.tensor()
    }

    /// The names of what it is given: `input` alone, but for late fusion.
    fn inputs(&self) -> Vec<&str> {
        vec!["input"]
    }

    /// The names of its stages in the order in which they run; the last one gives the scores.
    fn stages(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Runs the network on one or several inputs.
    ///
    /// # Errors
    /// As [`forward`](Self::forward), and [`Error::Shape`] naming the inputs if these are others.
    fn forward_inputs(&self, inputs: Inputs<'_>, mode: Mode<'_>) -> Result<Value> {
        match inputs {
            Inputs::One(xs) | Inputs::Named(&[("input", xs)]) => self.forward(xs, mode),
            Inputs::Named(other) => {
                let names: Vec<_> = other.iter().map(|(name, _)| *name).collect();
                Err(Error::shape(
                    "inputs",
                    "`input` alone",
                    format_args!("{names:?}"),
                ))
            }
        }
    }

    /// Runs the network and calls `watch` after every stage.
    ///
    /// The gradient of a score with respect to a stage's result, as Grad-CAM (Selvaraju et al.
    /// 2017) needs it: give back [`Value::variable`] of it at that stage, and ask
    /// [`Gradients::of`](crate::Gradients::of) it after [`Value::backward_from`] the scores.
    ///
    /// # Errors
    /// As [`forward_inputs`](Self::forward_inputs), those of `watch`, and [`Error::Unsupported`]
    /// without stages.
    fn forward_watched(
        &self,
        inputs: Inputs<'_>,
        mode: Mode<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Value> {
        let _ = (inputs, mode, watch);
        Err(no_stages())
    }

    /// The embedding: what the last linear layer reads, a vector for each item.
    ///
    /// # Shapes
    /// (batch, channels, bins, frames) → (batch, features).
    ///
    /// # Errors
    /// As [`forward_inputs`](Self::forward_inputs), and [`Error::Unsupported`] without stages.
    fn forward_features(&self, inputs: Inputs<'_>, mode: Mode<'_>) -> Result<Value> {
        let _ = (inputs, mode);
        Err(no_stages())
    }

    /// Runs the network up to a stage and gives that stage's result.
    ///
    /// # Errors
    /// As [`forward_inputs`](Self::forward_inputs); [`Error::Config`] naming the stages if there is
    /// none of that name.
    fn forward_to(&self, stage: &str, inputs: Inputs<'_>, mode: Mode<'_>) -> Result<Value> {
        let _ = (stage, inputs, mode);
        Err(no_stages())
    }

    /// Runs what follows a stage on that stage's result.
    ///
    /// # Errors
    /// As [`forward_to`](Self::forward_to); [`Error::Config`] if what follows needs more than that
    /// result, as in one branch of a late fusion: [watch](Self::forward_watched) it instead.
    fn forward_from(&self, stage: &str, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        let _ = (stage, xs, mode);
        Err(no_stages())
    }
}

fn no_stages() -> Error {
    Error::Unsupported {
        what: "looking into a network without named stages".to_owned(),
        feature: None,
    }
}

impl<M: Model + ?Sized> Model for Box<M> {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        (**self).forward(xs, mode)
    }

    fn inputs(&self) -> Vec<&str> {
        (**self).inputs()
    }

    fn stages(&self) -> Vec<&str> {
        (**self).stages()
    }

    fn forward_inputs(&self, inputs: Inputs<'_>, mode: Mode<'_>) -> Result<Value> {
        (**self).forward_inputs(inputs, mode)
    }

    fn forward_watched(
        &self,
        inputs: Inputs<'_>,
        mode: Mode<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Value> {
        (**self).forward_watched(inputs, mode, watch)
    }

    fn forward_features(&self, inputs: Inputs<'_>, mode: Mode<'_>) -> Result<Value> {
        (**self).forward_features(inputs, mode)
    }

    fn forward_to(&self, stage: &str, inputs: Inputs<'_>, mode: Mode<'_>) -> Result<Value> {
        (**self).forward_to(stage, inputs, mode)
    }

    fn forward_from(&self, stage: &str, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        (**self).forward_from(stage, xs, mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};

    /// Gives back what it is given.
    struct Identity;

    impl Model for Identity {
        fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
            Ok(xs.clone())
        }
    }

    #[test]
    fn a_model_of_one_method_runs_and_says_what_it_cannot() {
        let xs = Tensor::ones((2, 3), DType::F32, &Device::Cpu).unwrap();
        let xs = Value::new(&xs).unwrap();
        let model: Box<dyn Model> = Box::new(Identity);
        let run = |inputs: Inputs<'_>| model.forward_inputs(inputs, Mode::Eval);
        assert_eq!(run((&xs).into()).unwrap().dims(), [2, 3]);
        assert_eq!(
            run(Inputs::Named(&[("input", &xs)])).unwrap().dims(),
            [2, 3]
        );
        let error = run(Inputs::Named(&[("sound", &xs)])).unwrap_err();
        assert!(error.to_string().contains("sound"), "{error}");
        assert!(model.stages().is_empty());
        for error in [
            model.forward_features((&xs).into(), Mode::Eval),
            model.forward_to("layer1", (&xs).into(), Mode::Eval),
            model.forward_from("layer1", &xs, Mode::Eval),
            model.forward_watched((&xs).into(), Mode::Eval, &mut |_, xs| Ok(xs)),
        ] {
            let error = error.unwrap_err();
            assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        }
    }
}
