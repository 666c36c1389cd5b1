//! Well-known Rust pools with empty members, to measure the pools alone. This is the only file that names their APIs.

use std::convert::Infallible;

use anyhow::{Result, anyhow};

use crate::scenarios::pool::OnePool;

/// An empty member of these pools.
pub(crate) struct Nothing;

pub(crate) struct Maker;

impl deadpool::managed::Manager for Maker {
    type Type = Nothing;
    type Error = Infallible;

    async fn create(&self) -> Result<Nothing, Infallible> {
        Ok(Nothing)
    }

    async fn recycle(
        &self,
        _: &mut Nothing,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Infallible> {
        Ok(())
    }
}

impl bb8::ManageConnection for Maker {
    type Connection = Nothing;
    type Error = Infallible;

    async fn connect(&self) -> Result<Nothing, Infallible> {
        Ok(Nothing)
    }

    async fn is_valid(&self, _: &mut Nothing) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut Nothing) -> bool {
        false
    }
}

pub(crate) fn deadpool(size: usize) -> Result<deadpool::managed::Pool<Maker>> {
    Ok(deadpool::managed::Pool::builder(Maker).max_size(size).build()?)
}

pub(crate) async fn bb8(size: usize) -> Result<bb8::Pool<Maker>> {
    let size = u32::try_from(size)?;
    let builder = bb8::Pool::builder().max_size(size).min_idle(size).test_on_check_out(false);
    Ok(builder.build(Maker).await?)
}

impl OnePool for deadpool::managed::Pool<Maker> {
    async fn once(&self) -> Result<()> {
        drop(self.get().await.map_err(|error| anyhow!("{error}"))?);
        Ok(())
    }
}

impl OnePool for bb8::Pool<Maker> {
    async fn once(&self) -> Result<()> {
        drop(self.get().await.map_err(|error| anyhow!("{error}"))?);
        Ok(())
    }
}
