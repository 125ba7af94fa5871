//! Checks the rules for the network of a namespace.

use super::check::{Checked, check_name, each};
use super::fault::Fault;
use super::raw::RawNetwork;
use super::values::{AllowedTraffic, NetworkRules, Peer};

pub(super) fn network(raw: &RawNetwork, path: &str) -> Checked<NetworkRules> {
    let field = |name: &str| format!("{path}.{name}");
    check_name(&raw.namespace, &field("namespace"))?;
    for (at, cidr) in raw.api_server.iter().enumerate() {
        if !is_cidr(cidr) {
            let problem = format!("is `{cidr}`, which is no range of addresses");
            let hint = "write it as 10.0.0.1/32; the addresses: kubectl get endpointslices kubernetes";
            return Err(Fault::new(&field(&format!("apiServer[{at}]")), problem, hint));
        }
    }
    let allow = each(&raw.allow, &field("allow"), |traffic, path| {
        if let Some(namespace) = &traffic.from.namespace {
            check_name(namespace, &format!("{path}.from.namespace"))?;
        }
        if traffic.from.namespace.is_none() && traffic.from.pods.is_empty() {
            let hint = "name a `namespace`, `pods` by their labels, or both";
            return Err(Fault::new(
                &format!("{path}.from"),
                "is empty, which would mean everybody",
                hint,
            ));
        }
        if traffic.ports.is_empty() {
            return Err(Fault::new(&format!("{path}.ports"), "is empty", "name the ports"));
        }
        Ok(AllowedTraffic {
            to: traffic.to.clone(),
            from: Peer {
                namespace: traffic.from.namespace.clone(),
                pods: traffic.from.pods.clone(),
            },
            ports: traffic.ports.clone(),
        })
    })?;
    Ok(NetworkRules {
        namespace: raw.namespace.clone(),
        allow,
        api_server: raw.api_server.clone(),
    })
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let most = match address.parse() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}
