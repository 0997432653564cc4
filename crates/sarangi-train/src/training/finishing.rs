//! What is made of a run that is over.

use sarangi_core::{Error, Result};
use sarangi_data::Part;
use sarangi_eval::{
    EpochPoint, Predictions, Temperature, confidence_threshold, plot_class_counts, plot_curves,
};

use super::Training;
use crate::exhibits::Exhibits;
use crate::{EpochRecord, ModelFile, Outcome, Run, shared_file};

impl Training<'_> {
    /// Calibrates and tests the best model, draws the plots and writes the page.
    pub(super) fn finish(&self, run: &Run, history: Vec<EpochRecord>) -> Result<Outcome> {
        let ranks = self.options.ranks.as_ref();
        let writes = ranks.is_first();
        let points: Vec<EpochPoint> = history.iter().map(EpochRecord::point).collect();
        if writes {
            plot_curves(&points, run.plot("curves"))?;
            plot_class_counts(
                &self.class_counts(),
                "Tracks of each class",
                run.plot("classes"),
            )?;
        }
        let missing = || Error::checkpoint(run.model(), "is gone");
        let best = shared_file::read(ranks, &run.model())?.ok_or_else(missing)?;
        let mut best = ModelFile::parse(&run.model(), &best)?;
        let network = best.network(self.device)?;
        let network = network.as_ref();
        let valid = self.evaluate(Part::Valid, network)?;
        let valid = valid.map(|(_, predictions)| predictions);
        let temperature = valid.as_ref().map(Temperature::fit);
        let calibrated = |predictions: Predictions| match temperature {
            Some(temperature) => temperature.scale(&predictions),
            None => predictions,
        };
        // With intervals, which are not drawn after every epoch.
        best.card.validation = valid.as_ref().map(|valid| self.evaluation(valid));
        let valid = valid.map(calibrated);
        let prediction = self.recipe.prediction;
        best.card.temperature = temperature.map(Temperature::value);
        best.card.threshold = valid
            .as_ref()
            .map(|valid| confidence_threshold(valid, prediction.pooling, prediction.sure_accuracy));
        if writes {
            best.write(run.model())?;
        }
        let test = self.evaluate(Part::Test, network)?;
        let test = test.map(|(_, predictions)| calibrated(predictions));
        let evaluation = test
            .as_ref()
            .map(|predictions| self.evaluation(predictions));
        if let (true, Some(evaluation), Some(predictions)) = (writes, &evaluation, &test) {
            run.write_evaluation(evaluation, ["Test chunks", "Test tracks"])?;
            run.write_predictions(predictions, self.recipe.prediction.pooling)?;
        }
        let mut parts = Vec::new();
        parts.extend(test.map(|predictions| (Part::Test, predictions)));
        parts.extend(valid.map(|predictions| (Part::Valid, predictions)));
        let exhibits = Exhibits {
            corpus: self.data.corpus,
            cache: self.data.cache,
            front_end: self.data.front_end,
            normalisation: &self.normalisation,
            network,
            device: self.device,
        };
        if writes {
            self.write_page(run, &best.card, &parts, points, &exhibits)?;
        }
        Ok(Outcome {
            run: run.clone(),
            history,
            test: evaluation,
        })
    }
}
