/* Makes, keeps and renews the certificates. */
#include "emulator/certificate_authority.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/dict.h"
#include "base/log.h"
#include "emulator/files.h"

#define DAY ((int64_t)24 * 60 * 60)

enum {
    AUTHORITY_DAYS = 30 * 365,
    AUTHORITY_RENEWAL_DAYS = 60,
    LEAF_DAYS = 390, /* Apple takes no more than 397 */
    LEAF_RENEWAL_DAYS = 30,
    LEAVES_KEPT = 1024,
    LONGEST_NAME = 253,
    LONGEST_LABEL = 63,
    LONGEST_COMMON_NAME = 64,
    FILE_LIMIT = 64 * 1024,
};

/* One certificate, in the order of last use. */
struct leaf {
    X509 *certificate;
    int64_t from, until; /* seconds since 1970 */
    struct leaf *newer, *older;
};

struct certificate_authority {
    struct clock *clock;
    char *file, *key_file;
    struct buf pem;
    X509 *certificate;
    EVP_PKEY *key, *leaf_key;
    int64_t from, until;
    struct random random;
    struct dict leaves; /* by lower-case name */
    struct leaf *newest, *oldest;
};

/* ---- Dates ---- */

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

/* Now, on the emulator's clock and on the machine's, earlier one first. */
static void both_times(const struct certificate_authority *authority, int64_t *first, int64_t *last)
{
    int64_t emulated = clock_now_ms(authority->clock) / 1000, real = (int64_t)time(NULL);
    *first = emulated < real ? emulated : real;
    *last = emulated < real ? real : emulated;
}

/*
 * Both times with room on either side, so that moving the clock by days needs no new certificate.
 * Longer than Apple's limit only when the clock has been moved by more than a year.
 */
static void leaf_window(const struct certificate_authority *authority, int64_t *from,
                        int64_t *until)
{
    int64_t first, last;

    both_times(authority, &first, &last);
    *from = first - 2 * DAY;
    *until = *from + LEAF_DAYS * DAY;
    if (*until < last + 2 * LEAF_RENEWAL_DAYS * DAY) {
        *until = last + 2 * LEAF_RENEWAL_DAYS * DAY;
    }
    *from = *from < authority->from ? authority->from : *from;
    *until = *until > authority->until ? authority->until : *until;
}

static bool leaf_stale(const struct certificate_authority *authority, const struct leaf *leaf)
{
    int64_t first, last;

    both_times(authority, &first, &last);
    return (first < leaf->from && leaf->from > authority->from) ||
           (last > leaf->until - LEAF_RENEWAL_DAYS * DAY && leaf->until < authority->until);
}

/* ---- Building ---- */

static EVP_PKEY *make_key(void)
{
    return EVP_EC_gen("P-256");
}

static bool set_serial(X509 *certificate)
{
    unsigned char number[16];

    if (RAND_bytes(number, sizeof(number)) != 1) {
        return false;
    }
    number[0] = (unsigned char)((number[0] & 0x7f) | 0x40); /* positive, and of full length */
    BIGNUM *big = BN_bin2bn(number, sizeof(number), NULL);
    bool good = big != NULL && BN_to_ASN1_INTEGER(big, X509_get_serialNumber(certificate)) != NULL;
    BN_free(big);
    return good;
}

static bool add_name_entry(X509_NAME *name, const char *field, struct bytes text)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)text.data,
                                      (int)text.size, -1, 0) == 1;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

/* Version, serial, dates, subject and key: what every certificate has. */
static X509 *begin_certificate(EVP_PKEY *key, int64_t from, int64_t until, struct bytes common_name)
{
    X509 *certificate = X509_new();
    X509_NAME *subject;

    if (certificate == NULL) {
        return NULL;
    }
    subject = X509_get_subject_name(certificate);
    if (X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)from) != NULL &&
        ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)until) != NULL &&
        add_name_entry(subject, "O", BYTES("Redurite")) &&
        (common_name.size == 0 || add_name_entry(subject, "CN", common_name)) &&
        X509_set_pubkey(certificate, key) == 1) {
        return certificate;
    }
    X509_free(certificate);
    return NULL;
}

