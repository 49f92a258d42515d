/* INFO replication: of a primary, or of a node or an instance that follows one. */
#include "resp/info_state.h"

static void upstream_lines(struct info_writer *writer)
{
    const struct replica_view view = replica_view_of(writer->session);
    const struct replica_view *replica = &view;
    info_line(writer, "master_host:%s", replica->host);
    info_line(writer, "master_port:%d", replica->port);
    info_line(writer, "master_link_status:%s", replica->linked ? "up" : "down");
    info_line(writer, "master_last_io_seconds_ago:%lld",
              replica->linked ? (long long)(writer->now_ms - replica->heard_ms) / 1000 : -1);
    info_line(writer, "master_sync_in_progress:%d", replica->syncing ? 1 : 0);
    if (writer->modern) {
        info_line(writer, "slave_read_repl_offset:%llu", (ull)replica->offset);
    }
    info_line(writer, "slave_repl_offset:%llu", (ull)replica->offset);
    if (!replica->linked) {
        info_line(writer, "master_link_down_since_seconds:%lld",
                  (long long)(writer->now_ms - replica->heard_ms) / 1000);
    }
    info_line(writer, "slave_priority:100");
    info_line(writer, "slave_read_only:1");
    if (writer->middle) {
        info_line(writer, "replica_announced:1");
    }
}

void info_replication(struct info_writer *writer)
{
    const struct instance *instance = writer->instance;
    bool follows = replica_view_of(writer->session).host != NULL;
    int followers = session_at_replica(writer->session)
                        ? 0
                        : instance->replicas + replication_listeners(instance);
    info_line(writer, "role:%s", follows ? "slave" : "master");
    if (follows) {
        upstream_lines(writer);
    }
    info_line(writer, "connected_slaves:%d", followers);
    int shown = 0;
    for (const struct session *session = instance->sessions; session != NULL && followers > 0;
         session = session->next) {
        const struct follower *follower = session->follower;
        struct bytes address = bytes_from_string(session->address);
        if (follower != NULL) {
            info_line(writer, "slave%d:ip=%.*s,port=%d,state=online,offset=%llu,lag=%lld", shown++,
                      (int)bytes_find(address, ':'), address.data, session->listening_port,
                      (ull)follower->acknowledged,
                      (long long)(writer->now_ms - follower->heard_ms) / 1000);
        }
    }
    for (int i = shown; i < followers; i++) {
        info_line(writer, "slave%d:ip=127.0.0.1,port=%d,state=online,offset=%llu,lag=0", i,
                  replica_port(instance, i - shown, writer->session->tls),
                  (ull)instance_replication_offset(instance));
    }
    if (writer->middle) {
        info_line(writer, "master_failover_state:no-failover");
    }
    const struct replication_history *history = &instance->history;
    bool branched = history->old_id[0] != '\0';
    info_line(writer, "master_replid:%s", history->id);
    info_line(writer, "master_replid2:%s",
              branched ? history->old_id : "0000000000000000000000000000000000000000");
    info_line(writer, "master_repl_offset:%llu", (ull)instance_replication_offset(instance));
    info_line(writer, "second_repl_offset:%lld", branched ? (long long)history->old_end : -1);
    uint64_t first;
    size_t kept = replication_backlog_size(instance, &first);
    info_line(writer, "repl_backlog_active:%d", instance->backlog.instance != NULL ? 1 : 0);
    info_line(writer, "repl_backlog_size:%s", setting_value(instance, "repl-backlog-size"));
    info_line(writer, "repl_backlog_first_byte_offset:%llu", (ull)first);
    info_line(writer, "repl_backlog_histlen:%zu", kept);
}
