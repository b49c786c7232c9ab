/* What a run does: a window of watching and publishing, a storm of reconnects, or creations. */
#include "sseload.h"
#include <string.h>
#include <unistd.h>

struct figures figures;

void connect_all(double rate)
{
    int64_t began = now_ns();
    int started = 0;
    while (started < opt.viewers && !is_over()) {
        int may = rate > 0 ? (int)((double)(now_ns() - began) * rate / 1e9) + 1 : opt.viewers;
        while (started < opt.viewers && started < may && counts.pending < opt.pending) start_connection(started++, now_ns());
        poll_once(1);
    }
    while (counts.pending > 0 && !is_over()) poll_once(100);
}

void wait_for(double seconds)
{
    int64_t end = now_ns() + (int64_t)(seconds * 1e9), left;
    while ((left = end - now_ns()) > 0 && !is_over()) poll_once(left > 100000000 ? 100 : (int)(left / 1000000) + 1);
}

static void open_window(void)
{
    figures.before = usage_now();
    memset(&latency, 0, sizeof latency);
    counts.published = counts.published_ok = counts.published_failed = 0;
    window_began = last_event_at = now_ns();
    is_measuring = 1;
}

static void close_window(void)
{
    window_ended = now_ns();
    is_measuring = 0;
    figures.after = usage_now();
}

static int has_come(void)      /* whether everything this window waits for is there */
{
    if (opt.final) return counts.final >= counts.connected - opt.laggards;
    if (opt.max_events) return counts.events >= opt.max_events;
    return !opt.go && opt.max_published && counts.published >= opt.max_published &&
           counts.published_ok + counts.published_failed >= counts.published && (double)counts.received >= wanted();
}

static int next_due(void)      /* milliseconds until the open loop has something to say */
{
    if (!opt.publish || opt.window || opt.publish_rate <= 0) return 50;
    int64_t due = window_began + (int64_t)((double)counts.published * 1e9 / opt.publish_rate) - now_ns();
    return due < 1000000 ? 0 : due > 50000000 ? 50 : (int)(due / 1000000);
}

void run_window(void)
{
    int64_t end, at, next_look = 0;
    open_window();
    if (opt.go) publish(now_ns());
    end = window_began + (int64_t)(opt.seconds * 1e9);
    while ((at = now_ns()) < end && !is_over() && !has_come()) {
        if (at > next_look) { usage_now(); next_look = at + 250000000; }
        if (opt.publish && !opt.go) publish_due(window_began, at);
        poll_once(next_due());
    }
    if (opt.publish && !opt.go) {      /* what is under way may still arrive */
        end = now_ns() + (int64_t)(opt.drain * 1e9);
        while (now_ns() < end && !is_over() && (double)counts.received < wanted()) poll_once(20);
    }
    close_window();
}

static void publish_and_wait(void)
{
    publish(now_ns());
    int64_t end = now_ns() + 5000000000;
    while (counts.published_ok < counts.published && now_ns() < end && !is_over()) poll_once(20);
    wait_for(1.0);
}

/* everybody connects at once and gets a first event; all are cut; one more event; everybody comes back at once */
void run_storm(void)
{
    open_publishers();
    publish_and_wait();
    figures.connected = usage_now();
    int64_t began = storm_began = now_ns();
    connect_all(0);
    while (counts.caught < opt.viewers - counts.failed && !is_over()) poll_once(20);
    figures.storm_connect_s = (double)(now_ns() - began) / 1e9;
    struct usage up = usage_now();
    figures.connected.cpu = up.cpu - figures.connected.cpu;
    for (int i = 0; i < opt.viewers; i++) {
        struct connection *c = &connections[i];
        if (c->fd >= 0) close(c->fd);
        c->fd = -1;
        c->state = CLOSED;
        reset_stream(c);
    }
    counts.live = counts.caught = counts.connected = 0;
    storm_began = 0;
    wait_for(1.0);
    publish_and_wait();
    memset(&completing, 0, sizeof completing);
    figures.before = usage_now();
    is_measuring = 1;
    storm_began = window_began = now_ns();
    connect_all(0);
    while (counts.caught < opt.viewers - counts.failed && !is_over()) poll_once(20);
    window_ended = last_event_at = now_ns();
    figures.after = usage_now();
    wait_for(opt.settle);      /* whoever gets more than one frame gets it now */
    is_measuring = 0;
}

void run_creates(void)
{
    int next = 0, open_most = opt.publish_rate > 0 ? opt.creates : opt.pending;
    open_window();
    int64_t end = window_began + (int64_t)(opt.seconds * 1e9);
    while (!is_over() && counts.caught + counts.failed < opt.creates && now_ns() < end) {
        while (next < opt.creates && next - counts.caught - counts.failed < open_most) {
            int64_t due = opt.publish_rate > 0 ? window_began + (int64_t)((double)next * 1e9 / opt.publish_rate) : now_ns();
            if (due > now_ns()) break;
            start_connection(next++, due);
        }
        poll_once(opt.publish_rate > 0 ? 1 : 20);
    }
    close_window();
}
