/* The authority and its certificates, judged by OpenSSL's strict verification. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/log.h"
#include "emulator/certificate_authority.h"
#include "emulator/files.h"
#include "tests/support/test.h"
#include "tests/unit/emulator/test_directory.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

struct fixture {
    struct test_directory directory;
    struct clock *clock;
    struct buf error;
    struct certificate_authority *authority;
};

static void open_authority(struct fixture *fixture)
{
    fixture->authority =
        certificate_authority_create(fixture->directory.path, fixture->clock, &fixture->error);
    if (!CHECK(fixture->authority != NULL)) {
        printf("# %s\n", buf_string(&fixture->error));
        exit(1);
    }
}

static void setup(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    log_configure(LOG_ERROR, NULL, NULL);
    test_directory_make(&fixture->directory);
    fixture->clock = clock_create(NULL, NULL);
    clock_freeze(fixture->clock);
    buf_init(&fixture->error, 1000);
    open_authority(fixture);
}

static void teardown(struct fixture *fixture)
{
    certificate_authority_destroy(fixture->authority);
    clock_destroy(fixture->clock);
    buf_finish(&fixture->error);
    test_directory_remove(&fixture->directory);
}

static char *path_of(struct fixture *fixture, const char *name)
{
    return string_format("%s/%s", fixture->directory.path, name);
}

/* What `openssl verify -x509_strict -purpose sslserver -attime` says; X509_V_OK is 0. */
static int verify(struct fixture *fixture, X509 *leaf, const char *name, time_t at)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *rules;

    X509_STORE_add_cert(store, certificate_authority_certificate(fixture->authority));
    X509_STORE_CTX_init(context, store, leaf, NULL);
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    rules = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    X509_VERIFY_PARAM_set_time(rules, at);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, name) != 1) {
        X509_VERIFY_PARAM_set1_host(rules, name, 0);
    }
    X509_verify_cert(context);
    int said = X509_STORE_CTX_get_error(context);
    if (said != X509_V_OK) {
        printf("# %s: %s\n", name, X509_verify_cert_error_string(said));
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return said;
}

static X509 *leaf_of(struct fixture *fixture, const char *name)
{
    return certificate_authority_leaf(fixture->authority, bytes_from_string(name));
}

static int lifetime_days(const X509 *certificate)
{
    int days = 0, seconds = 0;
    ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate),
                   X509_get0_notAfter(certificate));
    return days;
}

TEST(certificates_pass_strict_verification)
{
    static const char *const names[] = {
        "localhost",
        "devcache.localhost",
        "management.azure.com",
        "cache1.redis.cache.windows.net",
        "10.1.2.3",
        "2001:db8::1",
        "a-name-too-long-for-the-common-name-of-a-certificate.example.com.long"};
    struct fixture fixture;
    setup(&fixture);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        X509 *leaf = leaf_of(&fixture, names[i]);
        CHECK_INT(verify(&fixture, leaf, names[i], time(NULL)), X509_V_OK);
        CHECK(lifetime_days(leaf) <= 397);
    }
    teardown(&fixture);
}

TEST(no_name_is_this_machine)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "::1"};
    struct fixture fixture;
    setup(&fixture);
    X509 *leaf = leaf_of(&fixture, "");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CHECK_INT(verify(&fixture, leaf, names[i], time(NULL)), X509_V_OK);
    }
    CHECK(leaf == leaf_of(&fixture, "LOCALHOST"));
    CHECK(leaf == leaf_of(&fixture, "127.0.0.1"));
    CHECK(leaf == leaf_of(&fixture, "not a name, really"));
    CHECK_INT(certificate_authority_leaf_count(fixture.authority), 1);
    teardown(&fixture);
}

TEST(caches_share_a_wildcard)
{
    struct fixture fixture;
    setup(&fixture);
    X509 *leaf = leaf_of(&fixture, "one.redis.cache.windows.net");
    CHECK_INT(verify(&fixture, leaf, "one.redis.cache.windows.net", time(NULL)), X509_V_OK);
    CHECK_INT(verify(&fixture, leaf, "two.redis.cache.windows.net", time(NULL)), X509_V_OK);
    CHECK_INT(verify(&fixture, leaf, "management.azure.com", time(NULL)),
              X509_V_ERR_HOSTNAME_MISMATCH);
    teardown(&fixture);
}

