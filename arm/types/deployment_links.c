/*
 * Templates that a deployment links to instead of bringing them: a URL, a path relative to the
 * template around it, or a version of a template spec. What a link leads to is put beside it, as if
 * the request had brought it.
 * Source: Microsoft's "Using linked and nested templates" and the REST specification of
 * TemplateLink.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arm/json.h"
#include "arm/relaxed_json.h"
#include "arm/types/deployment.h"
#include "arm/types/template_specs.h"

enum { LONGEST_URL = 8 * 1024 };

static bool fail_link(struct template_error *error, const char *format, ...) PRINTF_LIKE(2, 3);
static bool fail_link(struct template_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    snprintf(error->code, sizeof(error->code), "InvalidContentLink");
    return false;
}

/* ---- Addresses ---- */

/* The path's "." and ".." are taken away. */
static char *resolve(const char *base, const char *relative)
{
    struct bytes whole = bytes_from_string(base);
    const char *scheme = strstr(base, "://");
    size_t root = scheme == NULL ? 0 : (size_t)(scheme - base) + 3;
    root += strcspn(base + root, "/");
    size_t end = root + strcspn(base + root, "?#");
    while (end > root && whole.data[end - 1] != '/') {
        end--;
    }
    struct buf url;
    buf_init(&url, LONGEST_URL);
    buf_append(&url, bytes_slice(whole, 0, end));
    if (url.size == root) {
        buf_append_byte(&url, '/');
    }
    while (*relative != '\0') {
        size_t size = strcspn(relative, "/");
        struct bytes segment = {relative, size};
        bool last = relative[size] == '\0';
        if (bytes_equal_string(segment, "..")) {
            url.size -= url.size > root + 1 ? 1 : 0;
            while (url.size > root + 1 && url.data[url.size - 1] != '/') {
                url.size--;
            }
        } else if (!bytes_equal_string(segment, ".") && size > 0) {
            buf_append(&url, segment);
            if (!last) {
                buf_append_byte(&url, '/');
            }
        }
        relative += size + (last ? 0 : 1);
    }
    char *text = bytes_to_string(buf_bytes(&url));
    buf_finish(&url);
    return text;
}

static char *with_query(const char *url, const char *query)
{
    query += query != NULL && query[0] == '?' ? 1 : 0;
    return query == NULL || query[0] == '\0'
               ? string_duplicate(url)
               : string_format("%s%c%s", url, strchr(url, '?') == NULL ? '?' : '&', query);
}

/* ---- Documents ---- */

/* `shown` is the URL without the query string, which may hold a signature. */
static cJSON *parse(struct bytes text, const char *shown, struct template_error *error)
{
    size_t position = 0;
    if (bytes_start_with(text, BYTES("\xef\xbb\xbf"))) {
        text = bytes_slice(text, 3, text.size);
    }
    cJSON *document = bytes_are_utf8(text) ? arm_relaxed_json(text, &position) : NULL;
    if (cJSON_IsObject(document)) {
        return document;
    }
    cJSON_Delete(document);
    fail_link(
        error,
        "Unable to parse the deployment content from '%.512s': it is no JSON object (position "
        "%zu). Please see https://aka.ms/arm-deployment for usage details.",
        shown, position);
    return NULL;
}

/* NULL without an error: it is coming. */
static cJSON *download(struct arm_documents *documents, const char *uri, const char *query,
                       struct template_error *error)
{
    char *url = with_query(uri, query);
    const struct arm_document *found = arm_documents_get(documents, url);
    memory_free(url);
    if (found->state == ARM_DOCUMENT_HERE) {
        return parse(found->content, uri, error);
    }
    if (found->state == ARM_DOCUMENT_MISSING) {
        fail_link(error,
                  "Unable to download deployment content from '%.512s' (%.300s). Please see "
                  "https://aka.ms/arm-deployment for usage details.",
                  uri, found->content.data);
    }
    return NULL;
}

static bool check_version(const cJSON *link, const cJSON *document, struct template_error *error)
{
    const char *wanted = arm_json_text(link, "contentVersion");
    const char *found = arm_json_text(document, "contentVersion");
    return wanted == NULL || (found != NULL && strcmp(wanted, found) == 0) ||
           fail_link(error,
                     "The content version '%.64s' of the linked document is not the expected one, "
                     "'%.64s'. Please see https://aka.ms/arm-deployment for usage details.",
                     found == NULL ? "" : found, wanted);
}

static cJSON *from_spec(const struct arm_service *service, const char *id,
                        struct template_error *error)
{
    const struct arm_resource *version = arm_resource_find_id(service, id);
    const cJSON *template = version != NULL && version->type == &arm_template_spec_version_type
                                ? arm_json_at(version->body, "properties.mainTemplate")
                                : NULL;
    if (template == NULL) {
        template_fail(error, "The template spec version '%.512s' could not be found.", id);
        snprintf(error->code, sizeof(error->code), "TemplateSpecVersionNotFound");
        return NULL;
    }
    return cJSON_Duplicate(template, true);
}

