//! Several transforms: all of them, one of them, some of them.

use sarangi_core::{Error, Result, Rng, within};
use serde::{Deserialize, Serialize};

use crate::change::{Family, Node, Planned, happens};

/// All of these, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compose<F> {
    /// The transforms.
    pub of: Vec<F>,
    /// How likely it is that they are used at all. Default 1.
    #[serde(default = "certain")]
    pub p: f64,
}

/// One of these, drawn anew for each example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneOf<F> {
    /// The transforms.
    pub of: Vec<F>,
    /// How likely each is, in parts of their sum; none for all alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f64>>,
    /// How likely it is that one is used at all. Default 1.
    #[serde(default = "certain")]
    pub p: f64,
}

/// Some of these, drawn anew for each example, in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SomeOf<F> {
    /// The transforms.
    pub of: Vec<F>,
    /// How many at least and at most.
    pub n: [usize; 2],
    /// How likely it is that any are used at all. Default 1.
    #[serde(default = "certain")]
    pub p: f64,
}

fn certain() -> f64 {
    1.0
}

/// Planned transforms, of which each example gets some.
#[derive(Debug)]
struct Several<N, C> {
    of: Vec<N>,
    choice: C,
    p: f64,
}

/// Which of several transforms an example gets, by their places.
trait Choice: std::fmt::Debug + Send + Sync {
    fn choose(&self, count: usize, rng: &mut Rng) -> Vec<usize>;
}

#[derive(Debug)]
struct All;

/// The weights added up.
#[derive(Debug)]
struct One(Vec<f64>);

#[derive(Debug)]
struct Some([usize; 2]);

impl Choice for All {
    fn choose(&self, count: usize, _: &mut Rng) -> Vec<usize> {
        (0..count).collect()
    }
}

impl Choice for One {
    fn choose(&self, count: usize, rng: &mut Rng) -> Vec<usize> {
        let total = self.0.last().copied().unwrap_or(0.0);
        let drawn = rng.range(0.0, total);
        let place = self.0.partition_point(|&sum| sum <= drawn);
        vec![place.min(count.saturating_sub(1))]
    }
}

impl Choice for Some {
    fn choose(&self, count: usize, rng: &mut Rng) -> Vec<usize> {
        let [least, most] = self.0;
        let number = least + rng.below(most - least + 1);
        let mut places: Vec<usize> = (0..count).collect();
        rng.shuffle(&mut places);
        places.truncate(number);
        places.sort_unstable();
        places
    }
}

impl<F: Family, C: Choice> Planned<F> for Several<Node<F>, C> {
    fn run(&self, item: F::Item, rng: &mut Rng, log: &mut Vec<F>) -> Result<F::Item> {
        if !happens(self.p, rng) {
            return Ok(item);
        }
        let places = self.choice.choose(self.of.len(), rng);
        let chosen = places.into_iter().filter_map(|place| self.of.get(place));
        chosen
            .into_iter()
            .try_fold(item, |item, node| node.run(item, rng, log))
    }
}

fn several<F: Family + 'static>(
    name: &'static str,
    (of, p): (&[F], f64),
    choice: impl Choice + 'static,
    context: F::Context,
) -> Result<Node<F>> {
    within(name, "p", p, 0.0..=1.0)?;
    let of = of
        .iter()
        .map(|part| part.plan(context))
        .collect::<Result<Vec<_>>>()?;
    Ok(Box::new(Several { of, choice, p }))
}

impl<F: Family + 'static> Compose<F> {
    pub(crate) fn plan(&self, context: F::Context) -> Result<Node<F>> {
        several("compose", (&self.of, self.p), All, context)
    }
}

impl<F: Family + 'static> OneOf<F> {
    pub(crate) fn plan(&self, context: F::Context) -> Result<Node<F>> {
        if self.of.is_empty() {
            return Err(Error::config("one_of", "of", "must name at least one"));
        }
        let alike = vec![1.0; self.of.len()];
        let weights = self.weights.as_ref().unwrap_or(&alike);
        let fine = weights.iter().all(|&w| w >= 0.0 && w.is_finite());
        let sum: f64 = weights.iter().sum();
        if weights.len() != self.of.len() || !fine || !(sum > 0.0 && sum.is_finite()) {
            let reason = format!(
                "must be {} numbers of at least 0, not all 0, got {weights:?}",
                self.of.len()
            );
            return Err(Error::config("one_of", "weights", reason));
        }
        let sums = weights.iter().scan(0.0, |sum, &weight| {
            *sum += weight;
            Option::Some(*sum)
        });
        several("one_of", (&self.of, self.p), One(sums.collect()), context)
    }
}

impl<F: Family + 'static> SomeOf<F> {
    pub(crate) fn plan(&self, context: F::Context) -> Result<Node<F>> {
        let [least, most] = self.n;
        if least > most || most > self.of.len() {
            let reason = format!(
                "must be the least and the most of the {} there are, got {:?}",
                self.of.len(),
                self.n
            );
            return Err(Error::config("some_of", "n", reason));
        }
        several("some_of", (&self.of, self.p), Some(self.n), context)
    }
}
