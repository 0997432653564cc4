//! From the first epoch to the last.

use sarangi_core::Result;
use sarangi_data::Part;
use sarangi_eval::Evaluation;
use sarangi_nn::allow_tf32;

use super::agreement::{average_statistics, check_weights};
use super::{Learner, Training};
use crate::shared_file;
use crate::state::State;
use crate::{EpochRecord, Event, ModelFile, Observer, Outcome, Precision, Run};

impl Training<'_> {
    pub(crate) fn run(&self, run: &Run, observer: &dyn Observer) -> Result<Outcome> {
        let training = &self.recipe.training;
        allow_tf32(training.precision == Precision::Tf32);
        let (mut learner, mut history) = self.begin(run)?;
        observer.observe(Event::Prepared {
            corpus: self.data.corpus,
            split: self.data.split,
            parameters: learner.params.trainable_count(),
        });
        self.warn(observer);
        let ranks = self.options.ranks.as_ref();
        check_weights(ranks, &learner.params)?;
        if ranks.is_first() {
            run.write_text(&run.recipe(), &self.recipe.to_toml()?)?;
        }
        let last = training.epochs;
        for epoch in history.len() + 1..=last {
            if let Some(stopping) = &training.early_stopping
                && stopping.has_ended(training.monitor, &history)
            {
                observer.observe(Event::StoppedEarly { epoch: epoch - 1 });
                break;
            }
            if training.thaw().changes_in(epoch) {
                learner.network = self.network(&training.thaw().place(&learner.params, epoch))?;
                learner.optimiser.follow(&learner.params)?;
            }
            let mut record = self.epoch(epoch, &history, &mut learner, observer)?;
            if ranks.size() > 1 && !training.sync_batch_norm {
                average_statistics(ranks, &learner.params)?;
            }
            check_weights(ranks, &learner.params)?;
            let valid = self.evaluate(Part::Valid, learner.model().1)?;
            let validation = valid.map(|(loss, predictions)| {
                let pooling = self.recipe.prediction.pooling;
                let evaluation = Evaluation::without_intervals(&predictions, pooling);
                record.validated(loss, &evaluation);
                evaluation
            });
            record.best = training.monitor.is_best(&record, &history);
            self.save(run, record, validation, &mut history, &learner)?;
            if let Some(record) = history.last() {
                observer.observe(Event::Epoch { record, last });
            }
        }
        self.finish(run, history)
    }

    /// The network at the beginning, or as the run left it.
    fn begin(&self, run: &Run) -> Result<(Learner, Vec<EpochRecord>)> {
        let ranks = self.options.ranks.as_ref();
        if ranks.is_first() {
            run.sweep()?;
        }
        let saved = match self.options.resume {
            true => shared_file::read(ranks, &run.state())?,
            false => None,
        };
        let Some(saved) = saved else {
            return Ok((self.learner(1, true)?, Vec::new()));
        };
        let state = State::parse(&run.state(), &saved, self.recipe, &self.digest)?;
        // What was trained when the state was written is what it remembers something of.
        let mut learner = self.learner(state.epochs(), false)?;
        let history = state.restore(self.recipe, &mut learner)?;
        if ranks.is_first() {
            self.adopt(run)?;
        }
        Ok((learner, history))
    }

    /// Gives the models that are there the recipe of this run: its number of epochs may have changed.
    fn adopt(&self, run: &Run) -> Result<()> {
        for path in std::iter::once(run.model()).chain(run.checkpoints()?) {
            let mut model = ModelFile::read(&path)?;
            if model.card.recipe != *self.recipe {
                model.card.recipe = self.recipe.clone();
                model.write(path)?;
            }
        }
        Ok(())
    }

    /// Says what a person should know before the run begins.
    fn warn(&self, observer: &dyn Observer) {
        let leaking = self.data.split.leaking_tracks();
        if leaking > 0 {
            observer.observe(Event::Warning(format!(
                "this split leaks: {leaking} track(s) have chunks in training and in what judges \
                 it; the numbers are too good"
            )));
        }
        if let Some(warning) = self.recipe.training.precision.warning(self.device) {
            observer.observe(Event::Warning(warning));
        }
    }
}
