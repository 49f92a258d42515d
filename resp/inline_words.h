/*
 * Words as people type them: with spaces between them, "in quotes\n" with escapes, or 'in quotes'
 * as they are. Inline commands, first lines of scripts, selectors of ACL users.
 */
#ifndef RESP_INLINE_WORDS_H
#define RESP_INLINE_WORDS_H

#include "base/bytes.h"

enum inline_result { INLINE_WORD, INLINE_END, INLINE_UNBALANCED };

/* Appends the line's next word, which may be empty, to `words`; *at moves behind it. */
enum inline_result inline_word_read(struct bytes line, size_t *at, struct buf *words);

#endif
