//! Several rounds of work at the same time, each of them one thing after the other, and all within one time limit.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::timeout;

/// Calls `work` for each item of each round. What has not ended after `limit` is dropped.
pub(super) async fn in_rounds(rounds: &[Vec<usize>], limit: Duration, work: impl AsyncFn(usize, usize)) {
    let work = &work;
    let running = rounds.iter().enumerate().map(|(round, items)| {
        let running: Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(async move {
            for item in items {
                work(round, *item).await;
            }
        });
        running
    });
    let mut running: Vec<_> = running.collect();
    let all = poll_fn(|context| {
        running.retain_mut(|round| round.as_mut().poll(context).is_pending());
        if running.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    // What was not done is known to the caller, by what was.
    let _is_in_time = timeout(limit, all).await.is_ok();
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::pending;
    use std::time::Instant;

    use super::*;
    use crate::runtime::LazyRuntime;

    fn done(rounds: &[Vec<usize>], limit: Duration, hangs: &[usize]) -> Vec<usize> {
        let done = RefCell::new(Vec::new());
        let work = async |_: usize, item: usize| {
            if hangs.contains(&item) {
                pending::<()>().await;
            }
            tokio::task::yield_now().await;
            done.borrow_mut().push(item);
        };
        let runtime = LazyRuntime::default();
        runtime.block_on(in_rounds(rounds, limit, work)).unwrap();
        done.into_inner()
    }

    #[test]
    fn rounds_run_at_the_same_time_and_each_in_its_order() {
        let rounds = [vec![0, 1, 2], vec![], vec![3, 4]];
        assert_eq!(done(&rounds, Duration::from_mins(1), &[]), [0, 3, 1, 4, 2]);
    }

    #[test]
    fn a_round_that_hangs_ends_at_the_limit_and_holds_up_no_other() {
        let begin = Instant::now();
        let rounds = [vec![0, 1], vec![2, 3, 4]];
        assert_eq!(done(&rounds, Duration::from_millis(50), &[0, 4]), [2, 3]);
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
}
