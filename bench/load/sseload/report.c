/* The answer: one JSON object. */
#include "sseload.h"
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

static void print_histogram(const char *name, const struct histogram *h)
{
    printf(" \"%s\": {\"n\": %" PRIu64 ", \"mean\": %.1f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"max\": %.1f},\n", name, h->n,
           h->n ? h->sum / (double)h->n / 1e3 : -1, quantile(h, .5), quantile(h, .9), quantile(h, .99), h->n ? (double)h->max / 1e3 : -1);
}

void report(void)
{
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    printf("{\n \"connected\": %d, \"failed\": %d, \"ended\": %d, \"final\": %d, \"gzip\": %d, \"laggards_closed\": %d,\n",
           counts.connected, counts.failed, counts.ended, counts.final, counts.gzip, counts.laggards_closed);
    printf(" \"connect_s\": %.4f, \"storm_connect_s\": %.4f, \"window_s\": %.4f, \"busy_s\": %.4f,\n", figures.connect_s,
           figures.storm_connect_s, (double)(window_ended - window_began) / 1e9, (double)(last_event_at - window_began) / 1e9);
    printf(" \"published\": %" PRId64 ", \"published_ok\": %" PRId64 ", \"published_failed\": %" PRId64 ",\n", counts.published,
           counts.published_ok, counts.published_failed);
    printf(" \"events\": %" PRId64 ", \"received\": %" PRId64 ", \"bytes\": %" PRId64 ", \"comments\": %" PRId64 ",\n", counts.events,
           counts.received, counts.bytes, counts.comments);
    printf(" \"missing\": %" PRId64 ", \"disordered\": %" PRId64 ", \"repeated\": %" PRId64 ", \"unstamped\": %" PRId64 ", \"completed\": %d,\n",
           counts.missing, counts.disordered, counts.repeated, counts.unstamped, counts.caught);
    print_histogram("latency_us", &latency);
    print_histogram("first_event_us", &first_event);
    print_histogram("publish_us", &publishing);
    print_histogram("completed_us", &completing);
    printf(" \"cpu_s\": %.6f, \"cpu_connect_s\": %.6f,\n", figures.after.cpu - figures.before.cpu,
           opt.storm ? figures.connected.cpu : figures.connected.cpu - figures.start.cpu);
    printf(" \"rss_kib\": {\"start\": %" PRId64 ", \"connected\": %" PRId64 ", \"end\": %" PRId64 ", \"max\": %" PRId64 "},\n",
           figures.start.rss, figures.connected.rss, figures.after.rss, rss_max());
    printf(" \"client_cpu_s\": %.3f, \"over\": %d\n}\n", (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
           (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6, is_over());
}
