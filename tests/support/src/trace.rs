//! Collects what the library reports to `tracing`: spans with their fields, and events.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// A span, with every value that each of its fields had.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its name, the same for all spans of a kind.
    pub name: &'static str,
    /// The values of each field, oldest first.
    pub fields: BTreeMap<&'static str, Vec<String>>,
}

/// An event, with its fields; its text is the field `message`.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its severity.
    pub level: Level,
    /// Its fields' values by name.
    pub fields: BTreeMap<&'static str, String>,
}

/// All that the library told in this process, since the first call of [`Trace::of_process`].
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: AtomicU64,
    /// Written by whatever thread the library tells something on, read by tests.
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    spans: BTreeMap<u64, Span>,
    events: Vec<Told>,
}

impl Trace {
    /// Returns the trace of the process. Tests share it, and look for their own spans and events.
    pub fn of_process() -> &'static Self {
        static TRACE: OnceLock<Trace> = OnceLock::new();
        TRACE.get_or_init(|| {
            let trace = Trace::default();
            tracing::subscriber::set_global_default(Collector(trace.clone()))
                .expect("nobody else subscribes");
            trace
        })
    }

    /// Returns all spans so far, the first one first.
    pub fn spans(&self) -> Vec<Span> {
        self.lock().spans.values().cloned().collect()
    }

    /// Returns all events so far, the first one first.
    pub fn events(&self) -> Vec<Told> {
        self.lock().events.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Span {
    /// Returns the newest value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.last().map(String::as_str)
    }
}

impl Told {
    /// Returns the event's text; an empty one if it has none.
    pub fn message(&self) -> &str {
        self.fields.get("message").map_or("", String::as_str)
    }
}

/// The subscriber itself.
struct Collector(Trace);

/// Collects fields.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name(), fmt::format(format_args!("{value:?}"))));
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("seatrial")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = self.0.0.next.fetch_add(1, Ordering::Relaxed) + 1;
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let fields = fields.0.into_iter().map(|(name, value)| (name, vec![value])).collect();
        let span = Span { name: attributes.metadata().name(), fields };
        self.0.lock().spans.insert(id, span);
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        let mut heard = self.0.lock();
        let Some(span) = heard.spans.get_mut(&span.into_u64()) else { return };
        for (name, value) in fields.0 {
            span.fields.entry(name).or_default().push(value);
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let told = Told { level: *event.metadata().level(), fields: fields.0.into_iter().collect() };
        self.0.lock().events.push(told);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
