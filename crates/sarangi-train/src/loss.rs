//! What training makes small.

use std::collections::BTreeMap;

use sarangi_core::{Error, Result};
use sarangi_nn::{
    CrossEntropy, Targets, Value, binary_cross_entropy_with_logits, cross_entropy, focal_loss,
};
use serde::{Deserialize, Serialize};

use crate::optimiser_spec::at_least_0;

/// The loss that training makes small. Whatever it is, validation tells the plain cross-entropy, so
/// that runs can be compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LossSpec {
    /// Cross-entropy, `torch.nn.functional.cross_entropy`.
    CrossEntropy {
        /// The share of each target that is spread over all classes.
        #[serde(default)]
        label_smoothing: f64,
    },
    /// Focal loss (Lin et al. 2017): what is right already counts little.
    Focal {
        /// How little; 0 is cross-entropy.
        #[serde(default = "default_gamma")]
        gamma: f64,
    },
    /// A yes or no for each class, `binary_cross_entropy_with_logits`; class weights are its
    /// `pos_weight`. Smoothing makes targets as timm's `BinaryCrossEntropy` does. Prediction still
    /// takes the most probable class.
    BinaryCrossEntropy {
        /// The share of each target that is spread over all classes.
        #[serde(default)]
        label_smoothing: f64,
    },
}

fn default_gamma() -> f64 {
    2.0
}

impl Default for LossSpec {
    fn default() -> Self {
        Self::CrossEntropy {
            label_smoothing: 0.0,
        }
    }
}

/// How much each class counts in training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClassWeights {
    /// By a rule.
    Rule(ClassWeightRule),
    /// As given by name; a class that is not named counts once.
    Given(BTreeMap<String, f64>),
}

impl Default for ClassWeights {
    fn default() -> Self {
        Self::Rule(ClassWeightRule::None)
    }
}

/// A rule for [`ClassWeights`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeightRule {
    /// All alike.
    None,
    /// n / (k · nᵢ), where nᵢ of all n training chunks are of the class and k classes have any:
    /// scikit-learn's `compute_class_weight("balanced")`.
    Balanced,
}

impl ClassWeights {
    /// The weight of each class, of which `counts` many chunks train; none if all are alike.
    ///
    /// # Errors
    /// [`Error::Config`] if one is given for a class that there is not.
    pub fn weights(&self, labels: &[String], counts: &[usize]) -> Result<Option<Vec<f32>>> {
        match self {
            Self::Rule(ClassWeightRule::None) => Ok(None),
            Self::Given(given) => {
                if let Some(unknown) = given.keys().find(|name| !labels.contains(name)) {
                    let reason = format!(
                        "there is no class `{unknown}`; the classes are {}",
                        labels.join(", ")
                    );
                    return Err(Error::config("training", "class_weights", reason));
                }
                let weight = |label| given.get(label).map_or(1.0, |&weight| weight as f32);
                Ok(Some(labels.iter().map(weight).collect()))
            }
            Self::Rule(ClassWeightRule::Balanced) => {
                let all: usize = counts.iter().sum();
                let classes = counts.iter().filter(|&&count| count > 0).count();
                let weight = |&count: &usize| match count {
                    // Nothing of it trains, so that its weight is of no account.
                    0 => 1.0,
                    _ => (all as f64 / (classes as f64 * count as f64)) as f32,
                };
                Ok(Some(counts.iter().map(weight).collect()))
            }
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let Self::Given(given) = self else {
            return Ok(());
        };
        let mut weights = given.values();
        weights.try_for_each(|&weight| at_least_0("training", "class_weights", weight))
    }
}

/// A loss with the weights of its classes.
#[derive(Clone, Debug)]
pub(crate) struct Objective {
    spec: LossSpec,
    class_weights: Option<Vec<f32>>,
}

impl Objective {
    pub(crate) fn new(spec: LossSpec, class_weights: Option<Vec<f32>>) -> Self {
        Self {
            spec,
            class_weights,
        }
    }

    /// The loss of a batch of these classes, or of these shares of all classes where examples were
    /// mixed.
    pub(crate) fn loss(
        &self,
        logits: &Value,
        labels: &[u32],
        shares: Option<&[f32]>,
    ) -> Result<Value> {
        let weights = self.class_weights.as_deref();
        match self.spec {
            LossSpec::CrossEntropy { label_smoothing } => {
                let targets = match shares {
                    Some(shares) => Targets::Probabilities(shares),
                    None => Targets::Classes(labels),
                };
                let settings = CrossEntropy {
                    label_smoothing: label_smoothing as f32,
                    class_weights: self.class_weights.clone(),
                };
                cross_entropy(logits, targets, &settings)
            }
            LossSpec::Focal { gamma } => focal_loss(logits, labels, gamma as f32, weights),
            LossSpec::BinaryCrossEntropy { label_smoothing } => {
                let classes = logits.dims().last().copied().unwrap_or(0);
                let mut targets = match shares {
                    Some(shares) => shares.to_vec(),
                    None => {
                        let mut targets = vec![0.0; labels.len() * classes];
                        for (row, &label) in targets.chunks_exact_mut(classes.max(1)).zip(labels) {
                            if let Some(target) = row.get_mut(label as usize) {
                                *target = 1.0;
                            }
                        }
                        targets
                    }
                };
                let smoothing = label_smoothing as f32;
                for target in &mut targets {
                    *target = *target * (1.0 - smoothing) + smoothing / classes as f32;
                }
                binary_cross_entropy_with_logits(logits, &targets, weights)
            }
        }
    }

