//! Places on a canvas.

use std::ops::{Add, Sub};

/// A place, or the way from one to another: pixels to the right and down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// The point (x, y).
pub fn point(x: f32, y: f32) -> Point {
    Point { x, y }
}

impl Add for Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        point(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        point(self.x - other.x, self.y - other.y)
    }
}

impl From<Point> for ab_glyph::Point {
    fn from(Point { x, y }: Point) -> Self {
        Self { x, y }
    }
}
