//! What is written after each epoch.

use sarangi_core::{Error, Result};
use sarangi_eval::Evaluation;

use super::{Learner, Training};
use crate::state::State;
use crate::{EpochRecord, ModelCard, ModelFile, Run, tensorboard};

impl Training<'_> {
    /// Writes the epoch's files, of several ranks the first. The state comes last: a run that is killed in between repeats the
    /// epoch and writes the same bytes again.
    pub(super) fn save(
        &self,
        run: &Run,
        record: EpochRecord,
        validation: Option<Evaluation>,
        history: &mut Vec<EpochRecord>,
        learner: &Learner,
    ) -> Result<()> {
        if !self.options.ranks.is_first() {
            history.push(record);
            return Ok(());
        }
        let training = &self.recipe.training;
        let epoch = record.epoch;
        let card = ModelCard {
            version: ModelCard::VERSION,
            recipe: self.recipe.clone(),
            labels: self.data.corpus.labels.clone(),
            normalisation: self.normalisation.clone(),
            input: self.data.front_end.shape(),
            parameters: learner.params.trainable_count(),
            split: self.data.split_spec.clone(),
            split_digest: self.digest.clone(),
            leaking_tracks: self.data.split.leaking_tracks(),
            epoch,
            validation,
            licence: self.options.licence.clone(),
            temperature: None,
            threshold: None,
        };
        let model = ModelFile {
            card,
            weights: learner.model().0.snapshot()?,
        };
        if record.best {
            model.write(run.model())?;
        }
        model.write(run.last())?;
        if training.checkpoint_every > 0 && epoch.is_multiple_of(training.checkpoint_every) {
            model.write(run.checkpoint(epoch))?;
        }
        history.push(record);
        run.write_text(&run.history(), &lines(run, history)?)?;
        if training.tensorboard {
            tensorboard::write(&run.tensorboard(), history)?;
        }
        State::of(self.recipe, &self.digest, history, learner).write(&run.state(), learner)
    }
}

fn lines(run: &Run, history: &[EpochRecord]) -> Result<String> {
    let mut lines = String::new();
    for record in history {
        let line =
            serde_json::to_string(record).map_err(|e| Error::data(run.history(), e.to_string()))?;
        lines.push_str(&line);
        lines.push('\n');
    }
    Ok(lines)
}
