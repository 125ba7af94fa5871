use super::*;

const TEXT: &str = "\
# my secret is HIDE
# HIDE1
# mine
#  - --password=HIDE
# name: HIDE
apiVersion: v1
HIDEHIDEHIDEHIDEHIDEHIDEHIDEHIDEHIDEHIDEHIDEHIDEHIDEHIDEHIDEHIDEHIDE: x
? [HIDE]
: HIDE
clusters:
- name: SHOW01
  cluster:
    server: https://HIDE:HIDE@SHOW02:6443/SHOW03?HIDE=1
    proxy-url: HIDE:HI@DE@SHOW04:3128
    certificate-authority-data: HIDE
    insecure-skip-tls-verify: true # SHOWN
    extensions: [{name: client.authentication.k8s.io/exec, extension: {oidc-client-secret: [HIDE]}}]
preferences: {colors: true, x: HIDE}
users:
- name: SHOW05
  user:
    token: HIDE
    username: SHOW06
    password: HIDE
    client-certificate-data: HIDE
    client-key-data: HIDE
    client-key: SHOW07
    x: HIDE
    exec:
      command: SHOW08 get-token --oidc-client-secret=HIDE
      installHint: ask HIDE2
      args: [get-token, --oidc-client-secret=HIDE, --password, \"HIDE\", '--oidc-request-header=Authorization=HIDE']
      env: [{name: SHOW09, value: HIDE}, {name: x, valueFrom: HIDE}]
    auth-provider:
      name: SHOW10
      config:
        idp-issuer-url: https://SHOW11
        client-id: SHOW12
        client-secret: |
          HIDE
        id-token: HIDE
        refresh-token: # eyJHIDE9
          HIDE
        access-token: HIDE
        extra: HIDE
";

#[test]
fn only_values_that_are_known_to_be_harmless_are_shown() {
    let shown = masked(TEXT);
    assert!(!shown.contains("HIDE"), "{shown}");
    for number in 1..=12 {
        assert!(shown.contains(&format!("SHOW{number:02}")), "{number}: {shown}");
    }
    for line in [
        "# mine\n",
        "    insecure-skip-tls-verify: true # SHOWN\n",
        "    server: https://[secret]@SHOW02:6443/SHOW03?[secret]\n",
        "      args: [get-token, --oidc-client-secret=[secret], --password, [secret], --oidc-request-header=[secret]]\n",
        "        id-token: [secret]\n",
        "        extra: [not shown]\n",
    ] {
        assert!(shown.contains(line), "{line}{shown}");
    }
    assert_eq!(masked("a: [HIDE"), "[not shown: this is not valid YAML]\n");
    assert_eq!(masked("HIDE\n"), "[not shown]\n");
}

#[test]
fn an_argument_is_shown_if_its_flag_is_known_to_be_harmless() {
    for (args, shown) in [
        (
            "--oidc-issuer-url=https://i, --oidc-client-id, c",
            "--oidc-issuer-url=https://i, --oidc-client-id, c",
        ),
        (
            "--oidc-issuer-url, https://u:p@i",
            "--oidc-issuer-url, https://[secret]@i",
        ),
        (
            "--api-token=x, --api-token, x, y",
            "--api-token=[not shown], --api-token, [not shown], [not shown]",
        ),
        ("--password, --x, y", "--password, [secret], [not shown]"),
        ("--skip-open-browser, x", "--skip-open-browser, [not shown]"),
        ("-v1, -v=1, -v, '1', -pPASS", "-v1, -v=1, -v, '1', [not shown]"),
        ("--username=https://a:b@c", "--username=https://[secret]@c"),
        ("--PASS, [x], --a b=c", "[not shown], [not shown], [not shown]"),
        ("--browser-command=x --key=y", "--browser-command=[not shown]"),
    ] {
        let text = |args: &str| format!("users: [{{user: {{exec: {{args: [{args}]}}}}}}]\n");
        assert_eq!(masked(&text(args)), text(shown));
    }
}

#[test]
fn a_comment_of_ordinary_words_is_shown() {
    for (comment, is_shown) in [
        ("mine ü, and \"yours\" (here)", true),
        ("one-hop", true),
        ("the passwort is ü", false),
        ("hunter2", false),
        ("a: b", false),
        ("--a=b", false),
        ("abcdefghijklmnopqrstuvwxyz", false),
        ("https://a", false),
    ] {
        assert_eq!(is_prose(comment), is_shown, "{comment}");
    }
}

#[test]
fn a_reason_contains_no_secret() {
    for (argument, reason, shown) in [
        (
            "--oidc-issuer-url=http://u:p@h",
            "--oidc-issuer-url `http://u:p@h` is not https",
            "--oidc-issuer-url `http://[secret]@h` is not https",
        ),
        (
            "--oidc-issuer-url=http://h",
            "--oidc-issuer-url `http://h` is not https",
            "--oidc-issuer-url `http://h` is not https",
        ),
        (
            "--oidc-issuer-url=http://u:ppp",
            "--oidc-issuer-url `http://u:p…` is not https",
            "--oidc-issuer-url `[not shown]` is not https",
        ),
        (
            "--oidc-request-header=abc",
            "--oidc-request-header `abc` is not NAME=VALUE",
            "--oidc-request-header `[secret]` is not NAME=VALUE",
        ),
        (
            "--oidc-request-header=Authorization: abc",
            "--oidc-request-header `Authorization` is not NAME=VALUE",
            "--oidc-request-header `Authorization` is not NAME=VALUE",
        ),
        (
            "--grant-type=x",
            "--grant-type `x` is none of `y` and `z`",
            "--grant-type `x` is none of `y` and `z`",
        ),
        ("", "--oidc-client-id is missing", "--oidc-client-id is missing"),
    ] {
        assert_eq!(masked_reason(reason, &[argument.to_owned()]), shown);
    }
}

#[test]
fn comments_are_masked_in_all_places() {
    let text = "\
%YAML 1.2 # HIDE1
--- # HIDE2
kind: Config # HIDE3
users: # HIDE4
- # HIDE5
  name: n # HIDE6
  user:
    exec: # HIDE7
      args: [get-token, # HIDE8
        --grant-type=x # HIDE9
        ]
      env:
      - {name: x, value: HIDE0} # HIDE10
      installHint: | # HIDE11
        HIDE12
      # HIDE13
    token: >- # HIDE14
      HIDE15

      HIDE16
    ? x # HIDE17
    : \"HIDE18
      HIDE19\" # HIDE20
... # HIDE21
# HIDE22
";
    let shown = masked(text);
    assert!(!shown.contains("HIDE"), "{shown}");
    assert!(shown.contains("--grant-type=x"), "{shown}");
}
