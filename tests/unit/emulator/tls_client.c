#include "tests/unit/emulator/tls_client.h"

void tls_client_init(struct tls_client *client, const char *ca_file, const char *name, int least,
                     int most)
{
    *client = (struct tls_client){.context = SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_security_level(client->context, 0);
    SSL_CTX_set_cipher_list(client->context, "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(client->context, least);
    SSL_CTX_set_max_proto_version(client->context, most);
    client->ssl = SSL_new(client->context);
    client->in = BIO_new(BIO_s_mem());
    client->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(client->in, -1);
    SSL_set_bio(client->ssl, client->in, client->out);
    if (name != NULL) {
        SSL_set_tlsext_host_name(client->ssl, name);
        SSL_set1_host(client->ssl, name);
    }
    if (ca_file != NULL) {
        SSL_CTX_load_verify_file(client->context, ca_file);
        X509_STORE *store = SSL_CTX_get_cert_store(client->context);
        SSL_set1_verify_cert_store(client->ssl, store);
        SSL_set_verify(client->ssl, SSL_VERIFY_PEER, NULL);
    }
    SSL_set_connect_state(client->ssl);
}

void tls_client_finish(struct tls_client *client)
{
    SSL_SESSION_free(client->session);
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
}

void tls_client_receive(struct tls_client *client, struct bytes received, struct buf *plain)
{
    char piece[4096];
    int size;

    if (received.size > 0) {
        BIO_write(client->in, received.data, (int)received.size);
    }
    while ((size = SSL_read(client->ssl, piece, sizeof(piece))) > 0) {
        buf_append(plain, (struct bytes){piece, (size_t)size});
    }
    int error = SSL_get_error(client->ssl, size);
    client->failed |= error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN;
}

void tls_client_send(struct tls_client *client, struct bytes plain)
{
    if (plain.size > 0) {
        SSL_write(client->ssl, plain.data, (int)plain.size);
    }
}

void tls_client_take(struct tls_client *client, struct buf *output)
{
    char *data;
    long size = BIO_get_mem_data(client->out, &data);
    buf_append(output, (struct bytes){data, (size_t)size});
    (void)BIO_reset(client->out);
}
