//! Loss and accuracy over the epochs.

use std::ops::RangeInclusive;
use std::path::Path;

use sarangi_core::{Error, Result};
use sarangi_plot::{
    ACCENT, AXIS, Align, Canvas, Colour, Fonts, GRID, INK, PAPER, Point, SECOND, SOFT_INK,
    TextStyle, Ticks, point, round_up,
};

/// What was measured after one epoch of training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochPoint {
    /// The epoch's number.
    pub epoch: usize,
    /// The mean loss over the training examples.
    pub train_loss: f64,
    /// The share of the training examples told right.
    pub train_accuracy: f64,
    /// The mean loss over the validation examples, if there are any.
    pub valid_loss: Option<f64>,
    /// The share of the validation examples told right, if there are any.
    pub valid_accuracy: Option<f64>,
}

const WIDTH: f32 = 2000.0;
const HEIGHT: f32 = 860.0;
const MARGIN: f32 = 70.0;
const GAP: f32 = 110.0;
const TITLE: f32 = 38.0;
const TEXT: f32 = 27.0;
/// At most so many steps on the value axis.
const TICKS: usize = 7;
const TRAINING: Colour = SECOND;
const VALIDATION: Colour = ACCENT;
/// Up to this many epochs each value is marked.
const MARKED: usize = 30;

/// Draws loss and accuracy over the epochs side by side and writes the picture as a PNG of
/// 2000 × 860 pixels.
///
/// Each panel marks its own best validation value, the first of equals. A value that is not finite,
/// or an accuracy beyond 0 to 1, leaves a gap in its line.
///
/// # Errors
/// [`Error::Config`] if there is no epoch, [`Error::Io`] if the file cannot be written.
pub fn plot_curves(history: &[EpochPoint], path: impl AsRef<Path>) -> Result<()> {
    if history.is_empty() {
        return Err(Error::config(
            "plot",
            "history",
            "must hold at least one epoch",
        ));
    }
    let mut history = history.to_vec();
    history.sort_by_key(|point| point.epoch);
    let fonts = Fonts::load()?;
    let mut canvas = Canvas::new(WIDTH, HEIGHT)?;
    let width = (WIDTH - 2.0 * MARGIN - GAP) / 2.0;
    let loss = Panel {
        title: "Loss",
        is_share: false,
        left: MARGIN,
        width,
        training: series(&history, LOSSES, |at| Some(at.train_loss)),
        validation: series(&history, LOSSES, |at| at.valid_loss),
    };
    let accuracy = Panel {
        title: "Accuracy",
        is_share: true,
        left: MARGIN + width + GAP,
        width,
        training: series(&history, SHARES, |at| Some(at.train_accuracy)),
        validation: series(&history, SHARES, |at| at.valid_accuracy),
    };
    let epochs = (history[0].epoch, history[history.len() - 1].epoch);
    for panel in [loss, accuracy] {
        panel.draw(&mut canvas, &fonts, epochs);
    }
    canvas.into_picture().write_png(path)
}

/// Values by epoch; `None` where there is nothing to draw.
type Series = Vec<(f64, Option<f64>)>;

/// The losses that can be drawn: what is beyond f32 would be beyond every axis as well.
const LOSSES: RangeInclusive<f64> = -(f32::MAX as f64)..=f32::MAX as f64;
/// The accuracies that can be drawn.
const SHARES: RangeInclusive<f64> = 0.0..=1.0;

fn series(
    history: &[EpochPoint],
    drawable: RangeInclusive<f64>,
    value: impl Fn(&EpochPoint) -> Option<f64>,
) -> Series {
    let value = |at: &EpochPoint| value(at).filter(|v| drawable.contains(v));
    history
        .iter()
        .map(|at| (at.epoch as f64, value(at)))
        .collect()
}

struct Panel {
    title: &'static str,
    /// Whether the values are shares of 1, of which more is better.
    is_share: bool,
    left: f32,
    width: f32,
    training: Series,
    validation: Series,
}

/// From values to pixels.
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
    left: f32,
    right: f32,
}

impl Scale {
    const TOP: f32 = 190.0;
    const BOTTOM: f32 = HEIGHT - 140.0;

    fn x(&self, value: f64) -> f32 {
        let share = (value - self.x.0) / (self.x.1 - self.x.0);
        self.left + share as f32 * (self.right - self.left)
    }

    fn y(&self, value: f64) -> f32 {
        let share = (value - self.y.0) / (self.y.1 - self.y.0);
        Self::BOTTOM - share as f32 * (Self::BOTTOM - Self::TOP)
    }

    fn at(&self, (epoch, value): (f64, f64)) -> Point {
        point(self.x(epoch), self.y(value))
    }
}

