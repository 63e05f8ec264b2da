"""Encrypted topics, tables and objects: who calls them needs their key too."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from account_process import AccountProcess, allow, policy
from test_iam_enforcement import refusal

ADMINISTRATION = {**allow("kms:*"), "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}


def key(account: AccountProcess, *statements: dict[str, Any]) -> str:
    made = account.client("kms").create_key(Policy=policy(ADMINISTRATION, *statements))
    return str(made["KeyMetadata"]["Arn"])


def test_publishing_to_an_encrypted_topic_needs_its_key_through_sns(account: AccountProcess) -> None:
    arn = key(account)
    topic = account.client("sns").create_topic(Name="encrypted", Attributes={"KmsMasterKeyId": arn})["TopicArn"]
    via = {"StringEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com"}}
    publish = allow("sns:Publish", resource=topic)
    with_key = allow("kms:GenerateDataKey", "kms:Decrypt", resource=arn, Condition=via)
    answers = [
        refusal(partial(account.client("sns", credentials).publish, TopicArn=topic, Message="m"))
        for credentials in (account.session("keyless", publish), account.session("with-key", publish, with_key))
    ]
    assert answers == ["AuthorizationError", None]


def test_writing_an_object_needs_the_buckets_default_key(account: AccountProcess) -> None:
    arn = key(account)
    s3 = account.client("s3")
    s3.create_bucket(Bucket="encrypted-bucket")
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    s3.put_bucket_encryption(
        Bucket="encrypted-bucket",
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )
    put = allow("s3:PutObject")
    answers = [
        refusal(partial(account.client("s3", credentials).put_object, Bucket="encrypted-bucket", Key="k", Body=b""))
        for credentials in (
            account.session("keyless-writer", put),
            account.session("key-writer", put, allow("kms:GenerateDataKey", resource=arn)),
        )
    ]
    assert answers == ["AccessDenied", None]


def test_items_of_an_encrypted_table_need_its_key(account: AccountProcess) -> None:
    arn = key(account)
    account.client("dynamodb").create_table(
        TableName="encrypted",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": arn},
    )
    get = allow("dynamodb:GetItem")
    answers = [
        refusal(
            partial(account.client("dynamodb", credentials).get_item, TableName="encrypted", Key={"pk": {"S": "1"}})
        )
        for credentials in (
            account.session("keyless-reader", get),
            account.session("key-reader", get, allow("kms:Decrypt", resource=arn)),
        )
    ]
    assert answers == ["AccessDeniedException", None]


def test_a_disabled_key_stops_even_root(account: AccountProcess) -> None:
    arn = key(account)
    topic = account.client("sns").create_topic(Name="stopped", Attributes={"KmsMasterKeyId": arn})["TopicArn"]
    account.client("kms").disable_key(KeyId=arn)
    assert refusal(lambda: account.client("sns").publish(TopicArn=topic, Message="m")) == "KMSDisabled"
    account.client("kms").enable_key(KeyId=arn)
    assert refusal(lambda: account.client("sns").publish(TopicArn=topic, Message="m")) is None


@pytest.mark.parametrize("allowed", [True, False])
def test_an_alarm_reaches_an_encrypted_topic_only_if_the_key_lets_cloudwatch(
    account: AccountProcess, allowed: bool
) -> None:
    cloudwatch_may = allow("kms:Decrypt", "kms:GenerateDataKey*", Principal={"Service": "cloudwatch.amazonaws.com"})
    arn = key(account, *([cloudwatch_may] if allowed else []))
    name = f"encrypted-{allowed}"
    topic = account.client("sns").create_topic(Name=name, Attributes={"KmsMasterKeyId": arn})["TopicArn"]
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/EC2",
        MetricName="NetworkOut",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    assert ("Successfully" in history[0]["HistorySummary"]) is allowed
