/* Rewrites the text as strict JSON, piece by piece, and lets cJSON read that. */
#include "arm/relaxed_json.h"

#include "arm/templates/exact_number.h"

#include <string.h>

struct rewriter {
    struct bytes text;
    size_t at;
    struct buf out;
};

static bool is_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '$';
}

/* Over blanks and comments. False: a comment never ends. */
static bool skip_blank(struct rewriter *rewriter)
{
    struct bytes text = rewriter->text;
    while (rewriter->at < text.size) {
        struct bytes rest = bytes_slice(text, rewriter->at, text.size);
        if (strchr(" \t\r\n", rest.data[0]) != NULL && rest.data[0] != '\0') {
            rewriter->at++;
        } else if (bytes_start_with(rest, BYTES("//"))) {
            rewriter->at += bytes_find(rest, '\n');
        } else if (bytes_start_with(rest, BYTES("/*"))) {
            size_t end = 2;
            while (end + 1 < rest.size && !(rest.data[end] == '*' && rest.data[end + 1] == '/')) {
                end++;
            }
            if (end + 1 >= rest.size) {
                return false;
            }
            rewriter->at += end + 2;
        } else {
            break;
        }
    }
    return true;
}

static void add_character(struct rewriter *rewriter, char byte)
{
    switch (byte) {
    case '\n':
        buf_append_string(&rewriter->out, "\\n");
        break;
    case '\r':
        buf_append_string(&rewriter->out, "\\r");
        break;
    case '\t':
        buf_append_string(&rewriter->out, "\\t");
        break;
    case '"':
        buf_append_string(&rewriter->out, "\\\"");
        break;
    default:
        buf_append_byte(&rewriter->out, byte);
    }
}

/* Either kind of quotes; line ends and tabs inside stay. */
static bool add_string(struct rewriter *rewriter)
{
    struct bytes text = rewriter->text;
    char quote = text.data[rewriter->at++];
    buf_append_byte(&rewriter->out, '"');
    while (rewriter->at < text.size && text.data[rewriter->at] != quote) {
        char byte = text.data[rewriter->at++];
        if (byte != '\\') {
            add_character(rewriter, byte);
            continue;
        }
        if (rewriter->at == text.size) {
            return false;
        }
        char escaped = text.data[rewriter->at++];
        if (escaped == '\'') {
            buf_append_byte(&rewriter->out, '\'');
        } else {
            buf_append_byte(&rewriter->out, '\\');
            buf_append_byte(&rewriter->out, escaped);
        }
    }
    buf_append_byte(&rewriter->out, '"');
    return rewriter->at++ < text.size;
}

/* A name without quotes, or true, false, null. */
static bool add_word(struct rewriter *rewriter)
{
    struct bytes text = rewriter->text;
    size_t from = rewriter->at;
    while (rewriter->at < text.size && is_word(text.data[rewriter->at])) {
        rewriter->at++;
    }
    struct bytes word = bytes_slice(text, from, rewriter->at);
    bool spaced = skip_blank(rewriter);
    bool name = spaced && rewriter->at < text.size && text.data[rewriter->at] == ':';
    buf_append_string(&rewriter->out, name ? "\"" : "");
    buf_append(&rewriter->out, word);
    buf_append_string(&rewriter->out, name ? "\"" : "");
    return spaced;
}

static bool add_token(struct rewriter *rewriter)
{
    char byte = rewriter->text.data[rewriter->at];
    if (byte == '"' || byte == '\'') {
        return add_string(rewriter);
    }
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
        byte == '$') {
        return add_word(rewriter);
    }
    size_t size = rewriter->out.size;
    if ((byte == '}' || byte == ']') && size > 1 && rewriter->out.data[size - 1] == ',' &&
        strchr("{[,:", rewriter->out.data[size - 2]) == NULL) {
        rewriter->out.size--;
    }
    if (strchr("{}[],:+-.0123456789", byte) == NULL || byte == '\0') {
        return false;
    }
    buf_append_byte(&rewriter->out, byte);
    rewriter->at++;
    /* A number stays one piece, so that "1 2" is not read as 12. */
    while ((byte == '-' || (byte >= '0' && byte <= '9')) && rewriter->at < rewriter->text.size &&
           strchr("+-.eE0123456789", rewriter->text.data[rewriter->at]) != NULL) {
        buf_append_byte(&rewriter->out, rewriter->text.data[rewriter->at++]);
    }
    bool number = byte == '-' || (byte >= '0' && byte <= '9');
    if (number) {
        buf_append_byte(&rewriter->out, ' ');
    }
    return true;
}

/* A comma behind a number has a blank before it. */
static void drop_last_blank(struct rewriter *rewriter)
{
    char next = rewriter->at < rewriter->text.size ? rewriter->text.data[rewriter->at] : '\0';
    if (rewriter->out.size > 0 && rewriter->out.data[rewriter->out.size - 1] == ' ' &&
        strchr(",]}", next) != NULL) {
        rewriter->out.size--;
    }
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/*
 * Players of recorded traffic send b'{...}': az hands its body over as bytes, and recorders write
 * them down as Python does. Gives what stands inside; false: it is no such text.
 */
static bool unwrap_python(struct bytes text, struct buf *inside)
{
    if (text.size < 3 || !bytes_start_with(text, BYTES("b'")) || text.data[text.size - 1] != '\'') {
        return false;
    }
    for (size_t i = 2; i + 1 < text.size; i++) {
        static const char letters[] = "ntr", meant[] = "\n\t\r";
        char byte = text.data[i];
        if (byte == '\\' && i + 2 < text.size) {
            byte = text.data[++i];
            const char *letter = byte != '\0' ? strchr(letters, byte) : NULL;
            if (letter != NULL) {
                byte = meant[letter - letters];
            } else if (byte == 'x' && i + 3 < text.size) {
                byte = (char)((unsigned)hex_value(text.data[i + 1]) << 4 |
                              (unsigned)hex_value(text.data[i + 2]));
                i += 2;
            }
        }
        buf_append_byte(inside, byte);
    }
    return true;
}

static cJSON *read_relaxed(struct bytes text, size_t *position)
{
    struct rewriter rewriter = {.text = text};
    buf_init(&rewriter.out, text.size * 2 + 64);
    bool good = skip_blank(&rewriter);
    while (good && rewriter.at < text.size) {
        drop_last_blank(&rewriter);
        good = add_token(&rewriter) && skip_blank(&rewriter);
    }
    const char *end = NULL;
    cJSON *value = NULL;
    if (good) {
        struct bytes strict = buf_bytes(&rewriter.out);
        value = cJSON_ParseWithLengthOpts(strict.data, strict.size, &end, false);
        if (value != NULL && end != strict.data + strict.size) {
            struct bytes rest = {end, (size_t)(strict.data + strict.size - end)};
            if (!bytes_equal(rest, BYTES(" "))) {
                cJSON_Delete(value);
                value = NULL;
            }
        }
        exact_number_restore(value, strict);
    }
    *position = rewriter.at;
    buf_finish(&rewriter.out);
    return value;
}

cJSON *arm_relaxed_json(struct bytes text, size_t *position)
{
    /* A recording that was played and recorded again has it twice. */
    struct buf inside[2];
    for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
        buf_init(&inside[i], text.size + 1);
        text = unwrap_python(text, &inside[i]) ? buf_bytes(&inside[i]) : text;
    }
    cJSON *value = read_relaxed(text, position);
    for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
        buf_finish(&inside[i]);
    }
    return value;
}
