//! Work that processes share: over MPI where the build has it and `mpirun` is there.

use std::process::Command;

use crate::support::{Folder, PROGRAM, Ran, ran};

/// Batch norms, dropout, mixup; gradient descent in small steps, which leaves rounding nearly as small as it is.
const RECIPE: &str = r#"
    name = "shared"
    seed = 5
    normalise = "standardise"
    front_end = { features = { type = "five_channel" } }
    model = { type = "five_channel_cnn", dropout = 0.3 }
    [augment]
    mix = { mixup_alpha = 0.4 }
    [training]
    epochs = 3
    batch_size = 12
    optimiser = { type = "sgd", lr = 0.005 }
"#;

fn music() -> Folder {
    let folder = Folder::new();
    folder.copy_music(&["drone", "march"], 4);
    folder.write("recipe.toml", RECIPE);
    folder
}

fn training(folder: &Folder, run: &str, more: &[&str]) -> Vec<String> {
    let paths = ["recipe.toml", "data", run, "cache"].map(|name| folder.path(name));
    let [recipe, data, out, cache] = paths.each_ref().map(|path| path.to_str().unwrap());
    let fixed = [
        "train", recipe, "--data", data, "--out", out, "--cache", cache, "--device", "cpu",
    ];
    fixed.iter().chain(more).map(ToString::to_string).collect()
}

/// Two processes that each did all of the work would write over each other's files.
#[cfg(not(feature = "mpi"))]
#[test]
fn a_build_without_mpi_is_not_one_of_several() {
    let folder = music();
    let as_one_of_two = |rank: &str, more: &[&str]| -> Ran {
        let mut command = Command::new(PROGRAM);
        command.args(training(&folder, "run", more));
        command.env("OMPI_COMM_WORLD_SIZE", "2");
        ran(command.env("OMPI_COMM_WORLD_RANK", rank))
    };
    as_one_of_two("0", &[]).failed(&["MPI", "2 processes", "`mpi`"]);
    let other = as_one_of_two("1", &[]);
    assert_eq!((other.code, other.err.as_str()), (1, ""));
    assert!(!folder.path("run").exists());
    as_one_of_two("1", &["--alone", "--epochs", "1"]).done();
}

#[cfg(feature = "mpi")]
mod mpi {
    use std::fs;
    use std::process::{Child, Stdio};
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::support::sarangi;

