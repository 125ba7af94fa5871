//! What the docs show is what the program prints.

use crate::command_line::Shown;
use crate::page::Page;
use crate::sandbox::Sandbox;

/// The kubeconfig that the recipe for kubectl oidc-login converts.
const OLD_KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
users:
- name: okta
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubectl
      args:
      - oidc-login
      - get-token
      - --oidc-issuer-url=https://YOUR-ORG.okta.com/oauth2/default
      - --oidc-client-id=YOUR-CLIENT-ID
";

/// Replaces what differs from run to run: times, tokens, random values.
fn masked(line: &str) -> String {
    let mut line = line.to_owned();
    // A line of the log begins with the time since the start.
    if let Some((start, rest)) = line.split_once("s] ")
        && start.starts_with('[')
    {
        line = format!("[…s] {rest}");
    }
    for (before, after) in [
        ("/.kube/cache/kubesesame/", ".session.json"),
        ("[…s] read ", ".provider.json"),
        ("expires in ", ","),
        ("a token until ", ","),
        (", at 2", "\n"),
        ("\"expirationTimestamp\":\"", "\""),
        ("\"token\":\"", "\""),
        ("  at_hash ", "\n"),
        ("  auth_time ", "\n"),
        ("  exp ", "\n"),
        ("  iat ", "\n"),
        ("  jti ", "\n"),
        ("  nonce ", "\n"),
        ("registered at the provider: http://localhost:", "\n"),
        ("with the code ", "\n"),
        ("user_code=", "\n"),
        ("200 in ", " ms"),
        ("request id ", "\n"),
        ("  token     valid for ", "\n"),
    ] {
        let Some(at) = line.find(before) else { continue };
        let start = at + before.len();
        let end = line[start..].find(after).map_or(line.len(), |end| start + end);
        line.replace_range(start..end, "…");
    }
    line
}

fn masked_lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(masked).collect::<Vec<_>>().join("\n")
}

/// Runs the commands of a page one after the other, and compares what they print with what the page shows.
///
/// Where a page shows no output, a command must not be refused as wrong usage (exit code 2); what else it needs, such as a
/// keyring, may be missing here.
fn play(page: &str, sandbox: &Sandbox) {
    for Shown { page, args, output } in Shown::on(&Page::read(page)) {
        // The keychain of macOS is the person's, whatever the environment says.
        if cfg!(target_os = "macos") && args.iter().any(|arg| arg.ends_with("=keyring")) {
            continue;
        }
        let (code, shown) = sandbox.run(&args);
        assert_ne!(code, 2, "{page}: {args:?}: {shown}");
        if !output.is_empty() {
            let documented = masked_lines(output.iter().map(String::as_str));
            assert_eq!(documented, masked_lines(shown.lines()), "{page}: {args:?}");
        }
    }
}

#[test]
fn get_started_shows_what_the_program_prints() {
    play("docs/get-started.md", &Sandbox::for_mock());
}

#[test]
fn the_recipes_show_what_the_program_prints() {
    let sandbox = Sandbox::for_org();
    sandbox.write(".kube/config", OLD_KUBECONFIG);
    sandbox.write("client-secret", &sandbox.web_client_secret());
    sandbox.write("corporate-ca.pem", &certificate());
    play("docs/how-to.md", &sandbox);
}

#[test]
fn the_page_of_rbac_shows_what_the_program_prints() {
    let sandbox = Sandbox::for_org();
    let policy = include_str!("../data/rbac/team-platform.yaml");
    for name in [
        "team-platform.yaml",
        "rbac/policy.yaml",
        "old/rbac/policy.yaml",
        "roles.yaml",
        "bindings.yaml",
    ] {
        sandbox.write(name, policy);
    }
    sandbox.write("new.yaml", include_str!("../data/rbac/team-platform-new.yaml"));
    play("docs/rbac.md", &sandbox);
}

/// Returns the certificate of some authority.
fn certificate() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    authority.pem()
}
