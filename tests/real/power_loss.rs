//! Power that is lost at any moment of a refresh: what was not yet synced is gone, or there without its content.
//!
//! A refresh runs under strace, and what it did to the cache directory is replayed on a model of a disk. For each moment, the
//! states that a crash may leave are put into a home, and the next call has to go on without a sign-in.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    keeper::{CACHE, Someone},
    parts,
    person::{KUBESESAME, token},
    process::Process,
    secret_service::Bus,
};

/// One thing that was done to a directory; files go by their names in it.
#[derive(Debug)]
enum Act {
    /// Where the last write ended.
    Write(String, Vec<u8>),
    /// What comes next is written from here on.
    Seek(String, usize),
    Truncate(String, usize),
    Sync(String),
    Rename(String, String),
    Remove(String),
    SyncDirectory,
}

type Files = BTreeMap<String, Vec<u8>>;

/// A disk that keeps what was synced, and may keep the rest.
#[derive(Clone)]
struct Disk {
    /// Content by file, whatever its name is by now: what was written, and how much of it is synced.
    content: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where the next write to a file begins; else at its end.
    position: BTreeMap<usize, usize>,
    /// Names as programs see them.
    names: BTreeMap<String, usize>,
    /// Names as they are on the disk for sure.
    synced_names: BTreeMap<String, usize>,
}

/// How much of what was not synced a crash leaves.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// Nothing, neither names nor content.
    All,
    /// Names are there, content that was not synced is not: the file is as long as it should be, and full of zeros.
    ContentIsZeros,
    /// Names are there, content that was not synced is cut.
    ContentIsCut,
    /// Nothing is lost.
    Nothing,
}

impl Disk {
    fn new(files: &Files) -> Self {
        let content = files
            .values()
            .map(|bytes| (bytes.clone(), bytes.clone()))
            .collect();
        let names: BTreeMap<_, _> = files.keys().cloned().zip(0..).collect();
        Self {
            content,
            position: BTreeMap::new(),
            synced_names: names.clone(),
            names,
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Write(name, bytes) => {
                let next = self.content.len();
                let file = *self.names.entry(name.clone()).or_insert(next);
                if file == next {
                    self.content.push((Vec::new(), Vec::new()));
                }
                let written = &mut self.content[file].0;
                let begin = self.position.remove(&file).unwrap_or(written.len());
                let end = begin + bytes.len();
                written.resize(written.len().max(end), 0);
                written[begin..end].copy_from_slice(bytes);
                if end < written.len() {
                    self.position.insert(file, end);
                }
            }
            Act::Seek(name, to) => drop(self.position.insert(self.names[name], *to)),
            Act::Truncate(name, length) => self.content[self.names[name]].0.resize(*length, 0),
            Act::Sync(name) => {
                let file = &mut self.content[self.names[name]];
                file.1 = file.0.clone();
            }
            Act::Rename(from, to) => {
                let file = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), file);
            }
            Act::Remove(name) => drop(self.names.remove(name)),
            Act::SyncDirectory => self.synced_names = self.names.clone(),
        }
    }

    fn after(&self, loss: Loss) -> Files {
        let names = match loss {
            Loss::All => &self.synced_names,
            _ => &self.names,
        };
        let content = |(written, synced): &(Vec<u8>, Vec<u8>)| match loss {
            Loss::Nothing => written.clone(),
            Loss::All => synced.clone(),
            Loss::ContentIsZeros => {
                [&synced[..], &vec![0; written.len().saturating_sub(synced.len())]].concat()
            }
            Loss::ContentIsCut => written[..synced.len().max(written.len() / 2).min(written.len())].to_vec(),
        };
        let files = names
            .iter()
            .map(|(name, file)| (name.clone(), content(&self.content[*file])));
        files.collect()
    }
}

