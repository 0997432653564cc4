//! Least squares without negative values.

use crate::mel_bank::MelBank;

/// Steps of Newton's method at most, and rounds of what comes after.
const STEPS: usize = 100;
const ROUNDS: usize = 60;
/// A round that lowers the squared error by less than this share of the squared aim is the last.
const ENOUGH: f64 = 1e-14;
/// What the squared length of a solution weighs, as a share of the filters' largest.
const SHORT: f64 = 1e-14;

/// A planned solver of min ‖A x − b‖² + ε ‖x‖² over x ≥ 0, A being a bank of mel filters: of the many
/// solutions the shortest, but for what a tiny ε changes.
///
/// The solution is x = max(0, Aᵀ λ) where λ minimises the smooth and convex
/// ½ ‖max(0, Aᵀ λ)‖² + ½ ε ‖λ‖² − bᵀ λ. A bin lies in two filters at most, so the matrix of Newton's
/// step is tridiagonal, and a step costs a few operations per bin. Moving one bin at a time to where
/// the error is least (coordinate descent) ends it: that lowers what the method or ε left.
#[derive(Debug)]
pub(crate) struct Nonnegative {
    bands: usize,
    /// The band and the weight of each filter that a bin lies in.
    columns: Vec<Vec<(usize, f64)>>,
    /// The squared length of each column.
    lengths: Vec<f64>,
    /// ε.
    short: f64,
    /// The squared length of each filter, 0 of one without bins.
    squares: Vec<f64>,
}

/// Working memory of one call of a [`Nonnegative`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    aim: Vec<f64>,
    /// λ, what it becomes, and the step between.
    dual: Vec<f64>,
    trial: Vec<f64>,
    step: Vec<f64>,
    slope: Vec<f64>,
    diagonal: Vec<f64>,
    beside: Vec<f64>,
    error: Vec<f64>,
}

impl Nonnegative {
    pub(crate) fn new(bank: &MelBank, bins: usize) -> Self {
        let bands = bank.bands();
        let mut columns: Vec<Vec<(usize, f64)>> = vec![Vec::new(); bins];
        let mut largest = 0.0f64;
        let mut squares = Vec::with_capacity(bands);
        for (band, (first, weights)) in bank.filters().enumerate() {
            for (column, &weight) in columns[first..].iter_mut().zip(weights) {
                column.push((band, f64::from(weight)));
            }
            let square: f64 = weights.iter().map(|&w| f64::from(w) * f64::from(w)).sum();
            largest = largest.max(square);
            squares.push(square);
        }
        Self {
            bands,
            lengths: columns
                .iter()
                .map(|column| column.iter().map(|x| x.1 * x.1).sum())
                .collect(),
            columns,
            short: (SHORT * largest).max(f64::MIN_POSITIVE),
            squares,
        }
    }

    /// The bins of one frame's bands.
    ///
    /// # Shapes
    /// `aim` has the bank's bands, `out` its bins.
    pub(crate) fn solve(&self, aim: impl Iterator<Item = f64>, out: &mut [f64], room: &mut Room) {
        room.aim.clear();
        // Nothing can be said of a band without bins.
        let known = aim
            .zip(&self.squares)
            .map(|(x, &square)| if square > 0.0 { x } else { 0.0 });
        room.aim.extend(known);
        self.newton(room);
        for (x, column) in out.iter_mut().zip(&self.columns) {
            *x = along(column, &room.dual).max(0.0);
        }
        self.polish(out, room);
    }

    /// Finds λ.
    fn newton(&self, room: &mut Room) {
        let square: f64 = room.aim.iter().map(|x| x * x).sum();
        room.dual.clear();
        room.dual.resize(self.bands, 0.0);
        let mut height = 0.0;
        for _ in 0..STEPS {
            self.derivatives(room);
            let left: f64 = room.slope.iter().map(|x| x * x).sum();
            // Not so for NaN either.
            if left.is_nan() || left <= 1e-24 * square {
                return;
            }
            // Far from the end a step must be short where few bins are left to tell bands apart.
            let damping = 1e-3 * (left / square).sqrt().min(1.0);
            for (x, whole) in room.diagonal.iter_mut().zip(&self.squares) {
                *x += damping * whole;
            }
            room.step.clear();
            room.step.extend(room.slope.iter().map(|x| -x));
            solve_tridiagonal(&mut room.diagonal, &room.beside, &mut room.step);
            let pairs = room.step.iter().zip(&room.slope);
            let descent: f64 = pairs.map(|(step, slope)| step * slope).sum();
            let mut share = 1.0;
            loop {
                room.trial.clear();
                let moved = room.dual.iter().zip(&room.step);
                room.trial.extend(moved.map(|(x, step)| x + share * step));
                let lower = self.height(&room.trial, &room.aim);
                if lower <= height + 1e-4 * share * descent {
                    height = lower;
                    std::mem::swap(&mut room.dual, &mut room.trial);
                    break;
                }
                share /= 2.0;
                if share < 1e-9 {
                    return;
                }
            }
        }
    }