TEST(names_that_are_none_get_no_certificate_of_their_own)
{
    static const char *const wrong[] = {"",    ".",     "a..b", "-a",      "a-",       "a b",
                                        "a,b", "a\n.b", "*.b",  "a/b.com", "DNS:evil", ".a"};
    CHECK(certificate_name_valid(BYTES("a")));
    CHECK(certificate_name_valid(BYTES("x_y.Z-9.example")));
    CHECK(certificate_name_valid(BYTES("[::1]")));
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        CHECK(!certificate_name_valid(bytes_from_string(wrong[i])));
    }
    char label[65];
    memset(label, 'a', 64);
    CHECK(!certificate_name_valid((struct bytes){label, 64}));
    CHECK(certificate_name_valid((struct bytes){label, 63}));
}

TEST(certificates_are_kept_within_bounds)
{
    struct fixture fixture;
    char name[32];
    setup(&fixture);
    for (int i = 0; i < 1100; i++) {
        snprintf(name, sizeof(name), "host%d.example", i);
        CHECK(leaf_of(&fixture, name) != NULL);
        CHECK(leaf_of(&fixture, "in.use.example") != NULL);
    }
    CHECK_INT(certificate_authority_leaf_count(fixture.authority), 1024);
    X509 *kept = leaf_of(&fixture, "in.use.example");
    X509_up_ref(kept);
    snprintf(name, sizeof(name), "another.example");
    leaf_of(&fixture, name);
    CHECK(kept == leaf_of(&fixture, "in.use.example"));
    X509_free(kept);
    teardown(&fixture);
}

TEST(dates_follow_the_moved_clock_and_hold_for_real_clients)
{
    static const int days[] = {40, 300, 700, 3650};
    struct fixture fixture;
    setup(&fixture);
    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        clock_advance(fixture.clock, days[i] * DAY_MS);
        X509 *leaf = leaf_of(&fixture, "localhost");
        time_t emulated = (time_t)(clock_now_ms(fixture.clock) / 1000);
        CHECK_INT(verify(&fixture, leaf, "localhost", time(NULL)), X509_V_OK);
        CHECK_INT(verify(&fixture, leaf, "localhost", emulated), X509_V_OK);
    }
    clock_set(fixture.clock, clock_now_ms(fixture.clock) - 5000 * DAY_MS);
    X509 *leaf = leaf_of(&fixture, "localhost");
    CHECK_INT(verify(&fixture, leaf, "localhost", time(NULL)), X509_V_OK);
    teardown(&fixture);
}

TEST(a_certificate_is_renewed_before_it_ends)
{
    struct fixture fixture;
    setup(&fixture);
    X509 *first = leaf_of(&fixture, "localhost");
    X509_up_ref(first);
    clock_advance(fixture.clock, 20 * DAY_MS);
    CHECK(leaf_of(&fixture, "localhost") == first);
    clock_advance(fixture.clock, 360 * DAY_MS);
    CHECK(leaf_of(&fixture, "localhost") != first);
    X509_free(first);
    teardown(&fixture);
}

TEST(the_authority_stays_the_same)
{
    struct fixture fixture;
    setup(&fixture);
    struct bytes pem = certificate_authority_pem(fixture.authority);
    char *before = bytes_to_string(pem);
    certificate_authority_destroy(fixture.authority);
    open_authority(&fixture);
    CHECK_BYTES(certificate_authority_pem(fixture.authority), bytes_from_string(before));
    CHECK_INT(verify(&fixture, leaf_of(&fixture, "localhost"), "localhost", time(NULL)), X509_V_OK);
    memory_free(before);
    teardown(&fixture);
}

TEST(only_the_owner_reads_the_key)
{
    struct fixture fixture;
    struct stat status = {0};
    setup(&fixture);
    char *path = path_of(&fixture, "ca-key.pem");
    CHECK_INT(stat(path, &status), 0);
    CHECK_INT(status.st_mode & 0777, 0600);
    memory_free(path);
    teardown(&fixture);
}

static void damage_is_named(const char *file, const char *content)
{
    struct fixture fixture;
    setup(&fixture);
    char *path = path_of(&fixture, file);
    certificate_authority_destroy(fixture.authority);
    if (content == NULL) {
        unlink(path);
    } else {
        file_replace(path, bytes_from_string(content), 0600);
    }
    fixture.authority =
        certificate_authority_create(fixture.directory.path, fixture.clock, &fixture.error);
    CHECK(fixture.authority == NULL);
    CHECK(strstr(buf_string(&fixture.error), path) != NULL);
    memory_free(path);
    teardown(&fixture);
}

