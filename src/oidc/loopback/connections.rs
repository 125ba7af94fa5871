//! The connections that the listener holds at a time (rule L15).
//!
//! Owns which of them ends when there are too many. Browsers connect ahead of need, and any web page can make them hold connections
//! that send nothing; so a place is given up by the connection that is the furthest from being the answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

pub(in crate::oidc) const MAX_CONNECTIONS: usize = 32;

/// How far a connection has come; the least comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::oidc) enum Stage {
    /// It has sent nothing.
    Silent,
    /// It has sent a part of a request.
    Partial,
    /// It is looked at for the start page, which is of less use to a sign-in than its answer.
    Starting,
    /// Its answer is looked at.
    Examined,
    /// It waits for the page that says how the sign-in ended.
    Answered,
}

/// Connections that are held, the oldest first.
#[derive(Debug, Default)]
pub(in crate::oidc) struct Places {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    connections: Vec<Connection>,
    last_id: u64,
}

#[derive(Debug)]
struct Connection {
    id: u64,
    stage: Stage,
    /// Closed when the connection loses its place.
    _evict: oneshot::Sender<()>,
}

/// Resolves when the connection has lost its place.
pub(in crate::oidc) type Eviction = oneshot::Receiver<()>;

/// The place of one connection, free again when it is dropped.
#[derive(Debug)]
pub(in crate::oidc) struct Place {
    places: Arc<Places>,
    id: u64,
}

impl Places {
    /// Gives a new connection a place, if need be that of another one; none when all others wait for their page.
    pub(in crate::oidc) fn take(self: &Arc<Self>) -> Option<(Place, Eviction)> {
        let mut held = self.lock();
        if held.connections.len() >= MAX_CONNECTIONS {
            let victim = evicted(held.connections.iter().map(|connection| connection.stage))?;
            held.connections.remove(victim);
        }
        held.last_id += 1;
        let (evict, eviction) = oneshot::channel();
        let id = held.last_id;
        held.connections.push(Connection {
            id,
            stage: Stage::Silent,
            _evict: evict,
        });
        let places = Arc::clone(self);
        Some((Place { places, id }, eviction))
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which of these connections, the oldest first, makes place for a new one.
fn evicted(stages: impl Iterator<Item = Stage>) -> Option<usize> {
    let waiting = stages.enumerate().filter(|(_, stage)| *stage != Stage::Answered);
    waiting.min_by_key(|(_, stage)| *stage).map(|(at, _)| at)
}

impl Place {
    pub(in crate::oidc) fn reach(&self, stage: Stage) {
        let mut held = self.places.lock();
        let own = held
            .connections
            .iter_mut()
            .find(|connection| connection.id == self.id);
        if let Some(connection) = own {
            connection.stage = stage;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.lock();
        held.connections.retain(|connection| connection.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_those_that_have_sent_the_least_makes_place() {
        use Stage::{Answered, Examined, Partial, Silent, Starting};
        for (stages, expected) in [
            (&[Silent, Silent][..], Some(0)),
            (&[Partial, Silent, Silent], Some(1)),
            (&[Examined, Partial, Partial], Some(1)),
            (&[Answered, Examined, Examined], Some(1)),
            (&[Examined, Starting, Starting], Some(1)),
            (&[Starting, Partial], Some(1)),
            (&[Answered, Answered], None),
            (&[], None),
        ] {
            assert_eq!(evicted(stages.iter().copied()), expected, "{stages:?}");
        }
    }

    #[test]
    fn a_connection_learns_that_it_has_lost_its_place_and_frees_the_one_it_has() {
        let places = Arc::new(Places::default());
        let mut held: Vec<_> = (0..MAX_CONNECTIONS).map(|_| places.take().unwrap()).collect();
        held[0].0.reach(Stage::Partial);
        let newest = places.take().unwrap();
        assert!(
            held[1]
                .1
                .try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
        );
        let still_held = held[0].1.try_recv().unwrap_err();
        assert_eq!(still_held, oneshot::error::TryRecvError::Empty);
        drop(newest);
        drop(held.remove(1));
        assert_eq!(places.lock().connections.len(), MAX_CONNECTIONS - 1);
        for (place, _) in &held {
            place.reach(Stage::Answered);
        }
        let last = places.take().unwrap();
        last.0.reach(Stage::Answered);
        assert!(places.take().is_none());
    }
}
