"""What has to stand in the environment before Django reads its settings; pytest loads it first (pyproject.toml).

A broker or a secret of the developer's own environment never reaches a test. DATABASE_URL does: it names the server on
which pytest-django makes a database of its own.
"""

import os
import secrets

os.environ["SECRET_KEY"] = "only for tests"
os.environ["REDIS_URL"] = ""
os.environ["REPLICA_URL"] = ""
os.environ["EMAIL_URL"] = "memorymail://"
os.environ["SECOND_FACTOR"] = "no"
os.environ["LANGUAGE_CODE"] = "vi"
os.environ["TIME_ZONE"] = "Asia/Ho_Chi_Minh"
# What all chance in tests/faults comes from; the processes of one run share it, and the head of the run shows it.
os.environ.setdefault("FAULT_SEED", str(secrets.randbelow(1_000_000)))
for name in ("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DEBUG", "HTTPS"):
    os.environ.pop(name, None)
