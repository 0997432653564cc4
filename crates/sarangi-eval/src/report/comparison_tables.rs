//! The numbers of several runs.

use std::collections::BTreeMap;

use super::ComparedRun;
use super::chart::hue;
use super::html::Html;
use super::numbers::{count, decimal_or_dash, percent, percent_range};
use super::page::wide;
use crate::{Interval, McNemar};

/// Below this a difference is called one.
const SIGNIFICANT: f64 = 0.05;

type Column = (
    &'static str,
    &'static str,
    fn(&ComparedRun) -> Option<f64>,
    bool,
);

/// Name, meaning, value, and whether it is a share that is written in per cent.
const COLUMNS: [Column; 9] = [
    (
        "Tracks right",
        "track accuracy",
        |run| Some(run.evaluation().track.accuracy),
        true,
    ),
    (
        "Chunks right",
        "chunk accuracy",
        |run| Some(run.evaluation().chunk.accuracy),
        true,
    ),
    (
        "Balanced",
        "balanced accuracy of tracks",
        |run| Some(run.evaluation().track.balanced_accuracy),
        true,
    ),
    (
        "Macro F1",
        "mean F1 of the classes, tracks",
        |run| Some(run.evaluation().track.macro_average.f1),
        false,
    ),
    (
        "Matthews",
        "correlation of truth and answer, tracks",
        |run| run.evaluation().track.matthews_correlation,
        false,
    ),
    (
        "ROC area",
        "mean of the classes, tracks",
        |run| run.evaluation().track.roc_area.as_ref()?.macro_average,
        false,
    ),
    (
        "Avg. prec.",
        "mean of the classes, tracks",
        |run| {
            run.evaluation()
                .track
                .average_precision
                .as_ref()?
                .macro_average
        },
        false,
    ),
    (
        "Log loss",
        "of tracks; less is better",
        |run| Some(run.evaluation().track.log_loss),
        false,
    ),
    (
        "Cal. error",
        "expected calibration error of tracks; less is better",
        |run| Some(run.evaluation().track.calibration.as_ref()?.expected_error),
        true,
    ),
];

/// One row for each run.
pub(crate) fn numbers(runs: &[ComparedRun]) -> Html {
    let mut html = Html::new();
    if runs.is_empty() {
        return html;
    }
    html.leaf("h2", &[], "Numbers");
    wide(&mut html, "Numbers of the runs", |html| {
        html.element("table", &[("class", "sortable scores")], |html| {
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    html.leaf("th", &[("scope", "col")], "Run");
                    for (name, title, _, _) in COLUMNS {
                        html.leaf(
                            "th",
                            &[("scope", "col"), ("class", "number"), ("title", title)],
                            name,
                        );
                    }
                    html.leaf("th", &[("scope", "col"), ("class", "number")], "Tracks");
                });
            });
            html.element("tbody", &[], |html| {
                runs.iter().for_each(|run| row(html, run))
            });
        });
    });
    html.leaf(
        "p",
        &[("class", "note")],
        "A column's name sorts by it. Below accuracies and F1, 95\u{a0}% intervals.",
    );
    html
}

fn row(html: &mut Html, run: &ComparedRun) {
    html.element("tr", &[], |html| {
        html.leaf("th", &[("scope", "row")], run.name());
        for (index, (_, _, value, shares)) in COLUMNS.iter().enumerate() {
            let value = value(run);
            let sort = value.map_or_else(|| "-1".to_owned(), |value| value.to_string());
            html.element("td", &[("class", "number"), ("data-sort", &sort)], |html| {
                match value {
                    Some(value) if *shares => html.text(percent(value)),
                    value => html.text(decimal_or_dash(value)),
                }
                if let Some(interval) = interval(run, index).filter(|i| i.low < i.high) {
                    let text = if *shares {
                        percent_range(interval)
                    } else {
                        decimals(interval)
                    };
                    html.leaf("small", &[], text);
                }
            });
        }
        let tracks = run.evaluation().track.examples();
        html.leaf(
            "td",
            &[("class", "number"), ("data-sort", &tracks.to_string())],
            count(tracks),
        );
    });
}

fn decimals(Interval { low, high }: Interval) -> String {
    format!("{low:.3}–{high:.3}")
}

fn interval(run: &ComparedRun, column: usize) -> Option<Interval> {
    let all = run.evaluation().intervals.as_ref()?;
    match column {
        0 => Some(all.track.accuracy),
        1 => Some(all.chunk.accuracy),
        2 => Some(all.track.balanced_accuracy),
        3 => Some(all.track.macro_f1),
        _ => None,
    }
}

