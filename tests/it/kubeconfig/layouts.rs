//! The layouts that a kubeconfig has.

/// What a conversion of [`BLOCK`] warns of.
pub(super) const SECRET_STAYS: &str = "the client secret of user `jürgen@ünïcode` stays in `";

pub(super) const BLOCK: &str = "# mine ü\napiVersion: v1\nkind: Config\nclusters:\n- cluster: {server: 'https://c'} # keep\n  name: c\ncontexts: []\ncurrent-context: \"\"\npreferences: {}\nusers: # all of them\n- name: \"jürgen@ünïcode\" # me\n  user:\n    # before\n    exec: # here\n      apiVersion: client.authentication.k8s.io/v1beta1 # old\n      args:\n      - oidc-login # wrapper\n      # the flags\n      - get-token\n      - '--oidc-issuer-url=https://issuer.example/ü' # who\n      - --oidc-client-id=app\n      - --oidc-client-secret=hunter2 # told\n      command: kubectl # one hop less\n      env: null\n      provideClusterInfo: false\n    # after\n- name: other\n  user: {token: very-secret-token}\n";

pub(super) const INDENTED: &str = "---\nusers:\n  - user:\n      exec:\n          command: /usr/local/bin/kubelogin\n          interactiveMode: \"Never\"\n          env:\n              - name: HTTPS_PROXY\n                value: http://p\n          args:\n              - get-token\n              - \"--oidc-issuer-url\"\n              - https://i\n              - --oidc-client-id=a\n          apiVersion: 'client.authentication.k8s.io/v1'\n    name: a\n\n\n  # between\n  - name: b\n    user:\n      exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: kubectl-oidc_login, args: [get-token, --oidc-issuer-url=https://i, --oidc-client-id=b]} # flow\n# end";

pub(super) const JSON: &str = "{\n\t\"kind\": \"Config\", \"apiVersion\": \"v1\",\n\t\"users\": [\n\t\t{\"name\": \"ö\", \"user\": {\n\t\t\t\"exec\": {\n\t\t\t\t\"apiVersion\": \"client.authentication.k8s.io/v1beta1\",\n\t\t\t\t\"command\": \"kubectl\",\n\t\t\t\t\"args\": [\n\t\t\t\t\t\"oidc-login\",\n\t\t\t\t\t\"get-token\",\n\t\t\t\t\t\"--oidc-issuer-url=https://i\",\n\t\t\t\t\t\"--oidc-client-id=\\u00fc\"\n\t\t\t\t],\n\t\t\t\t\"env\": null\n\t\t\t}\n\t\t}},\n\t\t{\"name\": \"l\", \"user\": {\n\t\t\t\"auth-provider\": {\n\t\t\t\t\"name\": \"oidc\",\n\t\t\t\t\"config\": {\"idp-issuer-url\": \"https://i\", \"client-id\": \"l\", \"refresh-token\": \"very-secret-token\"}\n\t\t\t}\n\t\t}}\n\t]\n}";

pub(super) const JSON_AFTER: &str = r#"{
	"kind": "Config", "apiVersion": "v1",
	"users": [
		{"name": "ö", "user": {
			"exec": {
				"apiVersion": "client.authentication.k8s.io/v1",
				"command": "kubesesame",
				"interactiveMode": "IfAvailable",
				"args": [
					"get-token",
					"--oidc-issuer-url=https://i",
					"--oidc-client-id=\u00fc"
				],
				"env": null
			}
		}},
		{"name": "l", "user": {
			"exec": {
				"apiVersion": "client.authentication.k8s.io/v1",
				"args": [
					"get-token",
					"--oidc-issuer-url=https://i",
					"--oidc-client-id=l"
				],
				"command": "kubesesame",
				"interactiveMode": "IfAvailable"
			}
		}}
	]
}"#;

pub(super) const LEGACY: &str = "apiVersion: v1\nkind: Config\nusers:\n- name: block\n  user:\n    auth-provider: # old\n      config:\n        # where\n        idp-issuer-url: https://i\n        client-id: app\n        client-secret: hunter2\n        extra-scopes: email, groups\n        idp-certificate-authority: /ca file.pem\n        id-token: very-secret-token\n        refresh-token:\n      name: oidc # kept\n- {name: flow, user: {auth-provider: {name: oidc, config: {idp-issuer-url: 'https://i', client-id: b}}}}\n- name: last\n  user:\n    auth-provider:\n      name: oidc\n      config:\n        client-id: c\n        idp-issuer-url: https://i\n        id-token:\n";
