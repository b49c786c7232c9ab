/* What the kernel says of the server under test: nanoseconds on a core (schedstat of every thread) and resident memory. */
#include "sseload.h"
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static int64_t most;

static double cpu_of(int pid)
{
    char path[320];
    double cpu = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *d = opendir(path);
    if (!d) return 0;
    for (struct dirent *e; (e = readdir(d));) {
        unsigned long long ns;
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, e->d_name);
        FILE *f = fopen(path, "r");
        if (!f) continue;
        if (fscanf(f, "%llu", &ns) == 1) cpu += (double)ns / 1e9;
        fclose(f);
    }
    closedir(d);
    return cpu;
}

static int64_t rss_of(int pid)      /* in KiB */
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    if (fscanf(f, "%*d %ld", &pages) != 1) pages = 0;
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

struct usage usage_now(void)
{
    struct usage u = { 0, 0 };
    for (int i = 0; i < opt.n_pids; i++) {
        u.cpu += cpu_of(opt.pids[i]);
        u.rss += rss_of(opt.pids[i]);
    }
    if (u.rss > most) most = u.rss;
    return u;
}

int64_t rss_max(void) { return most; }
