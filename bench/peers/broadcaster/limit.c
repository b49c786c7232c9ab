/* limit: what the machine allows. One epoll thread that sends one ready frame to N sockets.
 *
 *   limit PORT
 *
 * POST /pub/<number>  the body is an event's data: it is framed once and sent to each viewer; the newest 256 are kept
 * GET  /sub/<number>  an event stream (chunked): what was kept after Last-Event-ID, then what comes
 *
 * A viewer that does not read gets its bytes queued up to 1 MiB, then it is closed. It checks nothing that a real server
 * must check: it is a yardstick, not a server.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 65536
#define KEPT 256
#define MOST_QUEUED (1 << 20)
#define READ 65536

struct frame { char *bytes; size_t length; };
struct channel { int *viewers, count, room; long next; struct frame kept[KEPT]; };
struct connection {
    struct channel *channel;      /* NULL before it is a viewer */
    int place;                    /* among the channel's viewers */
    char *asked, *queued;
    size_t asked_length, queued_length;
};

static struct channel *channels[MOST];
static struct connection connections[MOST];
static int poller;

static struct channel *channel_of(const char *path)
{
    unsigned long i = strtoul(path, NULL, 10) % MOST;
    if (!channels[i]) channels[i] = calloc(1, sizeof **channels);
    return channels[i];
}

static void watch(int fd, int how, unsigned events)
{
    struct epoll_event e = { .events = events, .data.fd = fd };
    epoll_ctl(poller, how, fd, &e);
}

static void drop(int fd)
{
    struct connection *k = &connections[fd];
    if (k->channel) {      /* the last viewer takes its place */
        int last = k->channel->viewers[--k->channel->count];
        k->channel->viewers[k->place] = last;
        connections[last].place = k->place;
    }
    free(k->asked);
    free(k->queued);
    memset(k, 0, sizeof *k);
    close(fd);
}

static int put(int fd, const char *bytes, size_t length)      /* 0, or -1 when the connection was dropped */
{
    struct connection *k = &connections[fd];
    if (!k->queued_length) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == (ssize_t)length) return 0;
        if (sent < 0 && errno != EAGAIN) { drop(fd); return -1; }
        if (sent > 0) { bytes += sent; length -= (size_t)sent; }
        watch(fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    if (k->queued_length + length > MOST_QUEUED) { drop(fd); return -1; }
    k->queued = realloc(k->queued, k->queued_length + length);
    memcpy(k->queued + k->queued_length, bytes, length);
    k->queued_length += length;
    return 0;
}

static void drain(int fd)
{
    struct connection *k = &connections[fd];
    ssize_t sent = send(fd, k->queued, k->queued_length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) { if (errno != EAGAIN) drop(fd); return; }
    memmove(k->queued, k->queued + sent, k->queued_length - (size_t)sent);
    k->queued_length -= (size_t)sent;
    if (!k->queued_length) watch(fd, EPOLL_CTL_MOD, EPOLLIN);
}

static void publish(struct channel *c, const char *data, size_t length)
{
    char head[64];
    struct frame *f = &c->kept[c->next % KEPT];
    int id = snprintf(head, sizeof head, "id: %ld\ndata: ", c->next++);
    free(f->bytes);
    f->bytes = malloc(length + 96);
    f->length = (size_t)sprintf(f->bytes, "%zx\r\n%s", (size_t)id + length + 2, head);
    memcpy(f->bytes + f->length, data, length);
    memcpy(f->bytes + f->length + length, "\n\n\r\n", 4);
    f->length += length + 4;
    for (int i = c->count - 1; i >= 0; i--) put(c->viewers[i], f->bytes, f->length);
}

static void subscribe(int fd, struct channel *c, long seen)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n";
    struct connection *k = &connections[fd];
    if (put(fd, head, sizeof head - 1)) return;
    for (long i = seen + 1 > c->next - KEPT ? seen + 1 : c->next - KEPT; i < c->next; i++)
        if (i >= 0 && put(fd, c->kept[i % KEPT].bytes, c->kept[i % KEPT].length)) return;
    if (c->count == c->room) c->viewers = realloc(c->viewers, sizeof(int) * (size_t)(c->room = c->room ? 2 * c->room : 4));
    k->channel = c;
    k->place = c->count;
    c->viewers[c->count++] = fd;
}

/* take one request from the front; how much of it was used, 0 if it is not whole, -1 if the connection is gone or streams now */
static ssize_t answer(int fd, char *s, size_t n)
{
    char *end = memmem(s, n, "\r\n\r\n", 4), *value;
    if (!end) return 0;
    end += 4;
    if (!strncmp(s, "GET /sub/", 9)) {
        value = strcasestr(s, "\r\nLast-Event-ID:");
        subscribe(fd, channel_of(s + 9), value && value < end ? atol(value + 16) : -1);
        return -1;
    }
    if (strncmp(s, "POST /pub/", 10)) { drop(fd); return -1; }
    value = strcasestr(s, "\r\nContent-Length:");
    size_t length = value && value < end ? strtoul(value + 17, NULL, 10) : 0;
    if ((size_t)(s + n - end) < length) return 0;
    publish(channel_of(s + 10), end, length);
    return put(fd, "HTTP/1.1 204 No Content\r\n\r\n", 27) ? -1 : end - s + (ssize_t)length;
}

static void hear(int fd)
{
    static char buffer[2 * READ + 1];
    struct connection *k = &connections[fd];
    size_t n = k->asked_length;
    ssize_t used;
    if (n > READ) { drop(fd); return; }
    if (n) memcpy(buffer, k->asked, n);
    ssize_t came = recv(fd, buffer + n, READ, 0);
    if (came <= 0) { if (!came || errno != EAGAIN) drop(fd); return; }
    if (k->channel) return;      /* a viewer has nothing more to say */
    n += (size_t)came;
    buffer[n] = 0;
    char *s = buffer;
    while ((used = answer(fd, s, n)) > 0) { s += used; n -= (size_t)used; }
    if (used < 0) return;
    k->asked = realloc(k->asked, n + 1);
    memcpy(k->asked, s, n);
    k->asked_length = n;
}

static void welcome(int listener)
{
    int one = 1, fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
}

int main(int argc, char **argv)
{
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct rlimit files;
    struct epoll_event came[512];
    if (argc != 2) { fprintf(stderr, "usage: limit PORT\n"); return 2; }
    at.sin_port = htons((unsigned short)atoi(argv[1]));
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096)) { perror("limit"); return 1; }
    poller = epoll_create1(0);
    watch(listener, EPOLL_CTL_ADD, EPOLLIN);
    for (;;) {
        int n = epoll_wait(poller, came, 512, -1);
        for (int i = 0; i < n; i++) {
            int fd = came[i].data.fd;
            if (fd == listener) welcome(listener);
            else if ((came[i].events & EPOLLOUT) && connections[fd].queued_length) drain(fd);
            else hear(fd);
        }
    }
}