static X509 *make_authority(EVP_PKEY *key, int64_t from, int64_t until, struct bytes common_name)
{
    X509 *certificate = begin_certificate(key, from, until, common_name);

    if (certificate != NULL &&
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
        add_extension(certificate, certificate, NID_basic_constraints,
                      "critical,CA:TRUE,pathlen:0") &&
        add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
        X509_sign(certificate, key, EVP_sha256()) > 0) {
        return certificate;
    }
    X509_free(certificate);
    return NULL;
}

/* ---- Names ---- */

/* The 4 or 16 bytes of an address in text, "[::1]" too; 0 when it is none. */
static size_t parse_address(struct bytes name, unsigned char address[16])
{
    char text[INET6_ADDRSTRLEN + 1];

    if (name.size > 2 && name.data[0] == '[' && name.data[name.size - 1] == ']') {
        name = bytes_slice(name, 1, name.size - 1);
    }
    if (name.size == 0 || name.size >= sizeof(text)) {
        return 0;
    }
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    return inet_pton(AF_INET, text, address) == 1    ? 4
           : inet_pton(AF_INET6, text, address) == 1 ? 16
                                                     : 0;
}

static bool is_host_name(struct bytes name)
{
    size_t label = 0;

    if (name.size == 0 || name.size > LONGEST_NAME) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == '.') {
            if (label == 0 || name.data[i - 1] == '-') {
                return false;
            }
            label = 0;
            continue;
        }
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if ((!letter && c != '_' && (c != '-' || label == 0)) || ++label > LONGEST_LABEL) {
            return false;
        }
    }
    return label > 0 && name.data[name.size - 1] != '-';
}

bool certificate_name_valid(struct bytes name)
{
    unsigned char address[16];
    return parse_address(name, address) > 0 || is_host_name(name);
}

static bool is_local(struct bytes name)
{
    return name.size == 0 || bytes_equal_string(name, "localhost") ||
           bytes_equal_string(name, "127.0.0.1") || bytes_equal_string(name, "::1") ||
           bytes_equal_string(name, "[::1]");
}

static bool push_alternative(GENERAL_NAMES *names, int type, const void *data, size_t size)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value =
        type == GEN_IPADD ? (ASN1_STRING *)ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();

    if (name == NULL || value == NULL || ASN1_STRING_set(value, data, (int)size) != 1) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, value);
    if (sk_GENERAL_NAME_push(names, name) <= 0) {
        GENERAL_NAME_free(name);
        return false;
    }
    return true;
}

static bool push_name(GENERAL_NAMES *names, struct bytes name)
{
    unsigned char address[16];
    size_t size = parse_address(name, address);

    return size > 0 ? push_alternative(names, GEN_IPADD, address, size)
                    : push_alternative(names, GEN_DNS, name.data, name.size);
}

static bool push_names(GENERAL_NAMES *names, struct bytes name)
{
    static const char *const local[] = {"localhost", "*.localhost", "127.0.0.1", "::1"};
    static const struct bytes azure = {".redis.cache.windows.net", 24};

    if (is_local(name)) {
        for (size_t i = 0; i < ARRAY_LEN(local); i++) {
            if (!push_name(names, bytes_from_string(local[i]))) {
                return false;
            }
        }
        return true;
    }
    size_t dot = bytes_find(name, '.');
    /* As Azure's own: one certificate for all caches. */
    if (bytes_equal(bytes_slice(name, dot, name.size), azure) &&
        !push_name(names, BYTES("*.redis.cache.windows.net"))) {
        return false;
    }
    return push_name(names, name);
}

static bool add_alternative_names(X509 *certificate, struct bytes name)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    bool good = names != NULL && push_names(names, name) &&
                X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
    GENERAL_NAMES_free(names);
    return good;
}

/* ---- Leaves ---- */

