//! The wait for an HTTP answer.

mod exchange;
mod http_wait;
mod poll;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use http_wait::HttpWait;
pub use response::HttpResponse;
