//! Pieces of HTML, with every text made safe.

/// Text that may stand between tags and in attributes.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            other => out.push(other),
        }
    }
    out
}

/// JSON that may stand in a script element: nothing in it can end the element.
pub fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("lists, texts and numbers are JSON").replace('<', "\\u003c")
}

/// What a page is made of.
pub struct Page<'a> {
    pub title: &'a str,
    /// HTML of the page, in order.
    pub body: &'a str,
    /// JSON of its charts.
    pub charts: &'a str,
}

const STYLE: &str = include_str!("../../assets/report.css");
const SCRIPT: &str = include_str!("../../assets/report.js");
const CHARTS: &str = include_str!("../../assets/uPlot.iife.min.js");
const CHARTS_STYLE: &str = include_str!("../../assets/uPlot.min.css");
const CHARTS_LICENCE: &str = include_str!("../../assets/uPlot.LICENSE");
/// By this a page is known as one of ours, which may be replaced.
pub const GENERATOR: &str = concat!("<meta name=\"generator\" content=\"depin sim ", env!("CARGO_PKG_VERSION"), "\">");
/// The beginning of [`GENERATOR`], whatever version wrote it.
pub const GENERATOR_ANY: &str = "<meta name=\"generator\" content=\"depin sim ";

impl Page<'_> {
    /// The whole page: one file, which fetches nothing.
    pub fn text(&self) -> String {
        let Self { title, body, charts } = self;
        let title = safe(title);
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{GENERATOR}\n<title>{title}</title>\n\
             <style>\n{CHARTS_STYLE}\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n\
             <script type=\"application/json\" id=\"charts\">{charts}</script>\n\
             <script>\n// A canvas is drawn with two points a pixel at least, so that it is sharp on paper too.\n\
             if (devicePixelRatio < 2) Object.defineProperty(window, \"devicePixelRatio\", {{ get: () => 2 }});\n</script>\n\
             <!--\nuPlot\n{CHARTS_LICENCE}\n-->\n<script>\n{CHARTS}\n</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_become_markup() {
        assert_eq!(safe("a <b> & \"c\" 'd'"), "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
        assert_eq!(json(&["</script>"]), "[\"\\u003c/script>\"]");
    }

    #[test]
    fn the_scripts_cannot_end_early() {
        for script in [SCRIPT, CHARTS] {
            assert!(!script.contains("</script") && !script.contains("<!--"));
        }
        assert!(!CHARTS_LICENCE.contains("--") && CHARTS_LICENCE.contains("MIT License"));
        assert!(GENERATOR.starts_with(GENERATOR_ANY));
    }
}
