// Command dex is Dex's server as the tests want it: on loopback, in memory, with one person in its password database and
// clients of each kind.
//
// It prints its issuer when it is ready, and each answer of the token endpoint after that.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"golang.org/x/crypto/bcrypt"
)

// A public client may have any port of localhost as its redirect URI, and may have a secret all the same.
var clients = []storage.Client{
	{ID: "kubectl", Name: "kubectl", Public: true},
	{ID: "dashboard", Name: "dashboard", Public: true},
	{ID: "confidential", Name: "confidential", Public: true, Secret: "a secret with: colons & spaces"},
}

func main() {
	reuse := flag.String("reuse-interval", "", "for how long a used refresh token is good once more; never if empty")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	issuer := fmt.Sprintf("http://%s/dex", listener.Addr())
	dex, err := newServer(issuer, *reuse)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(issuer)
	log.Fatal(http.Serve(listener, reported(dex)))
}

func newServer(issuer, reuse string) (http.Handler, error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	policy, err := server.NewRefreshTokenPolicy(logger, false, "", "", reuse)
	if err != nil {
		return nil, err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("alice"), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	alice := storage.Password{Email: "alice@example.com", Username: "alice", UserID: "alice", Hash: hash}
	store := memory.New(logger)
	store = storage.WithStaticClients(store, clients)
	store = storage.WithStaticPasswords(store, []storage.Password{alice}, logger)
	store = storage.WithStaticConnectors(store, []storage.Connector{
		{ID: server.LocalConnector, Type: server.LocalConnector, Name: "Email"},
	})
	return server.NewServer(context.Background(), server.Config{
		Issuer:             issuer,
		Storage:            store,
		SkipApprovalScreen: true,
		IDTokensValidFor:   time.Hour,
		RefreshTokenPolicy: policy,
		Logger:             logger,
	})
}

// reported prints what the token endpoint answers.
func reported(dex http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/dex/token" {
			dex.ServeHTTP(w, r)
			return
		}
		grant := r.PostFormValue("grant_type")
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		dex.ServeHTTP(answer, r)
		if answer.status == http.StatusOK {
			fmt.Println("granted", grant)
			return
		}
		var refusal struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal(answer.body.Bytes(), &refusal); err != nil {
			refusal.Description = err.Error()
		}
		fmt.Println("refused", grant, answer.status, refusal.Error, refusal.Description)
	})
}

type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(body []byte) (int, error) {
	r.body.Write(body)
	return r.ResponseWriter.Write(body)
}
