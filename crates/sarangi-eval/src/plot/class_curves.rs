//! ROC and precision-recall curves of all classes.

use std::path::Path;

use sarangi_core::{Error, Result};
use sarangi_plot::{
    Align, Canvas, Colour, Fonts, INK, Point, SOFT_INK, TextStyle, categorical, point,
};

use super::square::{Square, TEXT};
use crate::Curves;

const WIDTH: f32 = 1640.0;
const HEIGHT: f32 = 1200.0;
const SQUARE: Square = Square {
    left: 180.0,
    top: 175.0,
    side: 900.0,
};
/// Names smaller than this cannot be read.
const SMALLEST: f32 = 14.0;

/// Draws the ROC curve of each class against the rest, their mean and that of all decisions, with the
/// areas below, and writes a PNG of 1640 × 1200 pixels. scikit-learn's `RocCurveDisplay`.
///
/// Above some fifty classes only the averages are named.
///
/// # Errors
/// [`Error::Shape`] if there is not one label for each class, [`Error::Io`] if the file cannot be
/// written.
pub fn plot_roc(
    curves: &Curves,
    labels: &[String],
    title: &str,
    path: impl AsRef<Path>,
) -> Result<()> {
    check(curves.roc.len(), labels)?;
    let xy = |points: &[crate::RocPoint]| -> Vec<Point> {
        points
            .iter()
            .map(|p| SQUARE.at(p.false_positives, p.true_positives))
            .collect()
    };
    let classes = curves
        .roc
        .iter()
        .map(|curve| curve.as_ref().map(|c| (xy(&c.points), c.area)));
    let mean = curves.roc_macro.as_ref().map(|mean| {
        let points = mean.points.iter().map(|&(x, y)| SQUARE.at(x, y)).collect();
        (points, mean.area)
    });
    let drawing = Drawing {
        classes: classes.collect(),
        micro: curves.roc_micro.as_ref().map(|c| (xy(&c.points), c.area)),
        mean,
        mean_area: None,
        labels,
    };
    drawing.write(
        title,
        "area below the ROC curve",
        ["false positive rate", "true positive rate"],
        true,
        path,
    )
}

/// Draws precision against recall of each class and of all decisions, with the average precisions, and
/// writes a PNG of 1640 × 1200 pixels. scikit-learn's `PrecisionRecallDisplay`.
///
/// # Errors
/// As [`plot_roc`].
pub fn plot_precision_recall(
    curves: &Curves,
    labels: &[String],
    title: &str,
    path: impl AsRef<Path>,
) -> Result<()> {
    check(curves.pr.len(), labels)?;
    let xy = |points: &[crate::PrPoint]| -> Vec<Point> {
        points
            .iter()
            .map(|p| SQUARE.at(p.recall, p.precision))
            .collect()
    };
    let classes = curves
        .pr
        .iter()
        .map(|curve| curve.as_ref().map(|c| (xy(&c.points), c.area)));
    let drawing = Drawing {
        classes: classes.collect(),
        micro: curves.pr_micro.as_ref().map(|c| (xy(&c.points), c.area)),
        mean: None,
        mean_area: curves.pr_macro,
        labels,
    };
    drawing.write(
        title,
        "average precision",
        ["recall", "precision"],
        false,
        path,
    )
}

fn check(classes: usize, labels: &[String]) -> Result<()> {
    if labels.len() == classes {
        return Ok(());
    }
    let expected = format_args!("{classes} labels, one for each class");
    Err(Error::shape("plot_curves", expected, labels.len()))
}

/// Points, and the area below.
type Curve = (Vec<Point>, f64);

struct Drawing<'a> {
    classes: Vec<Option<Curve>>,
    micro: Option<Curve>,
    mean: Option<Curve>,
    /// Where there is a mean area without a curve.
    mean_area: Option<f64>,
    labels: &'a [String],
}

impl Drawing<'_> {
    fn write(
        &self,
        title: &str,
        what: &str,
        axes: [&str; 2],
        diagonal: bool,
        path: impl AsRef<Path>,
    ) -> Result<()> {
        let below = format!("each class against the rest; {what}");
        let (mut canvas, fonts) = SQUARE.framed((WIDTH, HEIGHT), [title, &below], axes)?;
        if diagonal {
            SQUARE.diagonal(&mut canvas);
        }
        let count = self.classes.len();
        for (class, curve) in self.classes.iter().enumerate() {
            if let Some((points, _)) = curve {
                canvas.line(points, 4.0, categorical(class, count));
            }
        }
        if let Some((points, _)) = &self.micro {
            dashes(&mut canvas, points);
        }
        if let Some((points, _)) = &self.mean {
            canvas.line(points, 7.0, INK);
        }
        self.legend(&mut canvas, &fonts);
        canvas.into_picture().write_png(path)
    }

    fn legend(&self, canvas: &mut Canvas, fonts: &Fonts) {
        let mean = self.mean.as_ref().map(|mean| mean.1).or(self.mean_area);
        let micro = self.micro.as_ref().map(|micro| micro.1);
        let mut rows: Vec<(&str, Colour, f32, Option<f64>)> = vec![
            (
                "macro average",
                INK,
                if self.mean.is_some() { 8.0 } else { 0.0 },
                mean,
            ),
            ("micro average", INK, 3.0, micro),
        ];
        let size = |rows: usize| (0.62 * SQUARE.side / rows as f32).min(TEXT);
        let count = self.classes.len();
        if size(count + 2) >= SMALLEST {
            for (class, (curve, label)) in self.classes.iter().zip(self.labels).enumerate() {
                let area = curve.as_ref().map(|curve| curve.1);
                rows.push((label, categorical(class, count), 6.0, area));
            }
        }
        let size = size(rows.len());
        let left = SQUARE.left + SQUARE.side + 70.0;
        let right = WIDTH - Square::MARGIN;
        for (index, (name, colour, width, area)) in rows.into_iter().enumerate() {
            let style = TextStyle::new(size);
            let y = SQUARE.top + size + index as f32 * 1.55 * size;
            let middle = y - style.drop();
            let swatch = [point(left, middle), point(left + 1.5 * size, middle)];
            if width > 0.0 && index == 1 {
                dashes(canvas, &swatch);
            } else if width > 0.0 {
                canvas.line(&swatch, width, colour);
            }
            let number = area.map_or_else(|| "–".to_owned(), |area| format!("{area:.3}"));
            let soft = style.colour(SOFT_INK).align(Align::End);
            fonts.draw(canvas, &number, point(right, y), soft);
            let start = left + 2.1 * size;
            let room = right - start - fonts.width("0.0000", style);
            let name = fonts.shorten(name, style, room);
            fonts.draw(canvas, &name, point(start, y), style);
        }
    }
}

/// Dots along a line, in ink.
fn dashes(canvas: &mut Canvas, points: &[Point]) {
    const STEP: f32 = 13.0;
    let mut left = 0.0;
    for pair in points.windows(2) {
        let way = pair[1] - pair[0];
        let length = way.x.hypot(way.y);
        while left <= length {
            let share = if length > 0.0 { left / length } else { 0.0 };
            let at = pair[0] + point(way.x * share, way.y * share);
            canvas.disc(at, 3.5, INK);
            left += STEP;
        }
        left -= length;
    }
}
