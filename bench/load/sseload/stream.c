/* Bytes of a stream into events: chunks off, gzip off, lines, fields. */
#include "sseload.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char text[2 * MAX_TEXT];

void keep_text(struct connection *c, const char *s, size_t n)
{
    if (n > MAX_TEXT) { errno = E2BIG; die("a line without an end"); }
    if (n > c->capacity) {
        c->capacity = (uint32_t)(n < 512 ? 512 : n * 2);
        if (!(c->text = realloc(c->text, c->capacity))) die("realloc");
    }
    if (n) memmove(c->text, s, n);
    c->kept = (uint32_t)n;
}

void reset_stream(struct connection *c)
{
    if (c->gzip) { inflateEnd(c->gzip); free(c->gzip); c->gzip = NULL; }
    free(c->text);
    c->text = NULL;
    c->capacity = c->kept = c->events = c->chunk_left = 0;
    c->is_chunked = c->has_data = c->is_final = c->is_caught = 0;
    c->chunk = C_SIZE;
    c->stamp = c->number = -1;
    c->id_text[0] = 0;
}

int expect_stream(struct connection *c, char *head, char *end)
{
    char *v = head_value(head, end, "Transfer-Encoding");
    c->is_chunked = v && !strncasecmp(v, "chunked", 7);
    v = head_value(head, end, "Content-Encoding");
    if (!v || strncasecmp(v, "gzip", 4)) return 1;
    if (!(c->gzip = calloc(1, sizeof *c->gzip)) || inflateInit2(c->gzip, 16 + MAX_WBITS) != Z_OK) die("inflate");
    counts.gzip++;
    return 1;
}

static size_t without_chunks(struct connection *c, char *s, size_t n)      /* in place; the length of what is left */
{
    char *p = s, *end = s + n, *out = s;
    while (p < end && c->chunk != C_OVER) {
        switch (c->chunk) {
        case C_SIZE:
            if (isxdigit((unsigned char)*p)) {
                c->chunk_left = c->chunk_left * 16 + (uint32_t)(isdigit((unsigned char)*p) ? *p - '0' : (*p | 32) - 'a' + 10);
                p++;
            } else c->chunk = C_EXTENSION;
            break;
        case C_EXTENSION:
            if (*p++ == '\n') c->chunk = c->chunk_left ? C_DATA : C_OVER;
            break;
        case C_DATA: {
            size_t k = (size_t)(end - p) < c->chunk_left ? (size_t)(end - p) : c->chunk_left;
            memmove(out, p, k);
            out += k; p += k;
            c->chunk_left -= (uint32_t)k;
            if (!c->chunk_left) c->chunk = C_LINE_END;
            break;
        }
        default:
            if (*p++ == '\n') { c->chunk = C_SIZE; c->chunk_left = 0; }
        }
    }
    return (size_t)(out - s);
}

static size_t inflated(struct connection *c, char *s, size_t n, char *out, size_t room)
{
    c->gzip->next_in = (Bytef *)s;
    c->gzip->avail_in = (uInt)n;
    c->gzip->next_out = (Bytef *)out;
    c->gzip->avail_out = (uInt)room;
    int came = inflate(c->gzip, Z_SYNC_FLUSH);
    if ((came != Z_OK && came != Z_STREAM_END && came != Z_BUF_ERROR) || c->gzip->avail_in) { errno = EPROTO; die("gzip"); }
    return room - c->gzip->avail_out;
}

static int64_t integer_after(const char *s, size_t n, const char *key)
{
    size_t l = strlen(key);
    const char *p = memmem(s, n, key, l), *end = s + n;
    if (!p || (p += l) >= end || !isdigit((unsigned char)*p)) return -1;
    int64_t v = 0;
    while (p < end && isdigit((unsigned char)*p)) v = v * 10 + (*p++ - '0');
    return v;
}

static void take_field(struct connection *c, const char *p, size_t l)
{
    if (p[0] == ':') { if (is_measuring) counts.comments++; return; }
    if (l >= 5 && !memcmp(p, "data:", 5)) {
        c->has_data = 1;
        if (c->stamp < 0) c->stamp = integer_after(p, l, "t=");
        if (c->number < 0) c->number = integer_after(p, l, " n=");
        if (opt.final && memmem(p, l, opt.final, strlen(opt.final))) c->is_final = 1;
    } else if (l >= 3 && !memcmp(p, "id:", 3)) {
        size_t skip = l > 3 && p[3] == ' ' ? 4 : 3, k = l - skip < ID_LENGTH - 1 ? l - skip : ID_LENGTH - 1;
        memcpy(c->id_text, p + skip, k);
        c->id_text[k] = 0;
    }
}

static size_t take_lines(struct connection *c, char *s, size_t n, int64_t at, event_taker on_event)      /* how much was used */
{
    char *p = s, *end = s + n, *nl;
    while (p < end && (nl = memchr(p, '\n', (size_t)(end - p)))) {
        size_t l = (size_t)(nl - p);
        if (l && p[l - 1] == '\r') l--;
        if (l) take_field(c, p, l);
        else if (c->has_data) {
            on_event(c, at);
            if (c->state != STREAM) return n;
        }
        p = nl + 1;
    }
    return (size_t)(p - s);
}

int feed(struct connection *c, char *s, size_t n, int64_t at, event_taker on_event)      /* 0 when the body is over */
{
    if (c->is_chunked) n = without_chunks(c, s, n);
    if (c->kept || c->gzip) {
        size_t kept = c->kept;
        if (kept) memcpy(text, c->text, kept);
        if (c->gzip) n = inflated(c, s, n, text + kept, sizeof text - kept);
        else memcpy(text + kept, s, n);
        s = text;
        n += kept;
    }
    size_t used = take_lines(c, s, n, at, on_event);
    if (c->state != STREAM) return 1;      /* it was closed for what it said */
    keep_text(c, s + used, n - used);
    return !c->is_chunked || c->chunk != C_OVER;
}
