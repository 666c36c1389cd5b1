//! How far a pull is, per layer and overall. Pure: fed with the engine's steps.

use crate::engine::PullEvent;

/// How far a pull is.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PullProgress {
    /// The layers, in the order in which the engine named them.
    pub layers: Vec<LayerProgress>,
    /// The engine's last word about all of it.
    pub status: String,
}

/// How far one layer is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerProgress {
    /// The layer's short id.
    pub id: String,
    /// `Downloading`, `Extracting`, `Pull complete`, …
    pub status: String,
    /// Bytes downloaded.
    pub current: u64,
    /// Bytes to download; 0 while unknown.
    pub total: u64,
}

impl PullProgress {
    pub(super) fn apply(&mut self, event: PullEvent) {
        let PullEvent { layer, status, bytes } = event;
        // Words about all carry the tag where layers carry their id, or nothing.
        if layer.is_empty() || status.starts_with("Pulling from") {
            self.status = status;
            return;
        }
        let index = match self.layers.iter().position(|known| known.id == layer) {
            Some(index) => index,
            None => {
                self.layers.push(LayerProgress { id: layer, status: String::new(), current: 0, total: 0 });
                self.layers.len() - 1
            }
        };
        let known = &mut self.layers[index];
        // Extraction counts its own bytes; the download's are what takes the time.
        if let Some((current, total)) = bytes.filter(|_| status == "Downloading") {
            known.current = current;
            known.total = total;
        } else if is_complete(&status) {
            known.current = known.total;
        }
        known.status = status;
    }

    /// Downloaded bytes of all layers ÷ bytes to download, in percent; none while no size is known.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        let total: u64 = self.layers.iter().map(|layer| layer.total).sum();
        let current: u64 = self.layers.iter().map(|layer| layer.current.min(layer.total)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a percentage needs no more than 52 bits")]
        (total > 0).then(|| current as f64 / total as f64 * 100.0)
    }
}

/// Whether a layer's download is over.
fn is_complete(status: &str) -> bool {
    matches!(
        status,
        "Download complete" | "Extracting" | "Pull complete" | "Already exists" | "Verifying Checksum"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(layer: &str, status: &str, bytes: Option<(u64, u64)>) -> PullEvent {
        PullEvent { layer: layer.into(), status: status.into(), bytes }
    }

    #[test]
    fn percent_is_over_all_layers_and_never_beyond_a_hundred() {
        let mut progress = PullProgress::default();
        assert_eq!(progress.percent(), None);
        progress.apply(event("latest", "Pulling from library/x", None));
        progress.apply(event("a", "Downloading", Some((50, 100))));
        progress.apply(event("b", "Downloading", Some((400, 300))));
        assert_eq!(progress.percent(), Some(87.5));
        progress.apply(event("a", "Extracting", Some((10, 100))));
        assert_eq!(progress.percent(), Some(100.0));
        assert_eq!(progress.layers.len(), 2);
    }
}
