//! The strategies (C24), each met and not met, alone and together.

#[path = "../common/certificates.rs"]
mod certificates;
mod command;
mod health;
mod http;
mod https;
#[path = "../common/observe.rs"]
mod observe;
mod others;
#[path = "../common/own_session.rs"]
mod own_session;
mod port;
mod together;
