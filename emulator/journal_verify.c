/* Counts, compares, and shows what was near. */
#include "emulator/journal_verify.h"

#include <string.h>

#include "emulator/journal_match.h"
#include "emulator/options.h"

enum { MOST_EXPECTATIONS = 1000, SHOWN = 10, NEAR = 5 };

struct expectation {
    const char *name; /* borrowed; NULL: none */
    struct journal_match match, every;
    bool has_every;
    int64_t least, most; /* -1: no such bound */
};

static const char *const member_names[] = {"name",   "match", "exactly", "atLeast",
                                           "atMost", "never", "every"};

/* ---- Reading ---- */

static bool check_members(const cJSON *object, struct buf *error)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, object)
    {
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(member_names); i++) {
            known = known || strcmp(member->string, member_names[i]) == 0;
        }
        if (!known) {
            const char *nearest = nearest_name(bytes_from_string(member->string), member_names,
                                               ARRAY_LEN(member_names));
            buf_printf(error, "an expectation has no '%.100s'%s%s%s", member->string,
                       nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
                       nearest == NULL ? "" : "'?");
            return false;
        }
    }
    return true;
}

static bool read_bound(const cJSON *object, const char *name, int64_t *bound, bool *given,
                       struct buf *error)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

    if (value == NULL) {
        return true;
    }
    if (!cJSON_IsNumber(value) || value->valuedouble < 0 || value->valuedouble > 1e9 ||
        value->valuedouble != (double)(int64_t)value->valuedouble) {
        buf_printf(error, "'%s' must be a whole number from 0 up", name);
        return false;
    }
    *bound = (int64_t)value->valuedouble;
    *given = true;
    return true;
}

static bool read_bounds(struct expectation *expectation, const cJSON *object, struct buf *error)
{
    int64_t exactly = -1;
    bool bounded = false, exact = false;
    const cJSON *never = cJSON_GetObjectItemCaseSensitive(object, "never");

    expectation->least = expectation->most = -1;
    if (!read_bound(object, "exactly", &exactly, &exact, error) ||
        !read_bound(object, "atLeast", &expectation->least, &bounded, error) ||
        !read_bound(object, "atMost", &expectation->most, &bounded, error)) {
        return false;
    }
    if (never != NULL && !cJSON_IsTrue(never)) {
        buf_append_string(error, "'never' must be true");
        return false;
    }
    if ((int)exact + (int)bounded + (never != NULL ? 1 : 0) > 1) {
        buf_append_string(error, "an expectation has either 'exactly', 'never', or 'atLeast' and "
                                 "'atMost'");
        return false;
    }
    if (expectation->most >= 0 && expectation->least > expectation->most) {
        buf_append_string(error, "'atLeast' is more than 'atMost'");
        return false;
    }
    if (exact || never != NULL) {
        expectation->least = expectation->most = never != NULL ? 0 : exactly;
    } else if (!bounded && !expectation->has_every) {
        expectation->least = 1; /* as WireMock's verify without a count */
    }
    return true;
}

static bool read_expectation(struct expectation *expectation, const cJSON *object,
                             struct buf *error)
{
    *expectation = (struct expectation){0};
    if (!cJSON_IsObject(object)) {
        buf_append_string(error, "an expectation must be an object such as {\"match\": "
                                 "{\"command\": \"KEYS\"}, \"never\": true}");
        return false;
    }
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(object, "name");
    const cJSON *match = cJSON_GetObjectItemCaseSensitive(object, "match");
    const cJSON *every = cJSON_GetObjectItemCaseSensitive(object, "every");
    if (name != NULL && !cJSON_IsString(name)) {
        buf_append_string(error, "'name' must be a text");
        return false;
    }
    expectation->name = name == NULL ? NULL : name->valuestring;
    if (!check_members(object, error)) {
        return false;
    }
    if (match == NULL) {
        buf_append_string(error, "an expectation needs 'match'; {} fits every request");
        return false;
    }
    expectation->has_every = every != NULL;
    return journal_match_parse(&expectation->match, match, error) &&
           (every == NULL || journal_match_parse(&expectation->every, every, error)) &&
           read_bounds(expectation, object, error);
}

/* ---- Judging ---- */

static void describe_bounds(const struct expectation *expectation, struct buf *text)
{
    if (expectation->most == 0) {
        buf_append_string(text, "no request");
        return;
    }
    if (expectation->least == expectation->most) {
        buf_printf(text, "exactly %lld", (long long)expectation->least);
    } else if (expectation->most < 0) {
        buf_printf(text, "at least %lld", (long long)expectation->least);
    } else if (expectation->least < 0) {
        buf_printf(text, "at most %lld", (long long)expectation->most);
    } else {
        buf_printf(text, "%lld to %lld", (long long)expectation->least,
                   (long long)expectation->most);
    }
    bool one = expectation->least == 1 && expectation->most <= 1;
    buf_append_string(text, one ? " request" : " requests");
}

/* Those that miss one condition only, latest first, with the name of that condition. */
static void add_near(const struct verify_question *question, const struct expectation *expectation,
                     cJSON *result)
{
    cJSON *list = cJSON_AddArrayToObject(result, "near");
    int shown = 0;

    for (size_t i = journal_count(question->journal); i-- > 0 && shown < NEAR;) {
        const char *missed = NULL;
        if (journal_match_misses(&expectation->match, question->journal, i, &missed) == 1) {
            cJSON *request = journal_entry_document(journal_at(question->journal, i));
            cJSON_AddStringToObject(request, "differsIn", missed);
            cJSON_AddItemToArray(list, request);
            shown++;
        }
    }
}

struct tally {
    int64_t count, offenders;
};

