//! An error and its causes.

use std::error::Error;
use std::io;

/// Returns the error and its causes, the outermost first.
pub(crate) fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // `source` of an I/O error skips the error that it wraps.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// Returns the texts of the causes of an error, the outermost first. Some libraries repeat a cause in the error above it, so a text is not
/// repeated.
pub(crate) fn causes_of(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut causes: Vec<String> = chain(error).skip(1).map(ToString::to_string).collect();
    causes.dedup();
    causes
}

/// Returns the texts of an error and its causes in one line.
pub(crate) fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = chain(error).map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<dyn Error + Send + Sync>>,
    }

    fn layer(text: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Layer {
        Layer {
            text,
            source: Some(source.into()),
        }
    }

    #[test]
    fn causes_are_listed_without_the_error_and_without_repetition() {
        let error = layer("a", layer("b", layer("b", layer("c", io::Error::other("d")))));
        assert_eq!(causes_of(&error), ["b", "c", "d"]);
        assert_eq!(in_one_line(&error), "a: b: c: d");
    }

    #[test]
    fn an_error_in_an_io_error_is_found() {
        let wrapped = layer("b", Box::<dyn Error + Send + Sync>::from("c"));
        let error = layer("a", io::Error::other(wrapped));
        assert!(chain(&error).any(|cause| cause.is::<Layer>() && cause.to_string() == "b"));
        assert_eq!(causes_of(&error), ["b", "c"]);
    }

    #[test]
    fn an_error_without_a_cause_has_no_causes() {
        let error = Layer {
            text: "a",
            source: None,
        };
        assert!(causes_of(&error).is_empty());
        assert_eq!(in_one_line(&error), "a");
    }
}
