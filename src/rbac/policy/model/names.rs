//! Each distinct text, and each distinct list of texts, is kept once and known by a number. So texts are compared as numbers, and a large
//! policy is not larger than its distinct texts.

use std::collections::HashMap;
use std::sync::Arc;

use super::hash::Seeded;

/// A text of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Symbol(pub(super) u32);

impl Symbol {
    /// `*`.
    pub(crate) const STAR: Self = Self(0);
    /// The empty text: the core API group, and the name of a request without one.
    pub(crate) const EMPTY: Self = Self(1);
}

/// A list of texts, such as the verbs of a rule. Equal lists have equal numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ListId(u32);

impl ListId {
    /// The list without an element.
    pub(crate) const EMPTY: Self = Self(0);
}

#[derive(Debug, Clone)]
pub(crate) struct Names {
    texts: Vec<Arc<str>>,
    symbols: HashMap<Arc<str>, Symbol, Seeded>,
    /// All lists one after the other, since an evaluation looks at many of them.
    list_items: Vec<Symbol>,
    /// Where each list is among them.
    lists: Vec<(u32, u32)>,
    list_ids: HashMap<Box<[Symbol]>, ListId, Seeded>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self {
            texts: Vec::new(),
            symbols: HashMap::default(),
            list_items: Vec::new(),
            lists: Vec::new(),
            list_ids: HashMap::default(),
        };
        // In the order of the constants.
        names.intern("*");
        names.intern("");
        names.intern_list(&[]);
        names
    }
}

impl Names {
    pub(crate) fn intern(&mut self, text: &str) -> Symbol {
        if let Some(symbol) = self.symbols.get(text) {
            return *symbol;
        }
        // A file of 4 GiB is not read.
        let symbol = Symbol(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let text: Arc<str> = text.into();
        self.texts.push(text.clone());
        self.symbols.insert(text, symbol);
        symbol
    }

    pub(crate) fn intern_list(&mut self, symbols: &[Symbol]) -> ListId {
        if let Some(id) = self.list_ids.get(symbols) {
            return *id;
        }
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let id = ListId(number(self.lists.len()));
        let start = number(self.list_items.len());
        self.list_items.extend_from_slice(symbols);
        self.lists.push((start, number(self.list_items.len())));
        self.list_ids.insert(symbols.into(), id);
        id
    }

    /// Returns the number of a text, if the policy has it anywhere.
    pub(crate) fn find(&self, text: &str) -> Option<Symbol> {
        if text.is_empty() {
            return Some(Symbol::EMPTY);
        }
        self.symbols.get(text).copied()
    }

    pub(crate) fn text(&self, symbol: Symbol) -> &str {
        &self.texts[symbol.0 as usize]
    }

    pub(super) fn text_count(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn list(&self, id: ListId) -> &[Symbol] {
        let (start, end) = self.lists[id.0 as usize];
        &self.list_items[start as usize..end as usize]
    }

    pub(crate) fn texts(&self, id: ListId) -> impl Iterator<Item = &str> {
        self.list(id).iter().map(|symbol| self.text(*symbol))
    }
}
