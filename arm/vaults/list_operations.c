/* Secrets, deleted secrets and versions in pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm/json.h"
#include "arm/vaults/operations.h"

enum { MOST_RESULTS = 25 };

static int by_name(const void *a, const void *b)
{
    const cJSON *const *left = a, *const *right = b;
    return strcmp((*left)->string, (*right)->string);
}

/* The page asked for; `path` is the list's own. Items are in the order of `sorted`. */
struct page {
    size_t from, most;
    char path[2 * VAULT_PART_SIZE];
};

static bool page_or_fail(struct vault_call *call, struct page *page)
{
    struct buf text;
    int64_t number;
    bool good = true;
    page->most = MOST_RESULTS;
    page->from = 0;
    buf_init(&text, 256);
    if (vault_query(call, "maxresults", &text)) {
        good = bytes_to_int64(buf_bytes(&text), &number) && number >= 1 && number <= MOST_RESULTS;
        page->most = good ? (size_t)number : 0;
    }
    if (good && vault_query(call, "$skiptoken", &text)) {
        good = bytes_to_int64(buf_bytes(&text), &number) && number >= 0;
        page->from = good ? (size_t)number : 0;
    }
    buf_finish(&text);
    return good || arm_fail(&call->error, 400, "BadParameter",
                            "maxresults must be between 1 and %d, $skiptoken one of a nextLink.",
                            MOST_RESULTS);
}

static void answer_page(struct vault_call *call, const struct page *page, cJSON *value,
                        size_t total)
{
    cJSON *body = cJSON_CreateObject();
    struct buf version;
    cJSON_AddItemToObject(body, "value", value);
    buf_init(&version, 64);
    if (page->from + page->most < total && vault_query(call, "api-version", &version)) {
        vault_add_url(body, "nextLink",
                      vault_own_url(call, "%s?api-version=%s&$skiptoken=%zu&maxresults=%zu",
                                    page->path, buf_string(&version), page->from + page->most,
                                    page->most));
    } else {
        cJSON_AddNullToObject(body, "nextLink");
    }
    buf_finish(&version);
    vault_answer(call, 200, body);
}

static bool list_all(struct vault_call *call, bool deleted)
{
    const cJSON *all = vault_secrets_all(call->vault, deleted), *item;
    size_t count = (size_t)cJSON_GetArraySize(all), i = 0;
    struct page page;
    if (!page_or_fail(call, &page)) {
        return false;
    }
    snprintf(page.path, sizeof(page.path), deleted ? "/deletedsecrets" : "/secrets");
    const cJSON **sorted = memory_allocate((count + 1) * sizeof(const cJSON *));
    cJSON_ArrayForEach(item, all)
    {
        sorted[i++] = item;
    }
    qsort(sorted, count, sizeof(const cJSON *), by_name);
    cJSON *value = cJSON_CreateArray();
    for (i = page.from; i < count && i < page.from + page.most; i++) {
        cJSON *shown;
        if (deleted) {
            shown = vault_show_deleted(call, sorted[i], false);
        } else {
            shown = cJSON_CreateObject();
            vault_add_url(shown, "id", vault_own_url(call, "/secrets/%s", sorted[i]->string));
            vault_show_attributes(call, shown, vault_secret_version(sorted[i], NULL));
        }
        cJSON_AddItemToArray(value, shown);
    }
    memory_free(sorted);
    answer_page(call, &page, value, count);
    return true;
}

bool vault_list_secrets(struct vault_call *call)
{
    return list_all(call, false);
}

bool vault_list_deleted(struct vault_call *call)
{
    return list_all(call, true);
}

bool vault_list_versions(struct vault_call *call)
{
    const cJSON *versions = vault_versions_or_fail(call), *version;
    struct page page;
    size_t i = 0;
    if (versions == NULL || !page_or_fail(call, &page)) {
        return false;
    }
    snprintf(page.path, sizeof(page.path), "/secrets/%s/versions", call->parts[1]);
    cJSON *value = cJSON_CreateArray();
    cJSON_ArrayForEach(version, versions)
    {
        if (i >= page.from && i < page.from + page.most) {
            cJSON_AddItemToArray(
                value, vault_show_version(call, vault_secret_name(versions), version, false));
        }
        i++;
    }
    answer_page(call, &page, value, i);
    return true;
}