/// Reads what strace tells of one directory. Texts come as `\x` and two digits for each byte.
fn acts(log: &str, dir: &Path) -> Vec<Act> {
    let inside = |text: &str| -> Option<String> {
        let path = PathBuf::from(String::from_utf8(unescaped(text)).ok()?);
        (path.parent() == Some(dir)).then(|| path.file_name().unwrap().to_string_lossy().into_owned())
    };
    // `write(5<\x2f…>, …`: the descriptor's path.
    let of_descriptor = |call: &str| -> Option<String> {
        let (_, rest) = call.split_once('<')?;
        Some(rest.split_once('>')?.0.to_owned())
    };
    let mut acts = Vec::new();
    for line in log.lines().filter(|line| !line.contains(" = -1 ")) {
        let call = line.split_once(' ').map_or(line, |(_, call)| call.trim_start());
        let texts: Vec<&str> = call.split('"').skip(1).step_by(2).collect();
        let act = match call.split('(').next().unwrap_or_default() {
            "write" | "pwrite64" => of_descriptor(call)
                .and_then(|path| inside(&path))
                .map(|name| Act::Write(name, unescaped(texts[0]))),
            "lseek" | "ftruncate" => of_descriptor(call)
                .and_then(|path| inside(&path))
                .zip(number(call))
                .map(|(name, number)| {
                    if call.starts_with("lseek") {
                        Act::Seek(name, number)
                    } else {
                        Act::Truncate(name, number)
                    }
                }),
            "fsync" | "fdatasync" => of_descriptor(call).and_then(|path| {
                let is_dir = unescaped(&path) == dir.as_os_str().as_encoded_bytes();
                inside(&path)
                    .map(Act::Sync)
                    .or_else(|| is_dir.then_some(Act::SyncDirectory))
            }),
            "rename" | "renameat" | "renameat2" => {
                let names = texts.iter().map(|text| inside(text)).collect::<Option<Vec<_>>>();
                names.map(|names| Act::Rename(names[0].clone(), names[1].clone()))
            }
            "unlink" | "unlinkat" => inside(texts[0]).map(Act::Remove),
            _ => None,
        };
        acts.extend(act);
    }
    acts
}

/// The second argument of a call.
fn number(call: &str) -> Option<usize> {
    let second = call.split(", ").nth(1)?;
    let digits = second.find(|c: char| !c.is_ascii_digit()).unwrap_or(second.len());
    second[..digits].parse().ok()
}

fn unescaped(text: &str) -> Vec<u8> {
    let digits = text.split("\\x").skip(1);
    digits
        .map(|two| u8::from_str_radix(&two[..2], 16).unwrap())
        .collect()
}

fn files_of(dir: &Path) -> Files {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect()
}

fn put(dir: &Path, files: &Files) {
    for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        fs::remove_file(path).unwrap();
    }
    for (name, bytes) in files {
        let path = dir.join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn survives_power_loss(storage: &str, session: &str) {
    let bus = Bus::unlocked();
    let someone = Someone::new(&bus, storage);
    let old = someone.token();
    let dir = someone.person.home().join(CACHE);
    let before = files_of(&dir);
    let log = someone.person.home().join("strace");
    let calls =
        "trace=write,pwrite64,lseek,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat";
    let mut traced = Command::new(parts::part("strace"));
    traced
        .args(["-f", "-y", "-xx", "-s", "1000000", "-e", calls, "-o"])
        .arg(&log)
        .arg(KUBESESAME);
    let refresh = Process::start(
        "strace",
        someone.person.home(),
        someone.person.usual(&mut traced).arg("--force-refresh"),
    );
    let new = token(&refresh.outcome());
    let acts = acts(&fs::read_to_string(&log).unwrap(), &dir);
    let session_acts: Vec<_> = acts
        .iter()
        .filter(|act| format!("{act:?}").contains(session))
        .collect();
    assert!(session_acts.len() >= 2, "written and renamed: {acts:?}");

    let mut disk = Disk::new(&before);
    let mut states = vec![before];
    for act in &acts {
        disk.act(act);
        let losses = [Loss::All, Loss::ContentIsZeros, Loss::ContentIsCut, Loss::Nothing];
        states.extend(losses.map(|loss| disk.after(loss)));
    }
    states.sort();
    states.dedup();
    assert!(states.len() > 5, "{}", states.len());
    for state in states {
        put(&dir, &state);
        let first = someone.token();
        assert!(first == old || first == new, "a token that nobody stored");
        put(&dir, &state);
        token(&someone.person.run(&["--force-refresh"]));
        assert_eq!(
            (someone.logins(), someone.okta.reuse_detected()),
            (1, 0),
            "{:?}",
            state.keys()
        );
    }
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_plain_session_survives_a_power_loss_at_any_moment() {
    survives_power_loss("disk", ".session.json");
}

#[test]
#[ignore = "needs the real parts: run tests/real/provision first"]
fn a_sealed_session_survives_a_power_loss_at_any_moment() {
    survives_power_loss("keyring", ".session.sealed");
}
