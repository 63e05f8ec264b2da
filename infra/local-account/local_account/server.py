"""Assembles the account: moto's services, the overlays that make them behave, and the gateway before them."""

from __future__ import annotations

import os
import threading
from typing import Any

# Read by moto when it is imported: its own calls into itself are this account's root.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
# Two thousand images, a second at the first EC2 call: no instance here boots one.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
# The policies that AWS manages, which instance roles have attached more often than any others.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server  # noqa: E402

from . import (  # noqa: E402
    account_delays,
    autoscaling_groups,
    calls,
    cloudtrail_events,
    cloudwatch_alarms,
    credential_reports,
    door,
    dynamodb_transactions,
    ec2_console,
    ec2_instances,
    ec2_monitoring,
    ec2_network,
    ec2_snapshot_locks,
    ec2_snapshots,
    ec2_starts,
    event_rules,
    iam,
    iam_documents,
    kms_asymmetric,
    kms_keys,
    lambda_delivery,
    last_use,
    load_balancing,
    principals,
    s3_checksums,
    s3_object_lock,
    scenario,
    schedules,
    security_findings,
    sns_delivery,
    sns_subscriptions,
    stack_reads,
)
from .account import Account  # noqa: E402
from .deploy import door as deploy_door  # noqa: E402
from .gateway import Gateway  # noqa: E402
from .call_rates import Rates  # noqa: E402
from .interference import Interference  # noqa: E402

_OVERLAYS = (
    account_delays,
    autoscaling_groups,
    cloudwatch_alarms,
    credential_reports,
    deploy_door,
    dynamodb_transactions,
    ec2_console,
    ec2_instances,
    ec2_monitoring,
    ec2_network,
    ec2_snapshot_locks,
    ec2_snapshots,
    ec2_starts,
    event_rules,
    iam,
    iam_documents,
    kms_asymmetric,
    kms_keys,
    load_balancing,
    principals,
    s3_checksums,
    s3_object_lock,
    scenario,
    schedules,
    security_findings,
    sns_delivery,
    sns_subscriptions,
    stack_reads,
)


class _Handler(MotoRequestHandler):
    # Headers and body go out in two writes: with Nagle's algorithm the second waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:
        """Every call is in the account's own record; a line for each on stderr would only hide warnings."""


class Server:
    """A running account. `stop` ends it with every process it started."""

    def __init__(self, account: Account, http: BaseWSGIServer, delivery: lambda_delivery.Delivery) -> None:
        self.account = account
        self._http = http
        self._delivery = delivery

    def stop(self) -> None:
        self.account.stopping.set()
        self._http.shutdown()
        self._delivery.pool.stop()
        self._http.server_close()


def start(account: Account, port: int = 0, latency_ms: float = 0.0) -> Server:
    """Serves `account` on a loopback port and sets its `endpoint`. Answers from the moment it returns."""
    account.state_dir.mkdir(parents=True, exist_ok=True)
    record, interference, rates = calls.Calls(), Interference(latency_ms), Rates()
    services = DomainDispatcherApplication(create_backend_app)
    gateway = Gateway(account, services, record, interference, rates)
    http = make_server("127.0.0.1", port, gateway, threaded=True, request_handler=_Handler)
    account.endpoint = f"http://127.0.0.1:{http.server_port}"
    door.install(account)
    calls.install(account, record)
    cloudtrail_events.install(account, record)
    last_use.install(account, record)
    interference.install(account)
    rates.install(account)
    delivery = lambda_delivery.install(account)
    for overlay in _OVERLAYS:
        overlay.install(account)
    # The interval is how long `stop` waits.
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    return Server(account, http, delivery)
