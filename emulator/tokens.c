/* RS256 tokens, the key they are signed with and the key set that publishes it. */
#include "emulator/tokens.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "emulator/files.h"

#define KEY_BITS 2048
#define KEY_FILE_LIMIT 65536
#define TOKEN_LIMIT 65536
#define THUMBPRINT_SIZE 64

struct tokens {
    char *key_file;
    EVP_PKEY *key; /* NULL until it is needed */
    char kid[THUMBPRINT_SIZE];
    struct buf certificate; /* DER */
};

struct token_certificate {
    EVP_PKEY *key;
    char thumbprint[THUMBPRINT_SIZE]; /* SHA-1 in upper-case hex, as Azure shows it */
};

struct tokens *tokens_create(const char *key_file, struct buf *error)
{
    if (key_file != NULL) {
        struct buf text;
        buf_init(&text, KEY_FILE_LIMIT);
        int failure = file_read(key_file, &text);
        bool is_key = failure == ENOENT || bytes_start_with(buf_bytes(&text), BYTES("-----BEGIN "));
        buf_finish(&text);
        if (failure != 0 && failure != ENOENT) {
            buf_printf(error, "cannot read the token key %s: %s", key_file, strerror(failure));
            return NULL;
        }
        if (!is_key) {
            buf_printf(error, "%s is not a private key in PEM form; delete it to have a new one",
                       key_file);
            return NULL;
        }
    }
    struct tokens *tokens = memory_allocate_zeroed(sizeof(*tokens));
    tokens->key_file = key_file != NULL ? string_duplicate(key_file) : NULL;
    buf_init(&tokens->certificate, KEY_FILE_LIMIT);
    return tokens;
}

void tokens_destroy(struct tokens *tokens)
{
    if (tokens == NULL) {
        return;
    }
    EVP_PKEY_free(tokens->key);
    buf_finish(&tokens->certificate);
    memory_free(tokens->key_file);
    memory_free(tokens);
}

static EVP_PKEY *key_load(const char *path)
{
    struct buf text;
    buf_init(&text, KEY_FILE_LIMIT);
    EVP_PKEY *key = NULL;
    if (file_read(path, &text) == 0 && text.size > 0) {
        BIO *memory = BIO_new_mem_buf(text.data, (int)text.size);
        key = PEM_read_bio_PrivateKey(memory, NULL, NULL, NULL);
        BIO_free(memory);
        if (key != NULL && (!EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_get_bits(key) < KEY_BITS)) {
            EVP_PKEY_free(key);
            key = NULL;
        }
        if (key == NULL) {
            log_error("identity", "token key not usable file=%s", path);
        }
    }
    if (text.data != NULL) {
        OPENSSL_cleanse(text.data, text.size);
    }
    buf_finish(&text);
    return key;
}

static EVP_PKEY *key_make(void)
{
    EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
    assert(key != NULL);
    log_info("identity", "token key made bits=%d", KEY_BITS);
    return key;
}

static void key_save(EVP_PKEY *key, const char *path)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text;
    PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL);
    long size = BIO_get_mem_data(memory, &text);
    int failure = file_replace(path, (struct bytes){text, (size_t)size}, S_IRUSR | S_IWUSR);
    if (failure != 0) {
        log_warn("identity", "token key not saved file=%s reason=\"%s\"", path, strerror(failure));
    }
    OPENSSL_cleanse(text, (size_t)size);
    BIO_free(memory);
}

/*
 * Self-signed, with fixed dates and serial number: the same key always has the same certificate,
 * hence the same kid, so that tokens outlive a restart.
 */
static void certificate_make(struct tokens *tokens)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)"Redurite token signing", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20200101000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(certificate), "20491231235959Z");
    X509_set_pubkey(certificate, tokens->key);
    X509_sign(certificate, tokens->key, EVP_sha256());

    unsigned char *der = NULL;
    int size = i2d_X509(certificate, &der);
    struct bytes view = {(const char *)der, size > 0 ? (size_t)size : 0};
    buf_append(&tokens->certificate, view);
    unsigned char thumbprint[EVP_MAX_MD_SIZE];
    unsigned int thumbprint_size = 0;
    EVP_Digest(view.data, view.size, thumbprint, &thumbprint_size, EVP_sha1(), NULL);
    struct buf text;
    buf_init(&text, THUMBPRINT_SIZE);
    buf_append_base64url(&text, (struct bytes){(const char *)thumbprint, thumbprint_size});
    memcpy(tokens->kid, text.data, text.size);
    tokens->kid[text.size] = '\0';
    buf_finish(&text);
    OPENSSL_free(der);
    X509_free(certificate);
}

/*
 * Emulators that share a data directory must end up with one key: whoever comes second finds the
 * file. Holds the directory's lock for as long as making a key takes.
 */
