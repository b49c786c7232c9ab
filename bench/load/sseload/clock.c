/* Time, the bound on it, and histograms of it: 64 steps for each doubling. */
#include "sseload.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t deadline;

void die(const char *what)
{
    fprintf(stderr, "sseload: %s: %s\n", what, strerror(errno));
    exit(2);
}

int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void set_deadline(double seconds) { deadline = now_ns() + (int64_t)(seconds * 1e9); }

int is_over(void) { return now_ns() > deadline; }

static int bucket_of(int64_t v)
{
    if (v < 64) return v < 0 ? 0 : (int)v;
    int e = 63 - __builtin_clzll((uint64_t)v);
    return (e - 5) * 64 + (int)((v >> (e - 6)) & 63);
}

static int64_t value_of(int bucket)
{
    return bucket < 64 ? bucket : ((int64_t)64 + (bucket & 63)) << (bucket / 64 - 1);
}

void add_to(struct histogram *h, int64_t ns)
{
    h->buckets[bucket_of(ns)]++;
    h->n++;
    h->sum += (double)ns;
    if (ns > h->max) h->max = ns;
}

double quantile(const struct histogram *h, double q)      /* in microseconds, -1 without any value */
{
    uint64_t want = (uint64_t)(q * (double)h->n), seen = 0;
    if (!h->n) return -1;
    for (int i = 0; i < 64 * 58; i++) {
        seen += h->buckets[i];
        if (seen > want) return (double)value_of(i) / 1e3;
    }
    return (double)h->max / 1e3;
}
