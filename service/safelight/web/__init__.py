"""The edge: HTTP and Server-Sent Events around core."""
