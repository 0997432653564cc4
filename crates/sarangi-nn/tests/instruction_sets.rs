//! Results, gradients and determinism once more for each narrower instruction set of this machine.
//!
//! The set is chosen once per process, so this executable runs itself again for each.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use candle_core::{Device, Tensor};
use sarangi_nn::{Geometry2d, Value, conv2d};

#[path = "determinism.rs"]
mod determinism;
#[path = "goldens.rs"]
mod goldens;

/// The variable that takes a narrower set than the machine offers.
const VARIABLE: &str = "SARANGI_ISA";

/// Runs the tests of the modules above with the set of this name.
fn run_again_with(set: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .env(VARIABLE, set)
        .args(["determinism::", "goldens::", "the_named_set_computes"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{set}: {said}");
    assert!(said.contains(" 3 passed"), "{set}: {said}");
}

/// −1 + (1 + 2⁻¹²)², as a convolution over two channels.
fn product_and_sum() -> f32 {
    let near_one = 1.0 + (-12f32).exp2();
    let tensor = |values: [f32; 2]| Tensor::from_slice(&values, (1, 2, 1, 1), &Device::Cpu);
    let x = Value::new(&tensor([-1.0, near_one]).unwrap()).unwrap();
    let filter = tensor([1.0, near_one]).unwrap();
    let y = conv2d(&x, &filter, None, Geometry2d::square(1), 1).unwrap();
    y.tensor()
        .unwrap()
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap()[0]
}

/// The portable path rounds a product before it adds it; the others fuse both. So the number tells
/// whether the variable was heard.
#[test]
fn the_named_set_computes() {
    let rounded = (-11f32).exp2();
    match std::env::var(VARIABLE).as_deref() {
        Ok("portable") => assert_eq!(product_and_sum(), rounded),
        #[cfg(target_arch = "x86_64")]
        _ if !std::arch::is_x86_feature_detected!("avx2") => (),
        _ => assert_eq!(product_and_sum(), rounded + (-24f32).exp2()),
    }
}

#[test]
fn the_portable_path_is_right() {
    run_again_with("portable");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn avx2_is_right() {
    if std::arch::is_x86_feature_detected!("avx2") {
        run_again_with("avx2");
    }
}
