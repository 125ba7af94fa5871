//! https that fails, and certificates that the user has named: each case told apart and with its own hint.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    SanType, date_time_ymd,
};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Call, Outcome, Sandbox};

/// A server that does this with each connection; returns its issuer.
fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            serve(stream.unwrap());
        }
    });
    issuer
}

/// An https server that has nothing: its 404 shows that the certificate was taken.
fn https(certificate: &Certificate, key: &KeyPair) -> String {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    server(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let mut request = [0; 4096];
        // A client that refuses the certificate hangs up here.
        if stream.read(&mut request).is_ok_and(|length| length > 0) {
            let answer =
                "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
            drop(stream.write_all(answer.as_bytes()));
            stream.conn.send_close_notify();
            drop(stream.flush());
        }
    })
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// As `openssl req -x509` makes it.
fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn self_signed(params: &CertificateParams) -> (Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap(), key)
}

/// A call to this issuer that names these certificates.
fn call(sandbox: &Sandbox, issuer: &str, named: &str) -> Call {
    let path = sandbox.path("named.pem");
    std::fs::write(&path, named).unwrap();
    let call = sandbox.get_token().with("--oidc-issuer-url", issuer);
    call.arg(&format!("--certificate-authority={}", path.display()))
}

fn outcome(issuer: &str, named: &str) -> Outcome {
    let sandbox = Sandbox::unattended();
    call(&sandbox, issuer, named).run()
}

const TAKEN: &[&str] = &["HTTP 404"];

#[test]
fn a_server_s_certificate_that_the_user_has_named_is_taken_as_it_is() {
    let mut no_path = authority("no path");
    no_path.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    for params in [params("leaf"), authority("authority"), no_path] {
        let (certificate, key) = self_signed(&params);
        outcome(&https(&certificate, &key), &certificate.pem()).fails(1, TAKEN);
    }
    // Without its authority, and among others.
    let (root, root_key) = self_signed(&authority("root"));
    let root = (root, Issuer::new(authority("root"), root_key));
    let key = KeyPair::generate().unwrap();
    let leaf = params("leaf").signed_by(&key, &root.1).unwrap();
    let (other, _) = self_signed(&authority("other"));
    let issuer = https(&leaf, &key);
    outcome(&issuer, &format!("{}{}", other.pem(), leaf.pem())).fails(1, TAKEN);
    outcome(&issuer, &root.0.pem()).fails(1, TAKEN);
    outcome(&issuer, &other.pem()).fails(
        1,
        &[
            "is not trusted: its authority `root` is not known here",
            "--certificate-authority",
        ],
    );
}

#[test]
fn a_certificate_that_is_not_named_is_refused_although_one_has_its_name() {
    let (named, named_key) = self_signed(&authority("same name"));
    let (other, _) = self_signed(&authority("same name"));
    outcome(&https(&named, &named_key), &other.pem()).fails(
        1,
        &[
            "is not trusted: it is signed by itself",
            "name it with --certificate-authority",
        ],
    );
}

