//! The confusion matrix as a heat map.

use std::path::Path;

use sarangi_core::{Error, Result};
use sarangi_plot::{Align, Canvas, Fonts, SOFT_INK, TextStyle, point, readable_on, sequential};

use crate::Confusion;

/// What the cells of a drawn confusion matrix say. Their colour is the row's share in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConfusionStyle {
    /// How many examples.
    Counts,
    /// The share of the true class's examples, in percent.
    #[default]
    RowPercent,
}

/// A picture of more would be larger than programs open.
const MAX_CLASSES: usize = 500;
/// Above this, numbers would be too small to read: the cells are coloured only.
const MAX_ANNOTATED: usize = 60;
/// Cells at least this wide have room for a decimal, and for zeros.
const ROOMY: f32 = 90.0;
const MARGIN: f32 = 70.0;
const TITLE: f32 = 40.0;
const TEXT: f32 = 27.0;
/// No class name takes more room than this.
const LONGEST_NAME: f32 = 420.0;
/// Degrees by which names below the columns rise, where they do not fit level.
const SLANT: f32 = 45.0;

/// Draws a confusion matrix as a heat map with class names and a number in each cell, and writes
/// it as PNG.
///
/// Rows are the truth, columns the prediction. Cells, letters and picture follow the number of
/// classes (from 2 to some 35 they are meant to be read, above 60 cells have no numbers), names that
/// are too long end in "…". The picture is at least 1100 pixels wide.
///
/// # Errors
/// [`Error::Config`] for more than 500 classes, [`Error::Shape`] if there is not one label for each
/// class, [`Error::Io`] if the file cannot be written.
pub fn plot_confusion(
    confusion: &Confusion,
    labels: &[String],
    style: ConfusionStyle,
    title: &str,
    path: impl AsRef<Path>,
) -> Result<()> {
    let classes = confusion.classes();
    if labels.len() != classes {
        return Err(Error::shape(
            "plot_confusion",
            format_args!("{classes} labels, one for each class"),
            labels.len(),
        ));
    }
    if classes > MAX_CLASSES {
        return Err(Error::config(
            "plot",
            "confusion",
            format!("can be drawn for at most {MAX_CLASSES} classes, got {classes}"),
        ));
    }
    let fonts = Fonts::load()?;
    let layout = Layout::new(&fonts, labels);
    let mut canvas = Canvas::new(layout.width, layout.height)?;
    layout.headings(&mut canvas, &fonts, style, title);
    layout.names(&mut canvas, &fonts);
    layout.cells(&mut canvas, &fonts, confusion, style);
    canvas.into_picture().write_png(path)
}

struct Layout {
    /// The class names, as far as they fit.
    names: Vec<String>,
    name_style: TextStyle,
    slanted: bool,
    cell: f32,
    /// The upper left corner of the cells.
    left: f32,
    top: f32,
    /// The side of all cells together.
    side: f32,
    /// How far the names below the columns reach down.
    below: f32,
    width: f32,
    height: f32,
}

impl Layout {
    fn new(fonts: &Fonts, labels: &[String]) -> Self {
        let n = labels.len() as f32;
        let cell = if labels.len() <= MAX_ANNOTATED {
            (1500.0 / n).clamp(58.0, 400.0)
        } else {
            (3400.0 / n).max(12.0)
        }
        .round();
        let name_style = TextStyle::new((0.8 * cell).min(TEXT));
        let shorten = |label: &String| fonts.shorten(label, name_style, LONGEST_NAME);
        let names: Vec<String> = labels.iter().map(shorten).collect();
        let widest = names
            .iter()
            .map(|name| fonts.width(name, name_style))
            .fold(0.0, f32::max);
        let slanted = widest > 0.92 * cell;
        let reach = if slanted {
            (widest + name_style.size) * SLANT.to_radians().sin()
        } else {
            name_style.size
        };
        let side = n * cell;
        // The first slanted name leans out to the left, by at most its reach less half a cell.
        let lean = if slanted { reach - 0.5 * cell } else { 0.0 };
        let left = (MARGIN + 70.0 + widest.max(lean - 70.0) + 24.0).round();
        let top = 215.0;
        let below = reach + 24.0;
        Self {
            names,
            name_style,
            slanted,
            cell,
            left,
            top,
            side,
            below,
            width: (left + side + MARGIN).max(1100.0),
            height: top + side + below + 60.0 + MARGIN,
        }
    }

