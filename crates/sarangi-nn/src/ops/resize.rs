//! Pictures of another size.

use sarangi_core::{During, Error, Result};

use crate::backward::{Gradient, Node};
use crate::composed;
use crate::cpu::buffer::Buffer;
use crate::cpu::pictures::Pictures;
use crate::cpu::resize::Resize;
use crate::gpu;
use crate::graph::Operation;
use crate::value::{Host, Value, View, records};

const OP: &str = "resize_bilinear";

/// Pictures of another size, each pixel from its four neighbours;
/// `torch.nn.functional.interpolate(mode="bilinear")`. No smoothing is done before making smaller.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, channels, size 0, size 1).
///
/// # Errors
/// [`Error::Shape`] if the input is no batch of pictures or has no pixels, [`Error::Config`] if the
/// size is 0, [`Error::Backend`] if the device fails.
pub fn resize_bilinear(xs: &Value, size: [usize; 2], align_corners: bool) -> Result<Value> {
    let &[batch, channels, height, width] = xs.dims() else {
        let got = format!("{:?}", xs.dims());
        return Err(Error::shape(
            OP,
            "an input (batch, channels, height, width)",
            got,
        ));
    };
    if size.contains(&0) {
        return Err(Error::config(OP, "size", "must be at least 1, got 0"));
    }
    if height == 0 || width == 0 {
        let got = format!("{:?}", xs.dims());
        return Err(Error::shape(OP, "pictures of at least one pixel", got));
    }
    let input = Pictures {
        batch,
        height,
        width,
        channels,
    };
    let output = Pictures {
        height: size[0],
        width: size[1],
        ..input
    }
    .checked(OP)?;
    let resize = Resize {
        input,
        output,
        align_corners,
    };
    let dims = vec![batch, channels, size[0], size[1]];
    let xs = match xs.view() {
        View::Host(xs) => xs,
        View::Gpu(xs) => return gpu::resize_bilinear(xs, &resize, OP).map(Value::gpu),
        View::Device(xs) => {
            return composed::resize_bilinear(xs, &resize)
                .map(Value::device)
                .during(OP);
        }
        View::Traced(xs) => {
            let operation = Operation::ResizeBilinear {
                size,
                align_corners,
            };
            return xs.then(operation, dims);
        }
    };
    let mut y = Buffer::stale(output.len());
    resize.forward(xs.source(), &mut y);
    let node = xs
        .node()
        .filter(|_| records(&[xs], []))
        .cloned()
        .map(|parent| {
            Node::new(move |dy, flow| {
                let mut dx = Buffer::stale(input.len());
                resize.backward(dy.source(), &mut dx);
                flow.give(&parent, Gradient::stored(input, dx));
                Ok(())
            })
        });
    Ok(Value::host(Host::result(
        dims,
        output,
        y,
        xs.tracked(),
        node,
    )))
}
