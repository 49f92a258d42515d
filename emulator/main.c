/* The process: one allocator for all, then the command line. */
#include <signal.h>
#if defined(__linux__)
#include <malloc.h>
#endif

#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <uv.h>

#include "base/bytes.h"
#include "emulator/cli/cli.h"

/* OpenSSL also says where it allocates; it may ask for nothing and for nothing more. */
static void *crypto_allocate(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 ? NULL : memory_allocate(size);
}

static void *crypto_resize(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size == 0) {
        memory_free(memory);
        return NULL;
    }
    return memory_resize(memory, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    memory_free(memory);
}

static void *allocate_array(size_t count, size_t size)
{
    size_t total;
    return __builtin_mul_overflow(count, size, &total) ? NULL : memory_allocate_zeroed(total);
}

int main(int argc, char **argv)
{
    /* Out of memory ends the process in the allocator, so that no caller need check. */
    CRYPTO_set_mem_functions(crypto_allocate, crypto_resize, crypto_free);
    uv_replace_allocator(memory_allocate, memory_resize, allocate_array, memory_free);
    cJSON_InitHooks(&(cJSON_Hooks){memory_allocate, memory_free});
#if defined(M_MXFAST)
    /* Freed blocks are joined one by one, and not all at once when a large one is freed: with a
     * million of them that held everybody up for a fifth of a second. */
    mallopt(M_MXFAST, 0);
#endif
    signal(SIGPIPE, SIG_IGN);
    return cli_run(argc, argv);
}
