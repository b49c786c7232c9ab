/* What the rooms of the load client share: its options, its connections and what they count. */
#ifndef SSELOAD_H
#define SSELOAD_H
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#define MAX_CONNECTIONS 65536
#define MAX_PUBLISHERS 256
#define MAX_HEADERS 8
#define MAX_PIDS 32
#define MAX_TEXT (1024 * 1024)
#define ID_LENGTH 64

struct options {
    int viewers, channels, pending, sources, laggards, publishers, size, window, storm, creates, is_mixed, is_spinning, go;
    double rate, seconds, settle, drain, hard, publish_rate;
    int64_t max_events, max_published;
    const char *path, *publish, *body, *final, *id_key, *host, *publish_host, *headers[MAX_HEADERS];
    char **paths;
    int n_paths, n_headers, n_pids, pids[MAX_PIDS];
    struct sockaddr_in server, publisher;
};

enum state { FREE, CONNECTING, POSTED, HEAD, STREAM, CLOSED, FAILED };
enum chunk_state { C_SIZE, C_EXTENSION, C_DATA, C_LINE_END, C_OVER };

struct connection {
    int fd;
    enum state state;
    enum chunk_state chunk;
    uint8_t is_chunked, is_laggard, has_data, is_final, is_caught;
    uint32_t chunk_left, events, kept, capacity;
    char *text;                        /* the unfinished line, or the unfinished head */
    z_stream *gzip;
    int64_t stamp, number, last;       /* of the event being read; the last number seen */
    int64_t began;
    char id_text[ID_LENGTH], last_id[ID_LENGTH];
};

struct histogram { uint64_t buckets[64 * 58], n; int64_t max; double sum; };

struct counts {
    int64_t events, bytes, comments, missing, disordered, repeated, unstamped;      /* inside the window */
    int64_t received;                          /* inside the window, by viewers that read */
    int64_t published, published_ok, published_failed;
    int started, pending, connected, failed, live, ended, final, final_closed, laggards_closed, caught, gzip;
};

/* state.c, but for the options */
extern struct options opt;
extern struct connection connections[MAX_CONNECTIONS];
extern struct counts counts;
extern struct histogram latency, first_event, publishing, completing;
extern int poller, is_measuring;
extern int64_t storm_began, last_event_at, window_began, window_ended;

/* clock.c */
int64_t now_ns(void);
void set_deadline(double seconds);
int is_over(void);
void die(const char *what);
void add_to(struct histogram *h, int64_t ns);
double quantile(const struct histogram *h, double q);

/* process.c: the server under test, from /proc */
struct usage { double cpu; int64_t rss; };
struct usage usage_now(void);
int64_t rss_max(void);

/* http.c */
char *head_end(char *s, size_t n);
char *head_value(char *s, char *end, const char *name);
int is_whole(char *s, size_t n, char **body, size_t *length);
int expand(char *out, size_t room, const char *form, int number, const char *word);
int make_post(char *out, size_t room, int channel, int64_t stamp, int64_t number);

/* stream.c: bytes into events */
typedef void (*event_taker)(struct connection *c, int64_t at);
int feed(struct connection *c, char *s, size_t n, int64_t at, event_taker on_event);
void keep_text(struct connection *c, const char *s, size_t n);
int expect_stream(struct connection *c, char *head, char *end);
void reset_stream(struct connection *c);

/* connections.c */
void start_connection(int i, int64_t began);
void lose(struct connection *c);
void ask_for_stream(int i, const char *id);
int open_socket(const struct sockaddr_in *to, int source);
void poll_once(int milliseconds);
void give_answers_to(void (*take)(int k));

/* publishing.c */
void open_publishers(void);
int publish(int64_t stamp);
void publish_due(int64_t began, int64_t at);
double wanted(void);

/* modes.c, report.c */
void run_window(void);
void run_storm(void);
void run_creates(void);
void connect_all(double rate);
void wait_for(double seconds);
struct figures { struct usage start, connected, before, after; double connect_s, storm_connect_s; };
extern struct figures figures;
void report(void);
#endif
