//! Makes inputs from the files of a corpus.

use std::collections::BTreeSet;

/// Longer inputs cost time and find little: the limits of sizes have tests of their own.
const MAX_BYTES: usize = 16 * 1024;
const MAX_MUTATIONS: usize = 12;

/// Pieces that break parsers: numbers at the ends of ranges, the syntax of JSON, YAML, forms and HTTP, and characters that are more than
/// they look like.
const PIECES: [&[u8]; 62] = [
    b"\0",
    b"\n",
    b"\r\n",
    b"\r",
    b"\t",
    b" ",
    b"\x1b[2J",
    b"\x7f",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x98\x80",
    b"0",
    b"-1",
    b"1e999",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"0.1",
    b"null",
    b"true",
    b"\"",
    b"'",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b"{}",
    b"[]",
    b",",
    b":",
    b": ",
    b"- ",
    b"? ",
    b"&a ",
    b"*a",
    b"!!str ",
    b"<<: ",
    b"|\n",
    b">-\n",
    b"---\n",
    b"...\n",
    b"# ",
    b"%",
    b"%00",
    b"%2e",
    b"&",
    b"=",
    b"+",
    b";",
    b"/",
    b"//",
    b".",
    b"==",
    b"~",
];

/// Makes the inputs of one target.
#[derive(Debug)]
pub(crate) struct Mutator<'a> {
    seed: u64,
    corpus: &'a [Vec<u8>],
    /// The words of the corpus, each once, and the pieces above.
    words: Vec<&'a [u8]>,
}

impl<'a> Mutator<'a> {
    pub(crate) fn new(seed: u64, target: &str, corpus: &'a [Vec<u8>]) -> Self {
        let is_separator = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"-_".contains(byte);
        let words: BTreeSet<&[u8]> = corpus
            .iter()
            .flat_map(|file| file.split(is_separator).chain(file.split(|byte| *byte == b'\n')))
            .filter(|word| !word.is_empty())
            .collect();
        Self {
            // Two targets with one seed begin with different numbers.
            seed: target
                .bytes()
                .fold(seed, |hash, byte| Random(hash ^ u64::from(byte)).next()),
            corpus,
            words: words.into_iter().chain(PIECES).collect(),
        }
    }

    /// Returns the input with this number. The first ones are the files of the corpus.
    pub(crate) fn input(&self, number: u64) -> Vec<u8> {
        if let Some(file) = usize::try_from(number)
            .ok()
            .and_then(|number| self.corpus.get(number))
        {
            return file.clone();
        }
        let mut random = Random(self.seed ^ Random(number).next());
        let mut input = random.choose(self.corpus).cloned().unwrap_or_default();
        // Few mutations keep a file valid, many make something new.
        let mutations = 1 + random.below(MAX_MUTATIONS).min(random.below(MAX_MUTATIONS));
        for _ in 0..mutations {
            self.mutate(&mut input, &mut random);
        }
        input.truncate(MAX_BYTES);
        input
    }

    fn mutate(&self, input: &mut Vec<u8>, random: &mut Random) {
        let at = random.below(input.len() + 1);
        // Short ranges mostly, and sometimes all the rest.
        let longest = [4, 16, 64, input.len()][random.below(4)];
        let end = (at + random.below(longest + 1)).min(input.len());
        let word = random.choose(&self.words).copied().unwrap_or_default();
        match random.below(9) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            1 => drop(input.drain(at..end)),
            2 | 3 => insert(input, at, word),
            4 => drop(input.splice(at..end, word.iter().copied())),
            // Another word in the place of a word.
            5 => {
                let is_separator = |byte: &u8| !byte.is_ascii_alphanumeric();
                let begin = input[..at]
                    .iter()
                    .rposition(is_separator)
                    .map_or(0, |before| before + 1);
                let end = input[at..]
                    .iter()
                    .position(is_separator)
                    .map_or(input.len(), |len| at + len);
                input.splice(begin..end, word.iter().copied());
            }
            // A piece several times, for depth and for repeated members.
            6 => {
                let piece = if random.below(2) == 0 {
                    word.to_vec()
                } else {
                    input[at..end].to_vec()
                };
                let times = [2, 3, 20, 300][random.below(4)];
                insert(
                    input,
                    at,
                    &piece.repeat(times.min(MAX_BYTES / piece.len().max(1))),
                );
            }
            // A part moves.
            7 => {
                let part: Vec<u8> = input.drain(at..end).collect();
                let to = random.below(input.len() + 1);
                insert(input, to, &part);
            }
            // A part of another file.
            _ => {
                let other = random.choose(self.corpus).map(Vec::as_slice).unwrap_or_default();
                let from = random.below(other.len() + 1);
                let to = from + random.below(other.len() - from + 1);
                input.splice(at..end, other[from..to].iter().copied());
            }
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    input.splice(at..at, piece.iter().copied());
}

/// `SplitMix64`: the next number depends on the one before alone.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below the limit; 0 if the limit is 0.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % limit).unwrap_or_default()
    }

    fn choose<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        from.get(self.below(from.len()))
    }
}
