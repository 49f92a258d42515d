/*
 * "@Microsoft.KeyVault(SecretUri=https://kv1.vault.azure.net/secrets/name)", or with VaultName,
 * SecretName and SecretVersion: the setting's value is the secret's, read as the app's identity.
 */
#include <stdio.h>
#include <string.h>

#include "arm/apps/apps.h"
#include "arm/vaults/data_plane.h"

static const char opening[] = "@Microsoft.KeyVault(";

static void copy(char *to, size_t size, struct bytes text)
{
    snprintf(to, size, "%.*s", (int)bytes_slice(text, 0, size - 1).size,
             text.data == NULL ? "" : text.data);
}

/* "https://kv1.vault.azure.net/secrets/name/version" */
static bool read_uri(struct bytes uri, struct app_reference *reference)
{
    static const char scheme[] = "https://", folder[] = "/secrets/";
    if (!bytes_equal_string_nocase(bytes_slice(uri, 0, strlen(scheme)), scheme)) {
        return false;
    }
    struct bytes rest = bytes_slice(uri, strlen(scheme), uri.size);
    struct bytes host = bytes_slice(rest, 0, bytes_find(rest, '/'));
    rest = bytes_slice(rest, host.size, rest.size);
    if (!bytes_equal_string_nocase(bytes_slice(rest, 0, strlen(folder)), folder)) {
        return false;
    }
    rest = bytes_slice(rest, strlen(folder), rest.size);
    size_t slash = bytes_find(rest, '/');
    struct bytes version = bytes_slice(rest, slash + 1, rest.size);
    copy(reference->vault, sizeof(reference->vault), bytes_slice(host, 0, bytes_find(host, '.')));
    copy(reference->secret, sizeof(reference->secret), bytes_slice(rest, 0, slash));
    copy(reference->version, sizeof(reference->version),
         bytes_slice(version, 0, bytes_find(version, '/')));
    return true;
}

static bool read_part(struct bytes part, struct app_reference *reference)
{
    size_t equals = bytes_find(part, '=');
    struct bytes name = bytes_slice(part, 0, equals);
    struct bytes value = bytes_slice(part, equals + 1, part.size);
    while (name.size > 0 && name.data[0] == ' ') {
        name = bytes_slice(name, 1, name.size);
    }
    if (bytes_equal_string_nocase(name, "SecretUri")) {
        return read_uri(value, reference);
    }
    if (bytes_equal_string_nocase(name, "VaultName")) {
        copy(reference->vault, sizeof(reference->vault), value);
    } else if (bytes_equal_string_nocase(name, "SecretName")) {
        copy(reference->secret, sizeof(reference->secret), value);
    } else if (bytes_equal_string_nocase(name, "SecretVersion")) {
        copy(reference->version, sizeof(reference->version), value);
    } else {
        return part.size == 0;
    }
    return true;
}

static void resolve(struct arm_service *service, const struct arm_resource *app,
                    const char *identity, struct app_reference *reference)
{
    struct arm_principal principal;
    struct arm_error error;
    if (!app_principal(service, app, identity, &principal)) {
        reference->status = "MSINotEnabled";
        reference->details = "Reference was not able to be resolved because site Managed Identity "
                             "not enabled.";
        return;
    }
    reference->value =
        arm_vault_secret_value(service, bytes_from_string(reference->vault), reference->secret,
                               reference->version, &principal, &error);
    if (reference->value != NULL) {
        reference->status = "Resolved";
        reference->details = "Reference has been successfully resolved.";
    } else if (strcmp(error.code, "VaultNotFound") == 0) {
        reference->status = "VaultNotFound";
        reference->details = "Key Vault reference was not able to be resolved because the vault "
                             "was not found.";
    } else if (strcmp(error.code, "SecretNotFound") == 0 && reference->version[0] != '\0') {
        reference->status = "SecretVersionNotFound";
        reference->details = "Key Vault reference was not able to be resolved because the secret "
                             "version was not found.";
    } else if (strcmp(error.code, "SecretNotFound") == 0) {
        reference->status = "SecretNotFound";
        reference->details = "Key Vault reference was not able to be resolved because the secret "
                             "was not found.";
    } else {
        reference->status = "AccessToKeyVaultDenied";
        reference->details = "Key Vault reference was not able to be resolved because site was "
                             "denied access to Key Vault reference's vault.";
    }
}

bool app_reference_read(struct arm_service *service, const struct arm_resource *app,
                        const char *text, const char *identity, struct app_reference *reference)
{
    struct bytes rest = bytes_from_string(text);
    if (!bytes_equal_string_nocase(bytes_slice(rest, 0, strlen(opening)), opening)) {
        return false;
    }
    *reference = (struct app_reference){.status = "InvalidSyntax"};
    reference->details = "Key Vault reference was not able to be resolved because its syntax is "
                         "invalid.";
    bool good = rest.data[rest.size - 1] == ')';
    rest = bytes_slice(rest, strlen(opening), rest.size - 1);
    while (good && rest.size > 0) {
        struct bytes part = bytes_slice(rest, 0, bytes_find(rest, ';'));
        rest = bytes_slice(rest, part.size + 1, rest.size);
        good = read_part(part, reference);
    }
    if (good && reference->vault[0] != '\0' && reference->secret[0] != '\0') {
        resolve(service, app, identity, reference);
    }
    return true;
}
