//! Chromium without a window, driven through chromedriver: a profile of its own, and a record of what it loaded.
//!
//! The protocol is W3C WebDriver, and for what a person sets in the system or on a phone the `DevTools` commands that
//! chromedriver passes on. The calls block: one test drives one browser.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use axum::http::Method;
use fantoccini::{Client, ClientBuilder, Locator, wd::WebDriverCompatibleCommand};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use url::{ParseError, Url};

use crate::{parts, process::Process};

/// Fresh, quiet, at home on loopback only, and without the sandbox, which root cannot have.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--window-size=1280,800",
];

/// A running browser with one tab.
pub(crate) struct Browser {
    runtime: Runtime,
    client: Option<Client>,
    logs: PathBuf,
    _driver: Process,
    _home: TempDir,
}

impl Browser {
    /// Starts a browser that accepts the mock's certificate; logs go to `logs`, and a picture if the test fails.
    pub(crate) fn start(logs: &Path) -> Self {
        let home = TempDir::with_prefix("kubesesame-browser-").unwrap();
        let mut command = Command::new(parts::part("chromedriver"));
        command
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", "/usr/bin:/bin")
            .arg("--port=0");
        let mut driver = Process::start("chromedriver", logs, &mut command);
        let port = listening_port(&mut driver);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let client = runtime
            .block_on(
                ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
                    .capabilities(capabilities(home.path()))
                    .connect(&format!("http://127.0.0.1:{port}")),
            )
            .unwrap();
        Self {
            runtime,
            client: Some(client),
            logs: logs.to_owned(),
            _driver: driver,
            _home: home,
        }
    }

    pub(crate) fn open(&self, url: &str) {
        self.runtime.block_on(self.client().goto(url)).unwrap();
    }

    /// Types into the field with this id.
    pub(crate) fn fill(&self, id: &str, text: &str) {
        self.runtime.block_on(async {
            let field = self.client().find(Locator::Id(id)).await.unwrap();
            field.send_keys(text).await.unwrap();
        });
    }

    /// Presses the button with this id.
    pub(crate) fn press(&self, id: &str) {
        self.runtime.block_on(async {
            let button = self.client().find(Locator::Id(id)).await.unwrap();
            button.click().await.unwrap();
        });
    }

    pub(crate) fn title(&self) -> String {
        self.runtime.block_on(self.client().title()).unwrap()
    }

    pub(crate) fn address(&self) -> String {
        let url = self.runtime.block_on(self.client().current_url()).unwrap();
        url.into()
    }

    /// Returns the value of a JavaScript expression.
    pub(crate) fn evaluate(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.runtime
            .block_on(self.client().execute(&script, Vec::new()))
            .unwrap()
    }

    /// Leaves a picture of the page in `target/real/screens`.
    pub(crate) fn photograph(&self, name: &str) {
        let picture = self.runtime.block_on(self.client().screenshot()).unwrap();
        let file = parts::folder("screens").join(format!("{name}.png"));
        fs::write(file, picture).unwrap();
    }

    /// Makes pages believe that the system is set to `light` or `dark`.
    pub(crate) fn prefer(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
    }

    /// Gives the page the screen of a phone.
    pub(crate) fn become_phone(&self) {
        let screen = json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true });
        self.devtools("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// Returns what the browser complained about since the last call.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.log("browser");
        entries.iter().map(|entry| entry["message"].to_string()).collect()
    }

    /// Returns the URLs that the browser asked for since the last call, whatever for.
    pub(crate) fn loaded(&self) -> Vec<String> {
        let events = self.log("performance");
        events
            .iter()
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok())
            .filter(|event| event["message"]["method"] == "Network.requestWillBeSent")
            .filter_map(|event| Some(event["message"]["params"]["request"]["url"].as_str()?.to_owned()))
            .collect()
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.ask("se/log", json!({ "type": kind }));
        entries.as_array().cloned().unwrap_or_default()
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        self.ask(
            "goog/cdp/execute",
            json!({ "cmd": command, "params": parameters }),
        );
    }

    fn ask(&self, path: &'static str, body: Value) -> Value {
        let command = DriverCommand { path, body };
        self.runtime.block_on(self.client().issue_cmd(command)).unwrap()
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("taken only by drop")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            if thread::panicking()
                && let Ok(picture) = self.runtime.block_on(client.screenshot())
            {
                let _written = fs::write(self.logs.join("browser.png"), picture);
            }
            // Ends Chromium. That it may fail to is no reason to abort a test that panics already.
            let _closed = self.runtime.block_on(client.close());
        }
    }
}

/// A command of chromedriver's own, within the session.
#[derive(Debug)]
struct DriverCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for DriverCommand {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!(
            "session/{}/{}",
            session_id.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// Returns the port that chromedriver took; it tells when it listens.
fn listening_port(driver: &mut Process) -> u16 {
    driver.wait_for("port of chromedriver", |driver| {
        let told = driver.stdout();
        let (_, rest) = told.split_once("started successfully on port ")?;
        rest.split_once('.')?.0.parse().ok()
    })
}

fn capabilities(home: &Path) -> Map<String, Value> {
    let mut arguments: Vec<String> = FLAGS.map(str::to_owned).into();
    arguments.push(format!("--user-data-dir={}", home.join("profile").display()));
    let capabilities = json!({
        "acceptInsecureCerts": true,
        "goog:chromeOptions": { "binary": parts::part("chromium"), "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    });
    let Value::Object(capabilities) = capabilities else {
        unreachable!("written as an object")
    };
    capabilities
}
