"""What a request needs permission for: IAM actions, the resources they touch, and the condition keys they carry.

Source: the "Actions, resources, and condition keys" pages of the Service Authorization Reference. Actions that are not
known here need their own name on `*`, so that a policy narrowed to resources refuses them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from . import iam_dynamodb, iam_ec2, iam_kms, iam_reads, iam_s3, iam_services
from .account import Account
from .authorization import Authorization
from .aws_request import AwsRequest

_log = logging.getLogger(__name__)
_Reader = Callable[[Account, AwsRequest], list[Authorization]]
_READERS: dict[str, _Reader] = {
    "ec2": iam_ec2.authorizations,
    "dynamodb": iam_dynamodb.authorizations,
    "s3": iam_s3.authorizations,
    "autoscaling": iam_services.autoscaling,
    "cloudformation": iam_reads.cloudformation,
    "cloudwatch": iam_services.cloudwatch,
    "elasticloadbalancing": iam_services.load_balancing,
    "events": iam_reads.events,
    "iam": iam_services.iam,
    "kms": iam_kms.authorizations,
    "lambda": iam_services.functions,
    "logs": iam_reads.logs,
    "securityhub": iam_services.security_hub,
    "sns": iam_services.sns,
    "sqs": iam_services.sqs,
    "sts": iam_services.sts,
}


def authorizations(account: Account, request: AwsRequest) -> list[Authorization]:
    """Every one of them must be allowed. Parameters that make no sense need the bare action: the service answers to
    them."""
    reader = _READERS.get(request.service)
    if reader is not None:
        try:
            return reader(account, request)
        except (KeyError, TypeError, IndexError, ValueError):
            _log.warning("cannot tell what %s:%s touches", request.service, request.action, exc_info=True)
    return [bare(request)]


def bare(request: AwsRequest) -> Authorization:
    return Authorization(f"{request.service}:{request.action}", "*")
