//! The progress of a pull, per layer and overall. It is computed from the engine's events, without I/O.

use crate::engine::PullEvent;

/// The progress of a pull.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PullProgress {
    /// The layers, in the order in which the engine reported them.
    pub layers: Vec<LayerProgress>,
    /// The engine's latest status of the whole image, such as `Pulling from library/redis`.
    pub status: String,
    /// Set once the pull has succeeded. If the image was present already, the engine reports no layers.
    is_done: bool,
}

/// The progress of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerProgress {
    /// The layer's short id.
    pub id: String,
    /// The engine's status: `Downloading`, `Extracting`, `Pull complete`, …
    pub status: String,
    /// The number of bytes downloaded.
    pub current: u64,
    /// The number of bytes to download; 0 while unknown.
    pub total: u64,
}

impl PullProgress {
    pub(crate) fn apply(&mut self, event: PullEvent) {
        let PullEvent { layer, status, bytes } = event;
        // An event for the whole image has the tag in place of a layer's id, or nothing.
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
        // Extraction reports bytes of its own. Only those of the download are kept, since it takes most of the time.
        if let Some((current, total)) = bytes.filter(|_| status == "Downloading") {
            known.current = current;
            known.total = total;
        } else if is_complete(&status) {
            known.current = known.total;
        }
        known.status = status;
    }

    /// Marks the pull as successful.
    pub(crate) fn finish(&mut self) {
        for layer in &mut self.layers {
            layer.current = layer.total;
        }
        self.is_done = true;
    }

    /// Returns the downloaded share of the image in percent, as the mean of its layers. `None` while no layer is known.
    ///
    /// Layers count equally, regardless of their size, since a layer's size is unknown until its download begins. The
    /// result is 100 once all layers are downloaded, and not earlier.
    #[must_use]
    pub fn percent(&self) -> Option<f64> {
        if self.is_done {
            return Some(100.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "nobody has as many layers")]
        let layers = self.layers.len() as f64;
        let parts = self.layers.iter().map(LayerProgress::part);
        (!self.layers.is_empty()).then(|| parts.sum::<f64>() / layers * 100.0)
    }
}

impl LayerProgress {
    /// Returns the downloaded share of the layer, from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a part needs no more than 52 bits")]
    fn part(&self) -> f64 {
        match self.total {
            _ if is_complete(&self.status) => 1.0,
            0 => 0.0,
            total => self.current.min(total) as f64 / total as f64,
        }
    }
}

/// Returns `true` if a layer with this status is completely downloaded.
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
    fn percent_is_the_mean_of_the_layers_and_never_beyond_a_hundred() {
        let mut progress = PullProgress::default();
        assert_eq!(progress.percent(), None);
        progress.apply(event("latest", "Pulling from library/x", None));
        assert_eq!(progress.percent(), None);
        progress.apply(event("a", "Downloading", Some((50, 100))));
        progress.apply(event("b", "Downloading", Some((400, 300))));
        assert_eq!(progress.percent(), Some(75.0));
        progress.apply(event("a", "Extracting", Some((10, 100))));
        assert_eq!(progress.percent(), Some(100.0));
        assert_eq!(progress.layers.len(), 2);
    }

    #[test]
    fn a_layer_of_unknown_size_counts() {
        let mut progress = PullProgress::default();
        progress.apply(event("a", "Pull complete", None));
        progress.apply(event("b", "Pulling fs layer", None));
        assert_eq!(progress.percent(), Some(50.0));
        progress.finish();
        assert_eq!(progress.percent(), Some(100.0));
    }
}
