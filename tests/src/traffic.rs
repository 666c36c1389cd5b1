//! Traffic: the requests that went through a server, and the rules for those to come. It keeps the books under a lock,
//! without I/O.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::head::Head;
use crate::{Fault, Matcher};

/// A request that a server has seen.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path, without the API version in front of it (`/v1.41`), so that tests needn't know it.
    pub path: String,
    /// The query, as it was; empty if there was none.
    pub query: String,
    /// Path and query as they were on the wire.
    pub target: String,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The moment at which its head was complete.
    pub at: Instant,
    /// The status that the engine or a fault answered with, if either did; answers that were kept back count.
    pub status: Option<u16>,
}

/// The record and the rules of one server, shared between its thread and the test.
#[derive(Debug)]
pub struct Traffic {
    /// Written by the server's thread and by tests; never held across an await.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    seen: Vec<(u64, Request)>,
    next_id: u64,
    rules: Vec<Rule>,
    /// The fault for a request that no rule settles.
    fallback: Fault,
    open: usize,
}

#[derive(Debug)]
struct Rule {
    matcher: Matcher,
    fault: Fault,
    fitted: usize,
}

/// The decision about one request.
pub(crate) struct Decision {
    pub(crate) id: u64,
    /// The faults to apply, in this order; the last one settles the request.
    pub(crate) faults: Vec<Fault>,
}

impl Traffic {
    pub(crate) fn new(fallback: Fault) -> Self {
        let state = State { seen: Vec::new(), next_id: 0, rules: Vec::new(), fallback, open: 0 };
        Self { state: Mutex::new(state) }
    }

    /// Applies a fault to the requests that the matcher picks from now on, unless an earlier rule settles them.
    pub fn on(&self, matcher: Matcher, fault: Fault) -> &Self {
        self.lock().rules.push(Rule { matcher, fault, fitted: 0 });
        self
    }

    /// Forgets all rules; requests that are under way keep what was decided for them.
    pub fn clear_rules(&self) {
        self.lock().rules.clear();
    }

    /// Returns the requests seen since the start or the last [`clear`](Self::clear), in the order in which they came.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.lock().seen.iter().map(|(_, request)| request.clone()).collect()
    }

    /// Counts the requests that a predicate accepts.
    #[must_use]
    pub fn count(&self, is_meant: impl Fn(&Request) -> bool) -> usize {
        self.lock().seen.iter().filter(|(_, request)| is_meant(request)).count()
    }

    /// Forgets the requests seen so far; the rules stay, and so do their counts.
    pub fn clear(&self) {
        self.lock().seen.clear();
    }

    /// Returns the number of connections that are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.lock().open
    }

    pub(crate) fn opened(&self) {
        self.lock().open += 1;
    }

    pub(crate) fn closed(&self) {
        self.lock().open -= 1;
    }

    /// Records a request and decides what happens to it.
    pub(crate) fn arrived(&self, head: &Head) -> Decision {
        let request = Request::from_head(head);
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        let faults = state.decide(&request);
        state.seen.push((id, request));
        Decision { id, faults }
    }

    /// Records the status of a request's answer.
    pub(crate) fn answered(&self, id: u64, status: Option<u16>) {
        // A request that was cleared meanwhile is not there any more.
        if let Some((_, request)) = self.lock().seen.iter_mut().find(|(seen, _)| *seen == id) {
            request.status = status;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn decide(&mut self, request: &Request) -> Vec<Fault> {
        let mut faults = Vec::new();
        for rule in self.rules.iter_mut().filter(|rule| rule.matcher.fits(request)) {
            rule.fitted += 1;
            if !rule.matcher.means(rule.fitted) {
                continue;
            }
            faults.push(rule.fault.clone());
            if !rule.fault.goes_on() {
                return faults;
            }
        }
        faults.push(self.fallback.clone());
        faults
    }
}

impl Request {
    /// Returns the value of a header whose name is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns `true` if the method is this one and the path contains this text.
    #[must_use]
    pub fn is(&self, method: &str, path_contains: &str) -> bool {
        self.method == method && self.path.contains(path_contains)
    }

    fn from_head(head: &Head) -> Self {
        let target = head.target();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: head.method().to_owned(),
            path: without_version(path).to_owned(),
            query: query.to_owned(),
            target: target.to_owned(),
            headers: head.headers().to_vec(),
            at: Instant::now(),
            status: None,
        }
    }
}

/// Returns a path without the API version (`/v1.41`) in front; a registry's `/v2` is not one.
fn without_version(path: &str) -> &str {
    let Some((version, _)) = path.strip_prefix("/v").and_then(|rest| rest.split_once('/')) else {
        return path;
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match version.split_once('.') {
        Some((major, minor)) if is_number(major) && is_number(minor) => &path[version.len() + 2..],
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::Then;

    fn arrive(traffic: &Traffic, method: &str, target: &str) -> Vec<Fault> {
        let text = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        traffic.arrived(&Head::parse(Bytes::from(text)).expect("a head")).faults
    }

    #[test]
    fn the_nth_request_is_counted_per_rule() {
        let traffic = Traffic::new(Fault::Pass);
        traffic.on(Matcher::new("POST", "/create").nth(2), Fault::cut());
        let cut: Vec<bool> = ["/create", "/start", "/create", "/create"]
            .map(|path| matches!(arrive(&traffic, "POST", path)[0], Fault::Refuse(Then::Cut)))
            .to_vec();
        assert_eq!(cut, [false, false, true, false]);
    }

    #[test]
    fn a_delay_leaves_the_rules_after_it_in_force() {
        let traffic = Traffic::new(Fault::Pass);
        traffic.on(Matcher::any(), Fault::Delay(Duration::ZERO)).on(Matcher::any(), Fault::hang());
        assert!(matches!(arrive(&traffic, "GET", "/")[..], [Fault::Delay(_), Fault::Refuse(Then::Hang)]));
    }

    #[test]
    fn the_api_version_is_not_part_of_the_path() {
        for (target, path) in [
            ("/v1.41/info?a=b", "/info"),
            ("/v2/x/y", "/v2/x/y"),
            ("/version", "/version"),
            ("/v1.4", "/v1.4"),
        ] {
            let traffic = Traffic::new(Fault::Pass);
            arrive(&traffic, "GET", target);
            assert_eq!(traffic.requests()[0].path, path);
        }
    }
}
