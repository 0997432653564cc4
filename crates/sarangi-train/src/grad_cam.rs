//! What a network looks at.

use candle_core::Tensor;
use ndarray::{Array2, Array3, Axis, Ix4};
use sarangi_core::{During, Error, Result, TensorExt};
use sarangi_nn::{Inputs, Mode, Model, Value};

/// Where in a picture of sound a network finds what speaks for a class (Grad-CAM, Selvaraju et al. 2017).
#[derive(Clone, Debug, PartialEq)]
pub struct GradCam {
    /// The stage whose result was looked at.
    pub stage: String,
    /// The heat of each item, from 0 to 1, where 1 is its hottest place; all 0 where nothing speaks for
    /// the class.
    pub heat: Array3<f32>,
}

impl GradCam {
    /// Looks into a network at one stage, or at the last one whose result is still a picture (of more
    /// than one place), for the class asked of each item.
    ///
    /// With A the stage's result and y the class's score, the heat is ReLU(Σₖ αₖ Aₖ), where αₖ is the mean
    /// of ∂y / ∂Aₖ over all places, divided by its largest value. It is as coarse as the stage's
    /// result: `sarangi_plot::Picture::overlaid` lays it over the picture that the
    /// network saw. In a network of several branches the last picture is that of one branch; name a stage
    /// to look into another.
    ///
    /// # Shapes
    /// Input (batch, channels, bins, frames), `classes` (batch) → heat (batch, bins', frames'), in the
    /// order of the input's bins.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a network without stages, [`Error::Config`] if there is no stage of that
    /// name or its result is no picture, or if a class is none of the network's; [`Error::Shape`] unless
    /// there is one class for each item; whatever keeps the network from running.
    pub fn of(
        network: &dyn Model,
        inputs: Inputs<'_>,
        classes: &[usize],
        stage: Option<&str>,
    ) -> Result<Self> {
        let mut watched: Option<(String, Value)> = None;
        let mut watch = |name: &str, value: Value| -> Result<Value> {
            let wanted = stage.is_none_or(|stage| stage == name);
            if !wanted || !is_picture(value.dims()) {
                return Ok(value);
            }
            // The way back ends here, so that of several stages the last one has the gradient.
            let variable = Value::variable(&value.tensor()?)?;
            watched = Some((name.to_owned(), variable.clone()));
            Ok(variable)
        };
        let scores = network.forward_watched(inputs, Mode::Eval, &mut watch)?;
        let Some((stage, at)) = watched else {
            let known = network.stages().join(", ");
            let reason = format!("must be a stage whose result is a picture, one of {known}");
            return Err(Error::config("grad_cam", stage.unwrap_or("stage"), reason));
        };
        let asked = asked(&scores, classes)?;
        let gradients = scores.backward_from(&asked)?;
        let at_values = at.tensor()?;
        // A class that does not depend on the stage finds nothing there.
        let gradient = match gradients.of(&at)? {
            Some(gradient) => gradient,
            None => at_values.zeros_like().during("grad_cam")?,
        };
        let heat = at_values.with_array::<Ix4, _>(|at| {
            gradient.with_array::<Ix4, _>(|gradient| {
                let items = at.outer_iter().zip(gradient.outer_iter());
                let maps: Vec<Array2<f32>> =
                    items.map(|(at, gradient)| heat(at, gradient)).collect();
                let (batch, _, bins, frames) = at.dim();
                let mut all = Array3::zeros((batch, bins, frames));
                for (mut to, map) in all.axis_iter_mut(Axis(0)).zip(&maps) {
                    to.assign(map);
                }
                all
            })
        })??;
        Ok(Self { stage, heat })
    }
}

/// Whether a stage's result has places to tell apart.
fn is_picture(dims: &[usize]) -> bool {
    matches!(dims, [_, _, bins, frames] if bins * frames > 1)
}

/// 1 for the class asked of each item, 0 for the others.
fn asked(scores: &Value, classes: &[usize]) -> Result<Value> {
    let &[batch, known] = scores.dims() else {
        let got = format_args!("{:?}", scores.dims());
        return Err(Error::shape("grad_cam", "scores (batch, classes)", got));
    };
    if classes.len() != batch {
        let expected = format_args!("{batch} classes, one for each item");
        return Err(Error::shape("grad_cam", expected, classes.len()));
    }
    let mut one_hot = vec![0.0f32; batch * known];
    for (item, &class) in classes.iter().enumerate() {
        if class >= known {
            let reason = format!("must be below {known}, got {class}");
            return Err(Error::config(
                "grad_cam",
                format!("classes[{item}]"),
                reason,
            ));
        }
        one_hot[item * known + class] = 1.0;
    }
    let device = scores.tensor()?.device().clone();
    let one_hot = Tensor::from_vec(one_hot, (batch, known), &device).during("grad_cam")?;
    Value::new(&one_hot)
}

