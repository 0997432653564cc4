//! What plots are drawn on.

use std::f32::consts::PI;
use std::path::Path;

use ab_glyph::{Glyph, GlyphId, Outline, OutlineCurve, OutlinedGlyph, Point, PxScaleFactor, Rect};
use ab_glyph::{PxScale, point};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{Rgb, RgbImage};
use sarangi_core::{Error, Result, write_atomically};

use super::palette::{Colour, PAPER};

/// A white picture; coordinates in pixels from the upper left corner.
pub(crate) struct Canvas {
    image: RgbImage,
}

impl Canvas {
    pub(crate) fn new(width: f32, height: f32) -> Self {
        Self {
            image: RgbImage::from_pixel(width.ceil() as u32, height.ceil() as u32, Rgb(PAPER)),
        }
    }

    /// Fills the inside of closed curves, with smooth edges.
    pub(crate) fn fill(&mut self, curves: Vec<OutlineCurve>, colour: Colour) {
        let Some(bounds) = bounds(&curves) else {
            return;
        };
        // ab_glyph's y axis points up, ours down.
        let upright = PxScaleFactor {
            horizontal: 1.0,
            vertical: -1.0,
        };
        let placed = Glyph {
            id: GlyphId(0),
            scale: PxScale::from(1.0),
            position: point(0.0, 0.0),
        };
        let shape = OutlinedGlyph::new(placed, Outline { bounds, curves }, upright);
        let corner = shape.px_bounds().min;
        shape.draw(|x, y, coverage| {
            let (x, y) = (
                corner.x as i64 + i64::from(x),
                corner.y as i64 + i64::from(y),
            );
            if let (Ok(x), Ok(y)) = (x.try_into(), y.try_into()) {
                self.blend(x, y, colour, coverage);
            }
        });
    }

    /// A rectangle whose edges are moved to whole pixels, so that they are crisp.
    pub(crate) fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour) {
        let (right, bottom) = ((x + width).round() as u32, (y + height).round() as u32);
        for y in y.round() as u32..bottom.min(self.image.height()) {
            for x in x.round() as u32..right.min(self.image.width()) {
                self.image.put_pixel(x, y, Rgb(colour));
            }
        }
    }

    /// A line through points, with round joins and ends.
    pub(crate) fn line(&mut self, points: &[Point], width: f32, colour: Colour) {
        for pair in points.windows(2) {
            let along = pair[1] - pair[0];
            let length = along.x.hypot(along.y);
            if length == 0.0 {
                continue;
            }
            let scale = width / 2.0 / length;
            let side = point(-along.y * scale, along.x * scale);
            let corners = [
                pair[0] + side,
                pair[1] + side,
                pair[1] - side,
                pair[0] - side,
            ];
            self.fill(polygon(&corners), colour);
        }
        for &at in points {
            self.disc(at, width / 2.0, colour);
        }
    }

    pub(crate) fn disc(&mut self, centre: Point, radius: f32, colour: Colour) {
        // So many sides that they stay within a fiftieth of a pixel of the circle.
        let sides = (16.0 * radius.max(1.0).sqrt()).ceil().min(720.0) as usize;
        let corners: Vec<Point> = (0..sides)
            .map(|side| {
                let (sin, cos) = (2.0 * PI * side as f32 / sides as f32).sin_cos();
                centre + point(radius * cos, radius * sin)
            })
            .collect();
        self.fill(polygon(&corners), colour);
    }

    /// Writes the picture whole.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let mut png = Vec::new();
        // Without a filter: flat areas and letters compress better as they are.
        let encoder =
            PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::NoFilter);
        self.image
            .write_with_encoder(encoder)
            .map_err(|e| Error::backend("encode png", e))?;
        write_atomically(path, |out| {
            out.write_all(&png).map_err(|e| Error::io(path, e))
        })
    }

    fn blend(&mut self, x: u32, y: u32, colour: Colour, coverage: f32) {
        if let Some(Rgb(pixel)) = self.image.get_pixel_mut_checked(x, y) {
            let coverage = coverage.clamp(0.0, 1.0);
            for (old, new) in pixel.iter_mut().zip(colour) {
                let (from, to) = (f32::from(*old), f32::from(new));
                *old = (from + (to - from) * coverage).round() as u8;
            }
        }
    }
}

fn polygon(corners: &[Point]) -> Vec<OutlineCurve> {
    let next = corners.iter().cycle().skip(1);
    corners
        .iter()
        .zip(next)
        .map(|(&from, &to)| OutlineCurve::Line(from, to))
        .collect()
}

/// A box around curves, `None` if there are none or if they are not finite.
fn bounds(curves: &[OutlineCurve]) -> Option<Rect> {
    let mut min = point(f32::INFINITY, f32::INFINITY);
    let mut max = point(f32::NEG_INFINITY, f32::NEG_INFINITY);
    let mut finite = true;
    let mut include = |points: &[Point]| {
        for p in points {
            finite &= p.x.is_finite() && p.y.is_finite();
            min = point(min.x.min(p.x), min.y.min(p.y));
            max = point(max.x.max(p.x), max.y.max(p.y));
        }
    };
    for curve in curves {
        match *curve {
            OutlineCurve::Line(a, b) => include(&[a, b]),
            OutlineCurve::Quad(a, b, c) => include(&[a, b, c]),
            OutlineCurve::Cubic(a, b, c, d) => include(&[a, b, c, d]),
        }
    }
    (finite && !curves.is_empty()).then_some(Rect { min, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Colour = [0, 0, 0];

    fn darkness(canvas: &Canvas) -> f32 {
        let dark = |pixel: &Rgb<u8>| f32::from(255 - pixel.0[0]) / 255.0;
        canvas.image.pixels().map(dark).sum()
    }

    #[test]
    fn shapes_cover_their_area() {
        let mut canvas = Canvas::new(100.0, 100.0);
        canvas.disc(point(50.3, 50.7), 20.0, BLACK);
        assert!(
            (darkness(&canvas) - PI * 400.0).abs() < 5.0,
            "{}",
            darkness(&canvas)
        );
        let mut canvas = Canvas::new(100.0, 100.0);
        canvas.line(&[point(20.0, 20.0), point(80.0, 80.0)], 4.0, BLACK);
        let want = 4.0 * 60.0 * 2f32.sqrt() + PI * 4.0;
        assert!(
            (darkness(&canvas) - want).abs() < 5.0,
            "{}",
            darkness(&canvas)
        );
    }

    #[test]
    fn what_lies_outside_or_nowhere_is_not_drawn() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.disc(point(-50.0, 500.0), 20.0, BLACK);
        canvas.rect(-5.0, 20.0, 3.0, 900.0, BLACK);
        canvas.line(&[point(f32::NAN, 0.0), point(5.0, 5.0)], 0.0, BLACK);
        canvas.fill(Vec::new(), BLACK);
        assert_eq!(darkness(&canvas), 0.0);
    }
}
