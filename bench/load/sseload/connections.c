/* The viewers: connect, ask, read, count; and the one place that waits for sockets. */
#include "sseload.h"
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#define READ 262144

static void (*take_answer)(int k);

void give_answers_to(void (*take)(int k)) { take_answer = take; }

static void listen_for(int i, uint32_t events, int how)
{
    struct epoll_event e = { .events = events, .data.u32 = (uint32_t)i };
    if (epoll_ctl(poller, how, connections[i].fd, &e)) die("epoll_ctl");
}

int open_socket(const struct sockaddr_in *to, int source)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (opt.sources && source >= 0) {      /* one address has some 28,000 ports: more viewers come from 127.0.0.2, .3, … */
        struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001u + (unsigned)(source % opt.sources)) };
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(fd, (struct sockaddr *)&from, sizeof from)) { close(fd); return -1; }
    }
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) && errno != EINPROGRESS) { close(fd); return -1; }
    return fd;
}

void lose(struct connection *c)
{
    if (c->state != STREAM) {
        static int said;
        if (!said++) fprintf(stderr, "sseload: a stream could not be opened: %s\n", errno ? strerror(errno) : "it was closed");
    }
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    if (c->state == STREAM) {
        counts.live--;
        counts.ended++;
        counts.laggards_closed += c->is_laggard;
        c->state = CLOSED;
    } else {
        counts.pending--;
        counts.failed++;
        c->state = FAILED;
    }
    reset_stream(c);
}

