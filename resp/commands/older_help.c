/* What the HELP of containers said before Redis 7.0, which wrote each subcommand on a line of its
 * own. */
#include "resp/commands/help.h"

#include <stdio.h>
#include <string.h>

#include "resp/reply.h"

static const char *const client_lines[] = {
    "ID                     -- Return the ID of the current connection.",
    "GETNAME                -- Return the name of the current connection.",
    "KILL <ip:port>         -- Kill connection made from <ip:port>.",
    "KILL <option> <value> [option value ...] -- Kill connections. Options are:",
    "     ADDR <ip:port>                      -- Kill connection made from <ip:port>",
    "     TYPE (normal|master|replica|pubsub) -- Kill connections by type.",
    "     USER <username>   -- Kill connections authenticated with such user.",
    "     SKIPME (yes|no)   -- Skip killing current connection (default: yes).",
    "LIST [options ...]     -- Return information about client connections. Options:",
    "     TYPE (normal|master|replica|pubsub) -- Return clients of specified type.",
    "PAUSE <timeout>        -- Suspend all Redis clients for <timout> milliseconds.",
    "REPLY (on|off|skip)    -- Control the replies sent to the current connection.",
    "SETNAME <name>         -- Assign the name <name> to the current connection.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR] -- Unblock the specified blocked client.",
    "TRACKING (on|off) [REDIRECT <id>] [BCAST] [PREFIX first] [PREFIX second] [OPTIN] [OPTOUT]... "
    "-- Enable client keys tracking for client side caching.",
    "CACHING  (yes|no)      -- Enable/Disable tracking of the keys for next command in "
    "OPTIN/OPTOUT mode.",
    "GETREDIR               -- Return the client ID we are redirecting to when tracking is "
    "enabled.",
    NULL,
};

static const char *const cluster_lines[] = {
    "ADDSLOTS <slot> [slot ...] -- Assign slots to current node.",
    "BUMPEPOCH -- Advance the cluster config epoch.",
    "COUNT-failure-reports <node-id> -- Return number of failure reports for <node-id>.",
    "COUNTKEYSINSLOT <slot> - Return the number of keys in <slot>.",
    "DELSLOTS <slot> [slot ...] -- Delete slots information from current node.",
    "FAILOVER [force|takeover] -- Promote current replica node to being a master.",
    "FORGET <node-id> -- Remove a node from the cluster.",
    "GETKEYSINSLOT <slot> <count> -- Return key names stored by current node in a slot.",
    "FLUSHSLOTS -- Delete current node own slots information.",
    "INFO - Return information about the cluster.",
    "KEYSLOT <key> -- Return the hash slot for <key>.",
    "MEET <ip> <port> [bus-port] -- Connect nodes into a working cluster.",
    "MYID -- Return the node id.",
    "NODES -- Return cluster configuration seen by node. Output format:",
    "    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ... <slot>",
    "REPLICATE <node-id> -- Configure current node as replica to <node-id>.",
    "RESET [hard|soft] -- Reset current node (default: soft).",
    "SET-config-epoch <epoch> - Set config epoch of current node.",
    "SETSLOT <slot> (importing|migrating|stable|node <node-id>) -- Set slot state.",
    "REPLICAS <node-id> -- Return <node-id> replicas.",
    "SAVECONFIG - Force saving cluster configuration on disk.",
    "SLOTS -- Return information about slots range mappings. Each range is made of:",
    "    start, end, master and replicas IP addresses, ports and ids",
    NULL,
};

static const char *const command_lines[] = {
    "(no subcommand) -- Return details about all Redis commands.",
    "COUNT -- Return the total number of commands in this Redis server.",
    "GETKEYS <full-command> -- Return the keys from a full Redis command.",
    "INFO [command-name ...] -- Return details about multiple Redis commands.",
    NULL,
};

static const char *const latency_lines[] = {
    "DOCTOR              -- Returns a human readable latency analysis report.",
    "GRAPH   <event>     -- Returns an ASCII latency graph for the event class.",
    "HISTORY <event>     -- Returns time-latency samples for the event class.",
    "LATEST              -- Returns the latest latency samples for all events.",
    "RESET   [event ...] -- Resets latency data of one or more event classes.",
    "                       (default: reset all data for all event classes)",
    "HELP                -- Prints this help.",
    NULL,
};

