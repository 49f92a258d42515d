/* Which variables point which tools at the emulator. */
#include "emulator/cli/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/cli/azure_config.h"
#include "emulator/config.h"
#include "emulator/files.h"

#define BUNDLE_LIMIT (16 * 1024 * 1024)
/* Never through the proxy: the emulator's own address and names. */
#define DIRECT_HOSTS "localhost,127.0.0.1,::1"

const char *const environment_mode_choices[] = {"proxy", "cloud", NULL};

/* Where systems keep the authorities they trust, most common first. */
static const char *const system_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/opt/homebrew/etc/openssl@3/cert.pem",
    "/usr/local/etc/openssl@3/cert.pem",
};

static void set(struct environment *environment, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void set(struct environment *environment, const char *name, const char *format, ...)
{
    struct buf value;
    va_list arguments;

    buf_init(&value, 1024 * 1024);
    va_start(arguments, format);
    buf_vprintf(&value, format, arguments);
    va_end(arguments);
    if (environment->count < ARRAY_LEN(environment->list)) {
        environment->list[environment->count++] =
            (struct variable){name, bytes_to_string(buf_bytes(&value))};
    }
    buf_finish(&value);
}

void environment_finish(struct environment *environment)
{
    for (size_t i = 0; i < environment->count; i++) {
        memory_free(environment->list[i].value);
    }
    environment->count = 0;
}

/*
 * SSL_CERT_FILE and REQUESTS_CA_BUNDLE replace the system's authorities, so the bundle holds both:
 * with ours alone, tools could not reach the real Internet any more.
 */
static enum exit_status write_bundle(const char *authority_pem, const char *directory,
                                     char **bundle_file)
{
    struct buf bundle;
    enum exit_status status = EXIT_DONE;

    buf_init(&bundle, BUNDLE_LIMIT);
    for (size_t i = 0; i < ARRAY_LEN(system_bundles) && bundle.size == 0; i++) {
        if (file_read(system_bundles[i], &bundle) != 0) {
            buf_clear(&bundle);
        }
    }
    if (bundle.size > 0 && bundle.data[bundle.size - 1] != '\n') {
        buf_append_byte(&bundle, '\n');
    }
    buf_append_string(&bundle, authority_pem);

    *bundle_file = string_format("%s/ca-bundle.pem", directory);
    struct buf present;
    buf_init(&present, BUNDLE_LIMIT);
    bool same = file_read(*bundle_file, &present) == 0 &&
                bytes_equal(buf_bytes(&present), buf_bytes(&bundle));
    int failure = same ? 0 : file_replace(*bundle_file, buf_bytes(&bundle), 0644);
    if (failure != 0) {
        status = cli_fail(EXIT_FAILED, "cannot write %s: %s", *bundle_file, strerror(failure));
    }
    buf_finish(&present);
    buf_finish(&bundle);
    return status;
}

static bool read_text(const char *file, struct buf *text)
{
    return file_read(file, text) == 0 && text->size > 0;
}

/*
 * The directory for the files: the emulator's own, or the user's when that is on another machine
 * or belongs to someone else. The certificate comes from the emulator's answer in that case.
 */
static enum exit_status choose_directory(const cJSON *info, char **directory, char **ca_file,
                                         struct buf *pem)
{
    const char *theirs = json_text(info, "dataDir");
    const char *their_file = json_text(info, "caFile");
    const char *their_pem = json_text(info, "caCertificate");

    if (theirs[0] == '/' && access(theirs, W_OK | X_OK) == 0 && read_text(their_file, pem) &&
        bytes_equal_string(buf_bytes(pem), their_pem)) {
        *directory = string_duplicate(theirs);
        *ca_file = string_duplicate(their_file);
        return EXIT_DONE;
    }

    extern char **environ;
    char *ours = default_data_directory(environ);
    if (ours == NULL) {
        return cli_fail(EXIT_FAILED, "HOME is not set: nowhere to write the certificate to");
    }
    *directory = string_format("%s/remote", ours);
    memory_free(ours);
    *ca_file = string_format("%s/ca.pem", *directory);
    int failure = directory_make(*directory, 0700);
    if (failure == 0) {
        failure = file_replace(*ca_file, bytes_from_string(their_pem), 0644);
    }
    buf_clear(pem);
    buf_append_string(pem, their_pem);
    return failure == 0 ? EXIT_DONE
                        : cli_fail(EXIT_FAILED, "cannot write %s: %s", *ca_file, strerror(failure));
}

static void set_trust(struct environment *environment, const char *ca_file, const char *bundle)
{
    set(environment, "REQUESTS_CA_BUNDLE", "%s", bundle); /* Python: az */
    set(environment, "SSL_CERT_FILE", "%s", bundle);      /* Go: Terraform; OpenSSL; .NET */
    set(environment, "CURL_CA_BUNDLE", "%s", bundle);
    set(environment, "NODE_EXTRA_CA_CERTS", "%s", ca_file); /* adds to Node's own */
    set(environment, "SERedis_IssuerCertPath", "%s", ca_file);
}

static void set_identity(struct environment *environment, const cJSON *info)
{
    static const struct {
        const char *key, *azure, *terraform;
    } facts[] = {
        {"tenantId", "AZURE_TENANT_ID", "ARM_TENANT_ID"},
        {"subscriptionId", "AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID"},
        {"clientId", "AZURE_CLIENT_ID", "ARM_CLIENT_ID"},
        {"clientSecret", "AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET"},
    };
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        set(environment, facts[i].azure, "%s", json_text(info, facts[i].key));
        set(environment, facts[i].terraform, "%s", json_text(info, facts[i].key));
    }
}

