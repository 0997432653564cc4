//! Networks as named stages.

use std::sync::Arc;

use sarangi_core::{Error, Result};
use sarangi_nn::{Inputs, Mode, Model, Value, Watch, narrow};

use crate::Stage;
use crate::base::Base;
use crate::extent::Extent;
use crate::join::Join;

/// The name of the last stage of every network.
pub(crate) const LOGITS: &str = "logits";

/// The name of the input of every network that has one.
pub(crate) const INPUT: &str = "input";

/// A network of this crate: stages with names, each of which reads the one before it, and, in late
/// fusion, one that joins several. Everything that [`Model`] can do, it does for all of them.
///
/// # Shapes
/// (batch, channels, bins, frames) → (batch, classes).
#[derive(Debug)]
pub struct Network {
    name: &'static str,
    inputs: Vec<Input>,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Input {
    name: String,
    channels: usize,
    extent: Extent,
}

/// One stage and where it reads: first the inputs are counted, then the stages.
#[derive(Debug)]
struct Step {
    name: String,
    reads: Vec<usize>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Stage(Arc<dyn Stage>),
    Join(Join),
}

impl Network {
    /// A network of one input that so far is a base.
    pub(crate) fn of(name: &'static str, base: Base) -> Self {
        let mut network = Self::new(name);
        let input = network.input(INPUT, base.channels, base.extent);
        network.base("", &base, input);
        network
    }

    /// A network of nothing.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            inputs: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Adds an input and gives its place. All inputs come before all stages.
    pub(crate) fn input(&mut self, name: &str, channels: usize, extent: Extent) -> usize {
        self.inputs.push(Input {
            name: name.to_owned(),
            channels,
            extent,
        });
        self.inputs.len() - 1
    }

    /// Adds the stages of a base that reads at `place`, and gives the last one's place.
    pub(crate) fn base(&mut self, prefix: &str, base: &Base, mut place: usize) -> usize {
        for (name, stage) in &base.stages {
            let work = Work::Stage(Arc::clone(stage));
            place = self.step(format!("{prefix}{name}"), vec![place], work);
        }
        place
    }

    /// Adds a stage that reads at `place`, and gives its place.
    pub(crate) fn stage(
        &mut self,
        name: String,
        stage: impl Stage + 'static,
        place: usize,
    ) -> usize {
        self.step(name, vec![place], Work::Stage(Arc::new(stage)))
    }

    /// Adds a stage that reads the last one.
    pub(crate) fn then(&mut self, name: &str, stage: impl Stage + 'static) {
        let last = self.inputs.len() + self.steps.len() - 1;
        self.stage(name.to_owned(), stage, last);
    }

    /// Adds the stage that makes one vector of several.
    pub(crate) fn join(&mut self, name: &str, join: Join, places: Vec<usize>) {
        self.step(name.to_owned(), places, Work::Join(join));
    }

    fn step(&mut self, name: String, reads: Vec<usize>, work: Work) -> usize {
        self.steps.push(Step { name, reads, work });
        self.inputs.len() + self.steps.len() - 1
    }

    /// The values at the inputs' places, checked.
    fn places(&self, inputs: Inputs<'_>) -> Result<Vec<Option<Value>>> {
        let given = match (inputs, self.inputs.as_slice()) {
            (Inputs::One(xs), [_]) => vec![xs.clone()],
            (Inputs::One(xs), _) => self.side_by_side(xs)?,
            (Inputs::Named(given), _) => self.by_name(given)?,
        };
        for (input, xs) in self.inputs.iter().zip(&given) {
            input.extent.check(self.name, xs, input.channels)?;
        }
        let mut places: Vec<_> = given.into_iter().map(Some).collect();
        places.resize(self.inputs.len() + self.steps.len(), None);
        Ok(places)
    }

    fn by_name(&self, given: &[(&str, &Value)]) -> Result<Vec<Value>> {
        let fail = || {
            let expected = self.inputs().join("`, `");
            let got: Vec<_> = given.iter().map(|(name, _)| *name).collect();
            let expected = format!("the inputs `{expected}`, each once");
            Error::shape(self.name, expected, format!("{got:?}"))
        };
        if given.len() != self.inputs.len() {
            return Err(fail());
        }
        let find = |input: &Input| {
            let mut found = given.iter().filter(|(name, _)| *name == input.name);
            found.next().map(|&(_, xs)| xs.clone()).ok_or_else(fail)
        };
        self.inputs.iter().map(find).collect()
    }

