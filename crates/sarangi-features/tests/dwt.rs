//! Every golden file of `fixtures/golden/dwt`.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, Ix1};
use sarangi_core::Spec;
use sarangi_features::{DiscreteWavelet, DwtSpec};
use sarangi_testkit::{Golden, fixture, goldens};
use serde::Deserialize;

fn assert_equal(golden: &Golden, name: &str, got: &[f32]) {
    golden.assert_close(name, Array1::from(got.to_vec()).view().into_dyn());
}

fn assert_packets(golden: &Golden, name: &str, packets: &[&[f32]]) {
    let shape = (packets.len(), packets[0].len());
    let got = Array2::from_shape_vec(shape, packets.concat()).unwrap();
    golden.assert_close(name, got.view().into_dyn());
}

#[test]
fn transforms_equal_those_of_pywavelets() {
    for golden in &goldens("dwt") {
        let spec: DwtSpec = serde_json::from_value(golden.spec["settings"].clone()).unwrap();
        let samples = golden.array("input").into_dimensionality::<Ix1>().unwrap();
        let samples = samples.to_vec();
        let dwt = spec.build(()).unwrap();
        let [low, high] = dwt.forward(&samples).unwrap();
        assert_equal(golden, "low", &low);
        assert_equal(golden, "high", &high);
        assert_equal(golden, "back", &dwt.inverse(&low, &high).unwrap());
        let bands = dwt.decompose(&samples).unwrap();
        let count = golden.spec["bands"].as_u64().unwrap() as usize;
        assert_eq!(bands.details.len() + 1, count, "{}", golden.name);
        assert_equal(golden, "band_0", &bands.approximation);
        for (index, detail) in (1..).zip(&bands.details) {
            assert_equal(golden, &format!("band_{index}"), detail);
        }
        let depth = golden.spec["depth"].as_u64().unwrap() as usize;
        let deep = DwtSpec {
            level: Some(depth),
            ..spec
        };
        let packets = deep.build(()).unwrap().packets(&samples).unwrap();
        if depth > 0 {
            let natural: Vec<&[f32]> = packets.packets.iter().map(Vec::as_slice).collect();
            assert_packets(golden, "packets_natural", &natural);
            assert_packets(golden, "packets_freq", &packets.by_frequency());
        }
    }
}

#[derive(Deserialize)]
struct Filters {
    filters: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
}

#[test]
fn filters_equal_those_of_pywavelets() {
    let json = std::fs::read(fixture("golden/dwt/filters.json")).unwrap();
    let file: Filters = serde_json::from_slice(&json).unwrap();
    assert_eq!(file.filters.len(), 39);
    for (name, wanted) in file.filters {
        let filters = name.parse::<DiscreteWavelet>().unwrap().filters();
        let got = [
            ("dec_lo", filters.dec_lo),
            ("dec_hi", filters.dec_hi),
            ("rec_lo", filters.rec_lo),
            ("rec_hi", filters.rec_hi),
        ];
        for (which, got) in got {
            let want = &wanted[which];
            assert_eq!(got.len(), want.len(), "{name} {which}");
            for (a, b) in got.iter().zip(want) {
                assert!((a - b).abs() < 1e-10, "{name} {which}: {a} {b}");
            }
        }
    }
}
