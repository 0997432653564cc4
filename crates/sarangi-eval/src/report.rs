//! The evaluation as plain text.

use std::fmt::{self, Formatter};

use crate::text_width::{pad_end, width};
use crate::{ClassScore, Evaluation, Pooling, Scores};

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
    writeln!(
        f,
        "track accuracy  {:5.1} % ± {:.1} ({}), by {pooling} of the chunks",
        percent(track.accuracy),
        percent(track.standard_error()),
        counted(track.examples(), "track"),
    )?;
    // Without an error: chunks of one track are not independent, it would look too small.
    writeln!(
        f,
        "chunk accuracy  {:5.1} % ({})",
        percent(chunk.accuracy),
        counted(chunk.examples(), "chunk"),
    )
}

fn table(evaluation: &Evaluation, f: &mut Formatter<'_>) -> fmt::Result {
    const LEVEL: usize = 35;
    const SUMMARY: [&str; 4] = [
        "macro average",
        "weighted average",
        "balanced accuracy",
        "log loss",
    ];
    let Evaluation { chunk, track, .. } = evaluation;
    let names = evaluation.labels.iter().map(String::as_str);
    let first = names.chain(SUMMARY).map(width).max().unwrap_or(0);
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
    let average = |of: fn(&Scores) -> &ClassScore| (scores(of(chunk)), scores(of(track)));
    let single = |of: fn(&Scores) -> f64| (under_recall(of(chunk)), under_recall(of(track)));
    let summary = [
        average(|scores| &scores.macro_average),
        average(|scores| &scores.weighted_average),
        single(|scores| scores.balanced_accuracy),
        single(|scores| scores.log_loss),
    ];
    for (name, (chunk, track)) in SUMMARY.iter().zip(&summary) {
        row(f, name, chunk, track)?;
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