    /// `mpirun` with so many processes; nothing, and a remark, where there is none.
    #[allow(clippy::print_stderr, reason = "says why nothing was tested")]
    fn mpirun(ranks: usize, arguments: &[String]) -> Option<Command> {
        let there = Command::new("mpirun").arg("--version").output();
        if !there.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: there is no mpirun");
            return None;
        }
        let mut command = Command::new("mpirun");
        command.args(["--allow-run-as-root", "--oversubscribe", "-n"]);
        command.arg(ranks.to_string()).arg(PROGRAM).args(arguments);
        Some(command)
    }

    /// The training and validation losses of each epoch.
    fn curve(folder: &Folder, run: &str) -> Vec<[f64; 2]> {
        let text = String::from_utf8(folder.read(&format!("{run}/history.jsonl"))).unwrap();
        let record = |line: &str| -> [f64; 2] {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            ["train_loss", "valid_loss"].map(|name| record[name].as_f64().unwrap())
        };
        text.lines().map(record).collect()
    }

    fn assert_same_curve(folder: &Folder, run: &str) {
        let (one, other) = (curve(folder, "one"), curve(folder, run));
        assert_eq!(one.len(), other.len());
        for (one, other) in one.iter().flatten().zip(other.iter().flatten()) {
            let difference = (one - other).abs() / one;
            assert!(difference < 1e-4, "{run}: {other} for {one}");
        }
    }

    #[test]
    fn two_and_four_processes_learn_as_one_does() {
        let folder = music();
        sarangi(training(&folder, "one", &[])).done();
        for ranks in [2, 4] {
            let run = format!("of-{ranks}");
            // Features are prepared together too.
            fs::remove_dir_all(folder.path("cache")).unwrap();
            let Some(mut command) = mpirun(ranks, &training(&folder, &run, &[])) else {
                return;
            };
            let together = ran(&mut command);
            // One speaks: of each epoch once, of the model once.
            assert_eq!(together.err.matches("epoch 3/3").count(), 1, "{together:?}");
            let out = together.done();
            assert_eq!(out.matches("model: ").count(), 1, "{out}");
            assert_same_curve(&folder, &run);
            assert_eq!(folder.files("one"), folder.files(&run));
        }
    }

    /// The process ids of what `mpirun` has started, by their ranks.
    fn children(mpirun: &Child) -> Vec<(String, u32)> {
        let id = mpirun.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.unwrap_or_default();
        let rank = |id: &str| {
            let environment = fs::read(format!("/proc/{id}/environ")).ok()?;
            let mut parts = environment.split(|byte| *byte == 0);
            let rank = parts.find_map(|part| part.strip_prefix(b"OMPI_COMM_WORLD_RANK="))?;
            Some((String::from_utf8_lossy(rank).into_owned(), id.parse().ok()?))
        };
        children.split_whitespace().filter_map(rank).collect()
    }

    #[test]
    fn a_killed_process_ends_the_job_and_another_number_goes_on() {
        let folder = music();
        sarangi(training(&folder, "one", &[])).done();
        let Some(mut command) = mpirun(2, &training(&folder, "killed", &[])) else {
            return;
        };
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let begun = Instant::now();
        while !folder.path("killed/state.safetensors").exists() {
            assert!(begun.elapsed() < Duration::from_secs(120));
            sleep(Duration::from_millis(2));
        }
        let ranks = children(&child);
        let (_, second) = ranks.iter().find(|(rank, _)| rank == "1").unwrap();
        let killed = Command::new("kill")
            .args(["-9", &second.to_string()])
            .status();
        assert!(killed.unwrap().success());
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success());
        assert!(
            said.contains("rank 1") && said.contains("signal 9"),
            "{said}"
        );
        assert!(curve(&folder, "killed").len() < 3);
        let more = training(&folder, "killed", &["--resume"]);
        ran(&mut mpirun(3, &more).unwrap()).done();
        assert_same_curve(&folder, "killed");
    }

    /// Our own lines; `mpirun` adds its own.
    fn errors(ran: &Ran) -> Vec<&str> {
        ran.err
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect()
    }

    #[test]
    fn errors_are_told_once_and_end_all() {
        let folder = music();
        // One that all meet, and one that only the second does.
        let all = training(&folder, "run", &["--set", "training.batch_size=1"]);
        let Some(mut all) = mpirun(2, &all) else {
            return;
        };
        let all = ran(&mut all);
        assert_eq!(all.code, 1, "{all:?}");
        assert!(
            matches!(errors(&all)[..], [line] if line.contains("batch_size")),
            "{all:?}"
        );
        let odd = training(&folder, "run", &["--set", "training.batch_size=12"]);
        let mut command = mpirun(1, &training(&folder, "run", &[])).unwrap();
        command.arg(":").args(["-n", "1"]).arg(PROGRAM).args(odd);
        command.arg("--resume");
        let one = ran(&mut command);
        assert_eq!(one.code, 1, "{one:?}");
        let expected = "rank 1 of 2";
        assert!(
            matches!(errors(&one)[..], [line] if line.contains(expected)),
            "{one:?}"
        );
    }

    #[test]
    fn folders_are_worked_on_together() {
        let folder = music();
        folder.write("data/drone/broken.wav", b"RIFF");
        let path = |name: &str| folder.path(name).to_str().unwrap().to_owned();
        let policy = folder.write(
            "policy.json",
            r#"{"others": {"type": "gain", "gain_db": 3}}"#,
        );
        let policy = policy.to_str().unwrap().to_owned();
        let commands: [(&str, Vec<&str>); 4] = [
            ("extract", vec!["extract", "--feature", "mfcc"]),
            ("convert", vec!["prepare", "convert"]),
            ("chunk", vec!["prepare", "chunk", "--seconds", "3"]),
            ("augment", vec!["prepare", "augment", "--policy", &policy]),
        ];
        for (name, command) in commands {
            let places = |out: String| [path("data"), out];
            let whole = |out: &str| -> Vec<String> {
                let command = command.iter().map(ToString::to_string);
                command
                    .chain(places(path(out)))
                    .chain(["--json".to_owned()])
                    .collect()
            };
            let [one, two] = ["one", "two"].map(|ranks| format!("{name}-{ranks}"));
            let alone = sarangi(whole(&one));
            let Some(mut together) = mpirun(2, &whole(&two)) else {
                return;
            };
            let together = ran(&mut together);
            assert_eq!(together.code, alone.code, "{together:?}");
            assert_eq!(together.out.replace(&two, &one), alone.out);
            assert_eq!(errors(&together), errors(&alone));
            let files = folder.files(&one);
            assert!(files.len() > 8, "{files:?}");
            assert_eq!(files, folder.files(&two));
            for file in files {
                let [a, b] = [&one, &two].map(|run| folder.read(&format!("{run}/{file}")));
                assert!(a == b, "{file}");
            }
        }
    }
}
