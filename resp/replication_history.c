#include "resp/replication_history.h"

#include <string.h>

#include "resp/instance_state.h"

static void name(struct instance *instance, const char *id)
{
    struct replication_history *history = &instance->history;
    if (id == NULL) {
        instance_make_run_id(instance, history->id);
    } else {
        memcpy(history->id, id, sizeof(history->id));
    }
}

void replication_history_begin(struct instance *instance, const char *id)
{
    name(instance, id);
    instance->history.old_id[0] = '\0';
    instance->history.old_end = 0;
}

void replication_history_branch(struct instance *instance, const char *id)
{
    struct replication_history *history = &instance->history;
    memcpy(history->old_id, history->id, sizeof(history->old_id));
    history->old_end = instance_replication_offset(instance) + 1;
    name(instance, id);
}

bool replication_history_has(const struct instance *instance, struct bytes id, uint64_t offset)
{
    const struct replication_history *history = &instance->history;
    return bytes_equal_string(id, history->id) ||
           (history->old_id[0] != '\0' && bytes_equal_string(id, history->old_id) &&
            offset <= history->old_end);
}
