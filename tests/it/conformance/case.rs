//! A case: what it demands, how it is played, and how what was found is judged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::thread;

use super::found::Found;

/// Sets the provider, runs the program, and says what came of it. It panics where a condition of the case does not hold.
pub(super) type Play = Box<dyn Fn() -> Found + Send + Sync>;

/// What a case demands of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    SignIn,
    Refusal,
    /// The case leaves the choice to the client.
    Either,
}

/// What the program is expected to do.
enum Expected {
    SignIn,
    /// A refusal in which these words are.
    Refusal(&'static str),
}

enum Kind {
    Played {
        demand: Demand,
        expected: Expected,
        /// Why the program does something else than the case demands.
        differs: Option<&'static str>,
        play: Play,
    },
    /// The client lacks what the case is about, for this reason.
    NotApplicable(&'static str),
    /// Another test of this suite plays it, since it needs more than a provider with a defect.
    Elsewhere(&'static str),
}

/// One row of a table.
pub(super) struct Case {
    name: &'static str,
    /// What a client must do.
    must: &'static str,
    kind: Kind,
}

/// A case in which the client has to sign in, or to go on.
pub(super) fn accepts(
    name: &'static str,
    must: &'static str,
    play: impl Fn() -> Found + Send + Sync + 'static,
) -> Case {
    played(name, must, (Demand::SignIn, Expected::SignIn), Box::new(play))
}

/// A case in which the client has to refuse, with these words.
pub(super) fn refuses(
    name: &'static str,
    must: &'static str,
    words: &'static str,
    play: impl Fn() -> Found + Send + Sync + 'static,
) -> Case {
    let outcome = (Demand::Refusal, Expected::Refusal(words));
    played(name, must, outcome, Box::new(play))
}

fn played(name: &'static str, must: &'static str, outcome: (Demand, Expected), play: Play) -> Case {
    let (demand, expected) = outcome;
    let differs = None;
    let kind = Kind::Played {
        demand,
        expected,
        differs,
        play,
    };
    Case { name, must, kind }
}

/// A case about what this client does not have.
pub(super) fn not_applicable(name: &'static str, must: &'static str, reason: &'static str) -> Case {
    let kind = Kind::NotApplicable(reason);
    Case { name, must, kind }
}

/// A case that another test plays, named as `module::test`.
pub(super) fn elsewhere(name: &'static str, must: &'static str, test: &'static str) -> Case {
    let kind = Kind::Elsewhere(test);
    Case { name, must, kind }
}

impl Case {
    /// The case demands the contrary, and the program deviates for this reason.
    pub(super) fn differs(mut self, reason: &'static str) -> Self {
        if let Kind::Played { demand, differs, .. } = &mut self.kind {
            *demand = match demand {
                Demand::SignIn => Demand::Refusal,
                Demand::Refusal => Demand::SignIn,
                Demand::Either => Demand::Either,
            };
            *differs = Some(reason);
        }
        self
    }

    /// The case is passed either way.
    pub(super) fn or_not(mut self) -> Self {
        if let Kind::Played { demand, .. } = &mut self.kind {
            *demand = Demand::Either;
        }
        self
    }

    fn judge(&self) -> Result<Judged, String> {
        let (verdict, result) = match &self.kind {
            Kind::NotApplicable(reason) => (Verdict::Explained, format!("does not apply: {reason}")),
            Kind::Elsewhere(test) if crate::tests_named().contains(*test) => {
                (Verdict::Elsewhere, format!("played by the test `{test}`"))
            }
            Kind::Elsewhere(test) => return Err(format!("there is no test `{test}`")),
            Kind::Played {
                demand,
                expected,
                differs,
                play,
            } => {
                let found = catch_unwind(AssertUnwindSafe(play))
                    .map_err(|_| "a condition of the case does not hold, see above".to_owned())?;
                verdict(*demand, expected, *differs, &found)?
            }
        };
        Ok(Judged {
            name: self.name,
            must: self.must,
            verdict,
            result,
        })
    }
}

fn verdict(
    demand: Demand,
    expected: &Expected,
    differs: Option<&str>,
    found: &Found,
) -> Result<(Verdict, String), String> {
    let is_as_expected = match (expected, found) {
        (Expected::SignIn, Found::SignedIn(_)) => true,
        (Expected::Refusal(words), Found::Refused(told)) => told.contains(words),
        (Expected::SignIn, Found::Refused(_)) | (Expected::Refusal(_), Found::SignedIn(_)) => false,
    };
    if !is_as_expected {
        return Err(format!("it is not as expected: {found}"));
    }
    let is_demanded = match demand {
        Demand::Either => true,
        Demand::SignIn => matches!(found, Found::SignedIn(_)),
        Demand::Refusal => matches!(found, Found::Refused(_)),
    };
    match (is_demanded, differs) {
        (true, None) => Ok((Verdict::Passed, format!("passed: {found}"))),
        (false, Some(reason)) => Ok((Verdict::Differs, format!("differs: {found}. {reason}."))),
        (true, Some(_)) => Err(format!(
            "it is as the case demands, and a reason to differ is given: {found}"
        )),
        (false, None) => Err(format!(
            "it is not as the case demands, and no reason is given: {found}"
        )),
    }
}

/// How a case came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The program did what the case demands.
    Passed,
    /// It did something else, for the reason given.
    Differs,
    /// The case was not played, for the reason given.
    Explained,
    /// Another test plays it.
    Elsewhere,
}

/// A row of the page.
pub(super) struct Judged {
    pub(super) name: &'static str,
    pub(super) must: &'static str,
    pub(super) verdict: Verdict,
    pub(super) result: String,
}

/// The cases of one subject, played once however many tests ask.
pub(super) type Played = LazyLock<Vec<Result<Judged, String>>>;

/// Plays all cases, as many at a time as the machine has processors.
pub(super) fn play(cases: &[Case]) -> Vec<Result<Judged, String>> {
    let results: Vec<_> = cases.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let place = cases.iter().position(|other| std::ptr::eq(other, case));
                    let judged = case
                        .judge()
                        .map_err(|problem| format!("{}: {problem}", case.name));
                    *results[place.unwrap()].lock().unwrap() = Some(judged);
                }
            });
        }
    });
    results
        .into_iter()
        .map(|result| result.into_inner().unwrap().unwrap())
        .collect()
}

/// Fails with all cases that did not come out as their rows say.
pub(super) fn all_came_out(played: &Played) {
    let problems: Vec<&str> = played
        .iter()
        .filter_map(|result| result.as_ref().err().map(String::as_str))
        .collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
