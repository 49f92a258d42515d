/* Gets a document over http or https: a template that a deployment links to. */
#ifndef EMULATOR_CONTENT_FETCH_H
#define EMULATOR_CONTENT_FETCH_H

#include "emulator/web_client.h"

struct content_fetch;

/* How it ended, once: the document, or why there is none, for people. Borrowed. */
typedef void content_fetched(void *context, bool good, struct bytes content);

/*
 * Follows redirects; ten seconds at most for all of it. NULL: it ended at once, `done` has run.
 */
struct content_fetch *content_fetch_begin(struct web_client *web, const char *url, size_t limit,
                                          content_fetched *done, void *context);
/* Before `done`, which does not run then. */
void content_fetch_cancel(struct content_fetch *fetch);

#endif
