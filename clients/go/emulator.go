// Package redurite starts and drives Redurite, the emulator of Azure Cache for Redis, from tests:
// time, faults, and what the application did.
package redurite

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	startTime = 30 * time.Second
	stopTime  = 10 * time.Second
)

// Settings of an emulator of one's own. The zero value will do.
type Settings struct {
	Binary  string   // default: the variable REDURITE, else redurite on PATH
	Clock   string   // "real", "frozen" or a scale; Start: frozen
	Seed    string   // a file of resources to start with
	Options []string // further words of `redurite start`
}

// Ready is what the emulator wrote down when it was ready.
type Ready struct {
	PID     int    `json:"pid"`
	Version string `json:"version"`
	Ports   struct {
		Redis    int `json:"redis"`
		RedisTLS int `json:"redisTls"`
		HTTPS    int `json:"https"`
	} `json:"ports"`
	CAFile         string `json:"caFile"`
	TenantID       string `json:"tenantId"`
	SubscriptionID string `json:"subscriptionId"`
	ClientID       string `json:"clientId"`
	ClientSecret   string `json:"clientSecret"`
}

// Emulator is a running emulator of one's own, on free ports. It records Redis commands and keeps
// nothing on disk.
type Emulator struct {
	*Admin
	Ready     Ready
	binary    string
	directory string
	command   *exec.Cmd
	exited    chan struct{}
}

// Start gives a test an emulator with a frozen clock; it is stopped when the test ends.
func Start(t testing.TB, settings ...Settings) *Emulator {
	t.Helper()
	var chosen Settings
	if len(settings) > 0 {
		chosen = settings[0]
	}
	if chosen.Clock == "" {
		chosen.Clock = "frozen"
	}
	emulator, err := Run(chosen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(emulator.Stop)
	return emulator
}

func findBinary(given string) (string, error) {
	for _, binary := range []string{given, os.Getenv("REDURITE")} {
		if binary != "" {
			return binary, nil
		}
	}
	binary, err := exec.LookPath("redurite")
	if err != nil {
		return "", errors.New("redurite was not found: put it on PATH, or its path into the variable REDURITE")
	}
	return binary, nil
}

// Run starts an emulator outside of a test, in TestMain for example. The caller stops it.
func Run(settings Settings) (*Emulator, error) {
	binary, err := findBinary(settings.Binary)
	if err != nil {
		return nil, err
	}
	directory, err := os.MkdirTemp("", "redurite-")
	if err != nil {
		return nil, err
	}
	emulator := &Emulator{binary: binary, directory: directory, exited: make(chan struct{})}
	if err := emulator.start(settings); err != nil {
		emulator.Stop()
		return nil, err
	}
	return emulator, nil
}

func (e *Emulator) start(settings Settings) error {
	if settings.Clock == "" {
		settings.Clock = "real"
	}
	readyFile := filepath.Join(e.directory, "ready.json")
	words := []string{"start", "--redis-port", "0", "--redis-tls-port", "0", "--https-port", "0", "--ephemeral",
		"--data-dir", filepath.Join(e.directory, "data"), "--ready-file", readyFile, "--clock", settings.Clock,
		"--record-commands"}
	if settings.Seed != "" {
		words = append(words, "--seed", settings.Seed)
	}
	log, err := os.Create(e.logFile())
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(e.binary, append(words, settings.Options...)...)
	command.Stderr = log
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "REDURITE_") {
			command.Env = append(command.Env, variable)
		}
	}
	if err := command.Start(); err != nil {
		return err
	}
	e.command = command
	go func() {
		_ = command.Wait()
		close(e.exited)
	}()
	if err := e.awaitReady(readyFile); err != nil {
		return err
	}
	e.Admin = NewAdmin(fmt.Sprintf("http://127.0.0.1:%d", e.Ready.Ports.HTTPS))
	return nil
}

func (e *Emulator) awaitReady(file string) error {
	end := time.After(startTime)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if text, err := os.ReadFile(file); err == nil {
			return json.Unmarshal(text, &e.Ready)
		}
		select {
		case <-tick.C:
		case <-e.exited:
			return fmt.Errorf("redurite did not start: %s", strings.TrimSpace(e.Log()))
		case <-end:
			return fmt.Errorf("redurite was not ready in %s: %s", startTime, strings.TrimSpace(e.Log()))
		}
	}
}

func (e *Emulator) logFile() string { return filepath.Join(e.directory, "redurite.log") }

// Log is what the emulator has written to stderr.
func (e *Emulator) Log() string {
	text, _ := os.ReadFile(e.logFile())
	return string(text)
}

// Environment gives the variables that lead az, Terraform and the Azure SDKs in a child process to
// the emulator; mode is "proxy" or "cloud".
func (e *Emulator) Environment(mode string) (map[string]string, error) {
	text, err := exec.Command(e.binary, "env", "--format", "json", "--mode", mode, "--endpoint", e.Endpoint).Output()
	if err != nil {
		return nil, err
	}
	variables := map[string]string{}
	return variables, json.Unmarshal(text, &variables)
}

// Stop ends the emulator and removes its files.
func (e *Emulator) Stop() {
	if e.command != nil {
		_ = e.command.Process.Signal(os.Interrupt)
		select {
		case <-e.exited:
		case <-time.After(stopTime):
			_ = e.command.Process.Kill()
			<-e.exited
		}
		e.command = nil
	}
	_ = os.RemoveAll(e.directory)
}
