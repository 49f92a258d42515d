#include "emulator/cache_files.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "emulator/cache_host_state.h"
#include "emulator/files.h"
#include "resp/rdb.h"
#include "resp/replica.h"

#define FILE_LIMIT ((size_t)16 << 30)

enum { LONGEST_PATH = 2048 };

/* ---- URLs ---- */

static int digit_of(char hex)
{
    return isdigit((unsigned char)hex)    ? hex - '0'
           : isxdigit((unsigned char)hex) ? tolower((unsigned char)hex) - 'a' + 10
                                          : -1;
}

/* Percent-decoded; false: not a name that a file may have. */
static bool append_segment(struct buf *path, struct bytes segment)
{
    size_t start = path->size;
    for (size_t i = 0; i < segment.size; i++) {
        char byte = segment.data[i];
        if (byte == '%') {
            int high = i + 1 < segment.size ? digit_of(segment.data[i + 1]) : -1;
            int low = i + 2 < segment.size ? digit_of(segment.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        }
        if (byte == '\0' || byte == '/' || !buf_append_byte(path, byte)) {
            return false;
        }
    }
    struct bytes added = bytes_slice(buf_bytes(path), start, path->size);
    return added.size > 0 && !bytes_equal_string(added, ".") && !bytes_equal_string(added, "..");
}

/* Letters, digits and hyphens, as accounts and containers are called; "$root" and "$web" are. */
static bool name_fits(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        if (!isalnum((unsigned char)byte) && byte != '-' && !(i == 0 && byte == '$')) {
            return false;
        }
    }
    return name.size >= 1 && name.size <= 63;
}

/* The next segment of a URL's path, which is cut off. */
static struct bytes take_segment(struct bytes *rest)
{
    size_t end = bytes_find(*rest, '/');
    struct bytes segment = bytes_slice(*rest, 0, end);
    *rest = bytes_slice(*rest, end + 1, rest->size);
    return segment;
}

/* "account.blob.core.windows.net" names its account, "127.0.0.1:10000" has it in the path. */
static struct bytes account_of(struct bytes host, struct bytes *rest)
{
    size_t dot = bytes_find(host, '.');
    bool named = bytes_start_with(bytes_slice(host, dot, host.size), BYTES(".blob."));
    return named ? bytes_slice(host, 0, dot) : take_segment(rest);
}

bool storage_path(struct bytes url, bool blob, struct buf *path)
{
    struct bytes rest = bytes_slice(url, 0, bytes_find(url, '?'));
    rest = bytes_slice(rest, 0, bytes_find(rest, '#'));
    if (!bytes_start_with(rest, BYTES("https://")) && !bytes_start_with(rest, BYTES("http://"))) {
        return false;
    }
    rest = bytes_slice(rest, bytes_find(rest, '/') + 2, rest.size);
    struct bytes host = take_segment(&rest);
    struct bytes account = account_of(host, &rest);
    struct bytes container = take_segment(&rest);
    if (!name_fits(account) || !name_fits(container) || (rest.size > 0) != blob) {
        return false;
    }
    buf_append(path, account);
    buf_append_string(path, "/");
    buf_append(path, container);
    while (rest.size > 0) {
        buf_append_string(path, "/");
        if (!append_segment(path, take_segment(&rest))) {
            return false;
        }
    }
    return true;
}

static bool path_or_fail(const struct cache_host *host, struct bytes url, bool blob,
                         const char *property, struct buf *path, struct arm_error *error)
{
    buf_printf(path, "%s/storage/", host->config.data_directory);
    return storage_path(url, blob, path) ||
           arm_fail_property(error, property,
                             blob ? "the URL of a blob, https://ACCOUNT.blob.core.windows.net/"
                                    "CONTAINER/BLOB"
                                  : "the URL of a container, https://ACCOUNT.blob.core.windows.net/"
                                    "CONTAINER");
}

static struct cache *cache_or_fail(struct cache_host *host, struct bytes name,
                                   struct arm_error *error)
{
    struct cache *cache = cache_host_find(host, name);
    if (cache == NULL || host->config.data_directory == NULL) {
        arm_fail_provider(error, 400, "BadRequest", "The cache '%.*s' has no data plane.",
                          (int)name.size, name.data);
        return NULL;
    }
    return cache;
}

/* ---- Export ---- */

static bool add_piece(void *context, struct bytes piece)
{
    return buf_append(context, piece);
}

static int write_shard(struct instance *instance, const char *path)
{
    struct buf dump;
    const struct rdb_sink sink = {add_piece, &dump};
    buf_init(&dump, FILE_LIMIT);
    int failure =
        rdb_save_node(instance, &sink) ? file_replace(path, buf_bytes(&dump), 0600) : EFBIG;
    buf_finish(&dump);
    return failure;
}

