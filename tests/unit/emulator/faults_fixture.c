#include "tests/unit/emulator/faults_fixture.h"

#include <string.h>

#include "emulator/faults/attributes.h"
#include "resp/command.h"

static char refusal[8192];

static int64_t read_us(void *context)
{
    (void)context;
    return 1600000000000000;
}

static void step(void *context, const struct fault_rule *rule, const struct fault_verdict *verdict)
{
    struct faults_fixture *fixture = context;
    (void)rule;
    fixture->steps++;
    fixture->step = *verdict;
}

void fixture_init(struct faults_fixture *fixture)
{
    *fixture = (struct faults_fixture){.clock = clock_create(read_us, NULL)};
    clock_freeze(fixture->clock);
    random_init(&fixture->random, 1);
    const struct faults_config config = {
        .clock = fixture->clock,
        .random = &fixture->random,
        .step = step,
        .context = fixture,
    };
    fixture->faults = faults_create(&config);
}

void fixture_finish(struct faults_fixture *fixture)
{
    faults_destroy(fixture->faults);
    clock_destroy(fixture->clock);
}

const char *fixture_add(struct faults_fixture *fixture, const char *json)
{
    cJSON *document = cJSON_Parse(json), *answer;
    struct buf error;

    buf_init(&error, sizeof(refusal) - 1);
    enum faults_result result = faults_add(fixture->faults, document, &answer, &error);
    fault_copy(buf_string(&error), refusal, sizeof(refusal));
    buf_finish(&error);
    cJSON_Delete(answer);
    cJSON_Delete(document);
    return result == FAULTS_DONE ? NULL : refusal;
}

bool fixture_ask(struct faults_fixture *fixture, const struct fault_subject *subject)
{
    return faults_decide(fixture->faults, subject, &fixture->verdict);
}

bool fixture_command(struct faults_fixture *fixture, const char *cache, const char *command,
                     const char *key)
{
    struct fault_subject subject = {.plane = FAULT_REDIS, .moment = FAULT_AT_REQUEST};

    subject.values[FAULT_KEY_CACHE] = bytes_from_string(cache);
    subject.values[FAULT_KEY_COMMAND] = bytes_from_string(command);
    if (key != NULL) {
        subject.values[FAULT_KEY_KEY] = bytes_from_string(key);
    }
    subject.write = strcmp(command, "set") == 0;
    subject.groups = subject.write ? CATEGORY_WRITE : CATEGORY_READ;
    return fixture_ask(fixture, &subject);
}

bool fixture_decide_at(const char *type, enum fault_plane plane, const char *attributes,
                       int64_t elapsed_ms, const struct fault_subject *subject,
                       struct fault_verdict *verdict)
{
    const struct fault_kind *kind = fault_kind_find(bytes_from_string(type), plane);
    struct fault_value values[FAULT_MOST_ATTRIBUTES] = {0};
    struct random random;
    struct buf error;
    cJSON *object = cJSON_Parse(attributes);
    bool acts = false;

    random_init(&random, 1);
    buf_init(&error, 4096);
    *verdict = (struct fault_verdict){.byte_limit = -1};
    if (kind != NULL && fault_attributes_parse(kind, object, values, &error)) {
        struct fault fault = {kind, values, elapsed_ms, &random};
        acts = (kind->check == NULL || kind->check(&fault, &error)) &&
               kind->decide(&fault, subject, verdict);
    }
    fault_attributes_finish(values);
    cJSON_Delete(object);
    buf_finish(&error);
    return acts;
}

bool fixture_decide(const char *type, enum fault_plane plane, const char *attributes,
                    const struct fault_subject *subject, struct fault_verdict *verdict)
{
    return fixture_decide_at(type, plane, attributes, 0, subject, verdict);
}
