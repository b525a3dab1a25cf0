"""Prefect flows: what runs, in what order, with what retries. The work itself is in ``truecost.steps``.

Prefect's settings that a nightly run needs stand here, unless the user has set them: no telemetry, our log among the
flow's, and time enough for its temporary server to boot on a busy machine. Without a configured API URL that server
keeps its data in PREFECT_HOME (``~/.prefect`` by default).
"""

import os

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "truecost")
os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")  # outside a run there is none to log to
os.environ.setdefault("DO_NOT_TRACK", "1")
