//! Tells the tags that a session gave to an image from those that somebody else added. It asks no engine.

use seatrial_core::reaper::Filter;

/// The fewest characters of a label's value that make it recognisable in a tag.
const MIN_VALUE: usize = 6;

/// The path component under which Testcontainers libraries name the images that they build.
const TESTCONTAINERS: &str = "testcontainers";

/// Returns the tags of an image that belong to the session whose filter selects the image.
///
/// A single tag is the session's. Of several, those are the session's that a Testcontainers library has generated, or
/// that contain the value of one of the filter's labels, such as the session's id. If there are none, the oldest tag is
/// the session's, because whoever builds an image gives it its first tag. `history` holds the tags as they were given,
/// oldest first; an engine remembers a few only, so it counts only if it has all of the image's tags.
///
/// Empty if nothing tells.
pub(super) fn session_tags<'a>(tags: &'a [String], filter: &Filter, history: &[String]) -> Vec<&'a str> {
    if let [tag] = tags {
        return vec![tag];
    }
    let generated = tags.iter().map(String::as_str).filter(|tag| is_generated(tag) || has_value(tag, filter));
    let generated: Vec<&str> = generated.collect();
    if !generated.is_empty() {
        return generated;
    }
    let is_complete = tags.iter().all(|tag| history.contains(tag));
    let oldest = history.iter().find_map(|past| tags.iter().find(|tag| *tag == past));
    oldest.filter(|_| is_complete).map(String::as_str).into_iter().collect()
}

/// Returns `true` for names such as `localhost/testcontainers/4k2j…:latest` and `<uuid>:<uuid>`.
fn is_generated(tag: &str) -> bool {
    let repository = tag.rsplit_once(':').map_or(tag, |(repository, _)| repository);
    let mut components = repository.split('/');
    components.clone().any(|component| component == TESTCONTAINERS)
        || components.next_back().is_some_and(is_uuid)
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// Returns `true` if a tag contains the value of one of a filter's labels as a whole word.
fn has_value(tag: &str, filter: &Filter) -> bool {
    let values = filter.labels().filter_map(|label| Some(label.split_once('=')?.1));
    values.filter(|value| value.len() >= MIN_VALUE).any(|value| {
        tag.match_indices(value).any(|(start, value)| {
            let before = tag[..start].chars().next_back();
            let after = tag[start + value.len()..].chars().next();
            ![before, after].into_iter().flatten().any(|c| c.is_ascii_alphanumeric())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tags: &[&str], history: &[&str], expected: &[&str]) {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let filter = Filter::parse(b"label=session=abc-123&label=x=a").expect("a filter");
        let tags = owned(tags);
        assert_eq!(session_tags(&tags, &filter, &owned(history)), expected, "{tags:?}");
    }

    #[test]
    fn a_single_tag_is_the_sessions() {
        check(&["app:1"], &[], &["app:1"]);
    }

    #[test]
    fn tags_of_testcontainers_libraries_and_tags_with_the_session_are_the_sessions() {
        let java = "localhost/testcontainers/4k2jq1x8m0c7b5n3:latest";
        check(&["app:1", java], &["app:1"], &[java]);
        let go = "0b6e1a3c-7d52-4f0e-9a41-5c1d2e3f4a5b:5c1d2e3f-0000-4f0e-9a41-0b6e1a3c7d52";
        check(&[go, "registry:5000/app"], &[], &[go]);
        check(
            &["app-abc-123:latest", "app:abc-123", "app:abc-1234", "a:a"],
            &[],
            &["app-abc-123:latest", "app:abc-123"],
        );
    }

    #[test]
    fn the_oldest_of_other_tags_is_the_sessions_if_all_are_remembered() {
        check(&["app:keep", "app:test"], &["app:test", "app:keep"], &["app:test"]);
        check(&["app:keep", "app:test"], &["app:gone", "app:test", "app:keep"], &["app:test"]);
        check(&["app:keep", "app:test"], &["app:keep"], &[]);
        check(&["app:keep", "app:test"], &[], &[]);
    }
}
