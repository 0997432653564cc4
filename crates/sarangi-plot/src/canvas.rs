//! What pictures are drawn on.

use std::f32::consts::PI;

use ab_glyph::{Glyph, GlyphId, Outline, OutlineCurve, OutlinedGlyph, PxScaleFactor, Rect};
use ab_glyph::{PxScale, point as glyph_point};
use sarangi_core::Result;

use crate::{Area, Colour, PAPER, Picture, Point, point};

/// The largest area of what is filled at once, in pixels.
const MOST: f32 = 1e9;

/// A white picture to draw on; coordinates in pixels from the upper left corner.
///
/// One fill with smooth edges serves letters, lines and discs. What lies outside is not drawn, nor is
/// what is not finite or larger than any picture.
#[derive(Clone, Debug)]
pub struct Canvas {
    picture: Picture,
    /// The pixels that may be drawn on: columns from and to, rows from and to.
    open: [usize; 4],
}

impl Canvas {
    /// A canvas of at least so many pixels.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) if a side is not from 1 to 65,536 pixels.
    pub fn new(width: f32, height: f32) -> Result<Self> {
        let (width, height) = (width.ceil() as usize, height.ceil() as usize);
        Ok(Self {
            picture: Picture::plain(width, height, PAPER)?,
            open: [0, width, 0, height],
        })
    }

    /// Pixels from left to right.
    pub fn width(&self) -> f32 {
        self.picture.width as f32
    }

    /// What has been drawn.
    pub fn into_picture(self) -> Picture {
        self.picture
    }

    /// Draws on a part alone, whose edges are moved to whole pixels.
    pub fn within(&mut self, part: &Area, draw: impl FnOnce(&mut Self)) {
        let before = self.open;
        let inside = |at: f32, low: usize, high: usize| (at.round() as usize).clamp(low, high);
        let [left, right, top, bottom] = before;
        self.open = [
            inside(part.left, left, right),
            inside(part.right(), left, right),
            inside(part.top, top, bottom),
            inside(part.bottom(), top, bottom),
        ];
        draw(self);
        self.open = before;
    }

    /// Gives one pixel a colour.
    pub(crate) fn set(&mut self, x: usize, y: usize, colour: Colour) {
        self.blend(x, y, colour, 1.0);
    }

