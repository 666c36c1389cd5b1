//! Images: pulls, with credentials and with registries that misbehave.

mod pull;