static void key_share(struct tokens *tokens)
{
    const char *slash = strrchr(tokens->key_file, '/');
    char *directory = slash == NULL
                          ? string_duplicate(".")
                          : bytes_to_string((struct bytes){tokens->key_file,
                                                           (size_t)(slash - tokens->key_file) + 1});
    int lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock >= 0) {
        flock(lock, LOCK_EX);
    }
    tokens->key = key_load(tokens->key_file);
    /* A file that holds something else is left for its owner to look at. */
    bool save = tokens->key == NULL && access(tokens->key_file, F_OK) != 0;
    if (tokens->key == NULL) {
        tokens->key = key_make();
    }
    if (save) {
        key_save(tokens->key, tokens->key_file);
    }
    if (lock >= 0) {
        close(lock);
    }
    memory_free(directory);
}

static void key_need(struct tokens *tokens)
{
    if (tokens->key != NULL) {
        return;
    }
    if (tokens->key_file != NULL) {
        key_share(tokens);
    } else {
        tokens->key = key_make();
    }
    certificate_make(tokens);
    ERR_clear_error();
}

static void append_json_part(struct buf *output, const cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    buf_append_base64url(output, bytes_from_string(text));
    cJSON_free(text);
}

char *tokens_sign(struct tokens *tokens, const char *type, const cJSON *payload)
{
    key_need(tokens);
    struct buf token;
    buf_init(&token, TOKEN_LIMIT);
    cJSON *header = cJSON_CreateObject();
    cJSON_AddStringToObject(header, "typ", type);
    cJSON_AddStringToObject(header, "alg", "RS256");
    cJSON_AddStringToObject(header, "x5t", tokens->kid);
    cJSON_AddStringToObject(header, "kid", tokens->kid);
    append_json_part(&token, header);
    cJSON_Delete(header);
    buf_append_byte(&token, '.');
    append_json_part(&token, payload);

    unsigned char signature[KEY_BITS];
    size_t size = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, tokens->key);
    if (EVP_DigestSign(context, signature, &size, (const unsigned char *)token.data, token.size) !=
        1) {
        size = 0;
    }
    EVP_MD_CTX_free(context);
    buf_append_byte(&token, '.');
    buf_append_base64url(&token, (struct bytes){(const char *)signature, size});
    char *text = bytes_to_string(buf_bytes(&token));
    buf_finish(&token);
    return text;
}

struct token_parts {
    struct bytes header, payload, signature; /* still encoded */
    struct bytes signed_text;
};

static bool token_split(struct bytes token, struct token_parts *parts)
{
    if (token.size > TOKEN_LIMIT) {
        return false;
    }
    size_t first = bytes_find(token, '.');
    if (first == token.size) {
        return false;
    }
    struct bytes rest = bytes_slice(token, first + 1, token.size);
    size_t second = bytes_find(rest, '.');
    if (second == rest.size) {
        return false;
    }
    parts->header = bytes_slice(token, 0, first);
    parts->payload = bytes_slice(rest, 0, second);
    parts->signature = bytes_slice(rest, second + 1, rest.size);
    parts->signed_text = bytes_slice(token, 0, first + 1 + second);
    return parts->header.size > 0 && parts->payload.size > 0 &&
           bytes_find(parts->signature, '.') == parts->signature.size;
}

static cJSON *part_decode(struct bytes part)
{
    struct buf text;
    buf_init(&text, TOKEN_LIMIT);
    cJSON *json = NULL;
    if (buf_append_base64_decoded(&text, part) && memchr(text.data, 0, text.size) == NULL) {
        const char *end = NULL;
        const char *start = buf_string(&text);
        json = cJSON_ParseWithLengthOpts(start, text.size + 1, &end, true);
        if (json != NULL && !cJSON_IsObject(json)) {
            cJSON_Delete(json);
            json = NULL;
        }
    }
    buf_finish(&text);
    return json;
}

bool token_read(struct bytes token, cJSON **header, cJSON **payload)
{
    struct token_parts parts;
    *header = NULL;
    *payload = NULL;
    if (!token_split(token, &parts)) {
        return false;
    }
    *header = part_decode(parts.header);
    *payload = part_decode(parts.payload);
    if (*header == NULL || *payload == NULL) {
        cJSON_Delete(*header);
        cJSON_Delete(*payload);
        *header = NULL;
        *payload = NULL;
        return false;
    }
    return true;
}

static bool header_says(const cJSON *header, const char *name, const char *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(header, name);
    return cJSON_IsString(item) && strcmp(item->valuestring, value) == 0;
}

static bool signature_check(EVP_PKEY *key, struct bytes token, bool pss)
{
    struct token_parts parts;
    struct buf signature;
    buf_init(&signature, TOKEN_LIMIT);
    bool right = false;
    if (token_split(token, &parts) && buf_append_base64_decoded(&signature, parts.signature)) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *details = NULL;
        right = EVP_DigestVerifyInit(context, &details, EVP_sha256(), NULL, key) == 1;
        if (right && pss) {
            right = EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1;
        }
        right =
            right && EVP_DigestVerify(context, (const unsigned char *)signature.data,
                                      signature.size, (const unsigned char *)parts.signed_text.data,
                                      parts.signed_text.size) == 1;
        EVP_MD_CTX_free(context);
        ERR_clear_error();
    }
    buf_finish(&signature);
    return right;
}

