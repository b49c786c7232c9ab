/* The publisher: keep-alive POSTs, closed loop (a window of undelivered events) or open loop (a rate). */
#include "sseload.h"
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct publisher { int fd, is_busy; int64_t began; size_t length; char answer[16384]; };
static struct publisher publishers[MAX_PUBLISHERS];

static void open_one(int k)
{
    struct publisher *p = &publishers[k];
    if (p->fd > 0) close(p->fd);
    if ((p->fd = open_socket(&opt.publisher, -1)) < 0) die("publisher");
    struct epoll_event e = { .events = EPOLLIN, .data.u32 = (uint32_t)(MAX_CONNECTIONS + k) };
    if (epoll_ctl(poller, EPOLL_CTL_ADD, p->fd, &e)) die("epoll_ctl");
    p->is_busy = 0;
    p->length = 0;
}

int publish(int64_t stamp)
{
    static char request[150000];
    int k = 0;
    while (k < opt.publishers && publishers[k].is_busy) k++;
    if (k == opt.publishers) return 0;
    int channel = opt.channels > 1 ? (int)(counts.published % opt.channels) : 0;
    int n = make_post(request, sizeof request, channel, stamp, counts.published);
    if (send(publishers[k].fd, request, (size_t)n, MSG_NOSIGNAL) != n) die("publishing");
    publishers[k].is_busy = 1;
    publishers[k].began = now_ns();
    publishers[k].length = 0;
    counts.published++;
    return 1;
}

static void on_answer(int k)
{
    struct publisher *p = &publishers[k];
    char *body;
    size_t l;
    ssize_t r = recv(p->fd, p->answer + p->length, sizeof p->answer - p->length - 1, 0);
    if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (r <= 0) {
        counts.published_failed += p->is_busy;
        open_one(k);
        return;
    }
    p->length += (size_t)r;
    p->answer[p->length] = 0;
    if (!is_whole(p->answer, p->length, &body, &l)) return;
    if (p->answer[9] == '2') counts.published_ok++;
    else {
        static int said;
        if (!said++) fprintf(stderr, "sseload: not published: %.300s\n", p->answer);
        counts.published_failed++;
    }
    add_to(&publishing, now_ns() - p->began);
    p->is_busy = 0;
    p->length = 0;
}

void open_publishers(void)
{
    give_answers_to(on_answer);
    for (int k = 0; k < opt.publishers; k++) open_one(k);
    usleep(20000);      /* loopback connects at once; a refused one shows at the first send */
}

/* how many deliveries are due for what was published so far */
double wanted(void)
{
    int readers = counts.live - opt.laggards + counts.laggards_closed;
    return (double)counts.published * readers / (opt.channels > 1 ? opt.channels : 1);
}

void publish_due(int64_t began, int64_t at)
{
    double each = (double)(counts.live - opt.laggards + counts.laggards_closed) / (opt.channels > 1 ? opt.channels : 1);
    while (!opt.max_published || counts.published < opt.max_published) {
        if (opt.window) {
            if (each <= 0 || wanted() - (double)counts.received > (opt.window - 1) * each || !publish(now_ns())) return;
        } else {      /* stamped with the moment it was due, so that a late publisher or server counts as latency */
            int64_t due = began + (int64_t)((double)counts.published * 1e9 / opt.publish_rate);
            if (due > at || !publish(due)) return;
        }
    }
}