/// McNemar's test of each pair.
pub(crate) fn differences(runs: &[ComparedRun]) -> Html {
    let mut html = Html::new();
    if runs.len() < 2 {
        return html;
    }
    html.leaf("h2", &[], "Do they differ?");
    let mut refusals: Vec<String> = Vec::new();
    wide(&mut html, "McNemar's test of each pair of runs", |html| {
        html.element("table", &[("class", "tests")], |html| {
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    html.element("td", &[], |_| {});
                    for run in runs {
                        html.leaf("th", &[("scope", "col")], run.name());
                    }
                });
            });
            html.element("tbody", &[], |html| {
                for (row, run) in runs.iter().enumerate() {
                    html.element("tr", &[], |html| {
                        html.leaf("th", &[("scope", "row")], run.name());
                        for (column, other) in runs.iter().enumerate() {
                            match run.against(other) {
                                _ if row == column => html.leaf("td", &[("class", "none")], "·"),
                                Ok(test) => cell(html, [run, other], &test),
                                Err(error) => {
                                    html.leaf("td", &[("class", "none")], "not comparable");
                                    if row < column {
                                        let names =
                                            [run, other].map(ComparedRun::name).join(" and ");
                                        refusals.push(format!("{names}: {error}"));
                                    }
                                }
                            }
                        }
                    });
                }
            });
        });
    });
    let pairs = runs.len() * (runs.len() - 1) / 2;
    let mut note = "McNemar's exact test on the tracks that only one of two runs tells right: first those of the \
         row's run, then those of the column's, with the probability that equally good runs differ as much."
        .to_owned();
    if pairs > 1 {
        note += &format!(
            " The probabilities are not corrected: among {pairs} pairs one below {:.3} is as rare as one below \
             0.05 alone (Bonferroni).",
            SIGNIFICANT / pairs as f64
        );
    }
    html.leaf("p", &[("class", "note")], note);
    for refusal in refusals {
        html.leaf("p", &[("class", "note")], refusal);
    }
    html
}

fn cell(html: &mut Html, [run, other]: [&ComparedRun; 2], test: &McNemar) {
    let differs = test.exact_p < SIGNIFICANT;
    let class = match (differs, test.only_first > test.only_second) {
        (true, true) => "better",
        (true, false) => "worse",
        (false, _) => "same",
    };
    let title = format!(
        "only {} right: {}, only {} right: {}, both: {}, neither: {}; chi-squared {:.3}, p {}",
        run.name(),
        test.only_first,
        other.name(),
        test.only_second,
        test.both,
        test.neither,
        test.statistic,
        probability(test.chi_squared_p),
    );
    html.element("td", &[("class", class), ("title", &title)], |html| {
        html.leaf(
            "b",
            &[],
            format_args!("{} : {}", count(test.only_first), count(test.only_second)),
        );
        let word = match class {
            "better" => "better",
            "worse" => "worse",
            _ => "no evidence",
        };
        html.leaf(
            "small",
            &[],
            format_args!("p {}, {word}", probability(test.exact_p)),
        );
    });
}

fn probability(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("= {p:.3}")
    }
}

/// F1 of every class in every run.
pub(crate) fn classes(runs: &[ComparedRun]) -> Html {
    let mut html = Html::new();
    // By name, as runs may know different classes.
    let mut names: Vec<&str> = Vec::new();
    let mut scores: BTreeMap<(&str, usize), f64> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        let evaluation = run.evaluation();
        for (label, score) in evaluation.labels.iter().zip(&evaluation.track.per_class) {
            if !names.contains(&label.as_str()) {
                names.push(label);
            }
            scores.insert((label, index), score.f1);
        }
    }
    if names.is_empty() {
        return html;
    }
    html.leaf("h2", &[], "F1 of each class");
    wide(&mut html, "F1 of each class in each run", |html| {
        // Columns of the same width, so that bars compare from run to run.
        let width = format!("min-width:{}rem", 7 + 7 * runs.len());
        html.element(
            "table",
            &[("class", "sortable scores each"), ("style", &width)],
            |html| {
                html.element("thead", &[], |html| {
                    html.element("tr", &[], |html| {
                        html.leaf("th", &[("scope", "col")], "Class");
                        for run in runs {
                            html.leaf("th", &[("scope", "col"), ("class", "number")], run.name());
                        }
                    });
                });
                html.element("tbody", &[], |html| {
                    for name in &names {
                        html.element("tr", &[], |html| {
                            html.leaf("th", &[("scope", "row")], name);
                            for index in 0..runs.len() {
                                let value = scores.get(&(*name, index)).copied();
                                let share = value.unwrap_or(0.0);
                                let style =
                                    format!("--share:{share:.4};{}", hue(index, runs.len()));
                                let sort = value
                                    .map_or_else(|| "-1".to_owned(), |value| value.to_string());
                                let attributes = [
                                    ("class", "number filled of-run"),
                                    ("data-sort", &sort),
                                    ("style", &style),
                                ];
                                html.leaf("td", &attributes, decimal_or_dash(value));
                            }
                        });
                    }
                });
            },
        );
    });
    html.leaf("p", &[("class", "note")], "Of tracks.");
    html
}