static bool export_to(struct cache *cache, const char *folder, struct bytes prefix,
                      struct arm_error *error)
{
    int failure = directory_make(folder, 0700);
    for (int i = 0; i < cache_instance_count(cache) && failure == 0; i++) {
        char *path = string_format("%s/%.*s-%d.rdb", folder, (int)prefix.size, prefix.data, i);
        failure = write_shard(cache_instance(cache, i), path);
        memory_free(path);
    }
    log_info("cache", "exported name=%s folder=%s reason=\"%s\"", cache->name, folder,
             failure == 0 ? "" : strerror(failure));
    return failure == 0 ||
           arm_fail_provider(error, 500, "ExportFailed",
                             "The export to the container's folder '%s' failed: %s.", folder,
                             strerror(failure));
}

bool cache_host_export(struct cache_host *host, struct bytes name, struct bytes container,
                       struct bytes prefix, struct arm_error *error)
{
    struct cache *cache = cache_or_fail(host, name, error);
    struct buf folder, file;
    if (cache == NULL) {
        return false;
    }
    buf_init(&folder, LONGEST_PATH);
    buf_init(&file, LONGEST_PATH);
    bool good = path_or_fail(host, container, false, "container", &folder, error) &&
                (append_segment(&file, prefix) ||
                 arm_fail_property(error, "prefix", "the beginning of the files' names")) &&
                export_to(cache, buf_string(&folder), buf_bytes(&file), error);
    if (!good) {
        cache_host_trouble(host, cache, -1, ARM_FIGURE_EXPORT_ERRORS);
    }
    buf_finish(&folder);
    buf_finish(&file);
    return good;
}

/* ---- Import ---- */

/* Into an instance that is thrown away, to see whether all files go together. */
static struct instance *create_trial(struct cache_host *host, const struct cache *cache)
{
    const struct instance_config config = {
        .name = BYTES("trial"),
        .profile = PROFILE_REDIS,
        .version = cache->enterprise ? BYTES("7.4.2") : BYTES("7.0.15"),
        .databases = cache->cluster != NULL ? 1 : instance_database_count(cache->instance),
        .max_memory_policy = BYTES("noeviction"),
    };
    return instance_create(&config, host->config.clock, host->config.random);
}

static bool read_or_fail(const char *path, struct bytes url, struct buf *content,
                         struct arm_error *error)
{
    int failure = file_read(path, content);
    struct bytes shown = bytes_slice(url, 0, bytes_find(url, '?')); /* without the signature */
    if (failure == ENOENT || failure == ENOTDIR) {
        return arm_fail_provider(error, 400, "BlobNotFound",
                                 "The blob '%.*s' was not found: put the file at '%s'.",
                                 (int)shown.size, shown.data, path);
    }
    return failure == 0 || arm_fail_provider(error, 500, "ImportFailed",
                                             "The blob '%.*s' cannot be read from '%s': %s.",
                                             (int)shown.size, shown.data, path, strerror(failure));
}

static bool load_or_fail(struct instance *instance, struct bytes dump, struct bytes url,
                         struct arm_error *error)
{
    struct bytes shown = bytes_slice(url, 0, bytes_find(url, '?'));
    struct buf reason;
    buf_init(&reason, 1024);
    bool good = rdb_load(instance, dump, &reason);
    if (!good) {
        arm_fail_provider(error, 400, "ImportFailed", "The blob '%.*s' cannot be imported: %s.",
                          (int)shown.size, shown.data, buf_string(&reason));
    }
    buf_finish(&reason);
    return good;
}

static bool read_all(struct cache_host *host, const struct cache *cache, const struct bytes *files,
                     size_t count, struct buf *dumps, struct arm_error *error)
{
    struct instance *trial = create_trial(host, cache);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        struct buf path;
        buf_init(&path, LONGEST_PATH);
        buf_init(&dumps[i], FILE_LIMIT);
        good = path_or_fail(host, files[i], true, "files", &path, error) &&
               read_or_fail(buf_string(&path), files[i], &dumps[i], error) &&
               load_or_fail(trial, buf_bytes(&dumps[i]), files[i], error);
        buf_finish(&path);
    }
    instance_destroy(trial);
    return good;
}

bool cache_host_import(struct cache_host *host, struct bytes name, const struct bytes *files,
                       size_t count, struct arm_error *error)
{
    struct cache *cache = cache_or_fail(host, name, error);
    if (cache == NULL) {
        return false;
    }
    struct buf *dumps = memory_allocate_zeroed(count * sizeof(*dumps) + 1);
    bool good = read_all(host, cache, files, count, dumps, error);
    for (int i = 0; i < cache_instance_count(cache) && good; i++) {
        replica_clear(cache_instance(cache, i));
    }
    for (size_t i = 0; i < count && good; i++) {
        good = load_or_fail(cache->instance, buf_bytes(&dumps[i]), files[i], error);
    }
    for (size_t i = 0; i < count; i++) {
        buf_finish(&dumps[i]);
    }
    memory_free(dumps);
    if (!good) {
        cache_host_trouble(host, cache, -1, ARM_FIGURE_IMPORT_ERRORS);
    }
    log_info("cache", "imported name=%s files=%zu reason=\"%s\"", cache->name, count,
             good ? "" : error->message);
    return good;
}
