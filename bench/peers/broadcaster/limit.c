/* limit: what the machine allows. One epoll thread that sends one ready frame to N sockets.
 *
 *   limit PORT
 *
 * POST /pub/<number>  the body is an event's data: it is framed once and sent to each viewer; the last 256 are kept
 * GET  /sub/<number>  an event stream (chunked) that honours Last-Event-ID
 *
 * A viewer that does not read gets its bytes queued up to 1 MiB, then it is closed. It checks nothing that a real server
 * must check: it is a yardstick, not a server.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAXFD 65536
#define MAXCH 65536
#define KEEP 256
#define MAXQ (1 << 20)

struct chan { int *fds, n, cap; long next; char *frame[KEEP]; int flen[KEEP]; };
struct conn { int ch, pos, len; char *in; char *q; size_t qn, qcap; };
static struct chan *CH[MAXCH];
static struct conn K[MAXFD];
static int ep;

static struct chan *chan(long i)
{
    if (i < 0 || i >= MAXCH) i = 0;
    if (!CH[i]) CH[i] = calloc(1, sizeof **CH);
    return CH[i];
}
static void drop(int fd)
{
    struct conn *k = &K[fd];
    if (k->ch >= 0) {                       /* swap-remove from the channel */
        struct chan *c = chan(k->ch);
        int last = c->fds[--c->n];
        c->fds[k->pos] = last; K[last].pos = k->pos;
    }
    free(k->in); free(k->q);
    memset(k, 0, sizeof *k); k->ch = -1;
    close(fd);
}
static int put(int fd, const char *s, size_t n)      /* -1 when the connection was dropped */
{
    struct conn *k = &K[fd];
    if (!k->qn) {
        ssize_t r = send(fd, s, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (r == (ssize_t)n) return 0;
        if (r < 0 && errno != EAGAIN) { drop(fd); return -1; }
        if (r > 0) { s += r; n -= (size_t)r; }
        struct epoll_event e = { .events = EPOLLIN | EPOLLOUT, .data.fd = fd };
        epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
    }
    if (k->qn + n > MAXQ) { drop(fd); return -1; }
    if (k->qn + n > k->qcap) { k->qcap = (k->qn + n) * 2; k->q = realloc(k->q, k->qcap); }
    memcpy(k->q + k->qn, s, n); k->qn += n;
    return 0;
}
static void flush(int fd)
{
    struct conn *k = &K[fd];
    ssize_t r = send(fd, k->q, k->qn, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (r < 0) { if (errno != EAGAIN) drop(fd); return; }
    memmove(k->q, k->q + r, k->qn - (size_t)r); k->qn -= (size_t)r;
    if (!k->qn) {
        struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
        epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
    }
}
static void publish(struct chan *c, const char *b, int n)
{
    char ids[32];
    long id = c->next++;
    int il = sprintf(ids, "id: %ld\ndata: ", id), s = id % KEEP;
    free(c->frame[s]);
    char *f = malloc((size_t)n + 64);
    int l = sprintf(f, "%x\r\n%s", il + n + 2, ids);
    memcpy(f + l, b, (size_t)n); l += n;
    memcpy(f + l, "\n\n\r\n", 4); l += 4;
    c->frame[s] = f; c->flen[s] = l;
    for (int i = c->n - 1; i >= 0; i--) put(c->fds[i], f, (size_t)l);
}
static void subscribe(int fd, long ch, long last)
{
    static const char h[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
    struct chan *c = chan(ch);
    static char buf[KEEP * 2048];
    size_t n = sizeof h - 1;
    memcpy(buf, h, n);
    long from = last + 1, lo = c->next > KEEP ? c->next - KEEP : 0;
    for (long i = from < lo ? lo : from; i < c->next; i++) {
        if (n + (size_t)c->flen[i % KEEP] > sizeof buf) break;
        memcpy(buf + n, c->frame[i % KEEP], (size_t)c->flen[i % KEEP]); n += (size_t)c->flen[i % KEEP];
    }
    if (put(fd, buf, n)) return;
    if (c->n == c->cap) { c->cap = c->cap ? c->cap * 2 : 4; c->fds = realloc(c->fds, sizeof(int) * (size_t)c->cap); }
    K[fd].ch = (int)ch; K[fd].pos = c->n; c->fds[c->n++] = fd;
    free(K[fd].in); K[fd].in = NULL; K[fd].len = 0;
}
static void readable(int fd)
{
    struct conn *k = &K[fd];
    static char buf[70000];
    if (k->len) memcpy(buf, k->in, (size_t)k->len);
    ssize_t r = recv(fd, buf + k->len, sizeof buf - 1 - (size_t)k->len, 0);
    if (r <= 0) { if (r == 0 || errno != EAGAIN) drop(fd); return; }
    if (k->ch >= 0) return;
    int n = k->len + (int)r;
    k->len = 0; buf[n] = 0;
    char *s = buf, *e = buf + n;
    while (s < e) {
        char *h = memmem(s, (size_t)(e - s), "\r\n\r\n", 4), *v;
        if (!h) break;
        h += 4;
        if (!strncmp(s, "GET /sub/", 9)) {
            v = strcasestr(s, "\r\nLast-Event-ID:");
            subscribe(fd, atol(s + 9), v && v < h ? atol(v + 16) : -1);
            return;
        } else if (!strncmp(s, "POST /pub/", 10)) {
            v = strcasestr(s, "\r\nContent-Length:");
            int l = v && v < h ? atoi(v + 17) : 0;
            if (e - h < l) break;
            publish(chan(atol(s + 10)), h, l);
            if (put(fd, "HTTP/1.1 204 No Content\r\n\r\n", 27)) return;
            s = h + l;
        } else { drop(fd); return; }
    }
    if (s < e) { k->len = (int)(e - s); k->in = realloc(k->in, (size_t)k->len); memcpy(k->in, s, (size_t)k->len); }
}
int main(int argc, char **argv)
{
    int one = 1, l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "9100")), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < MAXFD; i++) K[i].ch = -1;
    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(l, (struct sockaddr *)&a, sizeof a) || listen(l, 4096)) { perror("bind"); return 1; }
    ep = epoll_create1(0);
    struct epoll_event e = { .events = EPOLLIN, .data.fd = l }, ev[512];
    epoll_ctl(ep, EPOLL_CTL_ADD, l, &e);
    for (;;) {
        int n = epoll_wait(ep, ev, 512, -1);
        for (int i = 0; i < n; i++) {
            int fd = ev[i].data.fd;
            if (fd == l) {
                for (int k = 0; k < 64; k++) {
                    int c = accept4(l, NULL, NULL, SOCK_NONBLOCK);
                    if (c < 0) break;
                    if (c >= MAXFD) { close(c); continue; }
                    setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    e.events = EPOLLIN; e.data.fd = c;
                    epoll_ctl(ep, EPOLL_CTL_ADD, c, &e);
                }
                continue;
            }
            if ((ev[i].events & EPOLLOUT) && K[fd].qn) { flush(fd); if (!(ev[i].events & EPOLLIN)) continue; }
            if (ev[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) readable(fd);
        }
    }
}
