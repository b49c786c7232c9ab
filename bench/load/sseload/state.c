/* What every room sees: the viewers, what was counted of them, and when. */
#include "sseload.h"

struct connection connections[MAX_CONNECTIONS];
struct counts counts;
struct histogram latency, first_event, publishing, completing;
int poller, is_measuring;
int64_t storm_began, last_event_at, window_began, window_ended;