    fn headings(&self, canvas: &mut Canvas, fonts: &Fonts, style: ConfusionStyle, title: &str) {
        let bold = TextStyle::new(TITLE).bold();
        let soft = TextStyle::new(TEXT).colour(SOFT_INK);
        let title = fonts.shorten(title, bold, self.width - 2.0 * MARGIN);
        fonts.draw(canvas, &title, point(MARGIN, 96.0), bold);
        let unit = match style {
            ConfusionStyle::Counts => "number of examples; colour: share of the true class",
            ConfusionStyle::RowPercent => "percent of each true class",
        };
        fonts.draw(canvas, unit, point(MARGIN, 148.0), soft);
        let middle = self.side / 2.0;
        let across = soft.align(Align::Middle);
        let bottom = self.top + self.side + self.below;
        let at = point(self.left + middle, bottom + 60.0);
        fonts.draw(canvas, "predicted class", at, across);
        let at = point(MARGIN + 2.0 * across.drop(), self.top + middle);
        fonts.draw(canvas, "true class", at, across.angle(90.0));
    }

    fn names(&self, canvas: &mut Canvas, fonts: &Fonts) {
        let style = self.name_style;
        let bottom = self.top + self.side;
        for (index, name) in self.names.iter().enumerate() {
            let middle = (index as f32 + 0.5) * self.cell;
            let at = point(self.left - 24.0, self.top + middle + style.drop());
            fonts.draw(canvas, name, at, style.align(Align::End));
            let x = self.left + middle;
            if self.slanted {
                // Half of the letters' height to the side, so that their middle meets the column's.
                let at = point(x + 0.5 * style.drop(), bottom + 24.0 + style.drop());
                fonts.draw(canvas, name, at, style.align(Align::End).angle(SLANT));
            } else {
                let at = point(x, bottom + 24.0 + 2.0 * style.drop());
                fonts.draw(canvas, name, at, style.align(Align::Middle));
            }
        }
    }

    fn cells(
        &self,
        canvas: &mut Canvas,
        fonts: &Fonts,
        confusion: &Confusion,
        style: ConfusionStyle,
    ) {
        let fractions = confusion.row_fractions();
        let text = |row: usize, column: usize| match style {
            // Among many classes zeros would hide the rest.
            _ if self.cell < ROOMY && confusion.counts()[row][column] == 0 => String::new(),
            ConfusionStyle::Counts => confusion.counts()[row][column].to_string(),
            ConfusionStyle::RowPercent => self.percent(fractions[row][column]),
        };
        let gap = if self.cell >= 40.0 { 2.0 } else { 0.0 };
        let size = self.text_size(fonts, confusion.classes(), &text);
        for (row, fractions) in fractions.iter().enumerate() {
            for (column, &share) in fractions.iter().enumerate() {
                let (x, y) = (
                    self.left + column as f32 * self.cell,
                    self.top + row as f32 * self.cell,
                );
                let colour = sequential(share);
                canvas.rect(x, y, self.cell - gap, self.cell - gap, colour);
                let Some(size) = size else {
                    continue;
                };
                // Pale: zeros are the ground on which the rest is read.
                let empty = confusion.counts()[row][column] == 0;
                let ink = if empty {
                    sequential(0.36)
                } else {
                    readable_on(colour)
                };
                let style = TextStyle::new(size).colour(ink).align(Align::Middle);
                let middle = (self.cell - gap) / 2.0;
                let at = point(x + middle, y + middle + style.drop());
                fonts.draw(canvas, &text(row, column), at, style);
            }
        }
    }

    /// One decimal where there is room for it.
    fn percent(&self, share: f64) -> String {
        if share == 0.0 || self.cell < ROOMY {
            format!("{:.0}", 100.0 * share)
        } else {
            format!("{:.1}", 100.0 * share)
        }
    }

    /// The size at which the widest number fits its cell; `None` if that could not be read.
    fn text_size(
        &self,
        fonts: &Fonts,
        classes: usize,
        text: &impl Fn(usize, usize) -> String,
    ) -> Option<f32> {
        if classes > MAX_ANNOTATED {
            return None;
        }
        let unit = TextStyle::new(1.0);
        let widest = (0..classes * classes)
            .map(|cell| fonts.width(&text(cell / classes, cell % classes), unit))
            .fold(0.0, f32::max);
        let size = (0.8 * self.cell / widest.max(1e-3)).min(0.38 * self.cell);
        (size >= 9.0).then_some(size.min(44.0))
    }
}
