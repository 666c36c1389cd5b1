//! The polling of an HTTP server until its answer meets all conditions.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::exchange::{BodyEnd, BodyPart, Exchange, exchange};
use super::{HttpResponse, HttpWait};
use crate::base::background;
use crate::wait::Waited;
use crate::wait::branch::Branch;
use crate::wait::cx::{Cx, Failure, Pauses, Refresh};
use crate::wait::port::connect;
use crate::words::{Port, Result, quoted, seconds};

impl HttpWait {
    pub(in crate::wait) async fn follow(&self, branch: &Branch, cx: &Cx<'_>) -> Result<(), Failure> {
        let mut pauses = Pauses::up_to(Duration::from_millis(250));
        let mut refresh = Refresh::from_now();
        loop {
            let (address, port) = cx.address(|container| self.address_in(container)).await?;
            branch.begin_attempt();
            match self.ask(address.clone()).await? {
                Exchange::Answered(answer, _) if self.is_met(&answer) => {
                    if cx.is_still(&(address, port), |container| self.address_in(container)).await? {
                        return Ok(());
                    }
                }
                Exchange::Answered(answer, end) => self.note(branch, &answer, &end),
                Exchange::Failed(reason) => {
                    let refused = refused_inside(cx.container, port).await;
                    branch.saw(format!("last try: {reason}{}", refused.unwrap_or_default()));
                }
                Exchange::TimedOut => {
                    let limit = seconds(self.attempt_timeout);
                    branch.saw(format!("last try: no answer within {limit}"));
                    branch.advise(format!("raise the `attempt_timeout` of the HTTP wait, which is {limit}"));
                }
            }
            pauses.next().await;
            refresh.at_times(cx).await;
        }
    }

    /// Returns the published address, and the container's port behind it.
    fn address_in(&self, container: &dyn Waited) -> Result<(String, Port)> {
        let port = match self.port {
            Some(port) => port,
            None => container.only_port()?,
        };
        Ok((container.addr(port)?, port))
    }

    /// Sends one request.
    pub(super) async fn ask(&self, address: String) -> Result<Exchange, Failure> {
        let request = self.request(&address).map_err(Failure::Engine)?;
        let (wait, tls) = (self.clone(), self.tls.clone());
        let asked = async move {
            let deadline = Instant::now() + wait.attempt_timeout;
            exchange(address, request, tls, deadline, |answer| wait.part(answer)).await
        };
        Ok(background().run(asked).await)
    }

    /// Returns the part of a body that decides, or that the report shows, for an answer whose head has arrived.
    fn part(&self, answer: &HttpResponse) -> BodyPart {
        match (&self.body, &self.check) {
            _ if !self.is_head_met(answer) => BodyPart::Excerpt,
            (None, None) => BodyPart::Nothing,
            (Some(text), None) => BodyPart::Until(text.clone(), self.body_limit),
            (_, Some(_)) => BodyPart::All(self.body_limit),
        }
    }

    fn is_head_met(&self, answer: &HttpResponse) -> bool {
        let header = self.expected_header.as_ref().is_none_or(|(name, value)| {
            answer.headers.iter().any(|(key, found)| key == name && found.contains(value))
        });
        self.is_status_met(answer) && header
    }

    fn is_status_met(&self, answer: &HttpResponse) -> bool {
        match self.status {
            Some(status) => answer.status == status,
            None => (200..400).contains(&answer.status),
        }
    }

    pub(super) fn is_met(&self, answer: &HttpResponse) -> bool {
        let has = |text: &String| memchr::memmem::find(&answer.body, text.as_bytes()).is_some();
        self.is_head_met(answer)
            && self.body.as_ref().is_none_or(has)
            && self.check.as_ref().is_none_or(|check| check(answer))
    }

    /// Notes an answer that does not meet the conditions, with advice if more time does not help.
    fn note(&self, branch: &Branch, answer: &HttpResponse, end: &BodyEnd) {
        let body = String::from_utf8_lossy(&answer.body);
        let status = answer.status;
        let met = self.is_head_met(answer);
        let end = if met { end.to_string() } else { String::new() };
        branch.saw(format!("last answer: status {status}, body {}{end}", quoted(&body)));
        if !self.is_status_met(answer) && !passes_with_time(status) {
            branch.advise(format!(
                "check the path and the expected status of the HTTP wait: the answer is {status}"
            ));
        }
        if met && end.contains("body_limit") {
            branch.advise(format!(
                "raise the `body_limit` of the HTTP wait, which is {} bytes",
                self.body_limit
            ));
        }
    }
}

/// Describes the refusal of a connection to the container's own address. The engine's proxy accepts every connection to
/// a published port, so the published address does not show that no process listens.
async fn refused_inside(container: &dyn Waited, port: Port) -> Option<String> {
    let own = SocketAddr::new(container.ip_addresses().into_iter().next()?, port.number());
    let connected = background().run(async move { connect(own).await }).await;
    let error = connected.err().filter(|error| error.kind() == ErrorKind::ConnectionRefused)?;
    Some(format!("; in the container, {own}: {error}"))
}

/// Returns `true` for a status with which a server says that it is not ready yet.
fn passes_with_time(status: u16) -> bool {
    status >= 500 || [408, 425, 429].contains(&status)
}
