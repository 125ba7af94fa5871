//! Reads roles and bindings from the text of files: JSON and YAML, single objects, several documents, and lists as `kubectl get` prints
//! them. Objects of other kinds are skipped.
//!
//! The text is given up after each file, and an object at a time is read of it, so that memory is a small multiple of the largest file.

mod json;
mod object;
mod yaml;
mod yaml_value;

use object::{Kind, Object};

use super::aggregate::aggregate;
use super::model::{Names, Place, Policy, PolicyBuilder};

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) problem: String,
}

impl Fault {
    fn new(line: usize, problem: String) -> Self {
        Self {
            line: line.max(1),
            problem,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Loader {
    builder: PolicyBuilder,
    read: usize,
    skipped: usize,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) policy: Policy,
    /// How many roles and bindings were read, twice if they stand in two places.
    pub(crate) read: usize,
    /// How many objects are of other kinds.
    pub(crate) skipped: usize,
}

impl Loader {
    /// Reads a policy that is to be compared with another, whose names these are.
    pub(crate) fn with_names(names: Names) -> Self {
        Self {
            builder: PolicyBuilder::with_names(names),
            ..Self::default()
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first place that cannot be read.
    pub(crate) fn read(&mut self, file: u32, text: &str) -> Result<(), Fault> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if !text.trim_start().starts_with(['{', '[']) {
            return yaml::read(self, file, text);
        }
        // What begins like JSON may be YAML in its flow style. Then nothing was added: JSON ends its objects as YAML does.
        let before = (self.read, self.skipped);
        let result = json::read(self, file, text);
        if result.is_err() && before == (self.read, self.skipped) && yaml::read(self, file, text).is_ok() {
            return Ok(());
        }
        result
    }

    /// Computes aggregated roles, and indexes.
    pub(crate) fn finish(mut self) -> Loaded {
        aggregate(&mut self.builder);
        Loaded {
            policy: self.builder.finish(),
            read: self.read,
            skipped: self.skipped,
        }
    }

    #[cfg(test)]
    pub(crate) fn into_builder(self) -> PolicyBuilder {
        self.builder
    }

    fn skip(&mut self) {
        self.skipped += 1;
    }

    fn add(&mut self, kind: Kind, object: &Object<'_>, file: u32, line: usize) -> Result<(), Fault> {
        let place = Place {
            file,
            line: u32::try_from(line).unwrap_or(u32::MAX),
        };
        self.read += 1;
        object::add(&mut self.builder, kind, object, place)
            .map_err(|problem| Fault::new(line, problem.to_owned()))
    }
}