static const char *const memory_lines[] = {
    "DOCTOR - Return memory problems reports.",
    "MALLOC-STATS -- Return internal statistics report from the memory allocator.",
    "PURGE -- Attempt to purge dirty pages for reclamation by the allocator.",
    "STATS -- Return information about the memory usage of the server.",
    "USAGE <key> [SAMPLES <count>] -- Return memory in bytes used by <key> and its value. Nested "
    "values are sampled up to <count> times (default: 5).",
    NULL,
};

static const char *const module_lines[] = {
    "LIST -- Return a list of loaded modules.",
    "LOAD <path> [arg ...] -- Load a module library from <path>.",
    "UNLOAD <name> -- Unload a module.",
    NULL,
};

static const char *const object_lines[] = {
    "ENCODING <key> -- Return the kind of internal representation used in order to store the value "
    "associated with a key.",
    "FREQ <key> -- Return the access frequency index of the key. The returned integer is "
    "proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key> -- Return the idle time of the key, that is the approximated number of seconds "
    "elapsed since the last access to the key.",
    "REFCOUNT <key> -- Return the number of references of the value associated with the specified "
    "key.",
    NULL,
};

static const char *const pubsub_lines[] = {
    "CHANNELS [<pattern>] -- Return the currently active channels matching a pattern (default: "
    "all).",
    "NUMPAT -- Return number of subscriptions to patterns.",
    "NUMSUB [channel-1 .. channel-N] -- Returns the number of subscribers for the specified "
    "channels (excluding patterns, default: none).",
    NULL,
};

static const char *const script_lines[] = {
    "DEBUG (yes|sync|no) -- Set the debug mode for subsequent scripts executed.",
    "EXISTS <sha1> [<sha1> ...] -- Return information about the existence of the scripts in the "
    "script cache.",
    "FLUSH -- Flush the Lua scripts cache. Very dangerous on replicas.",
    "KILL -- Kill the currently executing Lua script.",
    "LOAD <script> -- Load a script into the scripts cache, without executing it.",
    NULL,
};

static const char *const slowlog_lines[] = {
    "GET [count] -- Return top entries from the slowlog (default: 10).    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port, client name",
    "LEN -- Return the length of the slowlog.",
    "RESET -- Reset the slowlog.",
    NULL,
};

static const char *const xgroup_lines[] = {
    "CREATE      <key> <groupname> <id or $> [opt] -- Create a new consumer group.",
    "            option MKSTREAM: create the empty stream if it does not exist.",
    "SETID       <key> <groupname> <id or $>  -- Set the current group ID.",
    "DESTROY     <key> <groupname>            -- Remove the specified group.",
    "DELCONSUMER <key> <groupname> <consumer> -- Remove the specified consumer.",
    "HELP                                     -- Prints this help.",
    NULL,
};

static const char *const xinfo_lines[] = {
    "CONSUMERS <key> <groupname>         -- Show consumer groups of group <groupname>.",
    "GROUPS <key>                        -- Show the stream consumer groups.",
    "STREAM <key> [FULL [COUNT <count>]] -- Show information about the stream.",
    "                                       FULL will return the full state of the stream,",
    "                                            including all entries, groups, consumers and "
    "PELs.",
    "                                            It's possible to show only the first stream/PEL "
    "entries",
    "                                            by using the COUNT modifier (Default is 10)",
    "HELP                                -- Print this help.",
    NULL,
};

static const struct {
    const char *container;
    const char *const *lines;
} helps[] = {
    {"CLIENT", client_lines},   {"CLUSTER", cluster_lines}, {"COMMAND", command_lines},
    {"LATENCY", latency_lines}, {"MEMORY", memory_lines},   {"MODULE", module_lines},
    {"OBJECT", object_lines},   {"PUBSUB", pubsub_lines},   {"SCRIPT", script_lines},
    {"SLOWLOG", slowlog_lines}, {"XGROUP", xgroup_lines},   {"XINFO", xinfo_lines},
};

bool reply_older_help(struct call *call)
{
    const char *const *lines = NULL;
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(helps) && lines == NULL; i++) {
        lines = strcmp(helps[i].container, call->command->name) == 0 ? helps[i].lines : NULL;
    }
    if (lines == NULL) {
        return false;
    }
    while (lines[count] != NULL) {
        count++;
    }
    reply_array(call->reply, count + 1);
    char head[64];
    snprintf(head, sizeof(head),
             "%s <subcommand> arg arg ... arg. Subcommands are:", call->command->name);
    reply_status(call->reply, head);
    for (size_t i = 0; i < count; i++) {
        reply_status(call->reply, lines[i]);
    }
    return true;
}
