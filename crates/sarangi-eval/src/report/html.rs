//! Markup, written piece by piece.

use std::fmt::{Display, Write};

/// A part of a page. Whatever is text or the value of an attribute is escaped here, so that no name of a
/// file or class can become markup.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

/// An attribute's name and value.
pub(crate) type Attribute<'a> = (&'a str, &'a str);

impl Html {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What has been written.
    pub(crate) fn into_string(self) -> String {
        self.0
    }

    /// Whether nothing has been written.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Another part.
    pub(crate) fn append(&mut self, part: Self) {
        self.0 += &part.0;
    }

    /// Our own markup, style or script, as it is. Never for what came from outside.
    pub(crate) fn own(&mut self, markup: &'static str) {
        self.0 += markup;
    }

    /// Text.
    pub(crate) fn text(&mut self, text: impl Display) {
        escape(&mut self.0, &text.to_string());
    }

    /// An element with what `inside` writes.
    pub(crate) fn element(
        &mut self,
        tag: &str,
        attributes: &[Attribute<'_>],
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(tag, attributes);
        self.0.push('>');
        inside(self);
        // Writing to a string cannot fail.
        let _ = write!(self.0, "</{tag}>");
    }

    /// An element with a text.
    pub(crate) fn leaf(&mut self, tag: &str, attributes: &[Attribute<'_>], text: impl Display) {
        self.element(tag, attributes, |html| html.text(text));
    }

    /// An element without content, such as `img`.
    pub(crate) fn void(&mut self, tag: &str, attributes: &[Attribute<'_>]) {
        self.open(tag, attributes);
        self.0 += " />";
    }

    fn open(&mut self, tag: &str, attributes: &[Attribute<'_>]) {
        self.0.push('<');
        self.0 += tag;
        for (name, value) in attributes {
            let _ = write!(self.0, " {name}=\"");
            escape(&mut self.0, value);
            self.0.push('"');
        }
    }
}

/// Characters that would be markup are written as entities. Those that no page may hold, and those that
/// turn the order of letters around, become the sign for an unknown character.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => *out += "&amp;",
            '<' => *out += "&lt;",
            '>' => *out += "&gt;",
            '"' => *out += "&quot;",
            '\'' => *out += "&#39;",
            '\n' | '\t' => out.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                out.push(char::REPLACEMENT_CHARACTER);
            }
            _ if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_never_become_markup() {
        let mut html = Html::new();
        html.element("p", &[("title", "\"><script>'")], |html| {
            html.text("<b>&\u{0}\u{202e}");
            html.void("br", &[]);
        });
        let want =
            "<p title=\"&quot;&gt;&lt;script&gt;&#39;\">&lt;b&gt;&amp;\u{fffd}\u{fffd}<br /></p>";
        assert_eq!(html.into_string(), want);
    }
}
