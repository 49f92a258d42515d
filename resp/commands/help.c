/* The HELP subcommand of containers. */
#include "resp/commands/help.h"

#include <string.h>

#include "resp/reply.h"

void reply_help(struct call *call, const char *const *lines)
{
    static const char head[] = " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:";
    size_t count = 0;
    while (lines[count] != NULL) {
        count++;
    }
    char name[64 + sizeof(head)];
    size_t size = 0;
    for (; size < call->argv[0].size && size < 63; size++) {
        char letter = call->argv[0].data[size];
        name[size] = letter >= 'a' && letter <= 'z' ? (char)(letter - 32) : letter;
    }
    memcpy(name + size, head, sizeof(head));
    reply_array(call->reply, count + 3);
    reply_status(call->reply, name);
    for (size_t i = 0; i < count; i++) {
        reply_status(call->reply, lines[i]);
    }
    reply_status(call->reply, "HELP");
    reply_status(call->reply, "    Prints this help.");
}
