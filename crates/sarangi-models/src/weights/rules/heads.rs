//! How others call heads and last layers.

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

/// The first parts of the names of heads, for tensors of files that have no place in the network
/// asked about; a network itself knows what its head is.
const HEADS: &[&str] = &[
    "fc",
    "classifier",
    "head",
    "last_linear",
    "out",
    "fc_audioset",
    "dense2",
];

/// Last layers that are more than another name of the same thing: the second of a head of two, and
/// those of CNN14, of the short-chunk network, of the basic network and of late fusion, which follow
/// other linear layers.
const OTHER_LAST: &[&str] = &["fc.3", "classifier.3", "fc_audioset", "dense2", "fc2"];

/// Whether a tensor belongs to a network's head.
pub(in crate::weights) fn is_head(name: &str) -> bool {
    let first = name.split('.').next();
    first.is_some_and(|first| HEADS.contains(&first))
}

/// Whether a tensor is the weight of a network's last layer, as far as a name can tell.
pub(in crate::weights) fn is_last_weight(name: &str) -> bool {
    let layer = name.strip_suffix(".weight");
    layer.is_some_and(|layer| LAST.contains(&layer) || OTHER_LAST.contains(&layer))
}

/// The other names of the last layer.
pub(super) fn renamed(name: &str) -> impl Iterator<Item = String> {
    let known = name.rsplit_once('.');
    let known = known.filter(|(layer, _)| LAST.contains(layer));
    known
        .into_iter()
        .flat_map(|(_, kind)| LAST.iter().map(move |to| format!("{to}.{kind}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_last_layers_are_told_by_name() {
        for name in ["fc.weight", "fc.3.bias", "classifier.1.weight", "out.bias"] {
            assert!(is_head(name), "{name}");
        }
        for name in ["fc1.weight", "bn_fc.bias", "features.0.0.weight"] {
            assert!(!is_head(name), "{name}");
        }
        for name in ["classifier.1.weight", "fc.3.weight", "fc2.weight"] {
            assert!(is_last_weight(name), "{name}");
        }
        assert!(!is_last_weight("fc.0.weight") && !is_last_weight("fc.bias"));
    }
}
