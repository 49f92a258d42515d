/* URLs of blobs, and the folders that stand for containers. */
#include "emulator/cache_files.h"

#include "tests/support/test.h"

static const char *path_of(const char *url, bool blob, struct buf *path)
{
    buf_clear(path);
    return storage_path(bytes_from_string(url), blob, path) ? buf_string(path) : NULL;
}

TEST(urls_of_containers_and_blobs_become_paths)
{
    static const struct {
        const char *url, *path;
        bool blob;
    } good[] = {
        {"https://acct.blob.core.windows.net/dumps", "acct/dumps", false},
        {"https://acct.blob.core.windows.net/dumps?sv=2022&sig=a%2Fb", "acct/dumps", false},
        {"https://acct.blob.core.windows.net/dumps/", "acct/dumps", false},
        {"https://acct.blob.core.usgovcloudapi.net/dumps/a.rdb", "acct/dumps/a.rdb", true},
        {"https://acct.blob.core.windows.net/dumps/2024/a%20b.rdb?sig=x", "acct/dumps/2024/a b.rdb",
         true},
        {"http://127.0.0.1:10000/devstoreaccount1/dumps/a.rdb", "devstoreaccount1/dumps/a.rdb",
         true},
        {"https://acct.blob.core.windows.net/$root/a.rdb", "acct/$root/a.rdb", true},
    };
    struct buf path;
    buf_init(&path, 2048);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        CHECK_TEXT(path_of(good[i].url, good[i].blob, &path), good[i].path);
    }
    buf_finish(&path);
}

TEST(what_leads_elsewhere_is_refused)
{
    static const char *const bad[] = {
        "",
        "dumps/a.rdb",
        "ftp://acct.blob.core.windows.net/dumps/a.rdb",
        "https://acct.blob.core.windows.net",
        "https://acct.blob.core.windows.net/dumps",
        "https://acct.blob.core.windows.net/dumps/../a.rdb",
        "https://acct.blob.core.windows.net/dumps/%2e%2e/a.rdb",
        "https://acct.blob.core.windows.net/dumps/..%2Fa.rdb",
        "https://acct.blob.core.windows.net/dumps/a%00.rdb",
        "https://acct.blob.core.windows.net/dumps/a%2",
        "https://acct.blob.core.windows.net/../a.rdb",
        "https://acct.blob.core.windows.net//a.rdb",
        "https://acct.blob.core.windows.net/dumps//a.rdb",
        "https://..blob.core.windows.net/dumps/a.rdb",
        "https://127.0.0.1/../../a.rdb",
    };
    struct buf path;
    buf_init(&path, 2048);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (!CHECK(path_of(bad[i], true, &path) == NULL)) {
            printf("# %s\n", bad[i]);
        }
    }
    CHECK(path_of("https://acct.blob.core.windows.net/dumps/a.rdb", false, &path) == NULL);
    buf_finish(&path);
}

static const struct test_case cases[] = {
    CASE(urls_of_containers_and_blobs_become_paths),
    CASE(what_leads_elsewhere_is_refused),
};

TEST_MAIN(cases)