enum token_check tokens_open(struct tokens *tokens, struct bytes token, const char *type,
                             cJSON **payload)
{
    cJSON *header;
    if (!token_read(token, &header, payload)) {
        return TOKEN_MALFORMED;
    }
    key_need(tokens);
    enum token_check check = TOKEN_FORGED;
    if (!header_says(header, "alg", "RS256") || !header_says(header, "typ", type)) {
        check = TOKEN_MALFORMED;
        cJSON_Delete(*payload);
        *payload = NULL;
    } else if (!header_says(header, "kid", tokens->kid)) {
        check = TOKEN_FOREIGN;
    } else if (signature_check(tokens->key, token, false)) {
        check = TOKEN_GENUINE;
    }
    cJSON_Delete(header);
    return check;
}

static void key_add_number(cJSON *object, const char *name, EVP_PKEY *key, const char *parameter)
{
    BIGNUM *number = NULL;
    unsigned char bytes[KEY_BITS];
    if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1) {
        return;
    }
    int size = BN_bn2bin(number, bytes);
    BN_free(number);
    struct buf text;
    buf_init(&text, TOKEN_LIMIT);
    buf_append_base64url(&text, (struct bytes){(const char *)bytes, (size_t)size});
    cJSON_AddStringToObject(object, name, buf_string(&text));
    buf_finish(&text);
}

cJSON *tokens_key_set(struct tokens *tokens, const char *issuer)
{
    key_need(tokens);
    cJSON *set = cJSON_CreateObject();
    cJSON *key = cJSON_CreateObject();
    cJSON_AddItemToArray(cJSON_AddArrayToObject(set, "keys"), key);
    cJSON_AddStringToObject(key, "kty", "RSA");
    cJSON_AddStringToObject(key, "use", "sig");
    cJSON_AddStringToObject(key, "alg", "RS256");
    cJSON_AddStringToObject(key, "kid", tokens->kid);
    cJSON_AddStringToObject(key, "x5t", tokens->kid);
    key_add_number(key, "n", tokens->key, OSSL_PKEY_PARAM_RSA_N);
    key_add_number(key, "e", tokens->key, OSSL_PKEY_PARAM_RSA_E);
    struct buf text;
    buf_init(&text, TOKEN_LIMIT);
    buf_append_base64(&text, buf_bytes(&tokens->certificate));
    cJSON_AddItemToArray(cJSON_AddArrayToObject(key, "x5c"), cJSON_CreateString(buf_string(&text)));
    buf_finish(&text);
    cJSON_AddStringToObject(key, "cloud_instance_name", "microsoftonline.com");
    if (issuer != NULL) {
        cJSON_AddStringToObject(key, "issuer", issuer);
    }
    return set;
}

struct token_certificate *token_certificate_create(struct bytes pem)
{
    BIO *memory = BIO_new_mem_buf(pem.data, (int)pem.size);
    X509 *source = PEM_read_bio_X509(memory, NULL, NULL, NULL);
    BIO_free(memory);
    ERR_clear_error();
    if (source == NULL) {
        return NULL;
    }
    struct token_certificate *certificate = memory_allocate_zeroed(sizeof(*certificate));
    certificate->key = X509_get_pubkey(source);
    unsigned char thumbprint[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    X509_digest(source, EVP_sha1(), thumbprint, &size);
    for (unsigned int i = 0; i < size; i++) {
        static const char digits[] = "0123456789ABCDEF";
        certificate->thumbprint[2 * i] = digits[thumbprint[i] >> 4];
        certificate->thumbprint[2 * i + 1] = digits[thumbprint[i] & 15];
    }
    X509_free(source);
    if (certificate->key == NULL || !EVP_PKEY_is_a(certificate->key, "RSA")) {
        token_certificate_destroy(certificate);
        return NULL;
    }
    return certificate;
}

void token_certificate_destroy(struct token_certificate *certificate)
{
    if (certificate != NULL) {
        EVP_PKEY_free(certificate->key);
        memory_free(certificate);
    }
}

const char *token_certificate_thumbprint(const struct token_certificate *certificate)
{
    return certificate->thumbprint;
}

bool token_certificate_check(const struct token_certificate *certificate, struct bytes token)
{
    cJSON *header, *payload;
    if (!token_read(token, &header, &payload)) {
        return false;
    }
    bool pss = header_says(header, "alg", "PS256");
    bool known = pss || header_says(header, "alg", "RS256");
    cJSON_Delete(header);
    cJSON_Delete(payload);
    return known && signature_check(certificate->key, token, pss);
}

void token_digest(struct bytes text, char digest[44])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_Digest(text.data != NULL ? text.data : "", text.size, hash, &size, EVP_sha256(), NULL);
    struct buf encoded;
    buf_init(&encoded, 64);
    buf_append_base64url(&encoded, (struct bytes){(const char *)hash, size});
    memcpy(digest, encoded.data, 43);
    digest[43] = '\0';
    buf_finish(&encoded);
}