EVP_PKEY *certificate_authority_leaf_key(struct certificate_authority *authority)
{
    if (authority->leaf_key == NULL) {
        authority->leaf_key = make_key();
    }
    return authority->leaf_key;
}

/* Who signs, for which key. */
struct leaf_keys {
    X509 *issuer;
    EVP_PKEY *issuer_key, *key;
};

static X509 *sign_leaf(const struct leaf_keys *keys, struct bytes name, int64_t from, int64_t until)
{
    EVP_PKEY *key = keys->key;
    struct bytes common_name = is_local(name)                     ? BYTES("localhost")
                               : name.size <= LONGEST_COMMON_NAME ? name
                                                                  : BYTES("");
    X509 *issuer = keys->issuer;
    X509 *certificate = key == NULL ? NULL : begin_certificate(key, from, until, common_name);

    if (certificate != NULL &&
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
        add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
        add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
        add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
        add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
        add_alternative_names(certificate, name) &&
        X509_sign(certificate, keys->issuer_key, EVP_sha256()) > 0) {
        return certificate;
    }
    X509_free(certificate);
    return NULL;
}

static X509 *make_leaf(struct certificate_authority *authority, struct bytes name, int64_t from,
                       int64_t until)
{
    const struct leaf_keys keys = {authority->certificate, authority->key,
                                   certificate_authority_leaf_key(authority)};
    return sign_leaf(&keys, name, from, until);
}

bool certificate_authority_flawed_leaf(struct certificate_authority *authority, struct bytes name,
                                       enum certificate_flaw flaw, X509 **leaf, EVP_PKEY **key)
{
    int64_t first, last, from, until;
    struct leaf_keys keys = {authority->certificate, authority->key, make_key()};
    X509 *stranger = NULL;

    both_times(authority, &first, &last);
    from = first - 2 * DAY;
    until = last + 30 * DAY;
    switch (flaw) {
    case CERTIFICATE_EXPIRED:
        from = first - 31 * DAY;
        until = first - DAY;
        break;
    case CERTIFICATE_NOT_YET:
        from = last + DAY;
        break;
    case CERTIFICATE_OF_ANOTHER:
        name = BYTES("another-host.example");
        break;
    case CERTIFICATE_FROM_NOWHERE:
        keys.issuer_key = make_key();
        stranger = keys.issuer_key == NULL
                       ? NULL
                       : make_authority(keys.issuer_key, from, until,
                                        BYTES("A certificate authority that nobody knows"));
        keys.issuer = stranger;
        break;
    case CERTIFICATE_RENEWED:
        break;
    }
    *key = keys.key;
    *leaf = keys.issuer == NULL ? NULL : sign_leaf(&keys, name, from, until);
    if (flaw == CERTIFICATE_FROM_NOWHERE) {
        EVP_PKEY_free(keys.issuer_key);
        X509_free(stranger);
    }
    if (*leaf == NULL) {
        EVP_PKEY_free(*key);
        *key = NULL;
    }
    return *leaf != NULL;
}

static void leaf_release(void *payload)
{
    struct leaf *leaf = payload;
    X509_free(leaf->certificate);
}

static void unlink_leaf(struct certificate_authority *authority, struct leaf *leaf)
{
    *(leaf->newer != NULL ? &leaf->newer->older : &authority->newest) = leaf->older;
    *(leaf->older != NULL ? &leaf->older->newer : &authority->oldest) = leaf->newer;
    leaf->newer = leaf->older = NULL;
}

static void link_newest(struct certificate_authority *authority, struct leaf *leaf)
{
    leaf->newer = NULL;
    leaf->older = authority->newest;
    *(leaf->older != NULL ? &leaf->older->newer : &authority->oldest) = leaf;
    authority->newest = leaf;
}

