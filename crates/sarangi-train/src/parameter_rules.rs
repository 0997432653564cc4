//! What single parameters are spared, or get more of, in an optimiser's step.

use sarangi_core::Result;
use sarangi_nn::{NamePatterns, Params};
use serde::{Deserialize, Serialize};

use crate::optimiser_spec::at_least_0;

/// A multiple of the learning rate for some parameters; torch's parameter groups with an `lr` of
/// their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LrFactor {
    /// Which parameters, such as `["fc.*"]`.
    pub patterns: NamePatterns,
    /// What their learning rate is multiplied by; 0 leaves them as they are.
    pub factor: f64,
}

/// How an optimiser's step differs from parameter to parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParameterRules {
    /// Multiples of the learning rate; of several that match a name the first counts.
    pub lr_factors: Vec<LrFactor>,
    /// Which parameters have no weight decay.
    pub no_decay: NamePatterns,
}

impl ParameterRules {
    pub(crate) fn lr_factor(&self, name: &str) -> f64 {
        let matching = |rule: &&LrFactor| rule.patterns.matches(name);
        self.lr_factors
            .iter()
            .find(matching)
            .map_or(1.0, |rule| rule.factor)
    }

    pub(crate) fn decays(&self, name: &str) -> bool {
        !self.no_decay.matches(name)
    }

    /// Refuses factors that are none, without a network.
    pub(crate) fn check(&self) -> Result<()> {
        self.lr_factors
            .iter()
            .try_for_each(|rule| at_least_0("training", "lr_factors", rule.factor))
    }

    /// Refuses patterns that match none of a network's parameters.
    pub(crate) fn check_names(&self, params: &Params) -> Result<()> {
        let names: Vec<String> = params.shapes().into_iter().map(|(name, _)| name).collect();
        for rule in &self.lr_factors {
            rule.patterns.check("training", "lr_factors", &names)?;
        }
        self.no_decay.check("training", "no_decay", &names)
    }
}