    /// Fills the inside of closed curves, with smooth edges.
    pub(crate) fn fill(&mut self, curves: Vec<OutlineCurve>, colour: Colour) {
        // What is filled takes memory for all it spans.
        let drawable = |b: &Rect| b.width() * b.height() <= MOST;
        let Some(bounds) = bounds(&curves).filter(drawable) else {
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
            position: glyph_point(0.0, 0.0),
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
    pub fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour) {
        let [left, right, top, bottom] = self.open;
        let columns = left.max(x.round() as usize)..right.min((x + width).round() as usize);
        for y in top.max(y.round() as usize)..bottom.min((y + height).round() as usize) {
            let row = 3 * y * self.picture.width;
            for x in columns.clone() {
                self.picture.rgb[row + 3 * x..][..3].copy_from_slice(&colour);
            }
        }
    }

    /// A line through points, with round joins and ends.
    pub fn line(&mut self, points: &[Point], width: f32, colour: Colour) {
        // Parts that cannot be seen are cut off first: what is filled takes memory for all it spans.
        let [left, right, top, bottom] = self.open.map(|edge| edge as f32);
        let margin = width + 2.0;
        let seen = [left - margin, right + margin, top - margin, bottom + margin];
        for pair in points.windows(2) {
            let Some([from, to]) = cut(pair[0], pair[1], seen) else {
                continue;
            };
            let along = to - from;
            let length = along.x.hypot(along.y);
            if length == 0.0 {
                continue;
            }
            let scale = width / 2.0 / length;
            let side = point(-along.y * scale, along.x * scale);
            let corners = [from + side, to + side, to - side, from - side];
            self.fill(polygon(&corners), colour);
        }
        for &at in points {
            if cut(at, at, seen).is_some() {
                self.disc(at, width / 2.0, colour);
            }
        }
    }

    /// A disc.
    pub fn disc(&mut self, centre: Point, radius: f32, colour: Colour) {
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

    fn blend(&mut self, x: usize, y: usize, colour: Colour, coverage: f32) {
        let [left, right, top, bottom] = self.open;
        if !(left..right).contains(&x) || !(top..bottom).contains(&y) {
            return;
        }
        let pixel = &mut self.picture.rgb[3 * (y * self.picture.width + x)..][..3];
        let coverage = coverage.clamp(0.0, 1.0);
        for (old, new) in pixel.iter_mut().zip(colour) {
            let (from, to) = (f32::from(*old), f32::from(new));
            *old = (from + (to - from) * coverage).round() as u8;
        }
    }
}

/// The part of a line between two points that lies in columns and rows from and to, if any does.
fn cut(from: Point, to: Point, [left, right, top, bottom]: [f32; 4]) -> Option<[Point; 2]> {
    let inside = |p: Point| (left..=right).contains(&p.x) && (top..=bottom).contains(&p.y);
    if inside(from) && inside(to) {
        return Some([from, to]);
    }
    // Liang and Barsky's shares of the way, in double precision as the points may be far.
    let wide = |p: Point| [f64::from(p.x), f64::from(p.y)];
    let (start, end) = (wide(from), wide(to));
    let (mut enters, mut leaves) = (0.0f64, 1.0f64);
    let ranges = [[left, right], [top, bottom]].map(|range| range.map(f64::from));
    for (axis, [low, high]) in ranges.into_iter().enumerate() {
        let way = end[axis] - start[axis];
        if way == 0.0 {
            if !(low..=high).contains(&start[axis]) {
                return None;
            }
            continue;
        }
        let at = [low, high].map(|edge| (edge - start[axis]) / way);
        enters = enters.max(at[0].min(at[1]));
        leaves = leaves.min(at[0].max(at[1]));
    }
    let at = |share: f64| {
        let place = |axis: usize| (start[axis] + share * (end[axis] - start[axis])) as f32;
        point(place(0), place(1))
    };
    let finite = start.iter().chain(&end).all(|x| x.is_finite());
    (finite && enters < leaves).then(|| [at(enters), at(leaves)])
}

fn polygon(corners: &[Point]) -> Vec<OutlineCurve> {
    let next = corners.iter().cycle().skip(1);
    corners
        .iter()
        .zip(next)
        .map(|(&from, &to)| OutlineCurve::Line(from.into(), to.into()))
        .collect()
}

/// A box around curves, `None` if there are none or if they are not finite.
fn bounds(curves: &[OutlineCurve]) -> Option<Rect> {
    let mut min = glyph_point(f32::INFINITY, f32::INFINITY);
    let mut max = glyph_point(f32::NEG_INFINITY, f32::NEG_INFINITY);
    let mut finite = true;
    let mut include = |points: &[ab_glyph::Point]| {
        for p in points {
            finite &= p.x.is_finite() && p.y.is_finite();
            min = glyph_point(min.x.min(p.x), min.y.min(p.y));
            max = glyph_point(max.x.max(p.x), max.y.max(p.y));
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
        let dark = |pixel: &[u8]| f32::from(255 - pixel[0]) / 255.0;
        canvas.picture.rgb.chunks(3).map(dark).sum()
    }

    #[test]
    fn shapes_cover_their_area() {
        let mut canvas = Canvas::new(100.0, 100.0).unwrap();
        canvas.disc(point(50.3, 50.7), 20.0, BLACK);
        assert!(
            (darkness(&canvas) - PI * 400.0).abs() < 5.0,
            "{}",
            darkness(&canvas)
        );
        let mut canvas = Canvas::new(100.0, 100.0).unwrap();
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
        let mut canvas = Canvas::new(10.0, 10.0).unwrap();
        canvas.disc(point(-50.0, 500.0), 20.0, BLACK);
        canvas.rect(-5.0, 20.0, 3.0, 900.0, BLACK);
        canvas.line(&[point(f32::NAN, 0.0), point(5.0, 5.0)], 0.0, BLACK);
        canvas.fill(Vec::new(), BLACK);
        canvas.disc(point(5.0, 5.0), 1e9, BLACK);
        assert_eq!(darkness(&canvas), 0.0);
    }

    #[test]
    fn a_line_from_far_away_to_far_away_is_drawn_where_it_is_seen() {
        let far = 1e7;
        let mut canvas = Canvas::new(100.0, 100.0).unwrap();
        canvas.line(&[point(-far, -far), point(far, far)], 2.0, BLACK);
        let diagonal = darkness(&canvas);
        assert!(
            (diagonal - 2.0 * 100.0 * 2f32.sqrt()).abs() < 5.0,
            "{diagonal}"
        );
        let mut canvas = Canvas::new(100.0, 100.0).unwrap();
        for way in [
            [point(-far, 50.0), point(far, far)],
            [point(200.0, -far), point(200.0, far)],
            [point(f32::MAX, f32::MIN), point(f32::MAX, f32::MAX)],
            [point(f32::INFINITY, 5.0), point(5.0, 5.0)],
        ] {
            canvas.line(&way[..1], 2.0, BLACK);
            canvas.line(&way, 0.0, BLACK);
        }
        assert_eq!(darkness(&canvas), 0.0);
        // The same piece, whole or as what is left of a longer one.
        let piece = |from: f32, to: f32| {
            let mut canvas = Canvas::new(100.0, 100.0).unwrap();
            canvas.line(&[point(from, 40.5), point(to, 40.5)], 3.0, BLACK);
            canvas.picture
        };
        assert_eq!(piece(-4.0, 104.0), piece(-1e7, 1e7));
    }

    #[test]
    fn a_part_keeps_its_drawing_to_itself() {
        let mut canvas = Canvas::new(10.0, 10.0).unwrap();
        let part = Area {
            left: 2.0,
            top: 3.0,
            width: 4.0,
            height: 5.0,
        };
        canvas.within(&part, |canvas| {
            canvas.rect(0.0, 0.0, 10.0, 10.0, BLACK);
            canvas.disc(point(5.0, 5.0), 50.0, BLACK);
        });
        assert_eq!(darkness(&canvas), 20.0);
        canvas.rect(0.0, 0.0, 10.0, 10.0, BLACK);
        assert_eq!(darkness(&canvas), 100.0);
    }

    #[test]
    fn a_canvas_has_a_size_that_can_be_shown() {
        for (width, height) in [(0.0, 5.0), (5.0, f32::NAN), (5.0, 1e9)] {
            assert!(Canvas::new(width, height).is_err());
        }
    }
}