    /// The first and second derivatives at λ of what is minimised.
    fn derivatives(&self, room: &mut Room) {
        room.slope.clear();
        let pairs = room.dual.iter().zip(&room.aim);
        room.slope.extend(pairs.map(|(x, b)| self.short * x - b));
        room.diagonal.clear();
        room.diagonal.resize(self.bands, self.short);
        room.beside.clear();
        room.beside.resize(self.bands, 0.0);
        for column in &self.columns {
            let x = along(column, &room.dual);
            // At the beginning λ is 0 and every bin is taken as above it.
            if x < 0.0 {
                continue;
            }
            for &(band, weight) in column {
                room.slope[band] += weight * x;
                room.diagonal[band] += weight * weight;
            }
            if let [(band, weight), (_, next)] = column[..] {
                room.beside[band] += weight * next;
            }
        }
    }

    fn height(&self, dual: &[f64], aim: &[f64]) -> f64 {
        let bins: f64 = self
            .columns
            .iter()
            .map(|column| along(column, dual).max(0.0).powi(2))
            .sum();
        let bands = dual.iter().zip(aim);
        let bands: f64 = bands.map(|(x, b)| x * (0.5 * self.short * x - b)).sum();
        0.5 * bins + bands
    }

    fn polish(&self, out: &mut [f64], room: &mut Room) {
        let error = &mut room.error;
        error.clear();
        error.extend_from_slice(&room.aim);
        for (&x, column) in out.iter().zip(&self.columns) {
            for &(band, weight) in column {
                error[band] -= weight * x;
            }
        }
        let enough = ENOUGH * room.aim.iter().map(|x| x * x).sum::<f64>();
        for _ in 0..ROUNDS {
            let mut gain = 0.0;
            for ((x, column), &length) in out.iter_mut().zip(&self.columns).zip(&self.lengths) {
                if length == 0.0 {
                    continue;
                }
                let slope = along(column, error);
                let moved = (*x + slope / length).max(0.0) - *x;
                *x += moved;
                gain += moved * (2.0 * slope - moved * length);
                for &(band, weight) in column {
                    error[band] -= weight * moved;
                }
            }
            // Not so for NaN either: what is no number stays so.
            if gain.is_nan() || gain <= enough {
                break;
            }
        }
    }
}

/// One value of Aᵀ · `bands`.
fn along(column: &[(usize, f64)], bands: &[f64]) -> f64 {
    column.iter().map(|&(band, w)| w * bands[band]).sum()
}

/// Solves a symmetric positive system in place; the diagonal is lost.
fn solve_tridiagonal(diagonal: &mut [f64], beside: &[f64], right: &mut [f64]) {
    for at in 1..right.len() {
        let share = beside[at - 1] / diagonal[at - 1];
        diagonal[at] -= share * beside[at - 1];
        right[at] -= share * right[at - 1];
    }
    for at in (0..right.len()).rev() {
        let next = right.get(at + 1).copied().unwrap_or(0.0);
        right[at] = (right[at] - beside[at] * next) / diagonal[at];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tridiagonal_system_is_solved() {
        let mut x = [1.0, 2.0, 3.0];
        solve_tridiagonal(&mut [4.0, 5.0, 6.0], &[1.0, 2.0, 0.0], &mut x);
        let back = [
            4.0 * x[0] + x[1],
            x[0] + 5.0 * x[1] + 2.0 * x[2],
            2.0 * x[1] + 6.0 * x[2],
        ];
        for (a, b) in back.iter().zip([1.0, 2.0, 3.0]) {
            assert!((a - b).abs() < 1e-14, "{back:?}");
        }
    }
}
