//! The evaluation as plain text.

use std::fmt::{self, Formatter};

use crate::text_width::{pad_end, width};
use crate::{Calibration, ClassScore, Evaluation, Interval, Pooling, Scores, TopK};

/// How many of the most frequent confusions are listed.
const PAIRS: usize = 5;

pub(crate) fn write(evaluation: &Evaluation, f: &mut Formatter<'_>) -> fmt::Result {
    accuracies(evaluation, f)?;
    writeln!(f)?;
    table(evaluation, f)?;
    confusions(evaluation, f)
}

fn accuracies(evaluation: &Evaluation, f: &mut Formatter<'_>) -> fmt::Result {
    let Evaluation { chunk, track, .. } = evaluation;
    let pooling = match evaluation.pooling {
        Pooling::Vote => "majority vote",
        Pooling::MeanProbability => "mean probability",
    };
    let percent = |share: f64| 100.0 * share;
    let intervals = evaluation.intervals.as_ref();
    let between = |interval: Option<Interval>| match (interval, intervals) {
        // Where every track is told right, or wrong, drawing tracks cannot say how sure that is.
        (Some(Interval { low, high }), Some(all)) if low < high => format!(
            "{:.0} % interval {:.1} to {:.1}; ",
            percent(all.bootstrap.level),
            percent(low),
            percent(high),
        ),
        _ => String::new(),
    };
    writeln!(
        f,
        "track accuracy  {:5.1} % ({}{}), by {pooling} of the chunks",
        percent(track.accuracy),
        between(intervals.map(|all| all.track.accuracy)),
        counted(track.examples(), "track"),
    )?;
    writeln!(
        f,
        "chunk accuracy  {:5.1} % ({}{})",
        percent(chunk.accuracy),
        between(intervals.map(|all| all.chunk.accuracy)),
        counted(chunk.examples(), "chunk"),
    )
}

/// Where a number of its own is.
type Single = fn(&Scores) -> Option<f64>;

/// Where an average is.
type Average = fn(&Scores) -> &ClassScore;

/// The numbers below the table: what they are called, and where they are.
fn singles(chunk: &Scores) -> Vec<(String, Single)> {
    let mut singles: Vec<(String, Single)> = vec![
        ("balanced accuracy".into(), |scores| {
            Some(scores.balanced_accuracy)
        }),
        ("Matthews correlation".into(), |scores| {
            scores.matthews_correlation
        }),
    ];
    // The one that says most: with ten classes the first five are half of all.
    if let Some(TopK { k, .. }) = chunk.top_k.iter().rfind(|top| top.k <= 3) {
        singles.push((format!("top-{k} accuracy"), |scores| {
            Some(scores.top_k.iter().rfind(|top| top.k <= 3)?.accuracy)
        }));
    }
    singles.push(("area below ROC".into(), |scores| {
        scores.roc_area.as_ref()?.macro_average
    }));
    singles.push(("average precision".into(), |scores| {
        scores.average_precision.as_ref()?.macro_average
    }));
    singles.push(("log loss".into(), |scores| Some(scores.log_loss)));
    singles.push(("calibration error".into(), |scores| {
        scores
            .calibration
            .as_ref()
            .map(|Calibration { expected_error, .. }| *expected_error)
    }));
    singles
}

fn table(evaluation: &Evaluation, f: &mut Formatter<'_>) -> fmt::Result {
    const LEVEL: usize = 35;
    let Evaluation { chunk, track, .. } = evaluation;
    let singles = singles(chunk);
    let names = evaluation.labels.iter().map(String::as_str);
    let names = names.chain(singles.iter().map(|(name, _)| name.as_str()));
    let first = names
        .chain(["weighted average"])
        .map(width)
        .max()
        .unwrap_or(0);
    let row = |f: &mut Formatter<'_>, name: &str, chunk: &str, track: &str| {
        let line = format!(
            "{}  {chunk:>LEVEL$}    {track:>LEVEL$}",
            pad_end(name, first)
        );
        writeln!(f, "{}", line.trim_end())
    };
    let scores = |score: &ClassScore| {
        format!(
            "{:9.3}  {:6.3}  {:6.3}  {:8}",
            score.precision, score.recall, score.f1, score.support
        )
    };
    let under_recall = |value: f64| format!("{value:.3}{:18}", "");

    let heading = "precision  recall      f1   support";
    row(
        f,
        "",
        &format!("{:<LEVEL$}", "chunks"),
        &format!("{:<LEVEL$}", "tracks"),
    )?;
    row(f, "class", heading, heading)?;
    for (name, (chunk, track)) in evaluation
        .labels
        .iter()
        .zip(chunk.per_class.iter().zip(&track.per_class))
    {
        row(f, name, &scores(chunk), &scores(track))?;
    }
    writeln!(f)?;
    let averages: [(&str, Average); 2] = [
        ("macro average", |scores| &scores.macro_average),
        ("weighted average", |scores| &scores.weighted_average),
    ];
    for (name, of) in averages {
        row(f, name, &scores(of(chunk)), &scores(of(track)))?;
    }
    for (name, of) in &singles {
        let [chunk, track] = [of(chunk), of(track)];
        if chunk.is_some() || track.is_some() {
            let text = |value: Option<f64>| value.map_or_else(String::new, under_recall);
            row(f, name, &text(chunk), &text(track))?;
        }
    }
    Ok(())
}

fn confusions(evaluation: &Evaluation, f: &mut Formatter<'_>) -> fmt::Result {
    let pairs = evaluation.track.confusion.confused_pairs(PAIRS);
    if pairs.is_empty() {
        return Ok(());
    }
    // An evaluation read from a file may have fewer labels than classes.
    let name = |class: usize| evaluation.labels.get(class).map_or("?", String::as_str);
    let lines: Vec<String> = pairs
        .iter()
        .map(|pair| format!("{} → {}", name(pair.truth), name(pair.predicted)))
        .collect();
    let first = lines.iter().map(|line| width(line)).max().unwrap_or(0);
    writeln!(f, "\nmost confused tracks (true → predicted)")?;
    for (line, pair) in lines.iter().zip(&pairs) {
        let of = evaluation
            .track
            .per_class
            .get(pair.truth)
            .map_or(0, |score| score.support);
        writeln!(
            f,
            "  {}  {:4} of {of:<4} {:5.1} %",
            pad_end(line, first),
            pair.count,
            100.0 * pair.share
        )?;
    }
    Ok(())
}

fn counted(n: u64, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}
