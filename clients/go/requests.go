package redurite

import (
	"fmt"
	"net/url"
	"strings"
)

// Match holds conditions on recorded requests: "plane", "command", "operation", "key", "cache",
// "client", "outcome", "ttl", "since" and others. Values are globs, numbers, or lists of globs.
type Match map[string]any

// Request is one recorded request.
type Request struct {
	ID         uint64   `json:"id"`
	Time       string   `json:"time"`
	Plane      string   `json:"plane"`
	Operation  string   `json:"operation"`
	Method     string   `json:"method"`
	Path       string   `json:"path"`
	Cache      string   `json:"cache"`
	Client     string   `json:"client"`
	ClientName string   `json:"clientName"`
	Inside     string   `json:"inside"` // "transaction", "script"
	Outcome    string   `json:"outcome"`
	Fault      string   `json:"fault"`
	Keys       []string `json:"keys"`
	Database   *int     `json:"database"`
	TTLMs      *int64   `json:"ttlMs"`
	DurationMs float64  `json:"durationMs"`
	DiffersIn  string   `json:"differsIn"` // of those that were near
}

func (r Request) String() string {
	words := append([]string{r.Plane, r.Operation}, r.Keys...)
	return strings.Join(append(words, "->", r.Outcome), " ")
}

// Expectation is what a test demands of the record. Without a count: at least one.
type Expectation struct {
	Name    string `json:"name,omitempty"`
	Match   Match  `json:"match"`
	Exactly *int   `json:"exactly,omitempty"`
	AtLeast *int   `json:"atLeast,omitempty"`
	AtMost  *int   `json:"atMost,omitempty"`
	Never   bool   `json:"never,omitempty"`
	Every   Match  `json:"every,omitempty"` // what each of them must have, too
}

// Times gives a pointer for Exactly, AtLeast and AtMost.
func Times(count int) *int { return &count }

// Result says how one expectation fared.
type Result struct {
	Index     int       `json:"index"`
	Name      string    `json:"name"`
	Passed    bool      `json:"passed"`
	Count     int       `json:"count"`
	Message   string    `json:"message"`
	Matched   []Request `json:"matched"`
	Offending []Request `json:"offending"`
	Near      []Request `json:"near"`
}

// VerificationError names the expectations that were not met, and what was near.
type VerificationError struct{ Results []Result }

func (e *VerificationError) Error() string {
	var lines []string
	for _, result := range e.Results {
		if result.Passed {
			continue
		}
		line := result.Message
		if result.Name != "" {
			line = result.Name + ": " + line
		}
		lines = append(lines, line)
		for _, request := range result.Offending {
			lines = append(lines, "  did not comply: "+request.String())
		}
		for _, request := range result.Near {
			lines = append(lines, fmt.Sprintf("  was near: %s (another %s)", request, request.DiffersIn))
		}
		for i := 0; len(result.Offending) == 0 && i < len(result.Matched); i++ {
			lines = append(lines, "  seen: "+result.Matched[i].String())
		}
	}
	return strings.Join(lines, "\n")
}

// Requests gives the recorded requests that match, oldest first.
func (a *Admin) Requests(match Match) ([]Request, error) {
	query := url.Values{"limit": {"20000"}}
	for name, value := range match {
		switch value := value.(type) {
		case []string:
			query[name] = value
		default:
			query.Set(name, fmt.Sprint(value))
		}
	}
	var answer struct{ Requests []Request }
	err := a.Call("GET", "/requests?"+query.Encode(), nil, &answer)
	for i, j := 0, len(answer.Requests)-1; i < j; i, j = i+1, j-1 {
		answer.Requests[i], answer.Requests[j] = answer.Requests[j], answer.Requests[i]
	}
	return answer.Requests, err
}

// ClearRequests begins the record anew, with Redis commands.
func (a *Admin) ClearRequests() error { return a.Call("DELETE", "/requests", nil, nil) }

// Verify gives a *VerificationError unless all expectations are met.
func (a *Admin) Verify(expectations ...Expectation) error {
	var answer struct {
		Passed  bool
		Results []Result
	}
	if err := a.Call("POST", "/requests/verify", expectations, &answer); err != nil {
		return err
	}
	if !answer.Passed {
		return &VerificationError{answer.Results}
	}
	return nil
}
