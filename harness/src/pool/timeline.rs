//! A pool's accounting as a picture: one self-contained page of HTML; also the data as JSON.
//!
//! The page is a template with the data in it; the template draws.

use std::path::Path;

use seatrial_pool::Accounting;
use serde_json::json;

use crate::base::blocking;
use crate::words::{Error, Result};

const TEMPLATE: &str = include_str!("timeline.html");

/// The history of a pool as a picture. It shows a lane for each container with its states and the labels of its leases,
/// the times of exclusive use, the utilization, the length of the wait queue, and the longest waits.
///
/// Returned by [`ContainerPool::timeline`](super::ContainerPool::timeline).
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    name: String,
    accounting: Accounting,
}

impl Timeline {
    pub(super) fn new(name: String, accounting: Accounting) -> Self {
        Self { name, accounting }
    }

    /// Returns the data that it shows.
    #[must_use]
    pub fn accounting(&self) -> &Accounting {
        &self.accounting
    }

    /// Returns the data as one JSON object: `name`, and [`Accounting`]'s fields under `accounting`. Times are whole
    /// numbers of nanoseconds since the pool was made.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({ "name": self.name, "accounting": self.accounting }).to_string()
    }

    /// Returns the picture as one page of HTML, which loads nothing else. It has a light and a dark scheme, and shows
    /// the label of the interval under the pointer.
    #[must_use]
    pub fn to_html(&self) -> String {
        // So that no `</script>` in the data ends the script; in JSON, `<` occurs only in strings.
        let data = self.to_json().replace('<', "\\u003c");
        let title = format!("Pool {}", self.name);
        // The title has no braces and the data comes last, so that no placeholder is replaced in either.
        TEMPLATE.replacen("{{title}}", &escape(&title), 1).replacen("{{data}}", &data, 1)
    }

    /// Writes the page to a file; overwrites the file if it exists.
    ///
    /// # Errors
    /// Invalid, with the path, if it can't be written.
    ///
    /// # Cancel safety
    /// Dropping the future does not stop the write.
    pub async fn write_html(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), self.to_html()).await
    }

    /// Writes the data as JSON to a file; overwrites the file if it exists.
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

/// Escapes text for use between tags.
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
    fn no_name_breaks_the_page() {
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
