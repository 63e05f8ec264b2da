"""The keys: who may use each, beside those whom IAM policies of this account let."""

from __future__ import annotations

import json
from typing import Any

from local_account.resource_policy import allows_service
from tests.template_checks.deployed import ACCOUNT, OTHER_ACCOUNT, REGION, Deployed, check
from tests.template_checks.functions import BINARIES

DATA_KEY = "kms:GenerateDataKey"
OURS = {"aws:SourceAccount": ACCOUNT}
THEIRS = {"aws:SourceAccount": OTHER_ACCOUNT}


def policy(deployed: Deployed, key: str) -> dict[str, Any]:
    return json.loads(deployed.clients["kms"].get_key_policy(KeyId=deployed.id(key), PolicyName="default")["Policy"])


def rotates(deployed: Deployed, key: str) -> bool:
    return deployed.clients["kms"].get_key_rotation_status(KeyId=deployed.id(key))["KeyRotationEnabled"]


def services(document: dict[str, Any]) -> set[str]:
    principals = [statement["Principal"].get("Service", []) for statement in document["Statement"]]
    return {name for names in principals for name in (names if isinstance(names, list) else [names])}


@check("MessageKey")
def only_services_that_act_for_this_account_use_the_message_key(deployed: Deployed) -> None:
    document = policy(deployed, "MessageKey")
    assert rotates(deployed, "MessageKey")
    assert services(document) == {"cloudwatch.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com"}
    for service in services(document):
        assert allows_service(document, service, DATA_KEY, "*", OURS)
        assert not allows_service(document, service, DATA_KEY, "*", THEIRS)


@check("JournalKey")
def no_service_uses_the_journal_key_by_itself(deployed: Deployed) -> None:
    assert rotates(deployed, "JournalKey")
    assert services(policy(deployed, "JournalKey")) == set()


@check("EvidenceKey")
def no_service_uses_the_evidence_key_by_itself(deployed: Deployed) -> None:
    assert rotates(deployed, "EvidenceKey")
    assert services(policy(deployed, "EvidenceKey")) == set()


@check("AuditKey")
def no_service_uses_the_audit_key_by_itself(deployed: Deployed) -> None:
    assert rotates(deployed, "AuditKey")
    assert services(policy(deployed, "AuditKey")) == set()


@check("LogKey")
def cloudwatch_logs_uses_the_log_key_only_for_this_stacks_groups(deployed: Deployed) -> None:
    document = policy(deployed, "LogKey")
    service = f"logs.{REGION}.amazonaws.com"
    groups = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/"
    assert rotates(deployed, "LogKey")
    assert services(document) == {service}
    ours = [(f"cordon-{binary}", True) for binary in BINARIES.values()]
    for group, allowed in [*ours, ("another", False)]:
        context = {"kms:EncryptionContext:aws:logs:arn": groups + group}
        assert allows_service(document, service, DATA_KEY, "*", context) is allowed


@check("SigningKey")
def the_record_is_signed_by_a_key_whose_private_half_never_leaves_kms(deployed: Deployed) -> None:
    kms = deployed.clients["kms"]
    described = kms.describe_key(KeyId=deployed.id("SigningKey"))["KeyMetadata"]
    assert (described["KeySpec"], described["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    assert services(policy(deployed, "SigningKey")) == set()


def alias_of(deployed: Deployed, key: str) -> list[str]:
    aliases = deployed.clients["kms"].list_aliases()["Aliases"]
    return [alias["AliasName"] for alias in aliases if alias.get("TargetKeyId") == deployed.id(key)]


@check("MessageKeyAlias")
def people_find_the_message_key_by_name(deployed: Deployed) -> None:
    assert alias_of(deployed, "MessageKey") == ["alias/cordon/messages"]


@check("JournalKeyAlias")
def people_find_the_journal_key_by_name(deployed: Deployed) -> None:
    assert alias_of(deployed, "JournalKey") == ["alias/cordon/journal"]


@check("EvidenceKeyAlias")
def people_find_the_evidence_key_by_name(deployed: Deployed) -> None:
    assert alias_of(deployed, "EvidenceKey") == ["alias/cordon/evidence"]


@check("AuditKeyAlias")
def people_find_the_audit_key_by_name(deployed: Deployed) -> None:
    assert alias_of(deployed, "AuditKey") == ["alias/cordon/audits"]


@check("SigningKeyAlias")
def people_find_the_signing_key_by_name(deployed: Deployed) -> None:
    assert alias_of(deployed, "SigningKey") == ["alias/cordon/signing"]


@check("LogKeyAlias")
def people_find_the_log_key_by_name(deployed: Deployed) -> None:
    assert alias_of(deployed, "LogKey") == ["alias/cordon/logs"]