static struct tally count_requests(const struct verify_question *question,
                                   const struct expectation *expectation, cJSON *result)
{
    cJSON *matched = cJSON_AddArrayToObject(result, "matched");
    cJSON *offending = expectation->has_every ? cJSON_AddArrayToObject(result, "offending") : NULL;
    struct tally tally = {0};

    for (size_t i = 0; i < journal_count(question->journal); i++) {
        if (!journal_match_fits(&expectation->match, question->journal, i)) {
            continue;
        }
        if (tally.count++ < SHOWN) {
            cJSON_AddItemToArray(matched, journal_entry_document(journal_at(question->journal, i)));
        }
        if (offending != NULL && !journal_match_fits(&expectation->every, question->journal, i) &&
            tally.offenders++ < SHOWN) {
            cJSON_AddItemToArray(offending,
                                 journal_entry_document(journal_at(question->journal, i)));
        }
    }
    return tally;
}

/* What the record cannot tell. */
static bool is_incomplete(const struct verify_question *question,
                          const struct expectation *expectation, struct tally tally,
                          struct buf *message)
{
    bool settled =
        expectation->most < 0 && !expectation->has_every && tally.count >= expectation->least;

    if (journal_dropped(question->journal) == 0 || settled) {
        return false;
    }
    buf_printf(message,
               "the record is not whole: %llu older requests made room for newer ones; begin it "
               "anew (DELETE /_redurite/requests) nearer to what is verified",
               (unsigned long long)journal_dropped(question->journal));
    return true;
}

static bool judge(const struct verify_question *question, const struct expectation *expectation,
                  cJSON *result, struct buf *message)
{
    struct tally tally = count_requests(question, expectation, result);
    bool low = expectation->least >= 0 && tally.count < expectation->least;
    bool high = expectation->most >= 0 && tally.count > expectation->most;

    cJSON_AddNumberToObject(result, "count", (double)tally.count);
    if (low || high) {
        buf_append_string(message, "expected ");
        describe_bounds(expectation, message);
        buf_append_string(message, " with ");
        journal_match_describe(&expectation->match, message);
        buf_printf(message, "; there %s %lld", tally.count == 1 ? "was" : "were",
                   (long long)tally.count);
        if (low) {
            add_near(question, expectation, result);
        }
        return false;
    }
    if (tally.offenders > 0) {
        buf_append_string(message, "expected every request with ");
        journal_match_describe(&expectation->match, message);
        buf_append_string(message, " to have ");
        journal_match_describe(&expectation->every, message);
        buf_printf(message, "; %lld of %lld had not", (long long)tally.offenders,
                   (long long)tally.count);
        return false;
    }
    return !is_incomplete(question, expectation, tally, message);
}

static bool verify_one(const struct verify_question *question, const cJSON *object, int index,
                       cJSON *results, struct buf *error)
{
    struct expectation expectation;
    struct buf message;

    buf_printf(error, "Expectation %d: ", index);
    bool good = read_expectation(&expectation, object, error);
    if (good && !question->commands_recorded && journal_match_wants_commands(&expectation.match)) {
        buf_append_string(error,
                          "Redis commands are not recorded: start with --record-commands, or "
                          "DELETE /_redurite/requests before what is to be verified; or say which "
                          "other plane is meant, such as \"plane\": \"arm\"");
        good = false;
    }
    if (good) {
        cJSON *result = cJSON_CreateObject();
        buf_init(&message, 64 * 1024);
        cJSON_AddNumberToObject(result, "index", index);
        if (expectation.name != NULL) {
            cJSON_AddStringToObject(result, "name", expectation.name);
        }
        bool passed = judge(question, &expectation, result, &message);
        cJSON_AddBoolToObject(result, "passed", passed);
        if (!passed) {
            cJSON_AddStringToObject(result, "message", buf_string(&message));
        }
        cJSON_AddItemToArray(results, result);
        buf_finish(&message);
        error->size = 0;
    }
    journal_match_finish(&expectation.match);
    journal_match_finish(&expectation.every);
    return good;
}

static bool all_passed(const cJSON *results)
{
    const cJSON *result;

    cJSON_ArrayForEach(result, results)
    {
        if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "passed"))) {
            return false;
        }
    }
    return true;
}

/* The expectations as a list; NULL with `error`. A single one is the body itself. */
static const cJSON *find_list(const cJSON *body, struct buf *error)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(body, "expectations");

    list = list == NULL ? body : list;
    if (list != body && (!cJSON_IsArray(list) || cJSON_GetArraySize(body) != 1)) {
        buf_append_string(error, "the body must be {\"expectations\": [...]}, a list of "
                                 "expectations, or one of them");
        return NULL;
    }
    if (cJSON_IsArray(list) &&
        (cJSON_GetArraySize(list) == 0 || cJSON_GetArraySize(list) > MOST_EXPECTATIONS)) {
        buf_printf(error, "there must be 1 to %d expectations", MOST_EXPECTATIONS);
        return NULL;
    }
    return list;
}

cJSON *journal_verify(const struct verify_question *question, struct buf *error)
{
    const cJSON *list = find_list(question->body, error);
    cJSON *results = cJSON_CreateArray();
    bool good = list != NULL;
    int index = 0;

    if (good && !cJSON_IsArray(list)) {
        good = verify_one(question, list, 0, results, error);
    } else if (good) {
        const cJSON *object;
        cJSON_ArrayForEach(object, list)
        {
            good = good && verify_one(question, object, index++, results, error);
        }
    }
    if (!good) {
        cJSON_Delete(results);
        return NULL;
    }
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddBoolToObject(answer, "passed", all_passed(results));
    cJSON_AddItemToObject(answer, "results", results);
    return answer;
}
