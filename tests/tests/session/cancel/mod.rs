//! Starts that do not come to their end, dropped or failed at every point: something owns whatever was created.

mod failed;
mod gates;
mod lost;
mod polls;
mod stages;
