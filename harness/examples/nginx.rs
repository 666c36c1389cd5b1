//! Starts nginx with a directory of pages, and waits until it serves one of them.
//!
//! ```text
//! cargo xtask images nginx
//! cargo run -p seatrial --example nginx
//! ```

use anyhow::{Result, ensure};
use seatrial::{ContainerRequest, CopyIn, TestContainer, WaitFor};

/// Copied into the container with its content.
const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/files/pages");

pub(crate) fn request() -> ContainerRequest {
    ContainerRequest::new("seatrial/nginx:dev")
        .copy_in(CopyIn::dir(PAGES, "/usr/share/nginx/html"))
        .port(80)
        .wait_for(WaitFor::http("/").body("All ships are in"))
}

/// Fetches a page.
pub(crate) async fn talk(nginx: &TestContainer) -> Result<String> {
    let page = reqwest::get(format!("http://{}/log.txt", nginx.addr(80)?)).await?.error_for_status()?;
    let text = page.text().await?;
    ensure!(text.contains("nothing left behind"), "the page is `{text}`");
    Ok(format!("`/log.txt` has {} lines", text.lines().count()))
}

#[tokio::main]
async fn main() -> Result<()> {
    let nginx = request().start().await?;
    println!("{nginx} at {}: {}", nginx.addr(80)?, talk(&nginx).await?);
    Ok(())
    // `nginx` is dropped here, which removes the container.
}
