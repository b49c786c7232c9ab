"""The proxies people put before a service: how they show themselves, and the line of their configuration that mends a fault."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit


class Trouble(StrEnum):
    """What a proxy can do to a stream."""

    BUFFERING = "buffering"
    IDLE = "idle"
    TOTAL = "total"
    COMPRESSION = "compression"
    HEADERS = "headers"
    HTTP2 = "http2"


NGINX, CADDY, TRAEFIK, ALB = "nginx", "Caddy", "Traefik", "AWS ALB"
CLOUDFLARE, CLOUDFRONT, ENVOY, APACHE, VARNISH = "Cloudflare", "CloudFront", "Envoy", "Apache", "Varnish"
SILENT = (NGINX, CADDY, TRAEFIK, ALB)
"""Those to suspect where none shows itself: Traefik and ALB leave no trace, the others can be told not to."""

_SERVERS = {"nginx": NGINX, "openresty": NGINX, "caddy": CADDY, "cloudflare": CLOUDFLARE, "awselb": ALB, "envoy": ENVOY}
_SERVERS |= {"istio-envoy": ENVOY, "apache": APACHE, "cloudfront": CLOUDFRONT, "traefik": TRAEFIK, "varnish": VARNISH}

_LINES: dict[str, dict[Trouble, tuple[str, ...]]] = {
    NGINX: {
        Trouble.BUFFERING: ("proxy_buffering off;", "# and remove: proxy_ignore_headers X-Accel-Buffering;"),
        Trouble.IDLE: ("proxy_read_timeout 1h;", "send_timeout 1h;"),
        Trouble.TOTAL: ("proxy_read_timeout 1h;",),
        Trouble.COMPRESSION: ("gzip off;  # in the location of /v1/ and /api/, or take text/event-stream out of gzip_types",),
        Trouble.HEADERS: ("# remove from the location: expires, add_header Cache-Control, proxy_hide_header Cache-Control",),
        Trouble.HTTP2: ("http2 on;  # before nginx 1.25.1: listen 443 ssl http2;",),
    },
    CADDY: {
        Trouble.BUFFERING: ("reverse_proxy SERVICE {", "    flush_interval -1", "}"),
        Trouble.IDLE: ("reverse_proxy SERVICE {", "    transport http {", "        read_timeout 0", "    }", "}"),
        Trouble.TOTAL: ("servers {  # in the global options", "    timeouts {", "        write 0", "    }", "}"),
        Trouble.COMPRESSION: (
            "@plain not path /v1/events /v1/generations/*/events /api/generation",
            "encode @plain zstd gzip  # instead of: encode zstd gzip",
        ),
        Trouble.HEADERS: ("# remove from the site: header Cache-Control …",),
        Trouble.HTTP2: ("protocols h1 h2 h3  # in the global options, under servers",),
    },
    TRAEFIK: {
        Trouble.BUFFERING: ("# take the `buffering` middleware off the router: nothing else in Traefik holds a stream back",),
        Trouble.IDLE: ("--entryPoints.websecure.transport.respondingTimeouts.writeTimeout=0",),
        Trouble.TOTAL: ("--entryPoints.websecure.transport.respondingTimeouts.writeTimeout=0",),
        Trouble.COMPRESSION: ("traefik.http.middlewares.COMPRESS.compress.excludedcontenttypes=text/event-stream",),
        Trouble.HEADERS: ("# take customResponseHeaders.Cache-Control out of the `headers` middleware",),
        Trouble.HTTP2: ("--entryPoints.websecure.address=:443  # with TLS; Traefik then offers HTTP/2 by itself",),
    },
    ALB: {
        Trouble.BUFFERING: ("# an ALB does not hold back; look behind it, or for a Lambda target",),
        Trouble.IDLE: (
            "aws elbv2 modify-load-balancer-attributes --load-balancer-arn ARN --attributes Key=idle_timeout.timeout_seconds,Value=4000",
        ),
        Trouble.TOTAL: ("# an ALB has no such limit; look behind it",),
        Trouble.COMPRESSION: ("# an ALB does not compress; look behind it",),
        Trouble.HEADERS: ("# see the listener's routing.http.response.* attributes",),
        Trouble.HTTP2: (
            "aws elbv2 modify-load-balancer-attributes --load-balancer-arn ARN --attributes Key=routing.http2.enabled,Value=true",
        ),
    },
    CLOUDFLARE: {
        Trouble.BUFFERING: ("# Rules: turn off Response Buffering (Enterprise) and any Worker that reads the body whole",),
        Trouble.IDLE: ("# Cloudflare cuts after 100 s without a byte; let the service beat more often (below)",),
        Trouble.COMPRESSION: ("# Rules > Compression Rules: disable compression for /v1/* and /api/*",),
        Trouble.HEADERS: ("# Caching > Cache Rules: bypass the cache for /v1/* and /api/*",),
    },
    CLOUDFRONT: {
        Trouble.IDLE: ("# origin > response timeout: 120 (seconds)",),
        Trouble.COMPRESSION: ("# behaviour > compress objects automatically: no",),
        Trouble.HEADERS: ("# behaviour > cache policy: CachingDisabled",),
    },
    ENVOY: {
        Trouble.BUFFERING: ("# remove envoy.filters.http.buffer from the filter chain of this route",),
        Trouble.IDLE: ("route: { idle_timeout: 3600s }  # and stream_idle_timeout: 3600s of the connection manager",),
        Trouble.TOTAL: ("route: { timeout: 0s }",),
        Trouble.COMPRESSION: ("# compressor filter > response_direction_config > content_type: without text/event-stream",),
    },
    APACHE: {
        Trouble.BUFFERING: ("ProxyPass / http://SERVICE/ flushpackets=on",),
        Trouble.IDLE: ("ProxyTimeout 3600",),
        Trouble.COMPRESSION: ("SetEnvIf Request_URI ^/(v1|api)/ no-gzip=1",),
    },
    VARNISH: {
        Trouble.BUFFERING: ('sub vcl_recv { if (req.url ~ "^/(v1|api)/") { return (pipe); } }',),
        Trouble.IDLE: ("-p pipe_timeout=3600",),
    },
}


def recognise(headers: Mapping[str, str], url: str) -> tuple[str, ...]:
    """
    Return the proxies that show themselves, the nearest first.

    Args:
        headers: Of an answer; looked up whatever the case.
        url: Where it came from.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    found: list[str] = []
    server = lower.get("server", "").lower().partition("/")[0].strip()
    found += [_SERVERS[server]] if server in _SERVERS else []
    for hop in lower.get("via", "").lower().split(","):
        found += [name for word, name in _SERVERS.items() if word in hop]
    found += [CLOUDFLARE] if "cf-ray" in lower else []
    found += [CLOUDFRONT] if "x-amz-cf-id" in lower else []
    found += [ENVOY] if "x-envoy-upstream-service-time" in lower else []
    host = urlsplit(url).hostname or ""
    found += [ALB] if host.endswith(".elb.amazonaws.com") or "awsalb" in lower.get("set-cookie", "").lower() else []
    return tuple(dict.fromkeys(found))


def remedies(proxies: tuple[str, ...], trouble: Trouble) -> tuple[str, ...]:
    """Return the lines that mend it, each under the name of its proxy; of all usual ones where none shows itself."""
    lines: list[str] = []
    for name in proxies or SILENT:
        lines += [f"{name}:", *(f"  {line}" for line in _LINES[name].get(trouble, ()))] if trouble in _LINES[name] else []
    return tuple(lines)
