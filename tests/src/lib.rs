//! Support code of the tests against a real engine.
