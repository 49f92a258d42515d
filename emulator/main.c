/* The process: allocators first, then the command line. */
#include <signal.h>

#include <cjson/cJSON.h>

#include "base/bytes.h"
#include "emulator/cli/cli.h"

int main(int argc, char **argv)
{
    /* Out of memory ends the process in the allocator, so that nobody downstream need check. */
    cJSON_InitHooks(&(cJSON_Hooks){memory_allocate, memory_free});
    signal(SIGPIPE, SIG_IGN);
    return cli_run(argc, argv);
}
