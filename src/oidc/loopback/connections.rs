//! Accepts connections, and limits how many of them a listener has open (rule L15).
//!
//! Decides which connection is closed when there are too many. Browsers open connections in advance, and any web page can make a browser
//! open connections that send nothing. So the connection that is least likely to be the authorization response is closed.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::oidc::loopback::connection_owner::Endpoints;

/// The time for the first byte of a request, and for its headers.
pub(in crate::oidc) const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

const MAX_CONNECTIONS: usize = 32;

/// The progress of a connection. A connection at an earlier stage is closed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::oidc) enum Stage {
    /// It has sent nothing.
    Idle,
    /// It has sent a part of a request.
    Partial,
    /// It requests the start page, and its owner is being looked up.
    StartPage,
    /// It brings an authorization response, and its owner is being looked up.
    Response,
    /// It waits for the page that shows the outcome. It is never closed to make room.
    AwaitsOutcome,
}

/// The open connections.
#[derive(Debug, Default)]
pub(in crate::oidc) struct ConnectionSlots {
    open: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    /// The oldest first.
    connections: Vec<Connection>,
    last_id: u64,
}

#[derive(Debug)]
struct Connection {
    id: u64,
    stage: Stage,
    /// Dropped when the connection is evicted.
    _evict: oneshot::Sender<()>,
}

/// Resolves when the connection must be closed.
pub(in crate::oidc) type Eviction = oneshot::Receiver<()>;

/// The slot of one connection. Dropping it frees the slot.
#[derive(Debug)]
pub(in crate::oidc) struct ConnectionSlot {
    slots: Arc<ConnectionSlots>,
    id: u64,
}

/// Accepts connections for ever. Each is served until that ends, or until another connection takes its place.
pub(in crate::oidc) async fn accept_all<F>(
    socket: TcpListener,
    slots: Arc<ConnectionSlots>,
    serve: impl Fn(TcpStream, ConnectionSlot, Option<Endpoints>) -> F,
) -> Infallible
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let Ok((stream, peer)) = socket.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        if let Some((slot, eviction)) = slots.acquire() {
            let endpoints = stream.local_addr().ok().map(|listener| Endpoints {
                browser: peer,
                listener,
            });
            let served = serve(stream, slot, endpoints);
            tokio::spawn(async move {
                tokio::select! {
                    () = served => {}
                    _ = eviction => {}
                }
            });
        }
        // Lets the new connection read what it has received, before the next connection can evict it.
        tokio::task::yield_now().await;
    }
}

/// Waits for the first byte of a connection. Returns whether it has come in time.
pub(in crate::oidc) async fn has_begun(stream: &TcpStream, slot: &ConnectionSlot) -> bool {
    let is_readable = matches!(timeout(HEADER_TIMEOUT, stream.readable()).await, Ok(Ok(())));
    if is_readable {
        slot.set_stage(Stage::Partial);
    }
    is_readable
}

impl ConnectionSlots {
    /// Acquires a slot for a new connection, and evicts another connection if necessary. Returns `None` if all others wait for the
    /// outcome.
    pub(in crate::oidc) fn acquire(self: &Arc<Self>) -> Option<(ConnectionSlot, Eviction)> {
        let mut open = self.lock();
        if open.connections.len() >= MAX_CONNECTIONS {
            let index = index_to_evict(open.connections.iter().map(|connection| connection.stage))?;
            open.connections.remove(index);
        }
        open.last_id += 1;
        let (evict, eviction) = oneshot::channel();
        let id = open.last_id;
        open.connections.push(Connection {
            id,
            stage: Stage::Idle,
            _evict: evict,
        });
        let slots = Arc::clone(self);
        Some((ConnectionSlot { slots, id }, eviction))
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the index of the connection to close for a new one: the oldest of those at the earliest stage.
fn index_to_evict(stages: impl Iterator<Item = Stage>) -> Option<usize> {
    let evictable = stages
        .enumerate()
        .filter(|(_, stage)| *stage != Stage::AwaitsOutcome);
    evictable.min_by_key(|(_, stage)| *stage).map(|(index, _)| index)
}

impl ConnectionSlot {
    pub(in crate::oidc) fn set_stage(&self, stage: Stage) {
        let mut open = self.slots.lock();
        let own = open
            .connections
            .iter_mut()
            .find(|connection| connection.id == self.id);
        if let Some(connection) = own {
            connection.stage = stage;
        }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut open = self.slots.lock();
        open.connections.retain(|connection| connection.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_connection_at_the_earliest_stage_is_evicted() {
        use Stage::{AwaitsOutcome, Idle, Partial, Response, StartPage};
        for (stages, expected) in [
            (&[Idle, Idle][..], Some(0)),
            (&[Partial, Idle, Idle], Some(1)),
            (&[Response, Partial, Partial], Some(1)),
            (&[AwaitsOutcome, Response, Response], Some(1)),
            (&[Response, StartPage, StartPage], Some(1)),
            (&[StartPage, Partial], Some(1)),
            (&[AwaitsOutcome, AwaitsOutcome], None),
            (&[], None),
        ] {
            assert_eq!(index_to_evict(stages.iter().copied()), expected, "{stages:?}");
        }
    }

    #[test]
    fn an_evicted_connection_is_notified_and_a_dropped_slot_is_free_again() {
        let slots = Arc::new(ConnectionSlots::default());
        let mut held: Vec<_> = (0..MAX_CONNECTIONS).map(|_| slots.acquire().unwrap()).collect();
        held[0].0.set_stage(Stage::Partial);
        let newest = slots.acquire().unwrap();
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
        assert_eq!(slots.lock().connections.len(), MAX_CONNECTIONS - 1);
        for (slot, _) in &held {
            slot.set_stage(Stage::AwaitsOutcome);
        }
        let last = slots.acquire().unwrap();
        last.0.set_stage(Stage::AwaitsOutcome);
        assert!(slots.acquire().is_none());
    }
}
