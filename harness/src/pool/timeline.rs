//! A pool's accounting as a picture: one page of HTML that needs nothing else, and the same as JSON.
//!
//! The page is a template with the data in it; what is drawn, and how, is the template's business.

use std::path::Path;

use seatrial_core::pool::Accounting;
use serde_json::json;

use crate::base::blocking;
use crate::words::{Error, Result};

const TEMPLATE: &str = include_str!("timeline.html");

/// What a pool did, to look at: a lane for each container, with what it was doing and for whom, when somebody had the
/// pool for itself, how many waited, how much of the pool was in use, and the longest waits.
///
/// Made by [`ContainerPool::timeline`](super::ContainerPool::timeline).
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    name: String,
    accounting: Accounting,
}

impl Timeline {
    pub(super) fn new(name: String, accounting: Accounting) -> Self {
        Self { name, accounting }
    }

    /// What it shows.
    #[must_use]
    pub fn accounting(&self) -> &Accounting {
        &self.accounting
    }

    /// The data as one JSON object: `name`, and [`Accounting`]'s fields under `accounting`. Times are whole numbers of
    /// nanoseconds from the making of the pool on.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({ "name": self.name, "accounting": self.accounting }).to_string()
    }

    /// The picture as one page of HTML, which loads nothing: readable in light and in dark, with each interval's label
    /// where the pointer is.
    #[must_use]
    pub fn to_html(&self) -> String {
        // What ends a script can't be in the data then; in JSON it is only ever within a string.
        let data = self.to_json().replace('<', "\\u003c");
        let title = format!("Pool {}", self.name);
        // The data last and the title without braces, so that no placeholder is looked for in either.
        TEMPLATE.replacen("{{title}}", &escape(&title), 1).replacen("{{data}}", &data, 1)
    }

    /// Writes the page to a file, in place of what was there.
    ///
    /// # Errors
    /// Invalid, with the path, if it can't be written.
    ///
    /// # Cancel safety
    /// Dropping the future lets the file be written.
    pub async fn write_html(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), self.to_html()).await
    }

    /// Writes the data to a file, in place of what was there.
    ///
    /// # Errors
    /// As [`write_html`](Self::write_html).
    ///
    /// # Cancel safety
    /// As [`write_html`](Self::write_html).
    pub async fn write_json(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), self.to_json()).await
    }
}

async fn write(path: &Path, content: String) -> Result<()> {
    let file = path.to_owned();
    blocking(move || std::fs::write(file, content)).await.map_err(|error| {
        Error::invalid(format!("the timeline can't be written to `{}`", path.display())).with_source(error)
    })
}

/// For text between tags.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('{', "&#123;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(name: &str) -> Timeline {
        Timeline::new(name.to_owned(), Accounting::default())
    }

    #[test]
    fn the_page_is_whole_whatever_the_names_hold() {
        for name in ["db", "</script><script>alert(1)</script>", "{{data}}", "{{title}}", "a & b < c"] {
            let html = timeline(name).to_html();
            assert_eq!(html.matches("</script>").count(), TEMPLATE.matches("</script>").count(), "{name}");
            let data = html.split("id=\"data\">").nth(1).and_then(|rest| rest.split("</script>").next());
            let data: serde_json::Value = serde_json::from_str(data.expect("the data")).expect("JSON");
            assert_eq!(data["name"], name);
        }
    }

    #[test]
    fn the_page_loads_nothing() {
        for way in ["src=", "href=", "@import", "url(", "fetch(", "import("] {
            assert!(!TEMPLATE.contains(way), "{way}");
        }
    }

    #[test]
    fn the_data_can_be_read_back() {
        let timeline = timeline("db");
        let read: serde_json::Value = serde_json::from_str(&timeline.to_json()).expect("JSON");
        let accounting: Accounting =
            serde_json::from_value(read["accounting"].clone()).expect("the same shape");
        assert_eq!(&accounting, timeline.accounting());
    }

    #[tokio::test]
    async fn a_path_that_cannot_be_written_to_is_named() {
        let error = timeline("db").write_html("/nowhere/at/all.html").await.expect_err("no such folder");
        assert!(error.to_string().contains("`/nowhere/at/all.html`"), "{error}");
    }
}
