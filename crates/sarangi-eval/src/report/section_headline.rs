//! The number that everybody asks for, and how sure it is.

use super::html::Html;
use super::numbers::{counted, decimal, percent, percent_range};
use super::{RunReport, Warning};
use crate::{Evaluation, Interval, Pooling, Scores};

pub(crate) fn section(report: &RunReport) -> Html {
    let mut html = Html::new();
    let Some(part) = report.parts.first() else {
        return html;
    };
    let evaluation = &part.evaluation;
    html.leaf(
        "h2",
        &[("class", "quiet")],
        format_args!("Result on the {} part", part.name),
    );
    // Nobody should take the number of a leaking split for a result.
    let leaks = report
        .warnings
        .iter()
        .any(|warning| matches!(warning, Warning::Leak(_)));
    let class = if leaks { "headline leaks" } else { "headline" };
    html.element("div", &[("class", class)], |html| {
        let intervals = evaluation.intervals.as_ref();
        number(
            html,
            "first",
            "of the tracks are told right",
            &evaluation.track,
            "track",
            intervals.map(|all| all.track.accuracy),
        );
        number(
            html,
            "second",
            "of the chunks",
            &evaluation.chunk,
            "chunk",
            intervals.map(|all| all.chunk.accuracy),
        );
    });
    html.element("dl", &[("class", "cards")], |html| cards(html, evaluation));
    html.leaf("p", &[("class", "note")], how(evaluation));
    if report.parts.len() > 1 {
        others(&mut html, report);
    }
    html
}

fn number(
    html: &mut Html,
    class: &str,
    what: &str,
    scores: &Scores,
    unit: &str,
    interval: Option<Interval>,
) {
    html.element("div", &[("class", class)], |html| {
        html.leaf("p", &[("class", "big")], percent(scores.accuracy));
        html.leaf("p", &[("class", "what")], what);
        // A single point is not an interval: drawing tracks cannot say how sure it is.
        let interval = interval.filter(|interval| interval.low < interval.high);
        scale(html, scores, interval);
        let mut text = counted(scores.examples(), unit);
        if let Some(interval) = interval {
            text = format!("95\u{a0}% interval {}, {text}", percent_range(interval));
        }
        html.leaf("p", &[("class", "sure")], text);
    });
}

/// A line from 0 to 100 % with the value, its interval, and what always naming one class would get.
fn scale(html: &mut Html, scores: &Scores, interval: Option<Interval>) {
    let at = |share: f64| format!("left:{:.2}%", 100.0 * share);
    html.element(
        "div",
        &[("class", "scale"), ("aria-hidden", "true")],
        |html| {
            if let Some(Interval { low, high }) = interval {
                let style = format!("{};width:{:.2}%", at(low), 100.0 * (high - low));
                html.element("i", &[("class", "range"), ("style", &style)], |_| {});
            }
            if let Some(share) = majority(scores) {
                let title = format!("always the most frequent class: {}", percent(share));
                html.element(
                    "i",
                    &[
                        ("class", "chance"),
                        ("style", &at(share)),
                        ("title", &title),
                    ],
                    |_| {},
                );
            }
            html.element(
                "i",
                &[("class", "dot"), ("style", &at(scores.accuracy))],
                |_| {},
            );
        },
    );
}

/// The accuracy of always naming the most frequent class.
fn majority(scores: &Scores) -> Option<f64> {
    let most = scores.per_class.iter().map(|class| class.support).max()?;
    let all = scores.examples();
    (all > 0).then(|| most as f64 / all as f64)
}

fn cards(html: &mut Html, evaluation: &Evaluation) {
    let track = &evaluation.track;
    let mut card = |name: &str, value: String, title: &str| {
        html.element("div", &[("title", title)], |html| {
            html.leaf("dt", &[], name);
            html.leaf("dd", &[], value);
        });
    };
    card(
        "Balanced accuracy",
        percent(track.balanced_accuracy),
        "the mean recall of the classes",
    );
    card(
        "Macro F1",
        decimal(track.macro_average.f1),
        "the mean F1 of the classes",
    );
    if let Some(top) = track.top_k.iter().rfind(|top| top.k <= 3) {
        let title = format!("the truth is among the {} most probable classes", top.k);
        card(&format!("Top {}", top.k), percent(top.accuracy), &title);
    }
    if let Some(area) = track
        .roc_area
        .as_ref()
        .and_then(|areas| areas.macro_average)
    {
        card(
            "ROC area",
            decimal(area),
            "each class against the rest, mean of the classes",
        );
    }
    if let Some(value) = track.matthews_correlation {
        card(
            "Matthews",
            decimal(value),
            "correlation of truth and answer: 0 is chance, 1 perfect",
        );
    }
    if let Some(calibration) = &track.calibration {
        let title = "how far confidence and accuracy are apart on average";
        card(
            "Calibration error",
            percent(calibration.expected_error),
            title,
        );
    }
    if let Some(share) = majority(track) {
        card(
            "Majority class",
            percent(share),
            "what always naming the most frequent class would get",
        );
    }
}

fn how(evaluation: &Evaluation) -> String {
    let pooling = match evaluation.pooling {
        Pooling::Vote => "the majority of its chunks' answers",
        Pooling::MeanProbability => "the mean of its chunks' probabilities",
    };
    let mut text = format!(
        "A track's answer is {pooling}. The numbers in the boxes are of tracks. The mark on the scale is \
         what always naming the most frequent class would get."
    );
    if let Some(intervals) = &evaluation.intervals {
        text += &format!(
            " Intervals are found by drawing whole tracks, {} times: chunks of one track are alike.",
            super::numbers::count(intervals.bootstrap.resamples as u64)
        );
    }
    text
}

fn others(html: &mut Html, report: &RunReport) {
    html.element("p", &[("class", "note")], |html| {
        for part in &report.parts[1..] {
            let Evaluation { track, chunk, .. } = &part.evaluation;
            html.text(format_args!(
                "On the {} part: {} of {}, {} of {}. ",
                part.name,
                percent(track.accuracy),
                counted(track.examples(), "track"),
                percent(chunk.accuracy),
                counted(chunk.examples(), "chunk"),
            ));
        }
    });
}
