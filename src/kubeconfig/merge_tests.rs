use super::*;

fn merged(text: &str) -> Result<String, MergeError> {
    let user = NewUser {
        name: "oidc".to_owned(),
        arguments: vec!["--oidc-client-id=0oa1".to_owned()],
    };
    merge(text, &user, Some(&NewContext::of("oidc", "c")))
}

#[test]
fn a_user_and_a_context_are_added_and_comments_stay() {
    let text = "\
# mine
apiVersion: v1
kind: Config
clusters:
- {name: c, cluster: {server: https://c}} # the one
contexts:
- context:
    cluster: c
    user: admin
  name: admin   # for emergencies
current-context: admin
users:
  - name: admin
    user:
      token: |
        abc
  # the end
";
    insta::assert_snapshot!(merged(text).unwrap(), @r#"
    # mine
    apiVersion: v1
    kind: Config
    clusters:
    - {name: c, cluster: {server: https://c}} # the one
    contexts:
    - context:
        cluster: c
        user: admin
      name: admin   # for emergencies
    - name: oidc@c
      context:
        cluster: c
        user: oidc
    current-context: oidc@c
    users:
      - name: admin
        user:
          token: |
            abc
      # the end
      - name: oidc
        user:
          exec:
            apiVersion: client.authentication.k8s.io/v1
            args:
            - get-token
            - --oidc-client-id=0oa1
            command: kubesesame
            installHint: "kubesesame signs you in to this cluster: install it and put it on the PATH"
            interactiveMode: IfAvailable
    "#);
}

#[test]
fn every_usual_layout_can_be_added_to_and_the_second_time_changes_nothing() {
    for text in [
        "kind: Config\napiVersion: v1",
        "kind: Config\r\napiVersion: v1\r\nusers: []\r\n",
        "users: null\ncontexts: ~\nkind: Config\n",
        "users:\ncontexts:\ncurrent-context:\nkind: Config\n",
        "kind: Config\ncurrent-context: \"\"\nusers: [] # none\ncontexts: []\n",
        "{\"kind\": \"Config\", \"users\": [], \"contexts\": [{\"name\": \"x\", \"context\": {}}]}",
        "{\n  \"kind\": \"Config\",\n  \"users\": [{\"name\": \"x\", \"user\": {}}\n  ]\n}\n",
        "kind: Config\nusers: [{name: x, user: {}}]\ncontexts:\n    -   name: y\n        context: {}\n",
        "users:\n- name: oidc\n  user:\n    exec:\n      command: kubesesame\n      args: [old]\n- {name: z, user: {}}\n",
        "users: [{name: oidc, user: {exec: {command: /usr/bin/kubesesame}}}]\n",
        "users:\n- name: z\n  user:\n    password: |\n      a\n",
    ] {
        let once = merged(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_ne!(once, text);
        assert_eq!(merged(&once).unwrap(), once, "{text}");
        assert_eq!(once.contains("\r\n"), text.contains("\r\n"), "{once:?}");
        let read = crate::kubeconfig::clusters(&once).unwrap();
        assert_eq!(read.current_context.as_deref(), Some("oidc@c"), "{once}");
        assert!(
            read.contexts.contains(&("oidc@c".to_owned(), "c".to_owned())),
            "{once}"
        );
        assert_eq!(
            read.users.iter().filter(|user| *user == "oidc").count(),
            1,
            "{once}"
        );
    }
}

#[test]
fn what_is_another_s_or_unusual_is_left_alone() {
    for (text, expected) in [
        (
            "users:\n- name: oidc\n  user: {token: x}\n",
            MergeError::OtherUser,
        ),
        ("", MergeError::Layout("it is empty")),
        (
            "users:\n-\n  name: x\n  user: {}\n",
            MergeError::Layout("a list is not laid out with one dash on each line"),
        ),
        (
            "users: &a []\n",
            MergeError::Layout("it uses anchors or tags of YAML"),
        ),
    ] {
        assert_eq!(merged(text).unwrap_err(), expected, "{text}");
    }
    assert!(matches!(
        merged("[]"),
        Err(MergeError::Text(TextError::NotKubeconfig(_)))
    ));
    assert!(matches!(
        merged("a: ["),
        Err(MergeError::Text(TextError::InvalidYaml(_)))
    ));
}