#[test]
fn a_named_certificate_that_does_not_fit_is_refused_with_the_reason() {
    let times = |begin: i32, end: i32| {
        let mut params = authority("times");
        params.not_before = date_time_ymd(begin, 1, 1);
        params.not_after = date_time_ymd(end, 1, 1);
        params
    };
    let named = |names: &[&str]| {
        let mut params = authority("names");
        params.subject_alt_names = names
            .iter()
            .map(|&name| SanType::DnsName(name.try_into().unwrap()))
            .collect();
        params
    };
    let cases = [
        ("expired", times(2001, 2002)),
        ("not yet valid", times(2999, 3000)),
        ("of other names", named(&["idp.example", "*.idp.example"])),
        ("of no name", named(&[])),
    ];
    let told = |(heading, params): (&str, CertificateParams)| {
        // The same whether it is a server's own certificate or one of an authority.
        let mut leaf = params.clone();
        leaf.is_ca = IsCa::ExplicitNoCa;
        let told = [params, leaf].map(|params| {
            let (certificate, key) = self_signed(&params);
            let sandbox = Sandbox::unattended();
            let outcome = call(&sandbox, &https(&certificate, &key), &certificate.pem()).run();
            outcome.fails(1, &[]);
            sandbox.told(heading, &outcome)
        });
        assert_eq!(told[0], told[1]);
        told.into_iter().next()
    };
    let told: String = cases.into_iter().filter_map(told).collect();
    insta::assert_snapshot!(told, @"
    expired
    stderr: error: the certificate of https://localhost:[PORT]/.well-known/openid-configuration is not trusted: it expired on 2002-01-01T00:00:00Z
    stderr: hint: this machine's clock says [TIME]Z: correct it if that is wrong; otherwise the provider, or the proxy in front of it, needs a new certificate
    exit: 1

    not yet valid
    stderr: error: the certificate of https://localhost:[PORT]/.well-known/openid-configuration is not trusted: it is valid only from 2999-01-01T00:00:00Z
    stderr: hint: this machine's clock says [TIME]Z: correct it if that is wrong
    exit: 1

    of other names
    stderr: error: the certificate of https://localhost:[PORT]/.well-known/openid-configuration is not trusted: it is for `idp.example`, `*.idp.example`, not for this name
    stderr: hint: check the host name in --oidc-issuer-url; if it is right, the provider needs a certificate with this name
    exit: 1

    of no name
    stderr: error: the certificate of https://localhost:[PORT]/.well-known/openid-configuration is not trusted: it has no subjectAltName, and a common name does not count
    stderr: hint: the provider needs a certificate with its host name as subjectAltName (openssl req -addext subjectAltName=DNS:NAME)
    exit: 1
    ");
}

#[test]
fn an_unreadable_entry_of_a_bundle_is_passed_over_with_a_warning() {
    let (certificate, key) = self_signed(&params("leaf"));
    let issuer = https(&certificate, &key);
    let broken = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let bundle = format!("{broken}{}", certificate.pem());
    let words = [
        "certificate 1 in it cannot be read, and is passed over",
        "HTTP 404",
    ];
    outcome(&issuer, &bundle).fails(1, &words);
    let sandbox = Sandbox::unattended();
    let data = data_encoding::BASE64.encode(bundle.as_bytes());
    let by_data = sandbox.get_token().with("--oidc-issuer-url", &issuer);
    let by_data = by_data.arg(&format!("--certificate-authority-data={data}"));
    by_data.run().fails(1, &words);
    let path = sandbox.path("bundle.pem");
    std::fs::write(&path, &bundle).unwrap();
    let by_variable = sandbox.get_token().with("--oidc-issuer-url", &issuer);
    let by_variable = by_variable.env("SSL_CERT_FILE", &path.to_string_lossy());
    by_variable.in_new_command().run().fails(1, &words);
    let none = outcome(&issuer, broken);
    none.fails(2, &["no PEM certificate in it can be read", "BEGIN CERTIFICATE"]);
}

/// Reads the client's greeting, so that closing the connection does not throw away what is sent.
fn after_greeting(mut stream: TcpStream, answer: &[u8]) {
    let mut greeting = [0; 4096];
    drop(stream.read(&mut greeting));
    drop(stream.write_all(answer));
}

#[test]
fn a_handshake_that_fails_is_told_by_what_the_server_did() {
    let (named, _) = self_signed(&authority("named"));
    // Alerts of RFC 8446 6: fatal, handshake_failure and protocol_version.
    let cases: [(&str, &'static [u8]); 4] = [
        ("no cipher suite in common", &[21, 3, 3, 0, 2, 2, 40]),
        ("no version in common", &[21, 3, 1, 0, 2, 2, 70]),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ("nothing", b""),
    ];
    let told = cases.map(|(heading, answer)| {
        let issuer = server(move |stream| after_greeting(stream, answer));
        let sandbox = Sandbox::unattended();
        let outcome = call(&sandbox, &issuer, &named.pem()).run();
        outcome.fails(1, &[]);
        sandbox.told(heading, &outcome)
    });
    insta::assert_snapshot!(told.concat(), @"
    no cipher suite in common
    stderr: error: no TLS connection with https://localhost:[PORT]/.well-known/openid-configuration: the server offers no TLS version or cipher suite that kubesesame has (it answered with the alert HandshakeFailure)
    stderr: hint: kubesesame offers TLS 1.3, and TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305: enable one of these on the server, or put a proxy in front of it that has them
    exit: 1

    no version in common
    stderr: error: no TLS connection with https://localhost:[PORT]/.well-known/openid-configuration: the server offers no TLS version or cipher suite that kubesesame has (it answered with the alert ProtocolVersion)
    stderr: hint: kubesesame offers TLS 1.3, and TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305: enable one of these on the server, or put a proxy in front of it that has them
    exit: 1

    HTTP
    stderr: error: no TLS connection with https://localhost:[PORT]/.well-known/openid-configuration: the server does not speak TLS on this port
    stderr: hint: check the port in --oidc-issuer-url; an issuer has to be served by https
    exit: 1

    nothing
    stderr: error: no TLS connection with https://localhost:[PORT]/.well-known/openid-configuration: the connection was closed during the handshake
    stderr: hint: a firewall or proxy may block this host, or the server may have only TLS 1.1 and older; kubesesame needs TLS 1.2 or 1.3
    exit: 1
    ");
}

#[test]
fn a_server_that_answers_http_with_tls_is_named() {
    let https = server(|stream| after_greeting(stream, &[21, 3, 3, 0, 2, 2, 22]));
    let sandbox = Sandbox::unattended();
    let call = sandbox
        .get_token()
        .with("--oidc-issuer-url", &https.replace("https:", "http:"));
    call.run().fails(1, &["does not answer in HTTP", "maybe https"]);
}

#[test]
fn an_authority_that_was_renewed_with_another_key_is_told() {
    let (old, _) = self_signed(&authority("Corp Root"));
    let new = Issuer::new(authority("Corp Root"), KeyPair::generate().unwrap());
    let key = KeyPair::generate().unwrap();
    let leaf = params("leaf").signed_by(&key, &new).unwrap();
    outcome(&https(&leaf, &key), &old.pem()).fails(
        1,
        &[
            "no trusted authority signed it; one of the same name, `Corp Root`, has another key",
            "name that with --certificate-authority",
        ],
    );
}
