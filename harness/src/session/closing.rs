//! The removal of all that one session owns, and the wait for it.

use tokio::sync::oneshot;

use super::cleaner::Cleaner;
use super::estate::Manner;
use super::register::Announced;
use super::thing::Thing;
use crate::words::Error;

impl Cleaner {
    /// Removes everything that a session owns, and waits for that and for its removals under way. Containers go first,
    /// side by side, each stopped before if its request has a stop timeout; then networks and volumes. Returns the
    /// errors of those that could not be removed.
    pub(super) async fn remove_all_of(&self, session: &str) -> Vec<Error> {
        for creation in self.creations_of(session) {
            // A dropped sender means the same: the creation is over.
            creation.await.ok();
        }
        let mut errors = self.remove_each(session, Thing::is_container).await;
        errors.extend(self.remove_each(session, |_| true).await);
        errors
    }

    async fn remove_each(&self, session: &str, filter: impl Fn(&Thing) -> bool) -> Vec<Error> {
        let keys = self.lock().keys_of(session, filter);
        let removals: Vec<_> = keys.into_iter().map(|key| self.remove(key, Manner::Stop)).collect();
        let mut errors = Vec::new();
        for removal in removals {
            // A dropped sender belonged to a removal that was over before this one was asked for.
            if let Ok(Err(error)) = removal.await {
                errors.push(error);
            }
        }
        errors
    }

    /// Returns a receiver for each creation of a session that is under way; each is notified at its creation's end.
    fn creations_of(&self, session: &str) -> Vec<oneshot::Receiver<()>> {
        let mut register = self.lock();
        let of_session =
            register.creating.values_mut().filter(|announced| announced.session.id().as_str() == session);
        let listen = |announced: &mut Announced| {
            let (ended, end) = oneshot::channel();
            announced.listeners.push(ended);
            end
        };
        of_session.map(listen).collect()
    }
}