/* A file of the version beside its main template. */
static cJSON *from_spec_file(const struct arm_service *service, const char *id, const char *path,
                             struct template_error *error)
{
    const struct arm_resource *version = arm_resource_find_id(service, id);
    const cJSON *item,
        *list = version == NULL ? NULL : arm_json_at(version->body, "properties.linkedTemplates");
    char *wanted = resolve("/", path);
    cJSON *found = NULL;
    cJSON_ArrayForEach(item, list)
    {
        const char *own = arm_json_text(item, "path");
        char *clean = own == NULL ? NULL : resolve("/", own);
        if (found == NULL && clean != NULL && strcasecmp(clean, wanted) == 0) {
            found = cJSON_Duplicate(arm_json_at(item, "template"), true);
        }
        memory_free(clean);
    }
    memory_free(wanted);
    if (found == NULL) {
        fail_link(error, "The template spec version '%.400s' has no linked template '%.200s'.", id,
                  path);
    }
    return found;
}

/* ---- Links ---- */

/* A path becomes what it leads to, so that links inside can be relative in turn. */
static cJSON *from_relative(struct arm_documents *documents, cJSON *link, const cJSON *around,
                            struct template_error *error)
{
    const char *path = arm_json_text(link, "relativePath");
    const char *base = arm_json_text(around, "uri"), *id = arm_json_text(around, "id");
    if (id != NULL) {
        cJSON *found = from_spec_file(documents->service, id, path, error);
        arm_json_put_text(link, "id", id);
        return found;
    }
    if (base == NULL) {
        fail_link(error,
                  "The relative path '%.300s' cannot be resolved: the template around it was not "
                  "linked to. Please see https://aka.ms/arm-deployment for usage details.",
                  path);
        return NULL;
    }
    const char *query = arm_json_text(link, "queryString");
    if (query == NULL && arm_json_text(around, "queryString") != NULL) {
        arm_json_put_text(link, "queryString", arm_json_text(around, "queryString"));
        query = arm_json_text(link, "queryString");
    }
    char *uri = resolve(base, path);
    arm_json_put_text(link, "uri", uri);
    cJSON *document = download(documents, uri, query, error);
    memory_free(uri);
    return document;
}

/* NULL without an error: it is coming, or there is no such link. */
static cJSON *follow(struct arm_documents *documents, cJSON *link, const cJSON *around,
                     struct template_error *error)
{
    const char *uri = arm_json_text(link, "uri"), *id = arm_json_text(link, "id");
    cJSON *document = NULL;
    if (id != NULL) {
        document = from_spec(documents->service, id, error);
    } else if (uri != NULL) {
        document = download(documents, uri, arm_json_text(link, "queryString"), error);
    } else if (arm_json_text(link, "relativePath") != NULL) {
        document = from_relative(documents, link, around, error);
    } else if (link != NULL) {
        fail_link(error, "A link needs an id, a uri or a relativePath. Please see "
                         "https://aka.ms/arm-deployment for usage details.");
    }
    if (document != NULL && !check_version(link, document, error)) {
        cJSON_Delete(document);
        return NULL;
    }
    return document;
}

bool deployment_is_linked(const cJSON *properties)
{
    return cJSON_IsObject(arm_json_at(properties, "templateLink"));
}

static cJSON *link_of(cJSON *properties, const char *name)
{
    cJSON *link = arm_json_at(properties, name);
    return cJSON_IsObject(link) ? link : NULL;
}

enum deployment_links deployment_follow_links(struct arm_documents *documents, cJSON *properties,
                                              const cJSON *around, struct template_error *error)
{
    cJSON *template_link = link_of(properties, "templateLink");
    cJSON *parameters_link = link_of(properties, "parametersLink");
    if (template_link != NULL && cJSON_IsObject(arm_json_at(properties, "template"))) {
        template_fail(error, "The request content brings both a template and a templateLink; only "
                             "one of them can be given. Please see https://aka.ms/arm-deployment "
                             "for usage details.");
        snprintf(error->code, sizeof(error->code), "InvalidRequestContent");
        return DEPLOYMENT_LINKS_BAD;
    }
    cJSON *template = follow(documents, template_link, around, error), *parameters = NULL;
    if (error->message[0] == '\0') {
        parameters = follow(documents, parameters_link, around, error);
    }
    bool whole = (template != NULL || template_link == NULL) &&
                 (parameters != NULL || parameters_link == NULL);
    if (whole && template != NULL) {
        arm_json_put(properties, "template", template);
        template = NULL;
    }
    if (whole && parameters != NULL) {
        arm_json_put(properties, "parameters",
                     cJSON_Duplicate(arm_json_at(parameters, "parameters"), true));
    }
    cJSON_Delete(template);
    cJSON_Delete(parameters);
    return whole                       ? DEPLOYMENT_LINKS_FOLLOWED
           : error->message[0] == '\0' ? DEPLOYMENT_LINKS_COMING
                                       : DEPLOYMENT_LINKS_BAD;
}

void deployment_show_links(const cJSON *properties, cJSON *shown)
{
    static const char *const links[] = {"templateLink", "parametersLink"};
    static const char *const members[] = {"id", "uri", "relativePath", "contentVersion"};
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        const cJSON *link = arm_json_at(properties, links[i]);
        if (!cJSON_IsObject(link)) {
            continue;
        }
        cJSON *item = cJSON_AddObjectToObject(shown, links[i]);
        for (size_t j = 0; j < ARRAY_LEN(members); j++) {
            arm_json_copy_member(item, link, members[j]);
        }
        if (arm_json_at(item, "contentVersion") == NULL && i == 0) {
            cJSON *version =
                cJSON_Duplicate(arm_json_at(properties, "template.contentVersion"), true);
            if (version != NULL) {
                cJSON_AddItemToObject(item, "contentVersion", version);
            }
        }
    }
}
