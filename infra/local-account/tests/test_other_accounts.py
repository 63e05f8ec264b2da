"""A bucket and a key of another account: theirs to give, and only to whom both sides let."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from account_process import AccountProcess, allow, policy
from test_iam_enforcement import refusal

OTHER = "210987654321"
ROOT_OF_OTHER = {"AccessKeyId": OTHER, "SecretAccessKey": "test"}
EVERYTHING = allow("s3:*", "kms:*")


def theirs(account: AccountProcess, service: str) -> Any:
    return account.client(service, ROOT_OF_OTHER)


@pytest.fixture
def bucket(account: AccountProcess, request: pytest.FixtureRequest) -> str:
    name = f"theirs-{abs(hash(request.node.name))}"
    theirs(account, "s3").create_bucket(Bucket=name)
    return name


def give(account: AccountProcess, bucket: str, *statements: dict[str, Any]) -> None:
    theirs(account, "s3").put_bucket_policy(Bucket=bucket, Policy=policy(*statements))


def test_a_foreign_bucket_takes_a_yes_from_both_sides(account: AccountProcess, bucket: str) -> None:
    with_policy = account.user("foreign-writer", EVERYTHING)
    without = account.user("foreign-nobody")
    put = [partial(account.client("s3", who).put_object, Bucket=bucket, Key="k", Body=b"") for who in (with_policy, without)]
    assert [refusal(one) for one in put] == ["AccessDenied", "AccessDenied"]
    names = [f"arn:aws:iam::123456789012:user/foreign-{name}" for name in ("writer", "nobody")]
    give(account, bucket, {**allow("s3:PutObject", resource=f"arn:aws:s3:::{bucket}/*"), "Principal": {"AWS": names}})
    assert [refusal(one) for one in put] == [None, "AccessDenied"]
    assert theirs(account, "s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_a_condition_on_the_resources_account_tells_whose_a_bucket_is(account: AccountProcess, bucket: str) -> None:
    give(account, bucket, {**allow("s3:PutObject", resource=f"arn:aws:s3:::{bucket}/*"), "Principal": "*"})

    def put_where(owner: str) -> str | None:
        only = {"StringEquals": {"aws:ResourceAccount": owner}}
        who = account.user(f"only-into-{owner}", allow("s3:PutObject", Condition=only))
        return refusal(partial(account.client("s3", who).put_object, Bucket=bucket, Key="k", Body=b""))

    assert [put_where(OTHER), put_where("123456789012")] == [None, "AccessDenied"]


def test_a_foreign_key_takes_a_yes_from_both_sides_and_is_described_by_its_arn(
    account: AccountProcess, bucket: str
) -> None:
    writer = "arn:aws:iam::123456789012:user/foreign-encrypter"
    give(account, bucket, {**allow("s3:PutObject", resource=f"arn:aws:s3:::{bucket}/*"), "Principal": {"AWS": writer}})
    administration = {**allow("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}
    kms = theirs(account, "kms")
    key = kms.create_key(Policy=policy(administration))["KeyMetadata"]["Arn"]
    assert key.split(":")[4] == OTHER
    who = account.user("foreign-encrypter", EVERYTHING)
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    put = partial(account.client("s3", who).put_object, Bucket=bucket, Key="k", Body=b"", **encryption)
    describe = partial(account.client("kms", who).describe_key, KeyId=key)
    assert [refusal(put), refusal(describe)] == ["AccessDenied", "AccessDeniedException"]
    use = {**allow("kms:GenerateDataKey", "kms:DescribeKey"), "Principal": {"AWS": writer}}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(administration, use))
    assert [refusal(put), refusal(describe)] == [None, None]
    stored = theirs(account, "s3").head_object(Bucket=bucket, Key="k")
    assert stored["SSEKMSKeyId"] == key


def test_a_request_that_expects_another_owner_is_refused(account: AccountProcess, bucket: str) -> None:
    put = partial(theirs(account, "s3").put_object, Bucket=bucket, Key="k", Body=b"")
    answers = [refusal(partial(put, ExpectedBucketOwner=owner)) for owner in ("123456789012", OTHER)]
    assert answers == ["AccessDenied", None]


def test_an_account_beside_the_first_has_no_other_service(account: AccountProcess) -> None:
    assert refusal(theirs(account, "sqs").list_queues) == "AccessDenied"


def test_a_strangers_secret_opens_no_account(account: AccountProcess) -> None:
    forged = {**ROOT_OF_OTHER, "SecretAccessKey": "guessed"}
    assert refusal(account.client("s3", forged).list_buckets) == "SignatureDoesNotMatch"
