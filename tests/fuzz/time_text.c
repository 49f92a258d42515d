/* Durations and timestamps: what is read can be written, and reads back as the same. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>

#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    char written[32];
    int64_t value, again;
    if (duration_parse(text, &value)) {
        duration_format(value, written);
        assert(duration_parse(bytes_from_string(written), &again) && again == value);
    }
    if (timestamp_parse(text, &value)) {
        timestamp_format(value, written);
        /* An offset may lead to a year that has no four digits. */
        assert(bytes_from_string(written).size != 24 ||
               (timestamp_parse(bytes_from_string(written), &again) && again == value));
    }
    return 0;
}
