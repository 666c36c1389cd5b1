//! The strategies (C24): met and not met, alone and together.

mod command;
mod health;
mod http;
mod https;
mod others;
mod port;
mod together;
