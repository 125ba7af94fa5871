//! https: whose certificates are trusted.

use crate::support::Sandbox;

fn ca_flag(sandbox: &Sandbox) -> String {
    format!("--certificate-authority={}", sandbox.path("ca.pem").display())
}

#[test]
fn an_authority_in_a_file_or_as_data_is_trusted() {
    let sandbox = Sandbox::with_tls();
    sandbox.get_token().arg(&ca_flag(&sandbox)).run().token();
    let data = data_encoding::BASE64.encode(&std::fs::read(sandbox.path("ca.pem")).unwrap());
    let by_data = sandbox
        .get_token()
        .arg(&format!("--certificate-authority-data={data}"));
    by_data.arg("--force-refresh").run().token();
    let pem = std::fs::read_to_string(sandbox.path("ca.pem")).unwrap();
    let as_pem = sandbox
        .get_token()
        .arg(&format!("--certificate-authority-data={pem}"));
    as_pem.arg("--force-refresh").run().token();
    assert_eq!(sandbox.tabs(), 1);
    let tilde = sandbox
        .get_token()
        .arg("--certificate-authority=~/ca.pem")
        .arg("--force-refresh");
    tilde.run().token();
}

/// pflag has two kinds of lists, and this one is not split.
#[test]
fn each_authority_has_a_flag_of_its_own_and_a_comma_is_part_of_its_name() {
    let sandbox = Sandbox::with_tls();
    let other = Sandbox::with_tls();
    std::fs::copy(sandbox.path("ca.pem"), sandbox.path("a,b.pem")).unwrap();
    let flag = |path: std::path::PathBuf| format!("--certificate-authority={}", path.display());
    for (first, second) in [
        (other.path("ca.pem"), sandbox.path("a,b.pem")),
        (sandbox.path("a,b.pem"), other.path("ca.pem")),
    ] {
        let call = sandbox.get_token().arg("--force-refresh").arg(&flag(first));
        call.arg(&flag(second)).run().token();
    }
    let variable = sandbox.get_token().arg("--force-refresh").env(
        "KUBESESAME_CERTIFICATE_AUTHORITY",
        &sandbox.path("a,b.pem").to_string_lossy(),
    );
    variable.run().token();
    let alone = sandbox.get_token().arg("--force-refresh");
    alone
        .arg(&flag(other.path("ca.pem")))
        .run()
        .fails(1, &["is not trusted"]);
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    let sandbox = Sandbox::with_tls();
    sandbox
        .get_token()
        .run()
        .fails(1, &["is not trusted", "--certificate-authority"]);
    assert_eq!(sandbox.tabs(), 0);
}

#[test]
fn skipping_the_check_works_warns_and_keeps_no_documents() {
    let sandbox = Sandbox::with_tls();
    let outcome = sandbox.get_token().arg("--insecure-skip-tls-verify").run();
    outcome.token();
    assert!(
        outcome.stderr.contains("warning: --insecure-skip-tls-verify"),
        "{outcome}"
    );
    assert_eq!(sandbox.cache_files(".provider.json").len(), 0);
}

#[test]
fn an_authority_that_is_absent_or_not_pem_is_named() {
    let sandbox = Sandbox::new();
    sandbox
        .get_token()
        .arg("--certificate-authority=/nowhere/ca.pem")
        .run()
        .fails(2, &["/nowhere/ca.pem", "PEM"]);
    std::fs::write(sandbox.path("not.pem"), "hello").unwrap();
    for file in ["not.pem", "empty.pem"] {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(sandbox.path(file))
            .unwrap();
        let flag = format!("--certificate-authority={}", sandbox.path(file).display());
        sandbox
            .get_token()
            .arg(&flag)
            .run()
            .fails(2, &[file, "no PEM certificate", "BEGIN CERTIFICATE"]);
    }
    for data in ["%%%", "aGVsbG8="] {
        let flag = format!("--certificate-authority-data={data}");
        sandbox
            .get_token()
            .arg(&flag)
            .run()
            .fails(2, &["--certificate-authority-data cannot be used"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_variable_that_names_no_certificate_is_the_cause() {
    let sandbox = Sandbox::with_tls();
    let none = sandbox.path("none.pem");
    std::fs::write(&none, "nothing").unwrap();
    let none = none.to_str().unwrap();
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        for value in [none, "/nowhere"] {
            let call = sandbox.get_token().env(variable, value);
            let words = format!("{variable}={value}");
            call.run().fails(1, &[&words, "correct SSL_CERT_FILE", "unset"]);
        }
    }
    let named = sandbox.get_token().arg(&ca_flag(&sandbox));
    named.env("SSL_CERT_FILE", none).run().token();
}

/// The system's reader would read it to an end that never comes.
#[cfg(target_os = "linux")]
#[test]
fn a_variable_that_names_what_does_not_end_is_the_cause() {
    let sandbox = Sandbox::with_tls();
    let fifo = sandbox.path("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (large_dir, ca_dir) = (sandbox.path("large"), sandbox.path("authorities"));
    let large = large_dir.join("large.pem");
    for dir in [&large_dir, &ca_dir] {
        std::fs::create_dir(dir).unwrap();
    }
    // A file with a hole, which takes no space.
    let file = std::fs::File::create(&large).unwrap();
    file.set_len(16 * 1024 * 1024 + 1).unwrap();
    std::fs::copy(sandbox.path("ca.pem"), ca_dir.join("ca.pem")).unwrap();
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    for (variable, value) in [
        ("SSL_CERT_FILE", text(&fifo)),
        ("SSL_CERT_FILE", "/dev/zero".to_owned()),
        ("SSL_CERT_FILE", text(&large)),
        ("SSL_CERT_DIR", text(&large_dir)),
        ("SSL_CERT_DIR", format!("{}:{}", text(&ca_dir), text(&large_dir))),
    ] {
        let call = sandbox.get_token().env(variable, &value);
        let limited = call.through(&["sh", "-c", "ulimit -v 4000000; exec timeout 20 \"$@\"", "sh"]);
        let words = format!("{variable}={value}");
        limited
            .run()
            .fails(1, &[&words, "correct SSL_CERT_FILE", "unset"]);
    }
    // What ends at once, and what the reader of a directory passes over, keeps nobody from the others.
    std::fs::rename(fifo, ca_dir.join("fifo")).unwrap();
    for file in ["/dev/null", &text(&ca_dir)] {
        let call = sandbox.get_token().env("SSL_CERT_DIR", &text(&ca_dir));
        call.env("SSL_CERT_FILE", file).run().token();
    }
    sandbox
        .get_token()
        .env("SSL_CERT_DIR", &text(&ca_dir))
        .run()
        .token();
}
