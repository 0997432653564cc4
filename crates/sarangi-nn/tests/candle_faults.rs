//! What candle 0.11.1 does wrong in training, and not here: one test for each fault.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor, Var};
use sarangi_nn::{Geometry2d, Value, avg_pool2d, conv2d, max_pool2d, relu};

/// 1, 2, 3, … as pictures of one channel.
fn counting(height: usize, width: usize) -> Value {
    let values = Tensor::arange(1.0f32, (height * width) as f32 + 0.5, &Device::Cpu);
    Value::variable(&values.unwrap().reshape((1, 1, height, width)).unwrap()).unwrap()
}

fn ones(shape: &[usize]) -> Tensor {
    Tensor::ones(shape, DType::F32, &Device::Cpu).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// The gradient of Σ y with respect to `x`.
fn gradient(x: &Value, y: &Value) -> Vec<f32> {
    let ones = Value::new(&ones(y.dims())).unwrap();
    let gradients = y.backward_from(&ones).unwrap();
    numbers(&gradients.of(x).unwrap().unwrap())
}

/// candle divides it by the window's area.
#[test]
fn the_gradient_of_max_pooling_arrives_whole() {
    let x = counting(2, 2);
    let y = max_pool2d(&x, Geometry2d::square(2).stride(2)).unwrap();
    assert_eq!(gradient(&x, &y), [0.0, 0.0, 0.0, 1.0]);
}

/// candle gives every one of equal maxima a share, four times too much in all.
#[test]
fn the_gradient_of_equal_maxima_arrives_once() {
    let x = Value::variable(&Tensor::zeros((1, 1, 2, 2), DType::F32, &Device::Cpu).unwrap());
    let x = x.unwrap();
    let y = max_pool2d(&x, Geometry2d::square(2).stride(2)).unwrap();
    assert_eq!(gradient(&x, &y), [1.0, 0.0, 0.0, 0.0]);
}

/// candle has no gradient for it at all.
#[test]
fn max_pooling_may_step_by_less_than_its_window() {
    let x = counting(4, 4);
    let y = max_pool2d(&x, Geometry2d::square(3)).unwrap();
    assert_eq!(numbers(&y.tensor().unwrap()), [11.0, 12.0, 15.0, 16.0]);
    let mut expected = [0.0; 16];
    for largest in [10, 11, 14, 15] {
        expected[largest] = 1.0;
    }
    assert_eq!(gradient(&x, &y), expected);

    // One value that is the largest of four windows gets the gradient of all four.
    let x = counting(3, 3);
    let y = max_pool2d(&x, Geometry2d::square(3).padding(1)).unwrap();
    let expected = [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 2.0, 4.0];
    assert_eq!(gradient(&x, &y), expected);
}

/// candle puts the gradient in the wrong places where the last row or column fills no window.
#[test]
fn pools_of_odd_sizes_send_gradients_where_they_belong() {
    let window = Geometry2d::square(2).stride(2);
    let x = counting(3, 5);
    let y = max_pool2d(&x, window).unwrap();
    let expected = [
        0.0, 0.0, 0.0, 0.0, 0.0, //
        0.0, 1.0, 0.0, 1.0, 0.0, //
        0.0, 0.0, 0.0, 0.0, 0.0,
    ];
    assert_eq!(gradient(&x, &y), expected);

    let y = avg_pool2d(&x, window, true).unwrap();
    assert_eq!(numbers(&y.tensor().unwrap()), [4.0, 6.0]);
    let expected = [
        0.25, 0.25, 0.25, 0.25, 0.0, //
        0.25, 0.25, 0.25, 0.25, 0.0, //
        0.0, 0.0, 0.0, 0.0, 0.0,
    ];
    assert_eq!(gradient(&x, &y), expected);
}

/// candle refuses it.
#[test]
fn average_pooling_may_step_by_less_than_its_window() {
    let x = counting(3, 2);
    let y = avg_pool2d(&x, Geometry2d::square(2), true).unwrap();
    assert_eq!(gradient(&x, &y), [0.25, 0.25, 0.5, 0.5, 0.25, 0.25]);
}

/// candle's gradient fails when height and width differ in parity, as those of a spectrogram of
/// 128 bands and 130 frames do after a residual network's first halvings.
#[test]
fn strided_convolutions_go_back_to_sizes_of_any_parity() {
    let stem = Geometry2d::square(7).stride(2).padding(3);
    let halving = Geometry2d::square(3).stride(2).padding(1);
    for (window, height, width) in [
        (stem, 128, 130),
        (stem, 128, 131),
        (stem, 127, 130),
        (halving, 32, 33),
        (halving, 33, 32),
    ] {
        let x = counting(height, width);
        let filter = Var::from_tensor(&ones(&[1, 1, window.kernel[0], window.kernel[1]])).unwrap();
        let y = conv2d(&x, &filter, None, window, 1).unwrap();
        let [h, w] = window.output("conv2d", [height, width]).unwrap();
        assert_eq!(y.dims(), [1, 1, h, w]);
        // With a filter of ones each value's gradient is the number of windows that see it.
        let seen = |axis: usize, at: usize, outputs: usize| {
            let windows = (0..outputs).filter(|output| {
                let first = output * window.stride[axis];
                (first..first + window.kernel[axis]).contains(&(at + window.padding[axis]))
            });
            windows.count() as f32
        };
        let expected: Vec<f32> = (0..height)
            .flat_map(|i| (0..width).map(move |j| seen(0, i, h) * seen(1, j, w)))
            .collect();
        assert_eq!(gradient(&x, &y), expected, "{height} × {width}");
    }
}

/// candle's is 1 there.
#[test]
fn the_gradient_of_relu_at_zero_is_zero() {
    let x = Tensor::new(&[[-1.0f32, 0.0, -0.0, 1.0]], &Device::Cpu).unwrap();
    let x = Value::variable(&x).unwrap();
    let y = relu(&x).unwrap();
    assert_eq!(gradient(&x, &y), [0.0, 0.0, 0.0, 1.0]);
}

/// What all taps of a channel's filter are.
fn scale(channel: usize) -> f32 {
    (channel % 7) as f32
}

/// A depthwise layer's gradients of Σ y²/2 and the time that they took.
fn depthwise(channels: usize) -> (Vec<f32>, Vec<f32>, Duration) {
    let x = Value::variable(&ones(&[1, channels, 19, 19])).unwrap();
    let filter = (0..channels).flat_map(|channel| [scale(channel); 9]);
    let filter = Var::from_vec(filter.collect(), (channels, 1, 3, 3), &Device::Cpu).unwrap();
    let window = Geometry2d::square(3).padding(1);
    let start = Instant::now();
    let y = conv2d(&x, &filter, None, window, channels).unwrap();
    let gradients = y.backward_from(&y).unwrap();
    let time = start.elapsed();
    let dx = gradients.of(&x).unwrap().unwrap();
    let dfilter = gradients.get(&filter).unwrap().unwrap();
    (numbers(&dx), numbers(&dfilter), time)
}

/// candle loops over the groups, and each channel's gradient fills a tensor as large as all.
#[test]
fn a_depthwise_layer_costs_by_its_channels_and_not_by_their_square() {
    let (dx, dfilter, _) = depthwise(728);
    for channel in [0, 1, 17, 727] {
        let scale = scale(channel);
        // Of ones, y is 9 · scale but at the border: the middle's dx is 9 · scale times that.
        assert_eq!(dx[channel * 361 + 180], 81.0 * scale * scale);
        // The middle tap sees all of x: Σ y over 17² inner, 4 · 17 border and 4 corner places.
        let sum = (17 * 17 * 9 + 4 * 17 * 6 + 4 * 4) as f32;
        assert_eq!(dfilter[channel * 9 + 4], sum * scale);
    }
    // Eight times the channels, 64 times the work where it grows by the square.
    let least = |channels| (0..7).map(|_| depthwise(channels).2).min().unwrap();
    let (few, many) = (least(91), least(728));
    assert!(
        many < few * 40,
        "91 channels {few:?}, 728 channels {many:?}"
    );
}

/// candle always computes the gradient of a network's input.
#[test]
fn nobody_computes_the_gradient_of_an_input_that_is_data() {
    let filter = Var::from_tensor(&ones(&[2, 1, 3, 3])).unwrap();
    let pictures = ones(&[1, 1, 5, 5]);
    let run = |x: &Value| {
        let y = conv2d(x, &filter, None, Geometry2d::square(3), 1).unwrap();
        let gradients = y.backward_from(&y).unwrap();
        let of_filter = gradients.get(&filter).unwrap().unwrap();
        (numbers(&of_filter), gradients.of(x).unwrap())
    };
    let (of_filter, of_data) = run(&Value::tracked(&pictures).unwrap());
    assert!(of_data.is_none());
    let (same, of_variable) = run(&Value::variable(&pictures).unwrap());
    assert_eq!(of_filter, same);
    assert_eq!(of_variable.unwrap().dims(), [1, 1, 5, 5]);
}
