//! Compares two requests, without I/O.

use bollard::models::Mount;

use super::ContainerRequest;
use crate::image::ImageRef;

impl ContainerRequest {
    /// Returns the demands of `wanted` on image, memory, CPU and mounts that containers of this request don't meet,
    /// each as a text. An option that `wanted` leaves unset is met by any value.
    pub(crate) fn lacks(&self, wanted: &Self) -> Vec<String> {
        let mut lacks = Vec::new();
        if !wanted.image.is_empty() && canonical(&wanted.image) != canonical(&self.image) {
            lacks.push(format!("image `{}` (it has `{}`)", wanted.image, self.image));
        }
        let mut limit = |what: &str, wanted: Option<i64>, has: Option<i64>, per_unit: i64| {
            let Some(wanted) = wanted.filter(|wanted| Some(*wanted) != has) else { return };
            let has = has.map_or("no limit".to_owned(), |has| (has / per_unit).to_string());
            lacks.push(format!("{what} {} (it has {has})", wanted / per_unit));
        };
        limit("memory", wanted.host.memory, self.host.memory, 1);
        limit("milli-CPU", wanted.host.cpu_quota, self.host.cpu_quota, 100);
        let has = self.host.mounts.as_deref().unwrap_or_default();
        let missing = wanted.host.mounts.iter().flatten().filter(|mount| !has.contains(mount));
        lacks.extend(missing.map(described));
        lacks
    }
}

/// Returns the canonical form of an image reference, or the text itself if it is none.
fn canonical(image: &str) -> String {
    ImageRef::parse(image).map_or_else(|_| image.to_owned(), |image| image.to_string())
}

fn described(mount: &Mount) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mode = if mount.read_only == Some(true) { ", read-only" } else { "" };
    format!("volume `{}` at `{}`{mode}", text(&mount.source), text(&mount.target))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D1: unmet demands on a pool's containers are named, and unset options count as met.
    #[test]
    fn what_is_lacking_is_named_and_what_is_not_asked_for_is_not() {
        let has = ContainerRequest::new("redis").memory(64).milli_cpus(500).volume("data", "/data");
        for wanted in [
            ContainerRequest::new(""),
            ContainerRequest::new("docker.io/library/redis:latest").memory(64),
            has.clone(),
        ] {
            assert_eq!(has.lacks(&wanted), [""; 0], "{wanted:?}");
        }
        let wanted =
            ContainerRequest::new("nginx").memory(32).bind_read_only("/data", "/data").milli_cpus(250);
        assert_eq!(
            has.lacks(&wanted),
            [
                "image `nginx` (it has `redis`)",
                "memory 32 (it has 64)",
                "milli-CPU 250 (it has 500)",
                "volume `/data` at `/data`, read-only",
            ]
        );
        let plain = ContainerRequest::new("redis");
        assert_eq!(plain.lacks(&has).len(), 3, "{:?}", plain.lacks(&has));
    }
}
