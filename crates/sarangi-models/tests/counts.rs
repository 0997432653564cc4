//! The published numbers of parameters.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/build.rs"]
mod any;

use candle_core::Device;
use sarangi_core::Seed;
use sarangi_models::ModelSpec;
use sarangi_nn::Params;

/// Trainable numbers, and running statistics, which Keras counts too.
fn count(name: &str, settings: &[(&str, &str)], in_channels: usize, classes: usize) -> [usize; 2] {
    let params = Params::new(Seed(1), &Device::Cpu);
    let spec = ModelSpec::named(name, settings).unwrap();
    any::build(&spec, &params, [in_channels, classes]).unwrap();
    let all: usize = params.all().iter().map(|(_, p)| p.var.elem_count()).sum();
    let trainable = params.trainable_count();
    [trainable, all - trainable]
}

const STEM: (&str, &str) = ("stem", "3x3");
const DROPOUT: (&str, &str) = ("head", "dropout_linear");
const HIDDEN: (&str, &str) = ("head", "hidden256");

#[test]
fn networks_have_as_many_parameters_as_published() {
    let trainable = |name, settings: &[_], classes| count(name, settings, 3, classes)[0];
    assert_eq!(trainable("resnet18", &[], 1000), 11_689_512);
    assert_eq!(trainable("resnet34", &[], 1000), 21_797_672);
    assert_eq!(trainable("resnet50", &[], 1000), 25_557_032);
    assert_eq!(trainable("legacy-xception", &[], 1000), 22_855_952);
    assert_eq!(count("mobilenet-v2", &[], 3, 1000), [3_504_872, 34_112]);
    assert_eq!(count("mobilenet-v1", &[], 3, 1000), [4_231_976, 21_888]);
    assert_eq!(trainable("densenet201", &[], 1000), 20_013_928);
}

#[test]
fn the_systems_variants_have_as_many_parameters_as_published() {
    let trainable = |name, settings: &[_], classes| count(name, settings, 3, classes)[0];
    for (classes, expected) in [(35, 21_294_947), (30, 21_292_382), (10, 21_282_122)] {
        assert_eq!(trainable("resnet34", &[STEM, DROPOUT], classes), expected);
    }
    assert_eq!(trainable("resnet18", &[STEM], 4), 11_170_884);
    assert_eq!(trainable("resnet50", &[DROPOUT], 7), 23_522_375);
    assert_eq!(trainable("resnet50", &[HIDDEN], 10), 24_035_146);
    assert_eq!(trainable("legacy-xception", &[HIDDEN], 10), 21_334_066);
    assert_eq!(trainable("legacy-xception", &[], 10), 20_827_442);
    // The base of 18,321,984 with its statistics, and a head of 19,210.
    let [weights, statistics] = count("densenet201", &[DROPOUT], 3, 10);
    assert_eq!(weights + statistics, 18_321_984 + 19_210);
}

#[test]
fn small_networks_have_as_many_parameters_as_published() {
    let kernel = ("first_kernel", "4");
    assert_eq!(count("five-channel-cnn", &[], 5, 10)[0], 30_026);
    assert_eq!(count("five-channel-cnn", &[], 3, 10)[0], 29_450);
    assert_eq!(count("five-channel-cnn", &[kernel], 4, 10)[0], 30_634);
    assert_eq!(count("basic-cnn", &[], 3, 10)[0], 8_418_666);
    assert_eq!(count("small-cnn", &[], 3, 10)[0], 456_234);
    assert_eq!(count("softmax-regression", &[], 3, 10)[0], 1_505_290);
}

#[test]
fn late_fusion_has_as_many_parameters_as_published() {
    let as_coded = [("shared_base", "true"), ("wiring", "first")];
    let [weights, statistics] = count("late-fusion", &as_coded, 6, 10);
    assert_eq!([weights, weights + statistics], [2_560_362, 2_594_474]);
    let [separate, _] = count("late-fusion", &[], 6, 10);
    assert_eq!(separate, 2_560_362 + 2_223_872);
}

/// The authors' 80,753,615 with AudioSet's 527 classes; the short-chunk network's number is that of
/// the re-implementation in `fixtures/make/networks`.
#[test]
fn audio_networks_have_as_many_parameters_as_published() {
    assert_eq!(count("cnn14", &[], 1, 527)[0], 80_753_615);
    assert_eq!(count("short-chunk-cnn", &[], 1, 50)[0], 12_104_244);
}
