//! Schedules, step for step those of `torch.optim.lr_scheduler`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndarray::Array1;
use sarangi_testkit::{Golden, goldens};
use sarangi_train::{EpochRecord, Monitor, Recipe, ScheduleSpec, Standing};

/// The epochs of a run of which nothing is known but the number that is watched.
fn history(metrics: &[f32]) -> Vec<EpochRecord> {
    let record = |&metric: &f32| EpochRecord {
        valid_loss: Some(metric.into()),
        ..EpochRecord::default()
    };
    metrics.iter().map(record).collect()
}

#[test]
fn every_step_has_torch_s_rate_and_momentum() {
    let goldens: Vec<Golden> = goldens("train")
        .into_iter()
        .filter(|g| g.name.starts_with("schedule_"))
        .collect();
    assert_eq!(goldens.len(), 18);
    for golden in goldens {
        let schedule: ScheduleSpec =
            serde_json::from_value(golden.spec["schedule"].clone()).unwrap();
        let count = |field: &str| golden.spec[field].as_u64().unwrap() as usize;
        let (epochs, steps) = (count("epochs"), count("steps"));
        let base = golden.spec["lr"].as_f64().unwrap();
        let metrics = match golden.has("metrics") {
            true => golden.array("metrics").into_raw_vec_and_offset().0,
            false => vec![1.0; epochs],
        };
        let history = history(&metrics);
        let (mut rates, mut momenta) = (Vec::new(), Vec::new());
        for epoch in 1..=epochs {
            let standing = Standing {
                epoch,
                epochs,
                steps,
                history: &history[..epoch - 1],
            };
            let of_epoch = schedule.rates(base, &standing);
            for rate in (0..steps).map(|step| of_epoch.at(step)) {
                rates.push(rate.lr as f32);
                momenta.push(rate.momentum.unwrap_or(0.9) as f32);
            }
        }
        golden.assert_close("lr", Array1::from(rates).into_dyn().view());
        golden.assert_close("momentum", Array1::from(momenta).into_dyn().view());
    }
}

#[test]
fn stages_begin_at_their_epochs() {
    let schedule =
        r#"{"type":"stages","stages":[{"from_epoch":3,"lr":0.2},{"from_epoch":5,"lr":0.1}]}"#;
    let schedule: ScheduleSpec = serde_json::from_str(schedule).unwrap();
    let rate = |epoch| {
        let standing = Standing {
            epoch,
            epochs: 6,
            steps: 7,
            history: &[],
        };
        schedule.rates(1.0, &standing).at(6).lr
    };
    let rates: Vec<f64> = (1..=6).map(rate).collect();
    assert_eq!(rates, [1.0, 1.0, 0.2, 0.2, 0.1, 0.1]);
}

#[test]
fn a_plateau_watches_what_it_is_told_to() {
    let plateau = r#"{"type":"plateau","monitor":"valid_accuracy","patience":0}"#;
    let ScheduleSpec::Plateau(plateau) = serde_json::from_str(plateau).unwrap() else {
        panic!()
    };
    assert_eq!(plateau.monitor, Monitor::ValidAccuracy);
    let record = |accuracy| EpochRecord {
        valid_accuracy: Some(accuracy),
        ..EpochRecord::default()
    };
    assert_eq!(plateau.lr(1.0, &[record(0.5), record(0.6)]), 1.0);
    assert_eq!(plateau.lr(1.0, &[record(0.6), record(0.5)]), 0.1);
}

#[test]
fn schedules_that_make_no_sense_are_named() {
    let text = "name = \"test\"\nfront_end = { features = { type = \"five_channel\" } }\n\
                model = \"five-channel-cnn\"\n[training]\n";
    for (schedule, part) in [
        (r#"type = "step", step_size = 0"#, "step_size"),
        (r#"type = "step", step_size = 1, gamma = 0.0"#, "gamma"),
        (r#"type = "multi_step", milestones = [3, 3]"#, "milestones"),
        (r#"type = "plateau", factor = 1.0"#, "factor"),
        (r#"type = "plateau", patient = 1"#, "patient"),
        (r#"type = "cosine", warmup_epochs = 31.0"#, "warmup_epochs"),
        (r#"type = "cosine", start_factor = 0.0"#, "start_factor"),
        (r#"type = "cosine", eta_min = -1.0"#, "eta_min"),
        (r#"type = "one_cycle", pct_start = 1.5"#, "pct_start"),
        (r#"type = "one_cycle", div_factor = 0.0"#, "div_factor"),
        (
            r#"type = "one_cycle", pct_start = 0.6, three_phase = true"#,
            "pct_start",
        ),
        (
            r#"type = "stages", stages = [{ from_epoch = 1, lr = 0.0 }]"#,
            "lr",
        ),
        (
            r#"type = "stages", stages = [{ from_epoch = 2, lr = 1.0 }, { from_epoch = 1, lr = 1.0 }]"#,
            "from_epoch",
        ),
    ] {
        let text = format!("{text}schedule = {{ {schedule} }}");
        let error = Recipe::from_toml(&text, &[]).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let sgd = "optimiser = { type = \"sgd\" }\nschedule = { type = \"one_cycle\" }";
    let error = Recipe::from_toml(&format!("{text}{sgd}"), &[]).unwrap_err();
    assert!(error.to_string().contains("cycle_momentum"), "{error}");
    let still = "optimiser = { type = \"sgd\" }\n\
                 schedule = { type = \"one_cycle\", cycle_momentum = false }";
    Recipe::from_toml(&format!("{text}{still}"), &[]).unwrap();
}
