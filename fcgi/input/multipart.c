/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fcgi/input/multipart.h"
#include "common/memory.h"
#include <errno.h>
#include <strings.h>

/* ---- the boundary ---- */

/* RFC 2046: what a boundary may have; a blank not at its end. */
static bool is_boundary(const char *text, size_t length)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_,-./:=? ";

    return length >= 1 && length <= BOUNDARY_MAX && strspn(text, letters) >= length && text[length - 1] != ' ';
}

/* The value of a parameter behind a header's value, quoted or not. False when there is none or it is too long. */
static bool parameter(const char *text, const char *name, char *to, size_t size)
{
    size_t length = strlen(name), n = 0;

    for (const char *at = strchr(text, ';'); at; at = strchr(at, ';')) {
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, name, length) != 0 || at[length] != '=') {
            /* A quoted value may have a semicolon. */
            at += strcspn(at, "=;\"");
            if (*at == '=' && at[1] == '"')
                for (at += 2; *at && *at != '"'; at++)
                    at += *at == '\\' && at[1];
            continue;
        }
        at += length + 1;
        if (*at == '"') {
            for (at++; *at && *at != '"' && n < size; at++) {
                at += *at == '\\' && (at[1] == '"' || at[1] == '\\');
                to[n++] = *at;
            }
            if (*at != '"' || n == size)
                return false;
        } else {
            n = strcspn(at, "; \t");
            if (n >= size)
                return false;
            memcpy(to, at, n);
        }
        to[n] = '\0';
        return true;
    }
    return false;
}

int multipart_begin(struct multipart *multipart, const char *content_type, const struct multipart_told *told)
{
    static const char type[] = "multipart/form-data";
    char boundary[BOUNDARY_MAX + 1];

    if (strncasecmp(content_type, type, sizeof type - 1) != 0 || !strchr("; \t", content_type[sizeof type - 1]))
        return -EINVAL;
    if (!parameter(content_type, "boundary", boundary, sizeof boundary) || !is_boundary(boundary, strlen(boundary)))
        return -EINVAL;
    *multipart = (struct multipart){ .told = *told };
    multipart->mark_length = (size_t)snprintf(multipart->mark, sizeof multipart->mark, "\r\n--%s", boundary);
    multipart->matched = 2; /* the first boundary may stand at the very beginning */
    return 0;
}

/* ---- a part's head ---- */

/* What a browser sends as a path, or a quotation mark as %22, is a name all the same. */
static void keep_filename(struct part *part, const char *text)
{
    const char *slash = strrchr(text, '/'), *back = strrchr(slash ? slash : text, '\\');

    text = back ? back + 1 : slash ? slash + 1 : text;
    snprintf(part->filename, sizeof part->filename, "%s", text);
    part->file = true;
}

static int read_disposition(const char *value, struct part *part)
{
    char filename[PART_NAME_MAX + 1];

    if (strncasecmp(value, "form-data", 9) != 0 || !parameter(value, "name", part->name, sizeof part->name))
        return -EINVAL;
    if (parameter(value, "filename", filename, sizeof filename))
        keep_filename(part, filename);
    return 0;
}

static int head_over(struct multipart *multipart)
{
    static const char disposition[] = "Content-Disposition:";
    struct part part = { .file = false };
    char *save = NULL;
    int r = -EINVAL;

    multipart->head[multipart->head_length] = '\0';
    if (strlen(multipart->head) < multipart->head_length)
        return -EINVAL;
    for (char *line = strtok_r(multipart->head, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save)) {
        if (strncasecmp(line, disposition, sizeof disposition - 1) != 0)
            continue;
        line += sizeof disposition - 1;
        r = read_disposition(line + strspn(line, " \t"), &part);
        break;
    }
    if (r == 0 && ++multipart->parts > PARTS_MAX)
        r = -E2BIG;
    if (r == 0)
        r = multipart->told.begin(multipart->told.closure, &part);
    multipart->state = MULTIPART_DATA;
    multipart->matched = 0;
    return r;
}

static int head_byte(struct multipart *multipart, char c)
{
    size_t length;

    if (multipart->head_length == PART_HEAD_MAX)
        return -E2BIG;
    multipart->head[multipart->head_length++] = c;
    length = multipart->head_length;
    if (c != '\n' || length < 2)
        return 0;
    if (length == 2 ? !memcmp(multipart->head, "\r\n", 2)
                    : length >= 4 && !memcmp(multipart->head + length - 4, "\r\n\r\n", 4))
        return head_over(multipart);
    return 0;
}

/* ---- bytes ---- */

static int emit(struct multipart *multipart, const char *bytes, size_t n)
{
    if (multipart->state != MULTIPART_DATA || n == 0)
        return 0;
    return multipart->told.data(multipart->told.closure, bytes, n);
}

/* Look for the mark in what is data, or stands in front of the first part. Its first byte, a CR, comes in it only once:
 * where it breaks off, none of what was matched can begin another. Gives how many bytes it has taken. */
static ssize_t look_for_mark(struct multipart *multipart, const char *bytes, size_t n)
{
    const char *cr;
    int r;

    if (multipart->matched == 0) {
        cr = memchr(bytes, '\r', n);
        if (!cr || cr > bytes) {
            r = emit(multipart, bytes, cr ? (size_t)(cr - bytes) : n);
            return r < 0 ? r : cr ? cr - bytes : (ssize_t)n;
        }
    }
    if (*bytes != multipart->mark[multipart->matched]) {
        r = emit(multipart, multipart->mark, multipart->matched);
        multipart->matched = 0;
        return r; /* the byte is looked at again */
    }
    if (++multipart->matched < multipart->mark_length)
        return 1;
    r = multipart->state == MULTIPART_DATA ? multipart->told.end(multipart->told.closure) : 0;
    multipart->state = MULTIPART_MARKED;
    return r < 0 ? r : 1;
}

/* Behind a mark: "--", or the end of its line, perhaps behind blanks. */
static int after_mark(struct multipart *multipart, char c)
{
    switch (multipart->state) {
    case MULTIPART_MARKED:
        if (c == ' ' || c == '\t')
            return 0;
        multipart->state = c == '-' ? MULTIPART_LAST : MULTIPART_LINE;
        return c == '-' || c == '\r' ? 0 : -EINVAL;
    case MULTIPART_LAST:
        multipart->state = MULTIPART_OVER;
        return c == '-' ? 0 : -EINVAL;
    default:
        multipart->state = MULTIPART_HEAD;
        multipart->head_length = 0;
        return c == '\n' ? 0 : -EINVAL;
    }
}

int multipart_feed(struct multipart *multipart, const char *bytes, size_t n)
{
    while (n > 0 && multipart->state != MULTIPART_OVER) {
        ssize_t taken = 1;

        if (multipart->state == MULTIPART_PREAMBLE || multipart->state == MULTIPART_DATA) {
            taken = look_for_mark(multipart, bytes, n);
        } else {
            int r = multipart->state == MULTIPART_HEAD ? head_byte(multipart, *bytes) : after_mark(multipart, *bytes);
            taken = r < 0 ? r : 1;
        }
        if (taken < 0)
            return (int)taken;
        bytes += taken;
        n -= (size_t)taken;
    }
    return 0;
}

int multipart_finish(const struct multipart *multipart)
{
    return multipart->state == MULTIPART_OVER ? 0 : -EINVAL;
}
