//! The page of a run, `report.html`.

use sarangi_core::Result;
use sarangi_data::{LeakPolicy, Part};
use sarangi_eval::{ClassCounts, EpochPoint, Fact, Predictions, ReportPart, RunReport, Warning};

use super::Training;
use crate::exhibits::Exhibits;
use crate::{ModelCard, Run};

impl Training<'_> {
    /// Writes the page of a run whose best model is described by `card`, with its predictions of the
    /// parts that judge, the test part first.
    pub(super) fn write_page(
        &self,
        run: &Run,
        card: &ModelCard,
        parts: &[(Part, Predictions)],
        points: Vec<EpochPoint>,
        exhibits: &Exhibits<'_>,
    ) -> Result<()> {
        let pooling = self.recipe.prediction.pooling;
        let gallery = match parts.first() {
            Some((part, predictions)) => {
                exhibits.gallery(predictions, self.data.split.part(*part), pooling)?
            }
            None => Vec::new(),
        };
        let report = RunReport {
            title: self.recipe.name.clone(),
            warnings: self.warnings(card),
            parts: parts
                .iter()
                .map(|(part, predictions)| ReportPart::of(name(*part), predictions, pooling))
                .collect(),
            history: points,
            class_counts: Some(self.class_counts()),
            samples: exhibits.samples(self.data.split.part(Part::Train))?,
            gallery,
            facts: self.facts(card),
            recipe: Some(self.recipe.to_toml()?),
        };
        report.write(run.report())
    }

    fn warnings(&self, card: &ModelCard) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if card.leaking_tracks > 0 {
            warnings.push(Warning::Leak(format!(
                "This split leaks: {} recordings have chunks in training and in what judges it. The \
                 numbers are too good.",
                card.leaking_tracks
            )));
        }
        if let Some(leaks) = &self.data.leaks {
            warnings.push(match self.recipe.leaks {
                LeakPolicy::Allow => Warning::Leak(leaks.clone()),
                _ => Warning::Note(leaks.clone()),
            });
        }
        let aside = self.data.corpus.quarantine.len();
        if aside > 0 {
            warnings.push(Warning::Note(format!(
                "{aside} file(s) could not be used; quarantine.json names them."
            )));
        }
        warnings
    }

    /// How many tracks each class has in each part.
    pub(super) fn class_counts(&self) -> ClassCounts {
        let corpus = self.data.corpus;
        let count = |part: Part| {
            let mut counts = vec![0u64; corpus.labels.len()];
            let mut last = None;
            // The chunks of a track follow each other.
            for item in self.data.split.part(part) {
                if last != Some(item.track) {
                    counts[corpus.tracks[item.track].label] += 1;
                }
                last = Some(item.track);
            }
            (name(part).to_owned(), counts)
        };
        ClassCounts {
            labels: corpus.labels.clone(),
            parts: [Part::Train, Part::Valid, Part::Test].map(count).into(),
        }
    }

    fn facts(&self, card: &ModelCard) -> Vec<Fact> {
        let split = self.data.split;
        let chunks = [&split.train, &split.valid, &split.test].map(|part| part.len().to_string());
        let [channels, bins, frames] = card.input;
        let mut facts = vec![
            Fact::new("Classes", card.labels.join(", ")),
            Fact::new("Chunks that train, validate, test", chunks.join(", ")),
            Fact::new("Input", format!("{channels} × {bins} × {frames}")),
            Fact::new("Parameters", card.parameters.to_string()),
            Fact::new("Epoch kept", card.epoch.to_string()),
            Fact::new("Seed", self.recipe.seed.0.to_string()),
            Fact::new("Split", card.split_digest.clone()),
        ];
        if let Some(temperature) = card.temperature {
            facts.push(Fact::new("Temperature", format!("{temperature:.3}")));
        }
        if let Some(threshold) = card.threshold {
            let sure = format!("above {:.1} %", 100.0 * threshold);
            facts.push(Fact::new("Sure of a track", sure));
        }
        if let Some(licence) = &card.licence {
            facts.push(Fact::new("Licence", licence.clone()));
        }
        facts
    }
}

fn name(part: Part) -> &'static str {
    match part {
        Part::Train => "training",
        Part::Valid => "validation",
        Part::Test => "test",
    }
}
