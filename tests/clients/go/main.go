// Plays the life of a cache with the management SDK for Go: `main cloud` goes to the emulator as a cloud of its own, which
// the ready file in READY describes; `main proxy` uses the public cloud's names, as under `redurite exec`.
// Prints what happened as JSON, for the test to judge.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/redis/armredis/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

const (
	group = "go"
	name  = "gocache"
)

var poll = &runtime.PollUntilDoneOptions{Frequency: time.Second}

type ready struct {
	Subscription string `json:"subscriptionId"`
	Tenant       string `json:"tenantId"`
	Client       string `json:"clientId"`
	Secret       string `json:"clientSecret"`
	CaFile       string `json:"caFile"`
	Ports        struct {
		HTTPS    int `json:"https"`
		RedisTLS int `json:"redisTls"`
	} `json:"ports"`
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// finish waits for what a Begin function has begun.
func finish[T any](poller *runtime.Poller[T], err error) T {
	return must(must(poller, err).PollUntilDone(context.Background(), poll))
}

func trusted(told ready) *tls.Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(told.CaFile)))
	return &tls.Config{RootCAs: roots}
}

// options names the emulator's own endpoints, or those of the public cloud.
func options(told ready, mode string) policy.ClientOptions {
	transport := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trusted(told)}}
	if mode == "proxy" {
		return policy.ClientOptions{Transport: transport}
	}
	authority := fmt.Sprintf("https://localhost:%d", told.Ports.HTTPS)
	own := cloud.Configuration{
		ActiveDirectoryAuthorityHost: authority,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: authority, Audience: "https://management.azure.com"},
		},
	}
	return policy.ClientOptions{Cloud: own, Transport: transport}
}

// signIn answers what a cache says to a key, over TLS under the cache's own name.
func signIn(told ready, host, key string) string {
	config := trusted(told)
	config.ServerName = host
	connection := must(tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", told.Ports.RedisTLS), config))
	defer connection.Close()
	must(fmt.Fprintf(connection, "AUTH %s\r\n", key))
	answer := must(bufio.NewReader(connection).ReadString('\n'))
	return strings.TrimSpace(answer)
}

func main() {
	var told ready
	if err := json.Unmarshal(must(os.ReadFile(os.Getenv("READY"))), &told); err != nil {
		log.Fatal(err)
	}
	mode := os.Args[1]
	common := options(told, mode)
	var credential azcore.TokenCredential = must(azidentity.NewClientSecretCredential(
		told.Tenant, told.Client, told.Secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: common, DisableInstanceDiscovery: mode == "cloud"}))
	arm := &arm.ClientOptions{ClientOptions: common}
	ctx := context.Background()
	result := map[string]any{}

	groups := must(armresources.NewResourceGroupsClient(told.Subscription, credential, arm))
	must(groups.CreateOrUpdate(ctx, group, armresources.ResourceGroup{Location: to.Ptr("westeurope")}, nil))

	clients := must(armredis.NewClientFactory(told.Subscription, credential, arm))
	caches := clients.NewClient()
	created := finish(caches.BeginCreate(ctx, group, name, armredis.CreateParameters{
		Location: to.Ptr("westeurope"),
		Tags:     map[string]*string{"from": to.Ptr("go")},
		Properties: &armredis.CreateProperties{
			SKU: &armredis.SKU{Name: to.Ptr(armredis.SKUNamePremium), Family: to.Ptr(armredis.SKUFamilyP),
				Capacity: to.Ptr[int32](1)},
			MinimumTLSVersion:  to.Ptr(armredis.TLSVersionOne2),
			RedisConfiguration: &armredis.CommonPropertiesRedisConfiguration{MaxmemoryPolicy: to.Ptr("allkeys-lru")},
		},
	}, nil))
	result["created"] = created.Properties.ProvisioningState
	got := must(caches.Get(ctx, group, name, nil))
	host := *got.Properties.HostName
	result["got"] = []any{got.Name, got.Location, got.Tags["from"], host, got.Properties.SSLPort,
		got.Properties.RedisConfiguration.MaxmemoryPolicy}
	for pager := caches.NewListByResourceGroupPager(group, nil); pager.More(); {
		listed := []string{}
		for _, cache := range must(pager.NextPage(ctx)).Value {
			listed = append(listed, *cache.Name)
		}
		result["listed"] = listed
	}

	before := must(caches.ListKeys(ctx, group, name, nil))
	after := must(caches.RegenerateKey(ctx, group, name, armredis.RegenerateKeyParameters{
		KeyType: to.Ptr(armredis.RedisKeyTypePrimary)}, nil))
	result["keys"] = map[string]any{
		"secondaryStays": *before.SecondaryKey == *after.SecondaryKey,
		"before":         signIn(told, host, *before.PrimaryKey),
		"after":          signIn(told, host, *after.PrimaryKey),
		"secondary":      signIn(told, host, *after.SecondaryKey),
	}

	rules := clients.NewFirewallRulesClient()
	must(rules.CreateOrUpdate(ctx, group, name, "office", armredis.FirewallRule{Properties: &armredis.FirewallRuleProperties{
		StartIP: to.Ptr("10.0.0.1"), EndIP: to.Ptr("10.0.0.9")}}, nil))
	rule := must(rules.Get(ctx, group, name, "office", nil))
	result["rule"] = []any{rule.Name, rule.Properties.StartIP, rule.Properties.EndIP}
	must(rules.Delete(ctx, group, name, "office", nil))

	schedules := clients.NewPatchSchedulesClient()
	schedule := must(schedules.CreateOrUpdate(ctx, group, name, armredis.DefaultNameDefault, armredis.PatchSchedule{
		Properties: &armredis.ScheduleEntries{ScheduleEntries: []*armredis.ScheduleEntry{
			{DayOfWeek: to.Ptr(armredis.DayOfWeekSunday), StartHourUTC: to.Ptr[int32](2)}}}}, nil))
	result["schedule"] = schedule.Properties.ScheduleEntries[0].DayOfWeek

	finish(caches.BeginUpdate(ctx, group, name, armredis.UpdateParameters{
		Tags: map[string]*string{"from": to.Ptr("update")},
		Properties: &armredis.UpdateProperties{
			EnableNonSSLPort:   to.Ptr(true),
			RedisConfiguration: &armredis.CommonPropertiesRedisConfiguration{MaxmemoryPolicy: to.Ptr("noeviction")},
		},
	}, nil))
	updated := must(caches.Get(ctx, group, name, nil))
	result["updated"] = []any{updated.Properties.EnableNonSSLPort, updated.Properties.RedisConfiguration.MaxmemoryPolicy,
		updated.Tags["from"], updated.Properties.ProvisioningState}

	finish(caches.BeginDelete(ctx, group, name, nil))
	_, err := caches.Get(ctx, group, name, nil)
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) {
		log.Fatalf("a cache that is gone answers: %v", err)
	}
	result["gone"] = []any{refused.StatusCode, refused.ErrorCode}
	must(0, json.NewEncoder(os.Stdout).Encode(result))
}
