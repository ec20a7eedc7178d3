/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files that come in multipart bodies: FILE_PART fields of rows with .parts. A thread of the pool takes the body apart
 * and writes each file under a random key of the storage; its type is what its bytes say (libmagic), and one of the
 * field's values. The statement gets NAME (the storage's key), NAME_name (as sent, made safe), NAME_type and NAME_size.
 * A file whose statement did not succeed is removed again. */
#ifndef MILLRACE_UPLOAD_H
#define MILLRACE_UPLOAD_H
#include "fcgi/request.h"

enum { UPLOADS_MAX = 4, UPLOAD_TEXT_MAX = 65536, UPLOAD_OVERHEAD = 65536 };

/* Take the body apart; then what comes next in the loop. 0, or what fail() gives. */
int upload_start(struct request *rq, step_fn *next);
/* The request has ended: remove what was stored for it and is not kept. */
void upload_end(struct request *rq, bool kept);
/* The most bytes that a body of this row may have; 0: it takes no files. */
size_t upload_limit(const struct endpoint *row);
#endif