static X509 *find_or_make(struct certificate_authority *authority, struct bytes name)
{
    bool created;
    struct leaf *leaf = dict_insert(&authority->leaves, name, &created);

    if (!created) {
        unlink_leaf(authority, leaf);
    }
    link_newest(authority, leaf);
    if (!created && leaf->certificate != NULL && !leaf_stale(authority, leaf)) {
        return leaf->certificate;
    }
    X509_free(leaf->certificate);
    leaf_window(authority, &leaf->from, &leaf->until);
    leaf->certificate = make_leaf(authority, name, leaf->from, leaf->until);
    if (created && dict_count(&authority->leaves) > LEAVES_KEPT) {
        struct leaf *oldest = authority->oldest;
        unlink_leaf(authority, oldest);
        dict_remove_payload(&authority->leaves, oldest);
    }
    return leaf->certificate;
}

X509 *certificate_authority_leaf(struct certificate_authority *authority, struct bytes name)
{
    char text[LONGEST_NAME + 1];

    if (name.size > 0 && name.data[name.size - 1] == '.') {
        name.size--; /* fully qualified */
    }
    if (!certificate_name_valid(name)) {
        name.size = 0;
    }
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        text[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    struct bytes key = {text, name.size};
    return find_or_make(authority, is_local(key) ? BYTES("localhost") : key);
}

size_t certificate_authority_leaf_count(const struct certificate_authority *authority)
{
    return dict_count(&authority->leaves);
}

/* ---- Files ---- */

static EVP_PKEY *key_from_pem(struct bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

static X509 *certificate_from_pem(struct bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return certificate;
}

/* Content of a memory BIO, which is freed. */
static void take_text(BIO *bio, struct buf *text)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    buf_append(text, (struct bytes){data, (size_t)size});
    BIO_free(bio);
}

static bool to_pem(struct certificate_authority *authority, struct buf *key_pem)
{
    BIO *certificate = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());
    bool good = certificate != NULL && key != NULL &&
                PEM_write_bio_X509(certificate, authority->certificate) == 1 &&
                PEM_write_bio_PKCS8PrivateKey(key, authority->key, NULL, NULL, 0, NULL, NULL) == 1;
    buf_clear(&authority->pem);
    take_text(certificate, &authority->pem);
    take_text(key, key_pem);
    return good;
}

static bool replace_file(const char *path, struct bytes content, mode_t mode, struct buf *error)
{
    int failure = file_replace(path, content, mode);
    if (failure != 0) {
        buf_printf(error, "cannot write %s: %s", path, strerror(failure));
    }
    return failure == 0;
}

/* The key first: where there is a ca.pem, its key is there too. */
static bool make_files(struct certificate_authority *authority, struct buf *error)
{
    int64_t first, last;
    struct buf key_pem;
    bool good = false;

    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    both_times(authority, &first, &last);
    authority->key = make_key();
    authority->certificate =
        authority->key == NULL
            ? NULL
            : make_authority(authority->key, first - 2 * DAY, last + AUTHORITY_DAYS * DAY,
                             BYTES("Redurite development certificate authority"));
    buf_init(&key_pem, FILE_LIMIT);
    if (authority->certificate == NULL || !to_pem(authority, &key_pem)) {
        buf_printf(error, "OpenSSL cannot make a certificate authority");
    } else {
        good = replace_file(authority->key_file, buf_bytes(&key_pem), 0600, error) &&
               replace_file(authority->file, buf_bytes(&authority->pem), 0644, error);
    }
    OPENSSL_cleanse(key_pem.data, key_pem.size);
    buf_finish(&key_pem);
    return good;
}

static bool read_file(const char *path, struct buf *content, struct buf *error)
{
    int failure = file_read(path, content);
    if (failure != 0) {
        buf_printf(error, "cannot read %s: %s", path, strerror(failure));
    }
    return failure == 0;
}

static void warn_of_loose_mode(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & 077) != 0) {
        log_warn("tls", "others can read the authority's key file=%s mode=%o", path,
                 (unsigned)status.st_mode & 0777);
    }
}

