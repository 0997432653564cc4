//! How others call the same tensors.

mod heads;
mod timm_v2;

pub(super) use heads::{is_head, is_last_weight};

/// Names that wrappers put in front: torch's `DataParallel` and `compile`, Lightning, the systems.
const PREFIXES: &[&str] = &[
    "module.",
    "_orig_mod.",
    "model.",
    "base_model.",
    "backbone.",
    "network.",
    "net.",
];

/// How many of them may stand in front of each other.
const MOST_PREFIXES: usize = 4;

/// Parts of a name that others write differently: the residual network of
/// `Melina-Singh/Music-Classification`, and torchvision's DenseNets of before 0.3.
const PARTS: &[(&str, &str)] = &[
    ("shortcut", "downsample"),
    ("norm.1", "norm1"),
    ("norm.2", "norm2"),
    ("conv.1", "conv1"),
    ("conv.2", "conv2"),
];

/// Front ends inside networks: those of PANNs and of `minzwon/sota-music-tagging-models`.
const FRONT_ENDS: &[&str] = &[
    "spectrogram_extractor",
    "logmel_extractor",
    "spec.spectrogram",
    "spec.mel_scale",
];

/// Whether a tensor is one that no network here uses: torch's counters of batches, and the fixed
/// filters of front ends that others keep inside their networks.
pub(super) fn is_unused(name: &str) -> bool {
    let inside = format!(".{name}");
    name.ends_with("num_batches_tracked")
        || FRONT_ENDS
            .iter()
            .any(|place| inside.contains(&format!(".{place}.")))
}

/// The name without what wrappers put in front, one less at a time.
pub(super) fn stripped(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| {
        PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix))
    })
    .take(MOST_PREFIXES + 1)
}

/// Everything that a tensor of this name may be called here, the likeliest first; each is made when
/// it is asked for.
pub(super) fn candidates(name: &str) -> impl Iterator<Item = String> {
    stripped(name).flat_map(|name| {
        std::iter::once(name.to_owned())
            .chain(PARTS.iter().filter_map(|part| with_part(name, part)))
            .chain(timm_v2::renamed(name))
            .chain(heads::renamed(name))
    })
}

/// The name with one part, between dots, replaced.
fn with_part(name: &str, (from, to): &(&str, &str)) -> Option<String> {
    let inside = format!(".{name}.");
    let replaced = inside.replacen(&format!(".{from}."), &format!(".{to}."), 1);
    (replaced != inside).then(|| replaced[1..replaced.len() - 1].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_ours_among_its_candidates() {
        for (theirs, ours) in [
            ("conv1.weight", "conv1.weight"),
            ("module.layer1.0.bn1.bias", "layer1.0.bn1.bias"),
            ("module.model.conv1.weight", "conv1.weight"),
            ("base_model.fc.1.bias", "fc.bias"),
            ("fc.weight", "fc.1.weight"),
            ("layer2.0.shortcut.0.weight", "layer2.0.downsample.0.weight"),
            (
                "features.denseblock1.denselayer2.norm.1.weight",
                "features.denseblock1.denselayer2.norm1.weight",
            ),
            (
                "features.denseblock1.denselayer2.conv.2.weight",
                "features.denseblock1.denselayer2.conv2.weight",
            ),
            ("conv_stem.weight", "features.0.0.weight"),
            ("bn2.running_mean", "features.18.1.running_mean"),
            ("blocks.0.0.conv_pw.weight", "features.1.conv.1.weight"),
            ("blocks.1.0.conv_pw.weight", "features.2.conv.0.0.weight"),
            ("blocks.6.0.bn3.bias", "features.17.conv.3.bias"),
            ("classifier.weight", "classifier.1.weight"),
            ("last_linear.bias", "fc.bias"),
        ] {
            let candidates: Vec<String> = candidates(theirs).collect();
            assert!(
                candidates.iter().any(|name| name == ours),
                "{theirs}: {candidates:?}"
            );
        }
        let wrapped = format!("{}fc.weight", "net.".repeat(MOST_PREFIXES));
        assert!(candidates(&wrapped).any(|name| name == "fc.weight"));
        let wrapped = format!("net.{wrapped}");
        assert_eq!(stripped(&wrapped).count(), MOST_PREFIXES + 1);
        assert!(candidates(&wrapped).all(|name| name != "fc.weight"));
    }

    #[test]
    fn what_is_not_used_is_told_by_name() {
        for name in [
            "layer1.0.bn1.num_batches_tracked",
            "spectrogram_extractor.stft.conv_real.weight",
            "module.logmel_extractor.melW",
            "spec.mel_scale.fb",
        ] {
            assert!(is_unused(name), "{name}");
        }
        assert!(!is_unused("spec_bn.weight") && !is_unused("bn0.weight"));
    }
}
