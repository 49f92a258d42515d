/*
 * Writes docs/resource-types.md from the rows of all resource types; with a file's name, tells
 * whether that file is what would be written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm/service_state.h"

enum { MOST_TEXT = 1 << 20, MOST_TYPES = 500 };

/* ---- One row ---- */

static bool has_effect(const struct arm_resource_type *type)
{
    return type->apply != NULL || type->remove != NULL || type->request != NULL ||
           (type->traits & ARM_FELT) != 0;
}

static const char *shown_name(const struct arm_resource_type *type)
{
    return type->id_name == NULL ? type->name : type->id_name;
}

static void write_type(struct buf *text, const struct arm_resource_type *type)
{
    buf_printf(text, "| `%s` | %s | %s |", shown_name(type),
               has_effect(type) ? "has effect" : "stored",
               type->polling == NULL ? "at once" : "over time");
    for (const struct arm_action *action = type->actions; action != NULL && action->name != NULL;
         action++) {
        buf_printf(text, "%s`%s`", action == type->actions ? " " : ", ", action->name);
    }
    buf_append_string(text, " |\n");
}

static void write_route(struct buf *text, const struct arm_route *route)
{
    static const struct {
        enum arm_method method;
        const char *name;
    } methods[] = {{ARM_GET, "GET"},   {ARM_PUT, "PUT"},       {ARM_PATCH, "PATCH"},
                   {ARM_POST, "POST"}, {ARM_DELETE, "DELETE"}, {ARM_HEAD, "HEAD"}};
    buf_append_string(text, "| ");
    bool first = true;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if ((route->methods & methods[i].method) != 0) {
            buf_printf(text, "%s%s", first ? "" : ", ", methods[i].name);
            first = false;
        }
    }
    buf_printf(text, " | `%s` |\n", route->path);
}

/* ---- The page ---- */

static int order(const void *left, const void *right)
{
    const struct arm_resource_type *const *a = left, *const *b = right;
    return strcmp(shown_name(*a), shown_name(*b));
}

static void write_types(struct buf *text)
{
    static const struct arm_resource_type *types[MOST_TYPES];
    size_t count = 0;
    for (size_t module = 0; module < arm_module_count; module++) {
        for (size_t i = 0; i < arm_modules[module]->type_count && count < MOST_TYPES; i++) {
            types[count++] = arm_modules[module]->types[i];
        }
    }
    qsort(types, count, sizeof(types[0]), order);
    buf_append_string(text, "| type | | changes are over | actions |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        write_type(text, types[i]);
    }
}

static void write_page(struct buf *text)
{
    buf_append_string(
        text,
        "# Resource types\n\n"
        "Written by `build/tools/resource_types` from the rows of `arm/types/`; a test sees that "
        "it is fresh.\n\n"
        "*Has effect*: the caches, the network, identities or other requests behave as the "
        "resource says.\n"
        "*Stored*: it is checked, kept, shown and removed, and nothing stands behind it. So is a "
        "resource of\nany type that is not in this table. All actions have their effect.\n\n");
    write_types(text);
    buf_append_string(text, "\n## Other requests\n\n| | path |\n|---|---|\n");
    for (size_t module = 0; module < arm_module_count; module++) {
        for (size_t i = 0; i < arm_modules[module]->route_count; i++) {
            write_route(text, &arm_modules[module]->routes[i]);
        }
    }
}

static bool is_same(const char *name, struct bytes page)
{
    FILE *file = fopen(name, "r");
    char *present = memory_allocate(MOST_TEXT);
    size_t size = file == NULL ? 0 : fread(present, 1, MOST_TEXT, file);
    bool same = bytes_equal(page, (struct bytes){present, size});
    if (file != NULL) {
        fclose(file);
    }
    memory_free(present);
    return same;
}

int main(int argc, char **argv)
{
    struct buf text;
    int status = 0;
    buf_init(&text, MOST_TEXT);
    write_page(&text);
    if (argc < 2) {
        fwrite(text.data, 1, text.size, stdout);
    } else if (!is_same(argv[1], buf_bytes(&text))) {
        fprintf(stderr, "%s is not what the rows say: %s > %s\n", argv[1], argv[0], argv[1]);
        status = 1;
    }
    buf_finish(&text);
    return status;
}
