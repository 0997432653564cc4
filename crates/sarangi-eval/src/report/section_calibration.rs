//! Whether the probabilities mean what they say.

use super::ReportPart;
use super::chart_reliability;
use super::html::Html;
use super::numbers::{decimal, percent};
use super::page::by_level;
use crate::{Calibration, Evaluation};

pub(crate) fn section(parts: &[ReportPart]) -> Html {
    let mut html = Html::new();
    let Some(part) = parts.first() else {
        return html;
    };
    let Evaluation { track, chunk, .. } = &part.evaluation;
    if track.calibration.is_none() && chunk.calibration.is_none() {
        return html;
    }
    html.leaf("h2", &[], "Calibration");
    by_level(&mut html, "calibration", |html, level| {
        let scores = level.of(&part.evaluation);
        let Some(calibration) = &scores.calibration else {
            return;
        };
        html.leaf("p", &[], sentence(calibration, scores.log_loss));
        html.element("div", &[("class", "pair")], |html| {
            chart_reliability::draw(html, calibration, level.word());
        });
    });
    let note = "Confidence is the probability of the class that is named. On the dashed line it agrees with \
                how often that class is right; where a bar ends in orange the network was too sure, in green not sure enough.";
    html.leaf("p", &[("class", "note")], note);
    html
}

fn sentence(calibration: &Calibration, log_loss: f64) -> String {
    format!(
        "Confidence and accuracy are {} apart on average (expected calibration error, {} bins of equal \
         width), at most {}. Brier's score is {}, the log loss {}.",
        percent(calibration.expected_error),
        calibration.bins.len(),
        percent(calibration.maximum_error),
        decimal(calibration.brier),
        decimal(log_loss),
    )
}