/// The heat of one item: (channels, bins, frames) twice → (bins, frames).
fn heat(at: ndarray::ArrayView3<'_, f32>, gradient: ndarray::ArrayView3<'_, f32>) -> Array2<f32> {
    let (_, bins, frames) = at.dim();
    let mut heat = Array2::<f32>::zeros((bins, frames));
    for (channel, gradient) in at.outer_iter().zip(gradient.outer_iter()) {
        let weight = gradient.mean().unwrap_or(0.0);
        heat.scaled_add(weight, &channel);
    }
    let most = heat.iter().copied().fold(0.0f32, f32::max);
    // NaN and what is below 0 are cold.
    heat.mapv_inplace(|h| if h > 0.0 && most > 0.0 { h / most } else { 0.0 });
    heat
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use ndarray::array;
    use sarangi_nn::{Params, Watch, global_avg_pool2d};
    use std::collections::BTreeMap;

    /// A picture of two channels, its means, and a linear layer: class 0 likes the first channel and
    /// dislikes the second, class 1 the other way round, class 2 likes nothing.
    struct Tiny(sarangi_nn::Linear);

    fn tiny() -> Tiny {
        let tensor = |values: Vec<f32>, shape: &[usize]| {
            Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
        };
        let weight = tensor(vec![1.0, -1.0, -1.0, 1.0, 0.0, 0.0], &[3, 2]);
        let bias = tensor(vec![0.5, 0.25, 0.0], &[3]);
        let values = BTreeMap::from([("weight".into(), weight), ("bias".into(), bias)]);
        let params = Params::from_values(values, &Device::Cpu);
        Tiny(sarangi_nn::Linear::new(&params, 2, 3).unwrap())
    }

    impl Model for Tiny {
        fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
            self.forward_watched(xs.into(), mode, &mut |_, value| Ok(value))
        }

        fn stages(&self) -> Vec<&str> {
            vec!["features", "pool", "logits"]
        }

        fn forward_watched(
            &self,
            inputs: Inputs<'_>,
            _: Mode<'_>,
            watch: &mut Watch<'_>,
        ) -> Result<Value> {
            let Inputs::One(xs) = inputs else {
                return Err(Error::shape("tiny", "one input", "several"));
            };
            let features = watch("features", xs.clone())?;
            let pooled = watch("pool", global_avg_pool2d(&features)?)?;
            watch("logits", self.0.forward(&pooled)?)
        }
    }

    /// Two items; the second is empty.
    fn input() -> Value {
        let first = [
            4.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 3.0, 0.0, 0.0, 1.0, 0.0f32,
        ];
        let values = [first, [0.0; 12]].concat();
        Value::new(&Tensor::from_vec(values, (2, 2, 2, 3), &Device::Cpu).unwrap()).unwrap()
    }

    #[test]
    fn the_heat_is_what_speaks_for_the_class_and_not_against_it() {
        // Channel 0 is [[4, 0, 1], [0, 0, 2]], channel 1 [[0, 3, 0], [0, 1, 0]].
        let xs = input();
        let cam = GradCam::of(&tiny(), (&xs).into(), &[0, 1], None).unwrap();
        assert_eq!(cam.stage, "features");
        assert_eq!(cam.heat.dim(), (2, 2, 3));
        let want = array![[1.0, 0.0, 0.25], [0.0, 0.0, 0.5]];
        assert_eq!(cam.heat.index_axis(Axis(0), 0), want);
        assert!(cam.heat.index_axis(Axis(0), 1).iter().all(|&h| h == 0.0));
        let other = GradCam::of(&tiny(), (&xs).into(), &[1, 1], Some("features")).unwrap();
        let third = 1.0 / 3.0;
        let want = array![[0.0, 1.0, 0.0], [0.0, third, 0.0]];
        assert_eq!(other.heat.index_axis(Axis(0), 0), want);
        let none = GradCam::of(&tiny(), (&xs).into(), &[2, 2], None).unwrap();
        assert!(none.heat.iter().all(|&h| h == 0.0));
    }

    #[test]
    fn what_cannot_be_looked_at_is_named() {
        let xs = input();
        let fail = |classes: &[usize], stage| {
            GradCam::of(&tiny(), (&xs).into(), classes, stage)
                .unwrap_err()
                .to_string()
        };
        assert!(fail(&[0, 3], None).contains("classes[1]: must be below 3"));
        assert!(fail(&[0], None).contains("2 classes, one for each item"));
        assert!(fail(&[0, 0], Some("pool")).contains("pool: must be a stage"));
        assert!(fail(&[0, 0], Some("layer9")).contains("one of features, pool, logits"));
    }
}
