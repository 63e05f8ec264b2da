//! The page: one file that loads nothing and runs nothing.

use crate::content::{Content, Entry};
use crate::evidence::EvidenceItem;
use crate::plot::{Plot, plot};
use crate::{Report, ReportError, times};
use askama::Template;
use askama::filters::{Escaper, Html};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use notice::Console;
use notice::quantity::grouped;
use sha2::{Digest, Sha256};
use signal::OneLine;
use std::fmt::{self, Write};

/// The most characters of one value that a page shows. The JSON form has each value whole.
const LONGEST: usize = 2_000;

/// Renders the page.
pub fn html(report: &Report<'_>) -> Result<String, ReportError> {
    let style = Style {}.render()?;
    let content = Content::of(report);
    let page = Page {
        policy: policy(&style),
        style: &style,
        plot: plot(report)?,
        console: Console::of(report.partition, report.region),
        content: &content,
        report,
    };
    Ok(page.render()?)
}

/// Nothing may be loaded, run, framed, sent or rebased; the one style is known by its hash.
pub(crate) fn policy(style: &str) -> String {
    let hash = BASE64_STANDARD.encode(Sha256::digest(style.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

#[derive(Template)]
#[template(path = "style.css", escape = "none")]
struct Style {}

#[derive(Template)]
#[template(path = "incident.html")]
struct Page<'a> {
    policy: String,
    style: &'a str,
    plot: Option<Plot>,
    console: Option<Console<'a>>,
    content: &'a Content,
    report: &'a Report<'a>,
}

impl Page<'_> {
    fn id(&self) -> &str {
        self.report.incident.id.as_str()
    }

    fn generated(&self) -> String {
        times::moment(self.report.generated_at)
    }

    /// The day of an entry that is the first of its day.
    fn new_day(&self, index: &usize) -> Option<String> {
        let day = |entry: &Entry| times::day(entry.at);
        let entry = self.content.timeline.get(*index).map(day)?;
        let before = index.checked_sub(1).and_then(|before| self.content.timeline.get(before)).map(day);
        (before.as_ref() != Some(&entry)).then_some(entry)
    }

    fn object(&self, item: &EvidenceItem) -> Option<String> {
        self.console.as_ref()?.object(&item.location)
    }

    fn size(&self, item: &EvidenceItem) -> Option<String> {
        item.bytes.map(|bytes| format!("{} bytes", grouped(bytes)))
    }

    fn captured(&self, item: &EvidenceItem) -> String {
        times::moment(item.captured_at)
    }
}

/// How every value is shown: characters that hide or reorder text made visible, long ones cut, HTML escaped.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown;

impl Escaper for Shown {
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let cut = text.char_indices().nth(LONGEST).map(|(at, _)| at);
        let shown = cut.and_then(|at| text.get(..at)).unwrap_or(text);
        Html.write_escaped_str(&mut dest, &OneLine(shown).to_string())?;
        match cut {
            Some(_) => write!(dest, "… ({} bytes in all; the JSON form has them)", text.len()),
            None => Ok(()),
        }
    }
}
