//! Mixes of the examples of a batch.

mod cut_box;
mod drawn;

pub use cut_box::CutBox;
pub use drawn::MixDrawn;

use ndarray::{Array2, Array4};
use sarangi_core::{Error, Result, Rng, Spec, within};
use serde::{Deserialize, Serialize};

use crate::beta::beta;
use crate::change::happens;

/// Examples of a batch mixed with one another, and their labels with them.
///
/// - mixup (Zhang et al., 2018): x = λ · xᵢ + (1 − λ) · xⱼ, λ from Beta(α, α);
/// - CutMix (Yun et al., 2019): a box of xᵢ, whose sides are √(1 − λ) of the map's and whose middle may lie
///   anywhere in it, shows xⱼ; λ becomes the share of xᵢ that is left once the box is cut at the edges.
///
/// Labels become λ · yᵢ + (1 − λ) · yⱼ. One λ and one box for the batch, as timm's `Mixup` with `mode="batch"`
/// and torchvision's `MixUp` and `CutMix`; which example is mixed with which is a random permutation,
/// where those reverse or roll the batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixSpec {
    /// α of mixup, 0 for none, else 0.0001 to 1000. Default 0.2.
    pub mixup_alpha: f64,
    /// α of CutMix, 0 for none, else 0.0001 to 1000. Default 0.
    pub cutmix_alpha: f64,
    /// Where both are asked for, how likely CutMix is. Default 0.5.
    pub switch_prob: f64,
    /// How likely it is that a batch is mixed. Default 1.
    pub p: f64,
}

impl Default for MixSpec {
    fn default() -> Self {
        Self {
            mixup_alpha: 0.2,
            cutmix_alpha: 0.0,
            switch_prob: 0.5,
            p: 1.0,
        }
    }
}

impl Spec<()> for MixSpec {
    type Built = Mixer;

    fn build(&self, (): ()) -> Result<Mixer> {
        const SPEC: &str = "mix";
        for (field, alpha) in [
            ("mixup_alpha", self.mixup_alpha),
            ("cutmix_alpha", self.cutmix_alpha),
        ] {
            if alpha != 0.0 && !(1e-4..=1e3).contains(&alpha) {
                let reason = format!("must be 0, or 0.0001 to 1000, got {alpha}");
                return Err(Error::config(SPEC, field, reason));
            }
        }
        if self.mixup_alpha == 0.0 && self.cutmix_alpha == 0.0 {
            let reason = "must be above 0 unless cutmix_alpha is";
            return Err(Error::config(SPEC, "mixup_alpha", reason));
        }
        within(SPEC, "switch_prob", self.switch_prob, 0.0..=1.0)?;
        within(SPEC, "p", self.p, 0.0..=1.0)?;
        Ok(Mixer { spec: *self })
    }
}

/// A planned [`MixSpec`]. The same batch and the same state of the generator give the same bits.
#[derive(Clone, Copy, Debug)]
pub struct Mixer {
    spec: MixSpec,
}

impl Mixer {
    /// What is done to a batch of shape (examples, channels, bins, frames).
    #[must_use]
    pub fn draw(&self, shape: [usize; 4], rng: &mut Rng) -> MixDrawn {
        let MixSpec {
            mixup_alpha,
            cutmix_alpha,
            switch_prob,
            p,
        } = self.spec;
        let [examples, _, bins, frames] = shape;
        let mut permutation: Vec<usize> = (0..examples).collect();
        if !happens(p, rng) {
            return MixDrawn {
                permutation,
                lambda: 1.0,
                area: None,
            };
        }
        let cut = match (mixup_alpha > 0.0, cutmix_alpha > 0.0) {
            (true, true) => happens(switch_prob, rng),
            (_, cut) => cut,
        };
        rng.shuffle(&mut permutation);
        if !cut {
            return MixDrawn {
                permutation,
                lambda: beta(mixup_alpha, rng),
                area: None,
            };
        }
        let area = CutBox::draw((bins, frames), beta(cutmix_alpha, rng), rng);
        MixDrawn {
            permutation,
            lambda: area.rest((bins, frames)),
            area: Some(area),
        }
    }

    /// Mixes a batch, and says how.
    ///
    /// # Shapes
    /// `batch` (examples, channels, bins, frames), `labels` (examples, classes): shares of classes that
    /// add up to 1 do so afterwards.
    ///
    /// # Errors
    /// As [`MixDrawn::apply`].
    pub fn mix(
        &self,
        batch: Array4<f32>,
        labels: Array2<f32>,
        rng: &mut Rng,
    ) -> Result<(Array4<f32>, Array2<f32>, MixDrawn)> {
        let (examples, channels, bins, frames) = batch.dim();
        let drawn = self.draw([examples, channels, bins, frames], rng);
        let (batch, labels) = drawn.apply(batch, labels)?;
        Ok((batch, labels, drawn))
    }
}