impl Panel {
    fn draw(&self, canvas: &mut Canvas, fonts: &Fonts, (first, last): (usize, usize)) {
        let (first, last) = (first as f64, last as f64);
        let y = self.range();
        let ticks = Ticks::new(y.0, y.1, TICKS, 0.0);
        let labels: Vec<String> = ticks.values.iter().map(|&v| self.tick(&ticks, v)).collect();
        let style = TextStyle::new(TEXT).colour(SOFT_INK);
        let widest = labels
            .iter()
            .map(|label| fonts.width(label, style))
            .fold(0.0, f32::max);
        let padding = 0.5f64.max(0.02 * (last - first));
        let scale = Scale {
            x: (first - padding, last + padding),
            y,
            left: self.left + widest + 22.0,
            right: self.left + self.width,
        };
        self.heading(canvas, fonts);
        for (&value, label) in ticks.values.iter().zip(&labels) {
            let y = scale.y(value);
            canvas.rect(scale.left, y - 1.0, scale.right - scale.left, 2.0, GRID);
            let at = point(scale.left - 22.0, y + style.drop());
            fonts.draw(canvas, label, at, style.align(Align::End));
        }
        Self::epochs(canvas, fonts, &scale, (first, last));
        let best = self.best();
        if let Some((epoch, value)) = best {
            let (x, y) = (scale.x(epoch), scale.y(value));
            canvas.rect(x - 1.0, y, 2.0, Scale::BOTTOM - y, AXIS);
        }
        curve(canvas, &scale, &self.training, TRAINING);
        curve(canvas, &scale, &self.validation, VALIDATION);
        if let Some(best) = best {
            let at = scale.at(best);
            for (radius, colour) in [(18.0, PAPER), (14.0, VALIDATION), (8.0, PAPER)] {
                canvas.disc(at, radius, colour);
            }
        }
        if self.drawn().next().is_none() {
            let middle = (scale.left + scale.right) / 2.0;
            let at = point(middle, (Scale::TOP + Scale::BOTTOM) / 2.0);
            fonts.draw(canvas, "no values to draw", at, style.align(Align::Middle));
        }
    }

    /// The title, the best value, and which line is which.
    fn heading(&self, canvas: &mut Canvas, fonts: &Fonts) {
        let title = TextStyle::new(TITLE).bold();
        fonts.draw(canvas, self.title, point(self.left, 84.0), title);
        let style = TextStyle::new(TEXT).colour(SOFT_INK);
        if let Some((epoch, value)) = self.best() {
            let which = if self.is_share { "highest" } else { "lowest" };
            let text = format!("{which} validation {} at epoch {epoch}", self.number(value));
            fonts.draw(canvas, &text, point(self.left, 132.0), style);
        }
        let mut right = self.left + self.width;
        let named = [
            ("validation", &self.validation, VALIDATION),
            ("training", &self.training, TRAINING),
        ];
        for (name, series, colour) in named {
            if series.iter().all(|(_, value)| value.is_none()) {
                continue;
            }
            let style = TextStyle::new(TEXT).colour(INK).align(Align::End);
            fonts.draw(canvas, name, point(right, 82.0), style);
            right -= fonts.width(name, style) + 16.0;
            let y = 82.0 - style.drop();
            canvas.line(&[point(right - 44.0, y), point(right, y)], 6.0, colour);
            right -= 44.0 + 40.0;
        }
    }

    fn epochs(canvas: &mut Canvas, fonts: &Fonts, scale: &Scale, (first, last): (f64, f64)) {
        let style = TextStyle::new(TEXT).colour(SOFT_INK).align(Align::Middle);
        let bottom = Scale::BOTTOM;
        canvas.rect(
            scale.left,
            bottom - 1.0,
            scale.right - scale.left,
            2.0,
            AXIS,
        );
        let (mut low, mut high) = (first, last);
        if low == high {
            (low, high) = (low - 0.5, high + 0.5);
        }
        let ticks = Ticks::new(low, high, 10, 1.0);
        for &value in &ticks.values {
            let x = scale.x(value);
            canvas.rect(x - 1.0, bottom, 2.0, 10.0, AXIS);
            let at = point(x, bottom + 46.0);
            fonts.draw(canvas, &format!("{value}"), at, style);
        }
        let middle = point((scale.left + scale.right) / 2.0, bottom + 96.0);
        fonts.draw(canvas, "epoch", middle, style);
    }

    /// The values of both lines that can be drawn.
    fn drawn(&self) -> impl Iterator<Item = f64> {
        let both = self.training.iter().chain(&self.validation);
        both.filter_map(|&(_, value)| value)
    }

    /// From zero, so that heights compare; shares to 1.
    fn range(&self) -> (f64, f64) {
        if self.is_share {
            return (0.0, 1.0);
        }
        let low = -round_up(self.drawn().fold(0.0, |low, v| v.min(low)).abs(), TICKS);
        match self.drawn().fold(0.0, f64::max) {
            0.0 => (low, 1.0),
            high => (low, round_up(high, TICKS)),
        }
    }

    /// The epoch and value of the best validation result.
    fn best(&self) -> Option<(f64, f64)> {
        let finite = |&(epoch, value): &(f64, Option<f64>)| Some((epoch, value?));
        let mut values = self.validation.iter().filter_map(finite);
        let first = values.next()?;
        let better = |a: f64, b: f64| if self.is_share { a > b } else { a < b };
        Some(values.fold(
            first,
            |best, at| if better(at.1, best.1) { at } else { best },
        ))
    }

    fn tick(&self, ticks: &Ticks, value: f64) -> String {
        if self.is_share {
            format!("{:.0} %", 100.0 * value)
        } else {
            ticks.label(value)
        }
    }

    fn number(&self, value: f64) -> String {
        if self.is_share {
            format!("{:.1} %", 100.0 * value)
        } else if value != 0.0 && !(1e-3..1e5).contains(&value.abs()) {
            format!("{value:.2e}")
        } else {
            format!("{value:.3}")
        }
    }
}

/// One line with a gap wherever a value is missing; a value between two gaps is a dot.
fn curve(canvas: &mut Canvas, scale: &Scale, series: &Series, colour: Colour) {
    for run in series.split(|(_, value)| value.is_none()) {
        let drawable = |&(epoch, value): &(f64, Option<f64>)| Some(scale.at((epoch, value?)));
        let points: Vec<Point> = run.iter().filter_map(drawable).collect();
        canvas.line(&points, 5.0, colour);
        if series.len() <= MARKED || points.len() == 1 {
            for &at in &points {
                canvas.disc(at, 8.0, colour);
            }
        }
    }
}