void start_connection(int i, int64_t began)
{
    struct connection *c = &connections[i];
    reset_stream(c);
    c->began = began;
    c->is_laggard = !opt.creates && i >= opt.viewers - opt.laggards;
    c->state = CONNECTING;
    counts.pending++;
    counts.started++;
    if ((c->fd = open_socket(&opt.server, i)) < 0) lose(c);
    else listen_for(i, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}

static void say(int i, const char *request, int n, enum state next)
{
    struct connection *c = &connections[i];
    if (send(c->fd, request, (size_t)n, MSG_NOSIGNAL) != n) { lose(c); return; }
    c->state = next;
    listen_for(i, EPOLLIN, EPOLL_CTL_MOD);
}

void ask_for_stream(int i, const char *id)
{
    struct connection *c = &connections[i];
    static char request[32768], path[16384];
    if (opt.n_paths) snprintf(path, sizeof path, "%s", opt.paths[i % opt.n_paths]);
    else expand(path, sizeof path, opt.path, !id && opt.channels ? i % opt.channels : i, id);
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n", path, opt.host);
    for (int k = 0; k < opt.n_headers; k++) n += snprintf(request + n, sizeof request - (size_t)n, "%s\r\n", opt.headers[k]);
    if (storm_began && c->last_id[0]) n += snprintf(request + n, sizeof request - (size_t)n, "Last-Event-ID: %s\r\n", c->last_id);
    n += snprintf(request + n, sizeof request - (size_t)n, "\r\n");
    say(i, request, n, HEAD);
}

static void create(int i)
{
    static char request[150000];
    say(i, request, make_post(request, sizeof request, i, connections[i].began, i), POSTED);
}

static void check_order(struct connection *c)
{
    int step = counts.published > 1 && opt.channels > 1 ? opt.channels : 1;
    if (c->id_text[0] && !strcmp(c->id_text, c->last_id)) counts.repeated++;
    memcpy(c->last_id, c->id_text, ID_LENGTH);
    if (c->number < 0 || opt.is_mixed) return;
    if (c->last >= 0 && is_measuring) {      /* the same number in a new event says nothing new, and is no fault */
        if (c->number < c->last) counts.disordered++;
        else if (c->number > c->last) counts.missing += (c->number - c->last) / step - 1;
    }
    c->last = c->number;
}

static void on_event(struct connection *c, int64_t at)
{
    if (!c->events++) add_to(&first_event, at - c->began);
    if (is_measuring) {
        counts.events++;
        last_event_at = at;
        if (!c->is_laggard) counts.received++;
        if (c->stamp < 0) counts.unstamped++;
        else if (c->stamp >= window_began && !c->is_laggard && c->number != c->last) add_to(&latency, at - c->stamp);
    }
    check_order(c);
    if (c->is_final) { counts.final++; c->is_final = 0; }
    if (storm_began && !c->is_caught) { c->is_caught = 1; counts.caught++; add_to(&completing, at - storm_began); }
    c->stamp = c->number = -1;
    c->has_data = 0;
    c->id_text[0] = 0;
    if (c->is_laggard && c->events == 1) listen_for((int)(c - connections), 0, EPOLL_CTL_MOD);
    if (opt.creates) {
        add_to(&completing, at - c->began);
        counts.caught++;
        lose(c);
    }
}

static void on_stream(struct connection *c, char *s, size_t n, int64_t at)
{
    if (!feed(c, s, n, at, on_event)) lose(c);
}

static void on_created(int i, char *s, size_t n)
{
    char *body, key[ID_LENGTH + 3], id[ID_LENGTH] = "";
    size_t l;
    if (!is_whole(s, n, &body, &l)) { keep_text(&connections[i], s, n); return; }
    connections[i].kept = 0;
    if (s[9] != '2') {
        static int said;
        if (!said++) fprintf(stderr, "sseload: not created: %.*s\n", n > 300 ? 300 : (int)n, s);
        errno = EPROTO;
        lose(&connections[i]);
        return;
    }
    int k = snprintf(key, sizeof key, "\"%s\":", opt.id_key);
    char *p = memmem(body, l, key, (size_t)k);
    if (p) {
        for (p += k; *p == ' ' || *p == '"';) p++;
        size_t m = strcspn(p, "\",} ");
        snprintf(id, sizeof id, "%.*s", (int)m, p);
    }
    ask_for_stream(i, id);
}

static void on_head(int i, char *s, size_t n, int64_t at)
{
    struct connection *c = &connections[i];
    char *end = head_end(s, n);
    if (!end) { keep_text(c, s, n); return; }
    if (n < 12 || memcmp(s + 9, "200", 3)) {
        static int said;
        if (!said++) fprintf(stderr, "sseload: refused: %.*s\n", (int)strcspn(s, "\r\n"), s);
        errno = EPROTO;
        lose(c);
        return;
    }
    expect_stream(c, s, end);
    c->kept = 0;
    c->state = STREAM;
    counts.pending--;
    counts.connected++;
    counts.live++;
    on_stream(c, end, n - (size_t)(end - s), at);
}

static void on_readable(int i)
{
    static char buffer[MAX_TEXT + READ + 1];
    struct connection *c = &connections[i];
    size_t kept = c->state == STREAM ? 0 : c->kept;
    if (kept) memcpy(buffer, c->text, kept);
    ssize_t r = recv(c->fd, buffer + kept, READ, 0);
    if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (!r) errno = 0;
    if (r <= 0) { lose(c); return; }
    int64_t at = now_ns();
    if (is_measuring) counts.bytes += r;
    buffer[kept + (size_t)r] = 0;
    if (c->state == POSTED) on_created(i, buffer, kept + (size_t)r);
    else if (c->state == HEAD) on_head(i, buffer, kept + (size_t)r, at);
    else on_stream(c, buffer, (size_t)r, at);
}

void poll_once(int milliseconds)
{
    static struct epoll_event came[1024];
    int n = epoll_wait(poller, came, 1024, opt.is_spinning ? 0 : milliseconds);
    for (int k = 0; k < n; k++) {
        int i = (int)came[k].data.u32;
        if (i >= MAX_CONNECTIONS) { take_answer(i - MAX_CONNECTIONS); continue; }
        struct connection *c = &connections[i];
        if (c->fd < 0) continue;
        if (c->state == CONNECTING) {
            int error = 0;
            socklen_t l = sizeof error;
            getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &l);
            if ((errno = error)) lose(c);
            else if (opt.creates) create(i);
            else ask_for_stream(i, NULL);
        } else if (came[k].events & EPOLLIN) on_readable(i);
        else if (came[k].events & (EPOLLERR | EPOLLHUP)) lose(c);
    }
}
