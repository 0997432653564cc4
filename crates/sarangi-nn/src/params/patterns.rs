//! Parameters by patterns of their names.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// Patterns of parameter names, such as `layer1.*` or `*.bias`: `*` stands for any characters, dots
/// included, and `?` for one; anything else for itself. A name matches if one pattern does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NamePatterns(Vec<String>);

impl NamePatterns {
    /// Whether there are none, so that no name matches.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The patterns.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a name matches.
    pub fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| fits(pattern, name))
    }

    /// Refuses a pattern that matches none of these names: it is most likely misspelt.
    ///
    /// # Errors
    /// [`Error::Config`] naming the pattern and some of the names.
    pub fn check(&self, spec: &'static str, field: &str, names: &[String]) -> Result<()> {
        const SHOWN: usize = 6;
        let lost = |pattern: &&String| !names.iter().any(|name| fits(pattern, name));
        let Some(pattern) = self.0.iter().find(lost) else {
            return Ok(());
        };
        // From all over the network: the first names are all of its first layers.
        let every = names.len().div_ceil(SHOWN).max(1);
        let some: Vec<&str> = names.iter().step_by(every).map(String::as_str).collect();
        let reason = format!(
            "`{pattern}` matches none of the network's parameters; some of them are {}",
            some.join(", ")
        );
        Err(Error::config(spec, field, reason))
    }
}

impl<S: Into<String>> FromIterator<S> for NamePatterns {
    fn from_iter<I: IntoIterator<Item = S>>(patterns: I) -> Self {
        Self(patterns.into_iter().map(Into::into).collect())
    }
}

/// Whether a pattern matches all of a text. Only the last `*` is ever gone back to: what an earlier
/// one could still take, the last one can take as well.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut place) = (0, 0);
    let mut star = None;
    while place < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(&wanted) if wanted == b'?' || wanted == text[place] => {
                at += 1;
                place += 1;
            }
            _ => match star {
                Some((of, taken)) => {
                    star = Some((of, taken + 1));
                    (at, place) = (of + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&rest| rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, expected) in [
            ("fc.weight", "fc.weight", true),
            ("fc.weight", "fc.weights", false),
            ("fc", "fc.weight", false),
            ("layer1.*", "layer1.0.bn1.weight", true),
            ("layer1.*", "layer10.0.bn1.weight", false),
            ("*.bias", "layer1.0.bn1.bias", true),
            ("*bn?.*", "layer1.0.bn1.bias", true),
            ("*bn?.*", "layer1.0.bn11.bias", false),
            ("*a*b", "aab.ab", true),
            ("*a*b", "aab.a", false),
            ("*", "", true),
            ("**", "x", true),
            ("?", "", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    /// Exponential in a naive matcher.
    #[test]
    fn many_stars_take_no_time() {
        let pattern = "*a".repeat(200) + "b";
        assert!(!fits(&pattern, &"a".repeat(10_000)));
    }

    #[test]
    fn what_matches_nothing_is_named_with_names_from_all_over() {
        let names: Vec<String> = (0..40).map(|n| format!("layer{n}.weight")).collect();
        let patterns = NamePatterns::from_iter(["layer1.*", "fc.*"]);
        assert!(patterns.matches("fc.bias") && !patterns.matches("layer2.weight"));
        let error = patterns.check("training", "no_decay", &names).unwrap_err();
        let text = error.to_string();
        for part in ["no_decay", "`fc.*`", "layer0.weight", "layer35.weight"] {
            assert!(text.contains(part), "{text}");
        }
        let known = NamePatterns::from_iter(["layer1.*"]);
        known.check("training", "no_decay", &names).unwrap();
    }
}
