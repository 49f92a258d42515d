/*
 * Strings as rows of bits, for the bitmap and bitfield commands: bit 0 is the highest of the first
 * byte.
 */
#ifndef RESP_COMMANDS_BITMAP_H
#define RESP_COMMANDS_BITMAP_H

#include "resp/commands/string.h"

/*
 * Reads a bit offset; where `width` is not 0, "#3" means three times as many bits. False after
 * "ERR bit offset is not an integer or out of range".
 */
bool bit_offset_or_reply(struct call *call, int index, unsigned width, uint64_t *offset);

/*
 * The string at argv[1], made as long as `last_bit` needs and ready to be written in place;
 * *grown says whether that changed it. False after WRONGTYPE.
 */
bool bits_write_or_reply(struct call *call, uint64_t last_bit, struct string **string, bool *grown);

#endif
