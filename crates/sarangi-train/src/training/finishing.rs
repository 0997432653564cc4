//! What is made of a run that is over.

use sarangi_core::Result;
use sarangi_data::Part;
use sarangi_eval::{EpochPoint, plot_curves};

use super::Training;
use crate::{EpochRecord, ModelFile, Outcome, Run};

impl Training<'_> {
    /// Tests the best model and draws the plots.
    pub(super) fn finish(&self, run: &Run, history: Vec<EpochRecord>) -> Result<Outcome> {
        let points: Vec<EpochPoint> = history.iter().map(EpochRecord::point).collect();
        plot_curves(&points, run.plot("curves"))?;
        let best = ModelFile::read(run.model())?.network(self.device)?;
        let test = self.evaluate(Part::Test, best.as_ref())?;
        let test = test.map(|(_, predictions)| self.evaluation(&predictions));
        if let Some(evaluation) = &test {
            run.write_evaluation(evaluation, ["Test chunks", "Test tracks"])?;
        }
        Ok(Outcome {
            run: run.clone(),
            history,
            test,
        })
    }
}
