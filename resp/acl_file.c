/* Users to and from text. */
#include "resp/acl_file.h"

#include <string.h>

#include "resp/acl_state.h"

static const char no_such_command[] = "Unknown command or category name in ACL";

/* ---- Writing ---- */

static void write_user(const struct acl *acl, const struct acl_user *user, struct buf *text)
{
    buf_printf(text, "user %s", user->name);
    acl_describe(acl, user, text);
    buf_append_byte(text, '\n');
}

void acl_file_write(const struct instance *instance, struct buf *text)
{
    const struct acl *acl = instance->acl;
    for (size_t i = 0; i < acl->count; i++) {
        const struct acl_user *user = acl->users[i];
        if (user->untouched && instance->keys[0][0] != '\0') {
            struct acl_user *locked = acl_user_copy(acl, user);
            char *password = string_format(">%s", instance->keys[0]);
            acl_modify(acl, locked, BYTES("resetpass"));
            acl_modify(acl, locked, bytes_from_string(password));
            write_user(acl, locked, text);
            memory_free(password);
            acl_user_destroy(locked);
        } else {
            write_user(acl, user, text);
        }
    }
}

/* ---- Reading ---- */

/* The next word, cut off; spaces between words do not matter. */
static bool take_word(struct bytes *line, struct bytes *word)
{
    size_t start = 0;
    while (start < line->size && (line->data[start] == ' ' || line->data[start] == '\t')) {
        start++;
    }
    *line = bytes_slice(*line, start, line->size);
    size_t end = bytes_find(*line, ' ');
    *word = bytes_slice(*line, 0, end);
    *line = bytes_slice(*line, end, line->size);
    return word->size > 0;
}

/* "(+get ~k*)" is one modifier, whatever stands in it. */
static bool take_modifier(struct bytes *line, struct bytes *modifier, bool *closed)
{
    struct bytes word;
    *closed = true;
    if (!take_word(line, modifier)) {
        return false;
    }
    if (modifier->data[0] == '(') {
        word = *modifier;
        *closed = word.data[word.size - 1] == ')';
        while (!*closed && take_word(line, &word)) {
            *closed = word.data[word.size - 1] == ')';
        }
        modifier->size = (size_t)(word.data + word.size - modifier->data);
    }
    return true;
}

/* As long as that is so, CONFIG SET requirepass decides of the default user. */
static bool may_do_all(const struct acl *acl, const struct acl_user *user)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    acl_describe(acl, user, &text);
    bool all = bytes_equal_string(buf_bytes(&text), " on nopass ~* &* +@all");
    buf_finish(&text);
    return all;
}

/*
 * Applies what a line says, as far as it is right. Of each line, every unknown command is told, and
 * of other mistakes the first.
 */
static void apply_line(const struct acl *acl, struct acl_user *user, struct bytes line,
                       const char *place, struct buf *error)
{
    struct bytes modifier;
    bool closed, told = false;
    while (take_modifier(&line, &modifier, &closed)) {
        if (!closed) {
            buf_printf(error, "%s: Unmatched parenthesis in selector definition. ", place);
            return;
        }
        const char *failure = acl_modify(acl, user, modifier);
        if (failure != NULL && strcmp(failure, no_such_command) == 0) {
            buf_printf(error, "%s: Error in applying operation '%.*s': %s. ", place,
                       (int)modifier.size, modifier.data, failure);
        } else if (failure != NULL && !told) {
            buf_printf(error, "%s: %s. ", place, failure);
            told = true;
        }
    }
    user->untouched = strcmp(user->name, "default") == 0 && may_do_all(acl, user);
}

static struct acl_user *find(struct acl_user *const *users, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal_string(name, users[i]->name)) {
            return users[i];
        }
    }
    return NULL;
}

struct reading {
    const struct acl *acl;
    const char *path;
    struct acl_user **users;
    size_t count;
    struct buf *error;
};

static void read_line(struct reading *reading, struct bytes line, int number)
{
    struct bytes word, name;
    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line = bytes_slice(line, 0, line.size - 1);
    }
    if (!take_word(&line, &word)) {
        return;
    }
    if (!bytes_equal_string(word, "user") || !take_word(&line, &name)) {
        buf_printf(reading->error,
                   "%s:%d should start with user keyword followed by the username. ", reading->path,
                   number);
        return;
    }
    if (find(reading->users, reading->count, name) != NULL) {
        buf_printf(reading->error, "WARNING: Duplicate user '%.*s' found on line %d. ",
                   (int)name.size, name.data, number);
        return;
    }
    struct acl_user *user = acl_user_create(reading->acl, name);
    reading->users = memory_resize(reading->users, (reading->count + 1) * sizeof(*reading->users));
    reading->users[reading->count++] = user;
    char *place = string_format("%s:%d", reading->path, number);
    apply_line(reading->acl, user, line, place, reading->error);
    memory_free(place);
}

static void close_sessions(struct instance *instance)
{
    for (struct session *session = instance->sessions; session != NULL; session = session->next) {
        if (session->account != acl_default(instance->acl)) {
            session_sign_out(session);
            session_close(session);
        }
    }
}

bool acl_file_read(struct instance *instance, const char *path, struct bytes text,
                   struct buf *error)
{
    struct reading reading = {.acl = instance->acl, .path = path, .error = error};
    size_t before = error->size;
    for (int number = 1; text.size > 0; number++) {
        size_t end = bytes_find(text, '\n');
        read_line(&reading, bytes_slice(text, 0, end), number);
        text = bytes_slice(text, end + (end < text.size ? 1 : 0), text.size);
    }
    bool good = error->size == before;
    if (good) {
        close_sessions(instance);
        acl_replace_all(instance->acl, reading.users, reading.count);
    } else {
        buf_append_string(error, "WARNING: ACL errors detected, no change to the previously "
                                 "active ACL rules was performed");
    }
    for (size_t i = 0; i < reading.count && !good; i++) {
        acl_user_destroy(reading.users[i]);
    }
    memory_free(reading.users);
    return good;
}

bool acl_file_read_user(struct instance *instance, struct bytes line, struct buf *error)
{
    struct bytes name;
    size_t before = error->size;
    if (!take_word(&line, &name)) {
        buf_append_string(error, "user needs a name ");
        return false;
    }
    const struct acl_user *present = acl_find(instance->acl, name);
    struct acl_user *user = present != NULL ? acl_user_copy(instance->acl, present)
                                            : acl_user_create(instance->acl, name);
    apply_line(instance->acl, user, line, "user", error);
    bool good = error->size == before;
    if (good) {
        acl_put_take(instance->acl, user);
    } else {
        acl_user_destroy(user);
    }
    return good;
}
