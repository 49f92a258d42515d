package redurite_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"redurite"
)

// conversation is a Redis client of a few lines, so that the package needs no other.
type conversation struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
}

func talk(t *testing.T, emulator *redurite.Emulator) *conversation {
	t.Helper()
	cache, err := emulator.Cache("devcache")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", cache.PlainAddress())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &conversation{t, conn, bufio.NewReader(conn)}
	c.expect("+OK", "AUTH", cache.Key)
	return c
}

// expect sends the words and compares the first line of the answer.
func (c *conversation) expect(want string, words ...string) {
	c.t.Helper()
	fmt.Fprintf(c.conn, "%s\r\n", strings.Join(words, " "))
	line, err := c.reader.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	if strings.HasPrefix(line, "$") && !strings.HasPrefix(line, "$-1") {
		line, err = c.reader.ReadString('\n')
	}
	if err != nil || strings.TrimSpace(line) != want {
		c.t.Fatalf("%v: got %q, want %q (%v)", words, line, want, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTimeIsMoved(t *testing.T) {
	emulator := redurite.Start(t)
	client := talk(t, emulator)
	// Within the ten minutes after which the cache closes idle connections.
	client.expect("+OK", "SET", "session", "ada", "EX", "600")
	before, err := emulator.Now()
	must(t, err)
	must(t, emulator.Advance(9*time.Minute))
	client.expect(":60", "TTL", "session")
	must(t, emulator.Advance(time.Minute))
	client.expect("$-1", "GET", "session")
	after, err := emulator.Now()
	must(t, err)
	if after.Sub(before) != 10*time.Minute {
		t.Errorf("%s have passed", after.Sub(before))
	}
	must(t, emulator.Resume(1000))
	must(t, emulator.Freeze())
}

func TestWhatWasDoneIsReadAndVerified(t *testing.T) {
	emulator := redurite.Start(t)
	client := talk(t, emulator)
	client.expect("$-1", "GET", "user:1")
	client.expect("$-1", "GET", "user:1")
	client.expect("+OK", "SET", "a", "1", "EX", "5")
	requests, err := emulator.Requests(redurite.Match{"key": []string{"user:*", "a"}})
	must(t, err)
	if fmt.Sprint(requests) != "[redis GET user:1 -> ok redis GET user:1 -> ok redis SET a -> ok]" {
		t.Errorf("recorded: %v", requests)
	}
	noScan := redurite.Expectation{Name: "no scan", Match: redurite.Match{"command": "KEYS"}, Never: true}
	must(t, emulator.Verify(
		redurite.Expectation{Match: redurite.Match{"command": "GET", "key": "user:1"}, Exactly: redurite.Times(2)},
		redurite.Expectation{Match: redurite.Match{"command": "SET"}, Every: redurite.Match{"ttl": true}},
		noScan))
	client.expect("*0", "KEYS", "none*")
	err = emulator.Verify(noScan, redurite.Expectation{Match: redurite.Match{"command": "GET", "key": "user:2"}})
	var failed *redurite.VerificationError
	if !errors.As(err, &failed) || len(failed.Results) != 2 {
		t.Fatalf("verified: %v", err)
	}
	for _, text := range []string{"no scan: expected no request with command KEYS; there was 1", "seen: redis KEYS -> ok",
		"was near: redis GET user:1 -> ok (another key)"} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in:\n%s", text, err)
		}
	}
	must(t, emulator.ClearRequests())
	must(t, emulator.Verify(noScan))
}

func TestFaultsActAndCount(t *testing.T) {
	emulator := redurite.Start(t)
	client := talk(t, emulator)
	fault, err := emulator.AddFault(redurite.Rule{Plane: "redis", Type: "error", Match: map[string]any{"command": "GET"},
		Attributes: map[string]any{"error": "ERR on a bad day"}})
	must(t, err)
	client.expect("-ERR on a bad day", "GET", "a")
	now, err := emulator.Fault(fault.ID)
	must(t, err)
	if now.Fired != 1 || !now.Active {
		t.Errorf("%+v", now)
	}
	must(t, emulator.Verify(redurite.Expectation{Match: redurite.Match{"fault": fault.ID}, Exactly: redurite.Times(1)}))
	must(t, emulator.RemoveFault(fault.ID))
	client.expect("$-1", "GET", "a")
	if _, err := emulator.AddFault(redurite.Rule{Plane: "redis", Type: "loadin"}); err == nil ||
		!strings.Contains(err.Error(), "did you mean 'loading'") {
		t.Error(err)
	}
}

func TestScenariosArePlayed(t *testing.T) {
	emulator := redurite.Start(t)
	client := talk(t, emulator)
	must(t, emulator.StartScenario("memory-pressure", "devcache"))
	client.expect("-OOM command not allowed when used memory > 'maxmemory'.", "SET", "a", "1")
	solved, err := emulator.ScenarioSolved("memory-pressure")
	must(t, err)
	if solved {
		t.Error("solved already")
	}
	must(t, emulator.StopScenario("memory-pressure"))
	client.expect("+OK", "SET", "a", "1")
}

func TestStateGoesAndComesBack(t *testing.T) {
	emulator := redurite.Start(t)
	client := talk(t, emulator)
	client.expect("+OK", "SET", "kept", "1")
	snapshot, err := emulator.Save()
	must(t, err)
	must(t, emulator.Reset())
	client.expect(":0", "DBSIZE")
	must(t, emulator.Load(snapshot))
	client.expect("1", "GET", "kept")
	var refused *redurite.AdminError
	if err := emulator.Load([]byte(`{"format": "other"}`)); !errors.As(err, &refused) || refused.Status != 400 {
		t.Errorf("a damaged snapshot: %v", err)
	}
}

func TestCachesAndVariables(t *testing.T) {
	emulator := redurite.Start(t)
	cache, err := emulator.Cache("DEVCACHE")
	must(t, err)
	if cache.TLSPort != emulator.Ready.Ports.RedisTLS || cache.CAFile != emulator.Ready.CAFile ||
		!strings.HasPrefix(cache.ConnectionStrings.URL, "rediss://") || !strings.Contains(cache.PlainURL(), "%3D@") {
		t.Errorf("%+v", cache)
	}
	if _, err := emulator.Cache("other"); err == nil || err.Error() != `there is no cache "other"; there are: devcache` {
		t.Error(err)
	}
	variables, err := emulator.Environment("proxy")
	must(t, err)
	if variables["REDURITE_ENDPOINT"] != emulator.Endpoint {
		t.Error(variables)
	}
}

func TestAStartThatFailsSaysWhy(t *testing.T) {
	if _, err := redurite.Run(redurite.Settings{Options: []string{"--no-such-option"}}); err == nil ||
		!strings.Contains(err.Error(), "no-such-option") {
		t.Error(err)
	}
	if _, err := redurite.Run(redurite.Settings{Binary: "/nowhere/redurite"}); err == nil {
		t.Error("it started")
	}
}

func TestStopEndsTheProcess(t *testing.T) {
	emulator, err := redurite.Run(redurite.Settings{})
	must(t, err)
	emulator.Stop()
	emulator.Stop()
	if _, err := emulator.Now(); err == nil {
		t.Error("it still answers")
	}
}
