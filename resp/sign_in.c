/* Who a session is: AUTH, what the host answers to it, and accounts that come and go. */
#include "resp/acl.h"
#include "resp/cluster.h"
#include "resp/errors.h"
#include "resp/instance_state.h"

static void replace_text(char **text, struct bytes value)
{
    memory_free(*text);
    *text = bytes_to_string(value);
}

static bool needs_no_password(const struct instance *instance)
{
    return instance->profile == PROFILE_REDIS && instance->keys[0][0] == '\0' &&
           instance->keys[1][0] == '\0' && acl_user_open(acl_default(instance->acl));
}

bool session_has_account(const struct session *session)
{
    return session->account != NULL && acl_user_external(session->account);
}

/* The only place where a session changes hands. */
static void become(struct session *session, struct bytes name, struct acl_user *account)
{
    session->instance->account_count -= session_has_account(session) ? 1 : 0;
    session->account = account;
    session->instance->account_count += session_has_account(session) ? 1 : 0;
    clock_disarm(session->instance->clock, &session->access_end);
    replace_text(&session->user, name);
}

void session_sign_out(struct session *session)
{
    become(session, BYTES("default"), acl_default(session->instance->acl));
    session->authenticated = needs_no_password(session->instance);
}

void session_access_ended(struct timer *timer)
{
    struct session *session = CONTAINER_OF(timer, struct session, access_end);
    session->instance->stats.accounts_ended++;
    session_close(session);
}

/* To the instance that its password opened. */
static void move(struct session *session, struct instance *instance)
{
    struct instance *from = session->instance;
    if (from == instance) {
        return;
    }
    transaction_discard(session);
    watch_forget(session);
    pubsub_forget(session);
    tracking_stop(session);
    session_stop_monitoring(session);
    session_sign_out(session);
    clock_disarm(from->clock, &session->idle);
    instance_remove_session(from, session);
    instance->stats.connections++;
    instance_add_session(instance, session);
    session->id = ++instance->next_session_id;
    session->db = instance->databases[0];
    session->account = acl_default(instance->acl);
    /* Counters of the command that moves it lie in the table it came from. */
    session->entry = NULL;
    session->last = NULL;
    session_arm_idle(session);
}

static void refuse(struct call *call, struct bytes user, const struct session_admission *admission)
{
    bool modern = instance_runs(call->instance, "6.2.0");
    acl_log(call, ACL_ALLOWED, bytes_from_string("AUTH"), user);
    if (admission->hang_up) {
        call->session->closing = true;
        return;
    }
    reply_error(call->reply, admission->refusal != NULL ? admission->refusal
                             : modern                   ? ERROR_WRONG_PASSWORD
                                                        : ERROR_WRONG_PASSWORD_6_0);
    call->session->closing |= admission->refusal != NULL;
}

bool session_authenticate_or_reply(struct call *call, struct bytes user, struct bytes password)
{
    struct session *session = call->session;
    struct instance *opened = NULL;
    struct session_admission admission = {0};
    struct acl_user *account = acl_find(session->instance->acl, user);
    bool own = account != NULL && !acl_user_untouched(account) && !acl_user_external(account);
    if (own || (account == NULL && call->instance->profile == PROFILE_REDIS)) {
        opened = own && acl_user_lets_in(account, password) ? session->instance : NULL;
    } else if (needs_no_password(session->instance)) {
        opened = session->instance;
    } else if (call->instance->profile == PROFILE_REDIS && bytes_equal_string(user, "default") &&
               instance_check_key(session->instance, password)) {
        opened = session->instance; /* CONFIG SET requirepass, which its host knows nothing of */
    } else if (session->host.authenticate != NULL) {
        opened = session->host.authenticate(session->host.context, session, session->instance, user,
                                            password, &admission);
    } else if (bytes_equal_string(user, "default") &&
               instance_check_key(session->instance, password)) {
        opened = session->instance;
    }
    if (opened != NULL && opened != session->instance && opened->max_clients > 0 &&
        opened->session_count >= opened->max_clients) {
        opened->stats.rejected_connections++;
        opened = NULL;
        admission = (struct session_admission){.refusal = ERROR_MAX_CLIENTS};
    }
    if (opened == NULL) {
        refuse(call, user, &admission);
        return false;
    }
    move(session, opened);
    call->instance = session->instance;
    call->db = session->db;
    session->authenticated = true;
    account = own ? account : acl_find(opened->acl, admission.account);
    become(session, user, account != NULL ? account : acl_default(opened->acl));
    if (admission.ends_at_ms != 0) {
        clock_arm(opened->clock, &session->access_end, admission.ends_at_ms);
    }
    return true;
}

/* ---- Accounts ---- */

static void close_sessions(struct instance *instance, const struct acl_user *user)
{
    for (struct session *session = instance->sessions; session != NULL; session = session->next) {
        if (session->account == user) {
            session_sign_out(session);
            session_close(session);
        }
    }
}

static bool listed(const struct instance_account *accounts, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_string(accounts[i].name, name)) {
            return true;
        }
    }
    return false;
}

void instance_set_accounts(struct instance *instance, const struct instance_account *accounts,
                           size_t count)
{
    for (size_t i = acl_count(instance->acl); i-- > 0;) {
        struct acl_user *user = acl_at(instance->acl, i);
        if (acl_user_external(user) && !listed(accounts, count, acl_user_name(user))) {
            close_sessions(instance, user);
            acl_remove(instance->acl, user);
        }
    }
    for (size_t i = 0; i < count; i++) {
        acl_set_external(instance->acl, accounts[i].name, accounts[i].rules);
    }
}
