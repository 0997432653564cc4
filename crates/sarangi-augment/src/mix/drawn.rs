//! One mix.

use ndarray::{Array, Array2, Array4, Axis, RemoveAxis, s};
use sarangi_core::{Error, Result, within};
use serde::{Deserialize, Serialize};

use super::CutBox;

/// How one batch was mixed: a record that can be stored, and [applied](Self::apply) again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixDrawn {
    /// With which example each is mixed.
    pub permutation: Vec<usize>,
    /// The share of the example itself in the result and in its label; 1 for no mix at all.
    pub lambda: f64,
    /// The box that shows the other; none for mixup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<CutBox>,
}

impl MixDrawn {
    /// Mixes a batch and its labels.
    ///
    /// # Shapes
    /// `batch` (examples, channels, bins, frames), `labels` (examples, classes).
    ///
    /// # Errors
    /// [`Error::Shape`] if there are not as many labels as examples or if something is NaN or infinite;
    /// [`Error::Config`] if this was drawn for another shape: the examples are not those of
    /// `permutation`, `area` leaves the map, or `lambda` is not what it leaves.
    pub fn apply(
        &self,
        mut batch: Array4<f32>,
        mut labels: Array2<f32>,
    ) -> Result<(Array4<f32>, Array2<f32>)> {
        self.check(&batch, &labels)?;
        if self.lambda == 1.0 {
            return Ok((batch, labels));
        }
        match self.area {
            None => self.blend(&mut batch),
            Some(CutBox { bins, frames }) => {
                let area = s![.., .., bins[0]..bins[1], frames[0]..frames[1]];
                let others = batch.slice(area).select(Axis(0), &self.permutation);
                batch.slice_mut(area).assign(&others);
            }
        }
        self.blend(&mut labels);
        Ok((batch, labels))
    }

    /// Mixes some of a batch's examples and their labels with those that `permutation` names for them:
    /// what [`apply`](Self::apply) makes of these examples of the batch.
    ///
    /// # Shapes
    /// `batch` and `others` (examples, channels, bins, frames), both `labels` (examples, classes).
    ///
    /// # Errors
    /// [`Error::Shape`] if the two do not have the same shapes; as [`apply`](Self::apply).
    pub fn apply_with(
        &self,
        (mut batch, mut labels): (Array4<f32>, Array2<f32>),
        (others, other_labels): (&Array4<f32>, &Array2<f32>),
    ) -> Result<(Array4<f32>, Array2<f32>)> {
        self.check_values(&batch, &labels)?;
        self.check_values(others, other_labels)?;
        if batch.dim() != others.dim() || labels.dim() != other_labels.dim() {
            let expected = format!("others of shape {:?}", batch.dim());
            return Err(Error::shape("mix", expected, format!("{:?}", others.dim())));
        }
        if self.lambda == 1.0 {
            return Ok((batch, labels));
        }
        match self.area {
            None => self.blend_with(&mut batch, others),
            Some(CutBox { bins, frames }) => {
                let area = s![.., .., bins[0]..bins[1], frames[0]..frames[1]];
                batch.slice_mut(area).assign(&others.slice(area));
            }
        }
        self.blend_with(&mut labels, other_labels);
        Ok((batch, labels))
    }

    fn blend<D: RemoveAxis>(&self, all: &mut Array<f32, D>) {
        let others = all.select(Axis(0), &self.permutation);
        self.blend_with(all, &others);
    }

    /// λ of each and 1 − λ of the other.
    fn blend_with<D: RemoveAxis>(&self, all: &mut Array<f32, D>, others: &Array<f32, D>) {
        let (own, other) = (self.lambda as f32, (1.0 - self.lambda) as f32);
        all.zip_mut_with(others, |x, &y| *x = own * *x + other * y);
    }

    fn check(&self, batch: &Array4<f32>, labels: &Array2<f32>) -> Result<()> {
        const OP: &str = "mix";
        self.check_values(batch, labels)?;
        let examples = batch.dim().0;
        let mut places = self.permutation.clone();
        places.sort_unstable();
        if !places.into_iter().eq(0..examples) {
            let reason = format!("must have each of the {examples} examples once");
            return Err(Error::config(OP, "permutation", reason));
        }
        Ok(())
    }

    fn check_values(&self, batch: &Array4<f32>, labels: &Array2<f32>) -> Result<()> {
        const OP: &str = "mix";
        let (examples, _, bins, frames) = batch.dim();
        if labels.nrows() != examples {
            return Err(Error::shape(
                OP,
                format_args!("labels of {examples} examples"),
                labels.nrows(),
            ));
        }
        if !batch.iter().chain(labels).all(|x| x.is_finite()) {
            let got = "NaN or infinity";
            return Err(Error::shape(OP, "values that are finite numbers", got));
        }
        within(OP, "lambda", self.lambda, 0.0..=1.0)?;
        if let Some(area) = self.area {
            area.check((bins, frames))?;
            let rest = area.rest((bins, frames));
            if (rest - self.lambda).abs() > 1e-9 {
                let reason = format!(
                    "must be the share of the map outside of area, {rest}, got {}",
                    self.lambda
                );
                return Err(Error::config(OP, "lambda", reason));
            }
        }
        Ok(())
    }
}
