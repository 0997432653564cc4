//! How many tracks each class has in each part of a split.

use std::path::Path;

use sarangi_core::{Error, Result};
use sarangi_plot::{ACCENT, Align, Canvas, Colour, Fonts, SECOND, SOFT_INK, TextStyle, point};

use super::square::{Square, TEXT};
use crate::ClassCounts;

/// A picture of more would be larger than programs open.
const MAX_CLASSES: usize = 1000;
const WIDTH: f32 = 1640.0;
const ROW: f32 = 46.0;
const TOP: f32 = 210.0;
/// No class name takes more room than this.
const LONGEST_NAME: f32 = 380.0;
const COLOURS: [Colour; 4] = [ACCENT, SECOND, [44, 138, 87], [150, 159, 170]];

/// Draws a bar for each class, made of its counts in the parts of a split one after the other, and writes
/// it as a PNG 1640 pixels wide.
///
/// # Errors
/// [`Error::Config`] if there is no class or more than 1,000, [`Error::Shape`] if a part has not one
/// count for each class, [`Error::Io`] if the file cannot be written.
pub fn plot_class_counts(counts: &ClassCounts, title: &str, path: impl AsRef<Path>) -> Result<()> {
    let classes = counts.labels.len();
    if !(1..=MAX_CLASSES).contains(&classes) {
        let reason = format!("must have 1 to {MAX_CLASSES} classes to be drawn, got {classes}");
        return Err(Error::config("plot", "counts", reason));
    }
    if let Some((name, part)) = counts.parts.iter().find(|(_, part)| part.len() != classes) {
        let expected = format_args!("{classes} counts in `{name}`, one for each class");
        return Err(Error::shape("plot_class_counts", expected, part.len()));
    }
    let fonts = Fonts::load()?;
    let mut canvas = Canvas::new(WIDTH, TOP + ROW * classes as f32 + Square::MARGIN)?;
    let total: u64 = counts
        .parts
        .iter()
        .flat_map(|(_, part)| part)
        .fold(0, |sum, &n| sum.saturating_add(n));
    Square::heading(
        &mut canvas,
        &fonts,
        title,
        &format!("{total} in {classes} classes"),
    );
    legend(&mut canvas, &fonts, counts);
    let style = TextStyle::new(TEXT);
    let soft = style.colour(SOFT_INK);
    let of_class = |class: usize| {
        let of = counts.parts.iter().map(move |(_, part)| part[class]);
        of.fold(0u64, u64::saturating_add)
    };
    let names: Vec<String> = counts
        .labels
        .iter()
        .map(|label| fonts.shorten(label, style, LONGEST_NAME))
        .collect();
    let widest = names
        .iter()
        .map(|name| fonts.width(name, style))
        .fold(0.0, f32::max);
    let most = (0..classes).map(of_class).max().unwrap_or(0).max(1);
    let left = Square::MARGIN + widest + 24.0;
    let room = WIDTH - Square::MARGIN - left - fonts.width(&format!(" {most}"), soft) - 16.0;
    for (class, name) in names.iter().enumerate() {
        let top = TOP + ROW * class as f32;
        let baseline = top + ROW / 2.0 + style.drop();
        fonts.draw(
            &mut canvas,
            name,
            point(left - 24.0, baseline),
            style.align(Align::End),
        );
        let mut before = 0u64;
        let at = |n: u64| left + room * (n as f64 / most as f64) as f32;
        for (part, (_, of_part)) in counts.parts.iter().enumerate() {
            let after = before.saturating_add(of_part[class]);
            let (from, to) = (at(before), at(after));
            canvas.rect(
                from,
                top + 6.0,
                to - from,
                ROW - 12.0,
                COLOURS[part % COLOURS.len()],
            );
            before = after;
        }
        fonts.draw(
            &mut canvas,
            &of_class(class).to_string(),
            point(at(before) + 16.0, baseline),
            soft,
        );
    }
    canvas.into_picture().write_png(path)
}

fn legend(canvas: &mut Canvas, fonts: &Fonts, counts: &ClassCounts) {
    let style = TextStyle::new(TEXT);
    let mut left = Square::MARGIN;
    for (part, (name, of_part)) in counts.parts.iter().enumerate() {
        let sum: u64 = of_part.iter().fold(0, |sum, &n| sum.saturating_add(n));
        let name = format!("{} {sum}", fonts.shorten(name, style, LONGEST_NAME));
        let middle = 185.0 - style.drop();
        canvas.rect(
            left,
            middle - 11.0,
            40.0,
            22.0,
            COLOURS[part % COLOURS.len()],
        );
        fonts.draw(canvas, &name, point(left + 56.0, 185.0), style);
        left += 56.0 + fonts.width(&name, style) + 48.0;
    }
}
