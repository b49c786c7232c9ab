/* sseload: a load client for Server-Sent Events; epoll, one thread, everything bounded in time.
 *
 *   sseload [options] HOST:PORT PATH          HOST is an IPv4 address; loopback is meant
 *
 * Opens event streams, counts events, and prints one JSON object.
 *
 * Viewers
 *   -n N             streams (1)
 *   -m M             "%d" in PATH and in the publish path is the stream's number modulo M; without, the number itself
 *   -u FILE          the path of each stream, one a line, in rotation
 *   -H 'Name: v'     one more request header
 *   -r RATE          streams opened per second (2000; 0: as fast as -p lets)
 *   -p PENDING       streams in the connect or headers phase at once, and creations at once (256)
 *   --laggards K     the last K streams read their first event and nothing more
 *   --mixed          a stream shows many generations: numbers are not looked at
 * The window
 *   -d SECONDS       its length (10); less once everything has come:
 *   -e EVENTS        so many events, or
 *   --final TEXT     an event with TEXT in its data on every stream, or
 *   -X MAX           MAX events published, each at each of its viewers
 *   -w SECONDS       between 'all connected' and the window (0.5)
 *   --drain SECONDS  how long after the window what is under way may still arrive (2)
 *   --hard SECONDS   the end of the whole process (120)
 * Publishing
 *   --publish PATH   POST here; without it the server makes its own events
 *   --at H:P         when it is not the server itself
 *   --go             POST once as the window opens, then only watch
 *   -R RATE          open loop: events per second; stamped with the moment they were due
 *   -W WINDOW        closed loop: at most so many events not yet at all their viewers
 *   -z SIZE          bytes of data (150)        -c N   connections to publish on (1)
 *   -B BODY          %s the data, %n the number ("%s"); the data is "t=<CLOCK_MONOTONIC ns> n=<number> words …"
 * Other modes
 *   --storm          connect all at once until each has an event, cut all, publish one, have all back at once
 *   --create T       T times: POST --publish, take --id KEY ("id") from the answer, GET PATH ("%s"), first event, close;
 *                    -p at once, or -R a second
 * The server under test
 *   --spin           never sleep: who has a core of its own need not be woken, which would be the server's work
 *   --pid P[,P…]     CPU seconds over the window (schedstat of every thread) and resident memory
 *
 * A stamp is "t=<ns>", a number " n=<n>", anywhere in the data. Order and loss are judged by the
 * numbers, repetition by the id.
 */
#include "sseload.h"
#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

struct options opt = { .viewers = 1, .pending = 256, .publishers = 1, .size = 150, .rate = 2000, .seconds = 10, .settle = 0.5,
                       .drain = 2, .hard = 120, .body = "%s", .id_key = "id" };

static struct sockaddr_in address_of(const char *text)
{
    char *copy = strdup(text), *colon = strrchr(copy, ':');
    struct sockaddr_in a = { .sin_family = AF_INET };
    errno = EINVAL;
    if (!colon) die("HOST:PORT");
    *colon = 0;
    a.sin_port = htons((uint16_t)atoi(colon + 1));
    if (inet_pton(AF_INET, copy, &a.sin_addr) != 1) die("HOST must be an IPv4 address");
    free(copy);
    return a;
}

static void read_paths(const char *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    FILE *f = fopen(file, "r");
    if (!f) die(file);
    opt.paths = calloc(MAX_CONNECTIONS, sizeof *opt.paths);
    while (opt.n_paths < MAX_CONNECTIONS && (n = getline(&line, &room, f)) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (line[0]) opt.paths[opt.n_paths++] = strdup(line);
    }
    free(line);
    fclose(f);
    if (!opt.n_paths) { errno = EINVAL; die(file); }
}

enum { LAGGARDS = 256, MIXED, FINAL, DRAIN, HARD, PUBLISH, AT, GO, STORM, CREATE, ID, PID, SPIN };
static const struct option longs[] = {
    { "laggards", 1, 0, LAGGARDS }, { "mixed", 0, 0, MIXED }, { "final", 1, 0, FINAL }, { "drain", 1, 0, DRAIN }, { "hard", 1, 0, HARD },
    { "publish", 1, 0, PUBLISH }, { "at", 1, 0, AT }, { "go", 0, 0, GO }, { "storm", 0, 0, STORM }, { "create", 1, 0, CREATE },
    { "id", 1, 0, ID }, { "pid", 1, 0, PID }, { "spin", 0, 0, SPIN }, { 0, 0, 0, 0 } };