    /// The inputs out of one value that holds them side by side.
    fn side_by_side(&self, xs: &Value) -> Result<Vec<Value>> {
        let channels: usize = self.inputs.iter().map(|input| input.channels).sum();
        if xs.dims().len() != 4 || xs.dims()[1] != channels {
            let names = self.inputs().join(", ");
            let expected = format!(
                "(batch, {channels}, bins, frames) with the channels of {names} side by side"
            );
            return Err(Error::shape(
                self.name,
                expected,
                format!("{:?}", xs.dims()),
            ));
        }
        let mut first = 0;
        let part = |input: &Input| {
            let (start, count) = (first, input.channels);
            first += count;
            narrow(xs, 1, start, count)
        };
        self.inputs.iter().map(part).collect()
    }

    /// The place among the stages.
    fn index_of(&self, stage: &str) -> Result<usize> {
        let found = self.steps.iter().position(|step| step.name == stage);
        found.ok_or_else(|| {
            let reason = format!("is none of {}", self.stages().join(", "));
            Error::config(self.name, stage, reason)
        })
    }

    /// Runs stages `from` up to but not including `to`, and gives the last one's result.
    fn run(
        &self,
        mut places: Vec<Option<Value>>,
        [from, to]: [usize; 2],
        mut mode: Mode<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Value> {
        let mut result = None;
        for (i, step) in self.steps.iter().enumerate().take(to).skip(from) {
            let later = &self.steps[i + 1..to];
            let read = |&place: &usize| {
                // What nobody reads any more gives its memory back with this stage.
                let last = !later.iter().any(|step| step.reads.contains(&place));
                let value = match last {
                    true => places[place].take(),
                    false => places[place].clone(),
                };
                value.ok_or_else(|| {
                    let reason = format!(
                        "`{}` reads more than this stage's result; run the network with \
                         `forward_watched` instead",
                        step.name
                    );
                    Error::config(self.name, "forward_from", reason)
                })
            };
            let mut xs = step.reads.iter().map(read).collect::<Result<Vec<_>>>()?;
            let ys = match &step.work {
                Work::Join(join) => join.forward(&xs)?,
                Work::Stage(stage) => stage.forward(&xs.remove(0), mode.reborrow())?,
            };
            let ys = watch(&step.name, ys)?;
            if i + 1 == to {
                result = Some(ys);
            } else {
                places[self.inputs.len() + i] = Some(ys);
            }
        }
        result.ok_or_else(|| Error::config(self.name, "stages", "has none to run"))
    }
}

/// Watches nothing.
fn pass(_: &str, xs: Value) -> Result<Value> {
    Ok(xs)
}

impl Model for Network {
    fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        self.forward_inputs(Inputs::One(xs), mode)
    }

    fn inputs(&self) -> Vec<&str> {
        self.inputs
            .iter()
            .map(|input| input.name.as_str())
            .collect()
    }

    fn stages(&self) -> Vec<&str> {
        self.steps.iter().map(|step| step.name.as_str()).collect()
    }

    fn forward_inputs(&self, inputs: Inputs<'_>, mode: Mode<'_>) -> Result<Value> {
        self.forward_watched(inputs, mode, &mut pass)
    }

    fn forward_watched(
        &self,
        inputs: Inputs<'_>,
        mode: Mode<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Value> {
        let all = [0, self.steps.len()];
        self.run(self.places(inputs)?, all, mode, watch)
    }

    fn forward_features(&self, inputs: Inputs<'_>, mode: Mode<'_>) -> Result<Value> {
        let before = [0, self.steps.len().saturating_sub(1)];
        self.run(self.places(inputs)?, before, mode, &mut pass)
    }

    fn forward_to(&self, stage: &str, inputs: Inputs<'_>, mode: Mode<'_>) -> Result<Value> {
        let stop = self.index_of(stage)? + 1;
        self.run(self.places(inputs)?, [0, stop], mode, &mut pass)
    }

    fn forward_from(&self, stage: &str, xs: &Value, mode: Mode<'_>) -> Result<Value> {
        let place = self.index_of(stage)?;
        if place + 1 == self.steps.len() {
            return Ok(xs.clone());
        }
        let mut places = vec![None; self.inputs.len() + self.steps.len()];
        places[self.inputs.len() + place] = Some(xs.clone());
        let rest = [place + 1, self.steps.len()];
        self.run(places, rest, mode, &mut pass)
    }
}
