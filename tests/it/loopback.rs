//! Both families of loopback addresses: a browser takes `localhost` for either of them.

use std::net::TcpListener;

use url::Url;

use crate::support::{Sandbox, free_port, redirect_of, skip, visit_with};

/// A port that is free for `127.0.0.1` and held for `[::1]`. None, and the test is skipped, where the machine has no IPv6.
fn held_for_ipv6_or_skip() -> Option<(TcpListener, u16)> {
    let port = free_port();
    let holder = TcpListener::bind(("::1", port)).ok();
    if holder.is_none() {
        skip("needs IPv6");
    }
    Some((holder?, port))
}

#[test]
fn a_browser_may_come_by_either_family() {
    if held_for_ipv6_or_skip().is_none() {
        return;
    }
    for address in ["127.0.0.1", "[::1]"] {
        let sandbox = Sandbox::with_habit(Box::new(move |url| {
            let answer = Url::parse(&redirect_of(url)).unwrap();
            assert_eq!(answer.host_str(), Some("localhost"));
            let mut by_address = answer.clone();
            by_address.set_host(Some(address)).unwrap();
            let page = visit_with(by_address.as_str(), &[("host", answer.authority())]);
            assert_eq!(page.status, 200, "{}", page.body);
        }));
        sandbox.get_token().run().token();
    }
}

/// Who listens there would get the answer of a browser that tries that family first.
#[test]
fn a_port_that_another_has_in_the_other_family_is_taken() {
    let Some((_holder, port)) = held_for_ipv6_or_skip() else {
        return;
    };
    let sandbox = Sandbox::new();
    let here = format!("127.0.0.1:{port}");
    let call = sandbox.get_token().with("--listen-address", &here);
    call.run()
        .fails(1, &["no address is free", &format!("{here} is taken by")]);
    assert_eq!(sandbox.tabs(), 0);
    // The other address of the list, and a redirect that names one family, have no such rival.
    let next = call
        .clone()
        .with("--listen-address", &format!("{here},127.0.0.1:0"));
    next.run().token();
    sandbox
        .okta
        .behave(|behaviour| behaviour.redirect_uris.push(format!("http://{here}")));
    let one_family = call
        .arg(&format!("--oidc-redirect-url=http://{here}"))
        .arg("--oidc-extra-scope=email");
    one_family.run().token();
}
