/* As much of HTTP/1.1 as the client needs: heads, whole answers, and the requests it writes. */
#include "sseload.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *head_end(char *s, size_t n)
{
    char *p = memmem(s, n, "\r\n\r\n", 4);
    return p ? p + 4 : NULL;
}

char *head_value(char *s, char *end, const char *name)
{
    size_t l = strlen(name);
    for (char *p = s, *nl; p < end && (nl = memchr(p, '\n', (size_t)(end - p)));) {
        p = nl + 1;
        if ((size_t)(end - p) > l && !strncasecmp(p, name, l) && p[l] == ':') {
            for (p += l + 1; *p == ' ';) p++;
            return p;
        }
    }
    return NULL;
}

int is_whole(char *s, size_t n, char **body, size_t *length)
{
    char *b = head_end(s, n), *v;
    if (!b) return 0;
    int code = n > 12 ? atoi(s + 9) : 0;
    *body = b;
    *length = (size_t)(s + n - b);
    if (code == 204 || code == 304) return 1;
    if ((v = head_value(s, b, "Content-Length"))) {
        size_t l = (size_t)atol(v);
        if (*length < l) return 0;
        *length = l;
        return 1;
    }
    if (head_value(s, b, "Transfer-Encoding")) return *length >= 5 && !memcmp(s + n - 5, "0\r\n\r\n", 5);
    return 1;
}

int expand(char *out, size_t room, const char *form, int number, const char *word)
{
    size_t o = 0;
    for (; *form && o + ID_LENGTH < room; form++) {
        if (form[0] == '%' && form[1] == 'd') { o += (size_t)sprintf(out + o, "%d", number); form++; }
        else if (form[0] == '%' && form[1] == 's' && word) { o += (size_t)snprintf(out + o, ID_LENGTH, "%s", word); form++; }
        else out[o++] = *form;
    }
    out[o] = 0;
    return (int)o;
}

/* words instead of one long run of a letter: a server may take that for a secret, or compress it to nothing */
static size_t make_data(char *out, size_t size, int64_t stamp, int64_t number)
{
    static const char *words[] = { "light", "tide", "rope", "salt", "amber", "north", "glass", "dusk" };
    size_t l = (size_t)sprintf(out, "t=%" PRId64 " n=%" PRId64, stamp, number);
    for (uint64_t x = (uint64_t)number * 2654435761u + 1; l < size; x = x * 6364136223846793005u + 1442695040888963407u)
        l += (size_t)sprintf(out + l, " %s%u", words[(x >> 40) & 7], (unsigned)(x >> 54));
    if (l > size && size > 48) l = size;
    out[l] = 0;
    return l;
}

int make_post(char *out, size_t room, int channel, int64_t stamp, int64_t number)
{
    static char body[80000], data[70000];
    char path[1024];
    size_t b = 0, data_length = make_data(data, (size_t)opt.size, stamp, number);
    for (const char *f = opt.body; *f && b < sizeof body - sizeof data / 2 - 64; f++) {
        if (f[0] == '%' && f[1] == 's') { memcpy(body + b, data, data_length); b += data_length; f++; }
        else if (f[0] == '%' && f[1] == 'n') { b += (size_t)sprintf(body + b, "%" PRId64, number); f++; }
        else body[b++] = *f;
    }
    expand(path, sizeof path, opt.publish, channel, NULL);
    int l = snprintf(out, room, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                     path, opt.publish_host, b);
    if ((size_t)l + b > room) { errno = E2BIG; die("request"); }
    memcpy(out + l, body, b);
    return l + (int)b;
}
