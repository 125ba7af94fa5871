//! A browser without a window: it is told URLs as a desktop's opener would be, and follows them.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use nix::sys::stat::Mode;
use url::Url;

use super::waits::HANG;
use okta::visit::Page;

/// What the person does with a tab.
pub(crate) type Habit = Box<dyn Fn(&str) + Send>;

/// A browser that listens on a FIFO for the URLs of its tabs.
pub(crate) struct Browser {
    fifo: PathBuf,
    tabs: Arc<Tabs>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Tabs {
    urls: Mutex<Vec<String>>,
    opened: Condvar,
    /// Tabs that the person is done with.
    visited: AtomicUsize,
}

impl Browser {
    /// Starts a browser with its FIFO in `dir`.
    pub(crate) fn start(dir: &Path, habit: Habit) -> Self {
        let fifo = dir.join("browser");
        nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).expect("a FIFO");
        // Open for both ways, so that it neither waits for a writer nor ends with the last one.
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&fifo)
            .expect("the FIFO opens");
        let tabs = Arc::new(Tabs::default());
        let reader = thread::spawn({
            let tabs = Arc::clone(&tabs);
            move || browse(file, &tabs, &habit)
        });
        Self {
            fifo,
            tabs,
            reader: Some(reader),
        }
    }

    /// Returns a `--browser-command` that opens a tab here.
    pub(crate) fn command(&self) -> String {
        format!("sh -c 'printf \"%s\\n\" \"$1\" > {}' sh", self.fifo.display())
    }

    pub(crate) fn tabs(&self) -> usize {
        self.tabs.urls.lock().unwrap().len()
    }

    /// Tabs that the person is done with.
    pub(crate) fn visited(&self) -> usize {
        let has_person = self.reader.as_ref().is_some_and(|reader| !reader.is_finished());
        assert!(
            has_person,
            "the person at the browser saw something wrong, see above"
        );
        self.tabs.visited.load(Ordering::SeqCst)
    }

    /// Waits until so many tabs were opened, and returns the URL of the last.
    pub(crate) fn wait_for_tabs(&self, wanted: usize) -> String {
        let deadline = Instant::now() + HANG;
        let mut urls = self.tabs.urls.lock().unwrap();
        while urls.len() < wanted {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {wanted} tabs were opened", urls.len());
            urls = self.tabs.opened.wait_timeout(urls, left).unwrap().0;
        }
        urls[wanted - 1].clone()
    }
}

fn browse(file: File, tabs: &Tabs, habit: &Habit) {
    for url in BufReader::new(file).lines() {
        let url = url.expect("a URL");
        if url == "quit" {
            return;
        }
        tabs.urls.lock().unwrap().push(url.clone());
        tabs.opened.notify_all();
        habit(&url);
        tabs.visited.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A person who saw something wrong has gone, and nobody reads any more: that must not be waited for.
        let flags = nix::fcntl::OFlag::O_NONBLOCK.bits();
        let fifo = OpenOptions::new()
            .write(true)
            .custom_flags(flags)
            .open(&self.fifo);
        if let Ok(mut fifo) = fifo {
            drop(fifo.write_all(b"quit\n"));
        }
        if let Some(reader) = self.reader.take()
            && reader.join().is_err()
            && !thread::panicking()
        {
            panic!("the person at the browser saw something wrong, see above");
        }
    }
}

/// Visits a URL as a tab does, redirects included, and returns the last page.
pub(crate) fn visit(url: &str) -> Page {
    visit_with(url, &[])
}

/// Visits with more headers.
pub(crate) fn visit_with(url: &str, headers: &[(&str, &str)]) -> Page {
    okta::visit::visit(url, headers).unwrap_or_else(|error| panic!("{error}"))
}

/// Asks the provider and returns where it sends the browser, without going there.
pub(crate) fn redirect_of(url: &str) -> String {
    let url = Url::parse(url).unwrap();
    let mut stream = TcpStream::connect(url.socket_addrs(|| None).unwrap()[0]).unwrap();
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    let host = url.authority();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let location = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: "))
        .expect("a redirect");
    location.to_owned()
}
