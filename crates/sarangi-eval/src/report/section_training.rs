//! Loss and accuracy over the epochs.

use super::chart_epochs::{self, Values};
use super::html::Html;
use crate::EpochPoint;

pub(crate) fn section(history: &[EpochPoint]) -> Html {
    let mut html = Html::new();
    if history.is_empty() {
        return html;
    }
    let mut history = history.to_vec();
    history.sort_by_key(|point| point.epoch);
    html.leaf("h2", &[], "Training");
    html.element("div", &[("class", "pair")], |html| {
        let series = |value: fn(&EpochPoint) -> Option<f64>| -> Values {
            history
                .iter()
                .map(|at| (at.epoch as f64, value(at)))
                .collect()
        };
        chart_epochs::draw(
            html,
            "Loss",
            false,
            &series(|at| Some(at.train_loss)),
            &series(|at| at.valid_loss),
        );
        chart_epochs::draw(
            html,
            "Accuracy of chunks",
            true,
            &series(|at| Some(at.train_accuracy)),
            &series(|at| at.valid_accuracy),
        );
    });
    let note = "Training values are taken while the weights move, with dropout and augmentation, so \
                that they may lie below those of validation.";
    html.leaf("p", &[("class", "note")], note);
    html
}
