//! How a window moves over a picture.

use sarangi_core::{Error, Result};

/// The largest kernel and padding; no picture is as wide.
const MOST: usize = 1 << 24;

/// The movement of a two-dimensional window: (height, width) of each quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry2d {
    /// The window's size.
    pub kernel: [usize; 2],
    /// The step from one output to the next.
    pub stride: [usize; 2],
    /// The margin added on each side.
    pub padding: [usize; 2],
    /// The step between the window's taps.
    pub dilation: [usize; 2],
}

impl Geometry2d {
    /// A window with stride 1, no padding, no dilation.
    pub fn new(kernel: [usize; 2]) -> Self {
        Self {
            kernel,
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
        }
    }

    /// A square window with stride 1, no padding, no dilation.
    pub fn square(kernel: usize) -> Self {
        Self::new([kernel; 2])
    }

    /// The same window with this step on both axes.
    #[must_use]
    pub fn stride(self, stride: usize) -> Self {
        Self {
            stride: [stride; 2],
            ..self
        }
    }

    /// The same window with this margin on all sides.
    #[must_use]
    pub fn padding(self, padding: usize) -> Self {
        Self {
            padding: [padding; 2],
            ..self
        }
    }

    /// The size of the output, ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1 on
    /// each axis, as in torch.
    ///
    /// # Errors
    /// [`Error::Config`] if a kernel, stride or dilation is 0 or a kernel or padding absurdly large,
    /// [`Error::Shape`] if the window does not fit into the padded input.
    pub fn output(&self, op: &'static str, input: [usize; 2]) -> Result<[usize; 2]> {
        let positive = [
            ("kernel", self.kernel),
            ("stride", self.stride),
            ("dilation", self.dilation),
        ];
        for (field, values) in positive {
            if values.contains(&0) {
                return Err(Error::config(op, field, "must be at least 1, got 0"));
            }
        }
        for (field, values) in [("kernel", self.kernel), ("padding", self.padding)] {
            if let Some(value) = values.iter().find(|&&value| value > MOST) {
                let reason = format!("must be at most {MOST}, got {value}");
                return Err(Error::config(op, field, reason));
            }
        }
        let axis = |i: usize| {
            let reach = (self.kernel[i] - 1)
                .checked_mul(self.dilation[i])?
                .checked_add(1)?;
            let padded = self.padding[i].checked_mul(2)?.checked_add(input[i])?;
            Some(padded.checked_sub(reach)? / self.stride[i] + 1)
        };
        match (axis(0), axis(1)) {
            (Some(h), Some(w)) => Ok([h, w]),
            _ => Err(Error::shape(
                op,
                format_args!("an input at least as large as the window {self:?}"),
                format_args!("{input:?}"),
            )),
        }
    }
}
