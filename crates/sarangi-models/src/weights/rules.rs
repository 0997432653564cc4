//! How others call the same tensors.

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

/// The names of the last layer, where it is one linear layer with or without a dropout before it.
const LAST: &[&str] = &[
    "fc",
    "fc.1",
    "classifier",
    "classifier.1",
    "head.fc",
    "last_linear",
    "out",
];

/// The first parts of the names of heads: whatever comes after the pooled features.
const HEADS: &[&str] = &[
    "fc",
    "classifier",
    "head",
    "last_linear",
    "out",
    "fc_audioset",
    "dense2",
];

/// Front ends inside networks: those of PANNs and of `minzwon/sota-music-tagging-models`.
const FRONT_ENDS: &[&str] = &[
    "spectrogram_extractor",
    "logmel_extractor",
    "spec.spectrogram",
    "spec.mel_scale",
];

/// Last layers that are more than another name of the same thing: the second of a head of two, and
/// those of CNN14 and of the short-chunk network, which follow a layer of the base.
const OTHER_LAST: &[&str] = &["fc.3", "classifier.3", "fc_audioset", "dense2"];

/// timm's `mobilenetv2_100`: its places outside the blocks as torchvision calls them.
const TIMM_V2_OUTSIDE: &[(&str, &str)] = &[
    ("conv_stem", "features.0.0"),
    ("bn1", "features.0.1"),
    ("conv_head", "features.18.0"),
    ("bn2", "features.18.1"),
];
/// Its blocks by stage and number; torchvision counts them through, from 1.
const TIMM_V2_BLOCKS: &[&str] = &[
    "0.0", "1.0", "1.1", "2.0", "2.1", "2.2", "3.0", "3.1", "3.2", "3.3", "4.0", "4.1", "4.2",
    "5.0", "5.1", "5.2", "6.0",
];
/// The layers of its first block, which does not expand.
const TIMM_V2_FIRST: &[(&str, &str)] = &[
    ("conv_dw", "conv.0.0"),
    ("bn1", "conv.0.1"),
    ("conv_pw", "conv.1"),
    ("bn2", "conv.2"),
];
/// The layers of the others.
const TIMM_V2_INVERTED: &[(&str, &str)] = &[
    ("conv_pw", "conv.0.0"),
    ("bn1", "conv.0.1"),
    ("conv_dw", "conv.1.0"),
    ("bn2", "conv.1.1"),
    ("conv_pwl", "conv.2"),
    ("bn3", "conv.3"),
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

/// Whether a tensor belongs to a network's head.
pub(super) fn is_head(name: &str) -> bool {
    let first = name.split('.').next();
    first.is_some_and(|first| HEADS.contains(&first))
}

/// Whether a tensor is the weight of a network's last layer, as far as a name can tell.
pub(super) fn is_last_weight(name: &str) -> bool {
    let layer = name.strip_suffix(".weight");
    layer.is_some_and(|layer| LAST.contains(&layer) || OTHER_LAST.contains(&layer))
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
            .chain(timm_v2(name))
            .chain(last(name))
    })
}

/// The name with one part, between dots, replaced.
fn with_part(name: &str, (from, to): &(&str, &str)) -> Option<String> {
    let inside = format!(".{name}.");
    let replaced = inside.replacen(&format!(".{from}."), &format!(".{to}."), 1);
    (replaced != inside).then(|| replaced[1..replaced.len() - 1].to_owned())
}

fn timm_v2(name: &str) -> Option<String> {
    let within = |name: &str, table: &[(&str, &str)]| {
        let (layer, rest) = name.split_once('.')?;
        let (_, to) = table.iter().find(|(from, _)| *from == layer)?;
        Some(format!("{to}.{rest}"))
    };
    let Some(inside) = name.strip_prefix("blocks.") else {
        return within(name, TIMM_V2_OUTSIDE);
    };
    let (number, layer) = TIMM_V2_BLOCKS.iter().enumerate().find_map(|(i, block)| {
        let layer = inside.strip_prefix(block)?.strip_prefix('.')?;
        Some((i + 1, layer))
    })?;
    let table = match number {
        1 => TIMM_V2_FIRST,
        _ => TIMM_V2_INVERTED,
    };
    Some(format!("features.{number}.{}", within(layer, table)?))
}

/// The other names of the last layer.
fn last(name: &str) -> impl Iterator<Item = String> {
    let known = name.rsplit_once('.');
    let known = known.filter(|(layer, _)| LAST.contains(layer));
    known
        .into_iter()
        .flat_map(|(_, kind)| LAST.iter().map(move |to| format!("{to}.{kind}")))
}

/// What torchvision calls a tensor of ours: its last layer is `fc` or `classifier`, also where a
/// dropout comes before it.
pub(super) fn torchvision(name: &str) -> String {
    match name.strip_prefix("fc.1.") {
        Some(kind) => format!("fc.{kind}"),
        None => name.to_owned(),
    }
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
    fn heads_and_what_is_not_used_are_told_by_name() {
        for name in ["fc.weight", "fc.3.bias", "classifier.1.weight", "out.bias"] {
            assert!(is_head(name), "{name}");
        }
        for name in ["fc1.weight", "bn_fc.bias", "features.0.0.weight"] {
            assert!(!is_head(name), "{name}");
        }
        for name in [
            "layer1.0.bn1.num_batches_tracked",
            "spectrogram_extractor.stft.conv_real.weight",
            "module.logmel_extractor.melW",
            "spec.mel_scale.fb",
        ] {
            assert!(is_unused(name), "{name}");
        }
        assert!(!is_unused("spec_bn.weight") && !is_unused("bn0.weight"));
        assert!(is_last_weight("classifier.1.weight") && is_last_weight("fc.3.weight"));
        assert!(!is_last_weight("fc.0.weight") && !is_last_weight("fc.bias"));
        assert_eq!(torchvision("fc.1.weight"), "fc.weight");
        assert_eq!(torchvision("classifier.1.weight"), "classifier.1.weight");
    }
}