static bool load_key(struct certificate_authority *authority, struct buf *error)
{
    struct buf pem;
    bool good = false;

    buf_init(&pem, FILE_LIMIT);
    if (read_file(authority->key_file, &pem, error)) {
        authority->key = key_from_pem(buf_bytes(&pem));
        good = authority->key != NULL &&
               X509_check_private_key(authority->certificate, authority->key) == 1;
        if (!good) {
            buf_printf(
                error,
                "%s holds no key for the certificate in %s; remove both to have new ones made",
                authority->key_file, authority->file);
        }
    }
    OPENSSL_cleanse(pem.data, pem.size);
    buf_finish(&pem);
    return good;
}

static bool load_files(struct certificate_authority *authority, struct buf *error)
{
    buf_clear(&authority->pem);
    if (!read_file(authority->file, &authority->pem, error)) {
        return false;
    }
    authority->certificate = certificate_from_pem(buf_bytes(&authority->pem));
    if (authority->certificate == NULL || X509_check_ca(authority->certificate) != 1) {
        buf_printf(
            error,
            "%s is not the certificate of an authority; remove it and %s to have new ones made",
            authority->file, authority->key_file);
        return false;
    }
    warn_of_loose_mode(authority->key_file);
    return load_key(authority, error);
}

static bool load_or_make(struct certificate_authority *authority, struct buf *error)
{
    int64_t now = (int64_t)time(NULL);

    if (access(authority->file, F_OK) != 0 && errno == ENOENT) {
        if (!make_files(authority, error)) {
            return false;
        }
        log_info("tls", "made a certificate authority file=%s", authority->file);
    } else if (!load_files(authority, error)) {
        return false;
    } else if (seconds_of(X509_get0_notAfter(authority->certificate)) <
               now + AUTHORITY_RENEWAL_DAYS * DAY) {
        if (!make_files(authority, error)) {
            return false;
        }
        log_warn("tls",
                 "renewed the certificate authority, which was to expire: trust it anew "
                 "file=%s",
                 authority->file);
    }
    authority->from = seconds_of(X509_get0_notBefore(authority->certificate));
    authority->until = seconds_of(X509_get0_notAfter(authority->certificate));
    return true;
}

/* ---- Life ---- */

struct certificate_authority *certificate_authority_create(const char *directory,
                                                           struct clock *clock, struct buf *error)
{
    struct certificate_authority *authority = memory_allocate_zeroed(sizeof(*authority));
    uint64_t seed = 0;

    authority->clock = clock;
    authority->file = string_format("%s/ca.pem", directory);
    authority->key_file = string_format("%s/ca-key.pem", directory);
    buf_init(&authority->pem, FILE_LIMIT);
    /* Names come from clients: the map's seed must not be the repeatable one. */
    RAND_bytes((unsigned char *)&seed, sizeof(seed));
    random_init(&authority->random, seed);
    dict_init(&authority->leaves, sizeof(struct leaf), leaf_release, &authority->random);

    /* One process makes the files, others that start meanwhile load them. */
    int lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0) {
        buf_printf(error, "cannot open the directory %s: %s", directory, strerror(errno));
    }
    bool good = lock >= 0;
    if (good) {
        flock(lock, LOCK_EX);
        good = load_or_make(authority, error);
        close(lock);
    }
    if (!good) {
        certificate_authority_destroy(authority);
        return NULL;
    }
    return authority;
}

void certificate_authority_destroy(struct certificate_authority *authority)
{
    if (authority == NULL) {
        return;
    }
    dict_finish(&authority->leaves);
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    EVP_PKEY_free(authority->leaf_key);
    buf_finish(&authority->pem);
    memory_free(authority->file);
    memory_free(authority->key_file);
    memory_free(authority);
}

const char *certificate_authority_file(const struct certificate_authority *authority)
{
    return authority->file;
}

struct bytes certificate_authority_pem(const struct certificate_authority *authority)
{
    return buf_bytes(&authority->pem);
}

X509 *certificate_authority_certificate(const struct certificate_authority *authority)
{
    return authority->certificate;
}