    /// How much a batch's loss counts beside that of another: by what its mean is taken over.
    pub(crate) fn share(&self, labels: &[u32], shares: Option<&[f32]>) -> f64 {
        match (&self.spec, &self.class_weights, shares) {
            (LossSpec::CrossEntropy { .. }, Some(weights), None) => {
                let weight = |&label: &u32| weights.get(label as usize).map_or(0.0, |&w| w.into());
                labels.iter().map(weight).sum()
            }
            _ => labels.len() as f64,
        }
    }
}

impl LossSpec {
    /// Refuses numbers that make no sense; `mixes` says whether examples are mixed with others.
    pub(crate) fn check(&self, mixes: bool) -> Result<()> {
        const SPEC: &str = "loss";
        match *self {
            Self::CrossEntropy { label_smoothing }
            | Self::BinaryCrossEntropy { label_smoothing } => {
                match (0.0..=1.0).contains(&label_smoothing) {
                    true => Ok(()),
                    false => {
                        let reason = format!("must be from 0 to 1, got {label_smoothing}");
                        Err(Error::config(SPEC, "label_smoothing", reason))
                    }
                }
            }
            Self::Focal { .. } if mixes => {
                let reason = "focal loss is of one class for each chunk; leave out `augment.mix` or \
                              take another loss";
                Err(Error::config(SPEC, "type", reason))
            }
            Self::Focal { gamma } => at_least_0(SPEC, "gamma", gamma),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    fn labels() -> Vec<String> {
        ["blues", "jazz", "rock", "silence"]
            .map(String::from)
            .into()
    }

    /// `compute_class_weight("balanced", classes=[0, 1, 2], y=[0]*6 + [1]*3 + [2])` of scikit-learn.
    #[test]
    fn balanced_weights_are_scikit_learn_s() {
        let balanced = ClassWeights::Rule(ClassWeightRule::Balanced);
        let weights = balanced.weights(&labels(), &[6, 3, 1, 0]).unwrap().unwrap();
        let expected = [0.555_555_6, 1.111_111_2, 3.333_333_3, 1.0];
        assert_eq!(weights, expected);
    }

    #[test]
    fn weights_are_written_as_a_rule_or_by_name() {
        #[derive(Deserialize)]
        struct Text {
            #[serde(default)]
            weights: ClassWeights,
        }
        let read = |text: &str| toml::from_str::<Text>(text).map(|text| text.weights);
        let of = |text| read(text).unwrap().weights(&labels(), &[1; 4]);
        assert_eq!(of("").unwrap(), None);
        assert_eq!(of("weights = \"none\"").unwrap(), None);
        assert_eq!(of("weights = \"balanced\"").unwrap(), Some(vec![1.0; 4]));
        let given = of("weights = { jazz = 2.5, silence = 0.0 }").unwrap();
        assert_eq!(given, Some(vec![1.0, 2.5, 1.0, 0.0]));
        let error = of("weights = { jaz = 2.5 }").unwrap_err().to_string();
        assert!(error.contains("`jaz`") && error.contains("rock"), "{error}");
        let negative = read("weights = { jazz = -1.0 }").unwrap().check();
        assert!(negative.unwrap_err().to_string().contains("-1"));
        assert!(read("weights = \"balance\"").is_err());
    }

    /// What torch 2.11 gives for these logits and targets.
    #[test]
    fn losses_are_torch_s() {
        let logits = Tensor::new(&[[1.0f32, -0.5, 0.25], [0.0, 2.0, -1.0]], &Device::Cpu).unwrap();
        let logits = Value::new(&logits).unwrap();
        let weights = Some(vec![1.0, 2.0, 0.5]);
        let loss = |spec: LossSpec, weights: &Option<Vec<f32>>| {
            let objective = Objective::new(spec, weights.clone());
            let loss = objective.loss(&logits, &[0, 2], None).unwrap();
            (loss.scalar().unwrap(), objective.share(&[0, 2], None))
        };
        let near = |(value, share): (f32, f64), expected: f32, of: f64| {
            assert!(
                (value - expected).abs() < 2e-6 * expected,
                "{value} for {expected}"
            );
            assert_eq!(share, of);
        };
        let smooth = |label_smoothing| LossSpec::CrossEntropy { label_smoothing };
        let binary = |label_smoothing| LossSpec::BinaryCrossEntropy { label_smoothing };
        near(loss(smooth(0.0), &None), 1.848_910_9, 2.0);
        near(loss(smooth(0.1), &None), 1.819_744_2, 2.0);
        near(loss(smooth(0.0), &weights), 1.408_599_2, 1.5);
        near(
            loss(LossSpec::Focal { gamma: 2.0 }, &None),
            1.498_974_9,
            2.0,
        );
        near(loss(binary(0.0), &weights), 0.848_330_7, 2.0);
        near(loss(binary(0.3), &None), 0.928_602_5, 2.0);
    }
}