static void set_devcache(struct environment *environment, const cJSON *info)
{
    const cJSON *cache;
    cJSON_ArrayForEach(cache, json_at(info, "caches"))
    {
        if (strcmp(json_text(cache, "name"), "devcache") != 0) {
            continue;
        }
        set(environment, "DEVCACHE_HOST", "%s", json_text(cache, "hostName"));
        set(environment, "DEVCACHE_PORT", "%lld", (long long)json_number(cache, "port"));
        set(environment, "DEVCACHE_SSL_PORT", "%lld", (long long)json_number(cache, "sslPort"));
        set(environment, "DEVCACHE_KEY", "%s", json_text(cache, "primaryKey"));
        set(environment, "DEVCACHE_CONNECTION_STRING", "%s",
            json_text(cache, "connectionStrings.stackexchange"));
        set(environment, "DEVCACHE_URL", "%s", json_text(cache, "connectionStrings.url"));
    }
}

static void set_proxy(struct environment *environment, const char *base)
{
    set(environment, "HTTPS_PROXY", "http://%s", base);
    set(environment, "https_proxy", "http://%s", base);
    set(environment, "NO_PROXY", DIRECT_HOSTS);
    set(environment, "no_proxy", DIRECT_HOSTS);
}

static void set_cloud(struct environment *environment, long long port)
{
    set(environment, "AZURE_AUTHORITY_HOST", "https://localhost:%lld", port);
    set(environment, "ARM_METADATA_HOSTNAME", "localhost:%lld", port);
    set(environment, "ARM_METADATA_HOST", "localhost:%lld", port); /* its name from azurerm 4 on */
    /* Newer CLIs ask login.microsoftonline.com about unknown authorities unless told not to. */
    set(environment, "AZURE_CORE_INSTANCE_DISCOVERY", "false");
    set(environment, "NO_PROXY", DIRECT_HOSTS);
    set(environment, "no_proxy", DIRECT_HOSTS);
}

enum exit_status environment_prepare(const char *endpoint, enum environment_mode mode,
                                     struct environment *environment)
{
    cJSON *info = NULL;
    char *directory = NULL, *ca_file = NULL, *bundle = NULL, *azure_directory = NULL;
    struct buf pem;

    buf_init(&pem, BUNDLE_LIMIT);
    enum exit_status status = client_info(endpoint, &info);
    if (status == EXIT_DONE) {
        status = choose_directory(info, &directory, &ca_file, &pem);
    }
    if (status == EXIT_DONE) {
        status = write_bundle(buf_string(&pem), directory, &bundle);
    }
    if (status == EXIT_DONE) {
        status = azure_config_prepare(info, directory, mode == ENVIRONMENT_CLOUD, &azure_directory);
    }
    if (status == EXIT_DONE) {
        long long port = (long long)json_number(info, "ports.https");
        const char *url = client_endpoint(endpoint);
        const char *base = strstr(url, "://");
        set(environment, "REDURITE_ENDPOINT", "%s", url);
        if (mode == ENVIRONMENT_PROXY) {
            set_proxy(environment, base == NULL ? url : base + 3);
        } else {
            set_cloud(environment, port);
        }
        set_trust(environment, ca_file, bundle);
        set(environment, "AZURE_CONFIG_DIR", "%s", azure_directory);
        set(environment, "AZURE_CORE_COLLECT_TELEMETRY", "no");
        set(environment, "AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://%s",
            base == NULL ? url : base + 3);
        set_identity(environment, info);
        set_devcache(environment, info);
    }
    buf_finish(&pem);
    memory_free(directory);
    memory_free(ca_file);
    memory_free(bundle);
    memory_free(azure_directory);
    cJSON_Delete(info);
    return status;
}