TEST(damaged_files_are_named)
{
    damage_is_named("ca.pem", "nonsense");
    damage_is_named("ca-key.pem", "nonsense");
    damage_is_named("ca-key.pem", NULL);
}

TEST(a_foreign_key_is_refused)
{
    struct fixture one, other;
    struct buf key;
    setup(&one);
    setup(&other);
    buf_init(&key, 10000);
    char *from = path_of(&other, "ca-key.pem"), *to = path_of(&one, "ca-key.pem");
    file_read(from, &key);
    file_replace(to, buf_bytes(&key), 0600);
    certificate_authority_destroy(one.authority);
    one.authority = certificate_authority_create(one.directory.path, one.clock, &one.error);
    CHECK(one.authority == NULL);
    CHECK(strstr(buf_string(&one.error), "ca-key.pem") != NULL);
    memory_free(from);
    memory_free(to);
    buf_finish(&key);
    teardown(&one);
    teardown(&other);
}

TEST(starts_at_the_same_time_make_one_authority)
{
    struct test_directory directory;
    test_directory_make(&directory);
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            struct clock *clock = clock_create(NULL, NULL);
            struct buf error;
            buf_init(&error, 1000);
            struct certificate_authority *authority =
                certificate_authority_create(directory.path, clock, &error);
            _exit(authority != NULL && certificate_authority_leaf(authority, BYTES("a")) != NULL
                      ? 0
                      : 1);
        }
    }
    for (int i = 0, status; i < 8; i++) {
        CHECK(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    struct fixture fixture = {.directory = directory, .clock = clock_create(NULL, NULL)};
    buf_init(&fixture.error, 1000);
    open_authority(&fixture);
    teardown(&fixture);
}

TEST(flawed_certificates_have_the_flaw_they_are_made_for)
{
    static const struct {
        enum certificate_flaw flaw;
        int said;
    } flaws[] = {
        {CERTIFICATE_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED},
        {CERTIFICATE_NOT_YET, X509_V_ERR_CERT_NOT_YET_VALID},
        {CERTIFICATE_OF_ANOTHER, X509_V_ERR_HOSTNAME_MISMATCH},
        {CERTIFICATE_FROM_NOWHERE, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {CERTIFICATE_RENEWED, X509_V_OK},
    };
    struct fixture fixture;
    setup(&fixture);
    for (size_t i = 0; i < ARRAY_LEN(flaws); i++) {
        X509 *leaf = NULL;
        EVP_PKEY *key = NULL;
        CHECK(certificate_authority_flawed_leaf(fixture.authority, BYTES("localhost"),
                                                flaws[i].flaw, &leaf, &key));
        CHECK_INT(verify(&fixture, leaf, "localhost", time(NULL)), flaws[i].said);
        CHECK_INT(X509_check_private_key(leaf, key), 1);
        if (flaws[i].flaw == CERTIFICATE_RENEWED) {
            EVP_PKEY *usual = certificate_authority_leaf_key(fixture.authority);
            CHECK_INT(EVP_PKEY_eq(key, usual), 0); /* whoever pinned it is out */
        }
        X509_free(leaf);
        EVP_PKEY_free(key);
    }
    CHECK_INT(certificate_authority_leaf_count(fixture.authority), 0); /* none is kept */
    teardown(&fixture);
}

static const struct test_case cases[] = {
    CASE(certificates_pass_strict_verification),
    CASE(no_name_is_this_machine),
    CASE(caches_share_a_wildcard),
    CASE(names_that_are_none_get_no_certificate_of_their_own),
    CASE(certificates_are_kept_within_bounds),
    CASE(dates_follow_the_moved_clock_and_hold_for_real_clients),
    CASE(a_certificate_is_renewed_before_it_ends),
    CASE(the_authority_stays_the_same),
    CASE(only_the_owner_reads_the_key),
    CASE(damaged_files_are_named),
    CASE(a_foreign_key_is_refused),
    CASE(starts_at_the_same_time_make_one_authority),
    CASE(flawed_certificates_have_the_flaw_they_are_made_for),
};

TEST_MAIN(cases)
