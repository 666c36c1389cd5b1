//! The parts of an image reference and their syntax. Combining them is up to `reference.rs`.

/// A predicate that says why a text is invalid. Messages append it to the text.
pub(super) type Problem = String;

const MAX_TAG: usize = 128;

/// Returns the 64 hex digits of a full image id, with or without its algorithm. `None` for a text that is not one.
pub(super) fn id_digits(text: &str) -> Option<&str> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    (hex.len() == 64 && hex.bytes().all(is_lower_hex)).then_some(hex)
}

/// Splits off the registry. The first component is one exactly if it contains `.` or `:` or is `localhost`.
pub(super) fn split_registry(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), path),
        _ => (None, name),
    }
}

pub(super) fn check_registry(registry: &str) -> Result<(), Problem> {
    let problem = |what: &str| Err(format!("has the registry `{}`, {what}", registry.escape_debug()));
    // Only after the last bracket, since the colons of an IPv6 address separate no port.
    let colon = registry.rfind(':').filter(|at| registry.rfind(']').is_none_or(|bracket| bracket < *at));
    let (host, port) = colon.map_or((registry, None), |at| (&registry[..at], Some(&registry[at + 1..])));
    if port.is_some_and(|port| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit())) {
        return problem("whose port should be a number");
    }
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        let colons_and_hex = |b: u8| b.is_ascii_hexdigit() || b == b':';
        return match !address.is_empty() && address.bytes().all(colons_and_hex) {
            true => Ok(()),
            false => problem("whose brackets should hold an IPv6 address"),
        };
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match host.split('.').all(label) {
        true => Ok(()),
        false => problem("which should be a host name like `registry.example:5000`"),
    }
}

pub(super) fn check_repository(path: &str) -> Result<(), Problem> {
    if path.is_empty() {
        return Err("has no repository; it should be like `redis:7`".to_owned());
    }
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        let lower = path.to_ascii_lowercase();
        return Err(format!("has upper case in its repository, which should be lower case: `{lower}`"));
    }
    match path.split('/').find(|component| !is_component(component)) {
        None => Ok(()),
        Some("") => Err("has an empty part between two `/`, or at an end".to_owned()),
        Some(component) => Err(format!(
            "has the part `{}`; a part should be lower-case letters and digits, separated by `.`, `_`, `__` or hyphens",
            component.escape_debug()
        )),
    }
}

/// Returns `true` for alphanumeric words joined by one of: a dot, one or two underscores, any number of hyphens.
fn is_component(component: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = [component.bytes().next(), component.bytes().last()];
    let separators = component.split(|c: char| c.is_ascii() && is_word(c as u8));
    ends.into_iter().all(|end| end.is_some_and(is_word))
        && separators.into_iter().all(|separator| match separator {
            "" | "." | "_" | "__" => true,
            hyphens => hyphens.bytes().all(|b| b == b'-'),
        })
}

pub(super) fn check_tag(tag: &str) -> Result<(), Problem> {
    let shown = tag.escape_debug();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if tag.is_empty() {
        return Err("has an empty tag after its `:`".to_owned());
    }
    if let Some(bad) = tag.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "has the tag `{shown}`, which contains {bad:?}; allowed are letters, digits, `_`, `.`, `-`"
        ));
    }
    if tag.starts_with(['.', '-']) {
        return Err(format!("has the tag `{shown}`, which should begin with a letter, a digit or `_`"));
    }
    if tag.len() > MAX_TAG {
        return Err(format!("has a tag of {} characters; at most {MAX_TAG} are allowed", tag.len()));
    }
    Ok(())
}

/// Checks a digest. Only the algorithms that engines support are accepted, since others have an unknown length.
pub(super) fn check_digest(digest: &str) -> Result<(), Problem> {
    let shown = digest.escape_debug();
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return Err(format!("has the digest `{shown}`, which should be like `sha256:` and 64 hex digits"));
    };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => {
            return Err(format!(
                "has a digest with the algorithm `{}`; supported are `sha256`, `sha384` and `sha512`",
                algorithm.escape_debug()
            ));
        }
    };
    if let Some(bad) = hex.chars().find(|c| !c.is_ascii() || !is_lower_hex(*c as u8)) {
        return Err(format!(
            "has the digest `{shown}`, which contains {bad:?}; it should be lower-case hex digits"
        ));
    }
    if hex.len() != length {
        return Err(format!("has a digest of {} hex digits; `{algorithm}` has {length}", hex.len()));
    }
    Ok(())
}

fn is_lower_hex(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(check: fn(&str) -> Result<(), Problem>, cases: &[(&str, &str)]) {
        for (text, reason) in cases {
            let problem = check(text).expect_err(text);
            assert!(problem.contains(reason), "{text}: {problem}");
        }
    }

    #[test]
    fn registries_are_hosts_with_ports() {
        for registry in ["a.b", "A-b.c:1", "localhost", "1.2.3.4:5", "[::1]", "[fe80::1]:5000"] {
            assert_eq!(check_registry(registry), Ok(()), "{registry}");
        }
        refused(
            check_registry,
            &[
                ("a:", "port should be a number"),
                ("a:x", "port should be a number"),
                ("a..b", "a host name"),
                (".a", "a host name"),
                ("-a.b", "a host name"),
                ("a-.b", "a host name"),
                ("a_b.c", "a host name"),
                ("[]", "an IPv6 address"),
                ("[g]:1", "an IPv6 address"),
            ],
        );
    }

    #[test]
    fn repositories_are_words_with_separators() {
        for path in ["a", "0", "a.b", "a_b", "a__b", "a-b", "a----b", "a/b.c/d"] {
            assert_eq!(check_repository(path), Ok(()), "{path}");
        }
        refused(
            check_repository,
            &[
                ("", "has no repository"),
                ("a/", "empty part"),
                ("/a", "empty part"),
                ("a//b", "empty part"),
                ("a/B", "lower case: `a/b`"),
                ("a..b", "the part `a..b`"),
                ("a___b", "the part `a___b`"),
                ("a_-b", "the part `a_-b`"),
                ("x/-a", "the part `-a`"),
                ("a./x", "the part `a.`"),
                ("ü", "the part `ü`"),
                ("a b", "the part `a b`"),
            ],
        );
    }

    #[test]
    fn tags_are_words() {
        for tag in ["1", "_", "a.B-c_", &"x".repeat(128)] {
            assert_eq!(check_tag(tag), Ok(()), "{tag}");
        }
        refused(
            check_tag,
            &[
                ("", "empty tag"),
                (".a", "begin with"),
                ("-a", "begin with"),
                ("a:b", "contains ':'"),
                ("a b", "contains ' '"),
                (&"x".repeat(129), "a tag of 129 characters"),
            ],
        );
    }

    #[test]
    fn digests_have_a_known_algorithm_and_its_length() {
        for (algorithm, length) in [("sha256", 64), ("sha384", 96), ("sha512", 128)] {
            assert_eq!(check_digest(&format!("{algorithm}:{}", "0f".repeat(length / 2))), Ok(()));
            let problem = check_digest(&format!("{algorithm}:0f")).expect_err("too short");
            assert_eq!(problem, format!("has a digest of 2 hex digits; `{algorithm}` has {length}"));
        }
        refused(
            check_digest,
            &[
                ("", "should be like `sha256:`"),
                ("0f", "should be like `sha256:`"),
                ("md5:0f", "the algorithm `md5`"),
                ("sha256:0F", "contains 'F'"),
                ("sha256:ü", "contains 'ü'"),
                ("sha256:0:f", "contains ':'"),
            ],
        );
    }
}
