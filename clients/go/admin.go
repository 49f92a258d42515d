package redurite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Admin speaks to the admin API of an emulator that runs already, wherever it was started.
type Admin struct {
	Endpoint string // "http://127.0.0.1:8443"
	client   http.Client
}

// NewAdmin gives an Admin for that endpoint.
func NewAdmin(endpoint string) *Admin {
	return &Admin{
		Endpoint: strings.TrimRight(endpoint, "/"),
		// No proxy: the variables may lead to the emulator's own.
		client: http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute},
	}
}

// AdminError is what the emulator said when it refused a request.
type AdminError struct {
	Status  int
	Code    string
	Message string
}

func (e *AdminError) Error() string { return e.Message }

// Cache is what an application needs to reach one cache.
type Cache struct {
	Name              string `json:"name"`
	Host              string `json:"hostName"`
	Port              int    `json:"port"` // without TLS; 0 when that port is closed
	TLSPort           int    `json:"sslPort"`
	Key               string `json:"primaryKey"`
	SecondaryKey      string `json:"secondaryKey"`
	CAFile            string `json:"-"` // the authority that TLS clients must trust
	ConnectionStrings struct {
		StackExchange string `json:"stackexchange"`
		URL           string `json:"url"` // rediss://
	} `json:"connectionStrings"`
}

// Address is host and port for clients that use TLS, as go-redis's Options.Addr.
func (c *Cache) Address() string { return fmt.Sprintf("%s:%d", c.Host, c.TLSPort) }

// PlainAddress is the same without TLS.
func (c *Cache) PlainAddress() string { return fmt.Sprintf("%s:%d", c.Host, c.Port) }

// PlainURL is redis://, without TLS, for redis.ParseURL.
func (c *Cache) PlainURL() string {
	return fmt.Sprintf("redis://:%s@%s/0", url.QueryEscape(c.Key), c.PlainAddress())
}

// Call makes one request under /_redurite; the answer's JSON goes to answer unless that is nil.
func (a *Admin) Call(method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, a.Endpoint+"/_redurite"+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 400 {
		var refusal struct {
			Error struct{ Code, Message string }
		}
		if json.Unmarshal(text, &refusal) != nil || refusal.Error.Message == "" {
			refusal.Error.Message = "status " + response.Status
		}
		return &AdminError{response.StatusCode, refusal.Error.Code, refusal.Error.Message}
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// Caches lists the caches there are.
func (a *Admin) Caches() ([]Cache, error) {
	var info struct {
		CAFile string
		Caches []Cache
	}
	err := a.Call("GET", "/info", nil, &info)
	for i := range info.Caches {
		info.Caches[i].CAFile = info.CAFile
	}
	return info.Caches, err
}

// Cache finds one by name; "devcache" is there from the start.
func (a *Admin) Cache(name string) (*Cache, error) {
	caches, err := a.Caches()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(caches))
	for i := range caches {
		if strings.EqualFold(caches[i].Name, name) {
			return &caches[i], nil
		}
		names[i] = caches[i].Name
	}
	return nil, fmt.Errorf("there is no cache %q; there are: %s", name, strings.Join(names, ", "))
}

// Now is the emulator's time.
func (a *Admin) Now() (time.Time, error) {
	var clock struct{ NowMs int64 }
	err := a.Call("GET", "/clock", nil, &clock)
	return time.UnixMilli(clock.NowMs), err
}

// Advance moves the clock; everything due in that span has run on return.
func (a *Admin) Advance(by time.Duration) error {
	return a.Call("POST", "/clock/advance", map[string]string{"by": fmt.Sprintf("%dms", by.Milliseconds())}, nil)
}

// Freeze stops the clock.
func (a *Admin) Freeze() error {
	return a.Call("POST", "/clock", map[string]string{"mode": "frozen"}, nil)
}

// Resume lets the clock go on, so many times as fast as real time.
func (a *Admin) Resume(scale float64) error {
	return a.Call("POST", "/clock", map[string]any{"mode": "real", "scale": scale}, nil)
}

// Reset goes back to the start state: resources, data, clock, faults and record.
func (a *Admin) Reset() error { return a.Call("POST", "/reset", nil, nil) }

// Save takes a snapshot of everything.
func (a *Admin) Save() (json.RawMessage, error) {
	var snapshot json.RawMessage
	err := a.Call("GET", "/state", nil, &snapshot)
	return snapshot, err
}

// Load puts a snapshot in place of everything.
func (a *Admin) Load(snapshot json.RawMessage) error { return a.Call("PUT", "/state", snapshot, nil) }

// Rule is a fault rule, as the admin API takes it.
type Rule struct {
	ID          string         `json:"id,omitempty"`
	Plane       string         `json:"plane"` // "redis", "arm", "entra", "tcp" ...
	Type        string         `json:"type"`  // "error", "latency", "quota_exceeded" ...
	Match       map[string]any `json:"match,omitempty"`
	Attributes  map[string]any `json:"attributes,omitempty"`
	Priority    int            `json:"priority,omitempty"`
	Probability *float64       `json:"probability,omitempty"`
	Times       int            `json:"times,omitempty"`
	After       int            `json:"after,omitempty"`
	StartAfter  string         `json:"startAfter,omitempty"`
	Duration    string         `json:"duration,omitempty"`

	// Only in answers.
	Hits   int  `json:"hits,omitempty"`
	Fired  int  `json:"fired,omitempty"`
	Active bool `json:"active,omitempty"`
}

// AddFault puts a rule in force and gives it with its ID.
func (a *Admin) AddFault(rule Rule) (*Rule, error) {
	rule.Hits, rule.Fired, rule.Active = 0, 0, false
	var added Rule
	err := a.Call("POST", "/faults", rule, &added)
	return &added, err
}

// Fault shows a rule as it is now, with Hits, Fired and Active.
func (a *Admin) Fault(id string) (*Rule, error) {
	var rule Rule
	err := a.Call("GET", "/faults/"+url.PathEscape(id), nil, &rule)
	return &rule, err
}

// RemoveFault ends a rule.
func (a *Admin) RemoveFault(id string) error {
	return a.Call("DELETE", "/faults/"+url.PathEscape(id), nil, nil)
}

// ClearFaults ends all rules.
func (a *Admin) ClearFaults() error { return a.Call("DELETE", "/faults", nil, nil) }

// StartScenario plays a scenario by name; with a cache only that one suffers.
func (a *Admin) StartScenario(name, cache string) error {
	var body any
	if cache != "" {
		body = map[string]string{"cache": cache}
	}
	return a.Call("POST", "/scenarios/"+url.PathEscape(name)+"/start", body, nil)
}

// AddScenario makes one of your own known, for StartScenario.
func (a *Admin) AddScenario(document any) error { return a.Call("POST", "/scenarios", document, nil) }

// StopScenario takes a scenario away without trace.
func (a *Admin) StopScenario(name string) error {
	return a.Call("POST", "/scenarios/"+url.PathEscape(name)+"/stop", nil, nil)
}

// ScenarioSolved says whether the learner has succeeded.
func (a *Admin) ScenarioSolved(name string) (bool, error) {
	var document struct {
		Running struct{ Solved bool }
	}
	err := a.Call("GET", "/scenarios/"+url.PathEscape(name), nil, &document)
	return document.Running.Solved, err
}
