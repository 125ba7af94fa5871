//! The few metrics of kube-apiserver that tell of its configuration, in the text format of Prometheus.

const CONFIG_INFO: &str = "apiserver_authentication_config_controller_last_config_info{";
const LAST_RELOAD: &str =
    "apiserver_authentication_config_controller_automatic_reload_last_timestamp_seconds{";

#[derive(Debug, Default)]
pub(crate) struct Metrics {
    configuration_hash: Option<String>,
    /// When a change was taken and refused last, in seconds.
    taken: Option<f64>,
    refused: Option<f64>,
}

impl Metrics {
    pub(crate) fn read(text: &str) -> Self {
        let mut metrics = Self::default();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix(CONFIG_INFO) {
                metrics.configuration_hash = label(rest, "hash").map(str::to_owned);
            } else if let Some(rest) = line.strip_prefix(LAST_RELOAD) {
                let at = rest.rsplit(' ').next().and_then(|value| value.parse().ok());
                match label(rest, "status") {
                    Some("success") => metrics.taken = at,
                    Some("failure") => metrics.refused = at,
                    Some(_) | None => {}
                }
            }
        }
        metrics
    }

    pub(super) fn configuration_hash(&self) -> Option<&str> {
        self.configuration_hash.as_deref()
    }

    /// Returns `None` if nothing was changed since the API server started.
    pub(super) fn last_reload_failed(&self) -> Option<bool> {
        match (self.taken, self.refused) {
            (None, None) => None,
            (taken, refused) => Some(refused > taken),
        }
    }
}

/// Returns the value of a label. The values here need no escapes.
fn label<'l>(labels: &'l str, name: &str) -> Option<&'l str> {
    let (labels, _) = labels.split_once('}')?;
    let mut labels = labels.split(',');
    labels.find_map(|label| {
        let (key, value) = label.split_once('=')?;
        (key == name).then(|| value.trim_matches('"'))
    })
}
