// Command config-oracle says what kube-apiserver finds in an AuthenticationConfiguration. It decodes and validates as the API
// server does at its start. Each line of standard input is a JSON object with `text` and, if wanted, `disallowedIssuers` and `token`. Each line of
// standard output has either `decode`, the error of the decoder, or `errors`, those of the validation in their order, and `login`, what an accepted
// configuration makes of the token.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"
	"k8s.io/apiserver/pkg/authentication/cel"
)

type question struct {
	Text              string   `json:"text"`
	DisallowedIssuers []string `json:"disallowedIssuers"`
	Token             string   `json:"token"`
}

type finding struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

type answer struct {
	Decode string    `json:"decode,omitempty"`
	Errors []finding `json:"errors"`
	Login  *login    `json:"login,omitempty"`
}

var (
	codecs   serializer.CodecFactory
	compiler cel.Compiler
)

func init() {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	codecs = serializer.NewCodecFactory(scheme, serializer.EnableStrict)
	compiler = cel.NewDefaultCompiler()
}

func judge(q question) (result answer) {
	defer func() {
		if fault := recover(); fault != nil {
			result = answer{Decode: "panic"}
		}
	}()
	if len(q.Text) == 0 {
		return answer{Decode: "empty config data"}
	}
	object, err := runtime.Decode(codecs.UniversalDecoder(), []byte(q.Text))
	if err != nil {
		return answer{Decode: err.Error()}
	}
	configuration, ok := object.(*apiserver.AuthenticationConfiguration)
	if !ok {
		return answer{Decode: fmt.Sprintf("expected AuthenticationConfiguration, got %T", object)}
	}
	result = answer{Errors: []finding{}}
	for _, e := range validation.ValidateAuthenticationConfiguration(compiler, configuration, q.DisallowedIssuers) {
		result.Errors = append(result.Errors, finding{Field: e.Field, Text: e.Error()})
	}
	if len(result.Errors) == 0 && q.Token != "" {
		result.Login = logIn(configuration, q.Token)
	}
	return result
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	decoder := json.NewDecoder(lines)
	for decoder.More() {
		var q question
		if err := decoder.Decode(&q); err != nil {
			fmt.Fprintln(os.Stderr, "config-oracle:", err)
			os.Exit(2)
		}
		if err := encoder.Encode(judge(q)); err != nil {
			os.Exit(1)
		}
		if lines.Buffered() == 0 {
			out.Flush()
		}
	}
	out.Flush()
}
