//! One transform, its parameters, and what they are drawn for.

use std::fmt;

use sarangi_core::{Result, Rng};
use serde::{Serialize, de::DeserializeOwned};

/// A transform with its parameters, each a number or a range.
///
/// Drawing and applying are two steps: [`draw`](Change::draw) makes numbers of the ranges, and
/// [`apply`](Change::apply) knows no chance. What was drawn is a value of the same type, so it can be
/// written down, read and applied again.
pub trait Change<F: Family>: Clone + fmt::Debug + Send + Sync + Into<F> {
    /// What is computed once, before the first example: tables, transforms, lists of files.
    type Plan: fmt::Debug + Send + Sync;

    /// How likely it is that an example is changed, 0 to 1.
    fn p(&self) -> f64;

    /// Checks every field, and plans.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) naming the first field that makes no sense.
    fn plan(&self, context: F::Context) -> Result<Self::Plan>;

    /// With every range replaced by a number drawn from it, every choice made, every seed set and
    /// [`p`](Change::p) 1.
    #[must_use]
    fn draw(&self, plan: &Self::Plan, rng: &mut Rng) -> Self;

    /// Changes an example; `self` was drawn.
    ///
    /// # Errors
    /// Whatever it cannot accept, as an [`Error`](sarangi_core::Error) that says why.
    fn apply(&self, plan: &Self::Plan, item: F::Item) -> Result<F::Item>;
}

/// All transforms of one kind of example: an enum with a variant for each, told apart by `type`.
pub trait Family: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned {
    /// What is changed.
    type Item;
    /// What must be known to plan.
    type Context: Copy + fmt::Debug + Send + Sync;

    /// Checks the fields of this one and all within, and plans.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) naming the first field that makes no sense.
    fn plan(&self, context: Self::Context) -> Result<Node<Self>>;

    /// Refuses an example that no transform of the family can change.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) that says what is wrong with it.
    fn check(context: Self::Context, item: &Self::Item) -> Result<()>;
}

/// A planned transform, or several.
pub type Node<F> = Box<dyn Planned<F>>;

/// A planned transform, or several, whose types are not known any more.
pub trait Planned<F: Family>: fmt::Debug + Send + Sync {
    /// Draws and applies; appends what was applied to `log`.
    ///
    /// # Errors
    /// As [`Change::apply`].
    fn run(&self, item: F::Item, rng: &mut Rng, log: &mut Vec<F>) -> Result<F::Item>;
}

/// One planned transform.
#[derive(Debug)]
struct Leaf<C, P> {
    change: C,
    plan: P,
}

impl<F: Family, C: Change<F>> Planned<F> for Leaf<C, C::Plan> {
    fn run(&self, item: F::Item, rng: &mut Rng, log: &mut Vec<F>) -> Result<F::Item> {
        if !happens(self.change.p(), rng) {
            return Ok(item);
        }
        let drawn = self.change.draw(&self.plan, rng);
        let changed = drawn.apply(&self.plan, item)?;
        log.push(drawn.into());
        Ok(changed)
    }
}

/// Plans one transform.
pub(crate) fn leaf<F: Family + 'static, C: Change<F> + 'static>(
    name: &'static str,
    change: &C,
    context: F::Context,
) -> Result<Node<F>> {
    sarangi_core::within(name, "p", change.p(), 0.0..=1.0)?;
    let (change, plan) = (change.clone(), change.plan(context)?);
    Ok(Box::new(Leaf { change, plan }))
}

/// Whether something of probability `p` happens; what is certain takes nothing from the generator.
pub(crate) fn happens(p: f64, rng: &mut Rng) -> bool {
    p >= 1.0 || rng.chance(p)
}
