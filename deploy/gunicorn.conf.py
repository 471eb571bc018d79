"""The web server in production: processes by WEB_CONCURRENCY, threads for those who wait for the database."""

import os

bind = os.environ.get("BIND", "127.0.0.1:8000")
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 20
# Processes are renewed now and then, not all of them at once: whatever leaks is given back.
max_requests = 20_000
max_requests_jitter = 2_000
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
control_socket_disable = True
