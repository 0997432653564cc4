//! Accuracy against confidence.

use std::path::Path;

use sarangi_core::Result;
use sarangi_plot::{ACCENT, Canvas, Fonts, INK, SECOND, SOFT_INK, TextStyle, point};

use super::square::{Square, TEXT};
use crate::Calibration;

const WIDTH: f32 = 1200.0;
const SQUARE: Square = Square {
    left: 180.0,
    top: 235.0,
    side: 900.0,
};
/// How high the bars of the counts are at most.
const COUNTS: f32 = 150.0;

/// Draws a reliability diagram, with the counts of the bins below, and writes a PNG of 1200 × 1530
/// pixels. scikit-learn's `CalibrationDisplay`.
///
/// Blue is how often the class that is named is right; an orange edge is where its probability says it
/// should be.
///
/// # Errors
/// [`Error::Io`](sarangi_core::Error::Io) if the file cannot be written.
pub fn plot_reliability(
    calibration: &Calibration,
    title: &str,
    path: impl AsRef<Path>,
) -> Result<()> {
    let bottom = SQUARE.top + SQUARE.side;
    let below = format!(
        "expected calibration error {:.1} %, Brier's score {:.3}",
        100.0 * calibration.expected_error,
        calibration.brier
    );
    let (mut canvas, fonts) = SQUARE.framed(
        (WIDTH, bottom + 130.0 + COUNTS + 115.0),
        [title, &below],
        ["confidence", "accuracy"],
    )?;
    legend(&mut canvas, &fonts);
    let bins = calibration.bins.len().max(1) as f64;
    let most = calibration
        .bins
        .iter()
        .map(|bin| bin.count)
        .max()
        .unwrap_or(0)
        .max(1);
    let base = bottom + 130.0 + COUNTS;
    for (index, bin) in calibration.bins.iter().enumerate() {
        let (Some(accuracy), Some(confidence)) = (bin.accuracy, bin.confidence) else {
            continue;
        };
        let corner = SQUARE.at(index as f64 / bins, accuracy);
        let width = SQUARE.side / bins as f32 - 4.0;
        canvas.rect(corner.x + 2.0, corner.y, width, bottom - corner.y, ACCENT);
        let said = SQUARE.at(0.0, confidence).y;
        canvas.rect(corner.x + 2.0, said - 4.0, width, 8.0, SECOND);
        let height = (COUNTS * bin.count as f32 / most as f32).max(2.0);
        canvas.rect(corner.x + 2.0, base - height, width, height, SOFT_INK);
    }
    SQUARE.diagonal(&mut canvas);
    canvas.rect(SQUARE.left, base, SQUARE.side, 2.0, INK);
    let style = TextStyle::new(TEXT).colour(SOFT_INK);
    let text = format!("examples with each confidence, at most {most} in a bin");
    fonts.draw(&mut canvas, &text, point(SQUARE.left, base + 50.0), style);
    canvas.into_picture().write_png(path)
}

fn legend(canvas: &mut Canvas, fonts: &Fonts) {
    let style = TextStyle::new(TEXT);
    let mut left = Square::MARGIN;
    for (name, colour, height) in [
        ("how often it is right", ACCENT, 22.0),
        ("how sure it is", SECOND, 8.0),
    ] {
        let middle = 190.0 - style.drop();
        canvas.rect(left, middle - height / 2.0, 40.0, height, colour);
        fonts.draw(canvas, name, point(left + 56.0, 190.0), style);
        left += 56.0 + fonts.width(name, style) + 48.0;
    }
}