static void read_options(int argc, char **argv)
{
    int o;
    while ((o = getopt_long(argc, argv, "n:m:u:H:r:p:d:e:w:R:W:X:z:c:B:", longs, NULL)) != -1) {
        switch (o) {
        case 'n': opt.viewers = atoi(optarg); break;
        case 'm': opt.channels = atoi(optarg); break;
        case 'u': read_paths(optarg); break;
        case 'H': if (opt.n_headers < MAX_HEADERS) opt.headers[opt.n_headers++] = optarg; break;
        case 'r': opt.rate = atof(optarg); break;
        case 'p': opt.pending = atoi(optarg); break;
        case 'd': opt.seconds = atof(optarg); break;
        case 'e': opt.max_events = atoll(optarg); break;
        case 'w': opt.settle = atof(optarg); break;
        case 'R': opt.publish_rate = atof(optarg); break;
        case 'W': opt.window = atoi(optarg); break;
        case 'X': opt.max_published = atoll(optarg); break;
        case 'z': opt.size = atoi(optarg); break;
        case 'c': opt.publishers = atoi(optarg); break;
        case 'B': opt.body = optarg; break;
        case LAGGARDS: opt.laggards = atoi(optarg); break;
        case MIXED: opt.is_mixed = 1; break;
        case FINAL: opt.final = optarg; break;
        case DRAIN: opt.drain = atof(optarg); break;
        case HARD: opt.hard = atof(optarg); break;
        case PUBLISH: opt.publish = optarg; break;
        case AT: opt.publish_host = optarg; break;
        case GO: opt.go = 1; break;
        case SPIN: opt.is_spinning = 1; break;
        case STORM: opt.storm = 1; break;
        case CREATE: opt.creates = atoi(optarg); break;
        case ID: opt.id_key = optarg; break;
        case PID:
            for (char *s = strtok(optarg, ","); s && opt.n_pids < MAX_PIDS; s = strtok(NULL, ",")) opt.pids[opt.n_pids++] = atoi(s);
            break;
        default: exit(2);
        }
    }
}

static void check_options(int argc, char **argv)
{
    errno = EINVAL;
    if (argc - optind != 2) die("usage: sseload [options] HOST:PORT PATH");
    if (opt.viewers < 1 || opt.viewers > MAX_CONNECTIONS || opt.creates > MAX_CONNECTIONS) die("streams: 1 to 65536");
    if (opt.size < 0 || opt.size > 30000) die("-z: at most 30000 bytes");
    if (opt.publishers < 1 || opt.publishers > MAX_PUBLISHERS) die("-c: 1 to 256");
    if (opt.publish && !opt.go && !opt.storm && !opt.creates && !opt.window && opt.publish_rate <= 0) die("--publish needs -R, -W or --go");
    opt.host = argv[optind];
    opt.path = argv[optind + 1];
    opt.server = address_of(opt.host);
    if (!opt.publish_host) opt.publish_host = opt.host;
    opt.publisher = address_of(opt.publish_host);
    int most = opt.creates > opt.viewers ? opt.creates : opt.viewers;
    opt.sources = most > 20000 ? (most + 9999) / 10000 : most >= 10000 ? 2 : 0;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    read_options(argc, argv);
    check_options(argc, argv);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll_create1");
    for (int i = 0; i < MAX_CONNECTIONS; i++) { connections[i].fd = -1; connections[i].last = -1; }
    set_deadline(opt.hard);
    figures.start = usage_now();
    if (opt.creates) run_creates();
    else if (opt.storm) run_storm();
    else {
        int64_t began = now_ns();
        connect_all(opt.rate);
        figures.connect_s = (double)(now_ns() - began) / 1e9;
        if (opt.publish) open_publishers();
        wait_for(opt.settle);
        figures.connected = usage_now();
        run_window();
    }
    report();
    return is_over() ? 3 : 0;
}
