"""Nobody is believed without a signature over what arrived."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

import botocore.auth
import pytest
from account_process import AccountProcess, signed
from botocore.awsrequest import AWSRequest

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
CORDON = {"Content-Type": FORM, "x-cordon-request-sha256": "ab" * 32, "x-cordon-nonce": "0123"}
AWS_HOST = "sts.us-east-1.amazonaws.com"
Change = Callable[[AWSRequest], None]


@pytest.fixture(scope="module")
def operator(account: AccountProcess) -> dict[str, str]:
    return account.user("signing-operator", path="/team/")


def send(account: AccountProcess, request: AWSRequest, host: str | None = None) -> tuple[int, str]:
    """Status and document; `host` is the Host header, else the host that was signed."""
    connection = http.client.HTTPConnection(urlsplit(account.ready["endpoint"]).netloc, timeout=10)
    parts = urlsplit(request.url)
    headers = {"Host": host or parts.netloc, **dict(request.headers)}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request(request.method, target, request.body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def code_in(document: str) -> str:
    found = re.search(r"<Error>\s*(?:<Type>\w+</Type>)?\s*<Code>(\w+)</Code>", document)
    assert found, document
    return found[1]


def identity_request(account: AccountProcess, operator: dict[str, str], host: str | None = None) -> AWSRequest:
    url = f"http://{host}/" if host else f"{account.ready['endpoint']}/"
    return signed("sts", url, BODY, dict(CORDON), operator)


def test_a_signed_request_is_answered_with_its_callers_identity(
    account: AccountProcess, operator: dict[str, str]
) -> None:
    status, document = send(account, identity_request(account, operator))
    assert status == 200
    assert "<Arn>arn:aws:iam::123456789012:user/team/signing-operator</Arn>" in document
    assert "<Account>123456789012</Account>" in document
    assert re.search(r"<UserId>AIDA\w+</UserId>", document)


def header(name: str, value: str) -> Change:
    def change(request: AWSRequest) -> None:
        assert name in request.headers, "only what was signed is altered here"
        request.headers.replace_header(name, value)

    return change


def part(field: str, value: str) -> Change:
    def change(request: AWSRequest) -> None:
        before = request.headers["Authorization"]
        after = re.sub(rf"{field}=[^,]+", f"{field}={value}", before)
        assert after != before
        request.headers.replace_header("Authorization", after)

    return change


def scope(pattern: str, value: str) -> Change:
    def change(request: AWSRequest) -> None:
        before = request.headers["Authorization"]
        after = re.sub(pattern, value, before, count=1)
        assert after != before
        request.headers.replace_header("Authorization", after)

    return change


def set_body(request: AWSRequest) -> None:
    request.data = BODY + b"&More=1"


def set_method(request: AWSRequest) -> None:
    request.method = "PUT"


def set_path(request: AWSRequest) -> None:
    request.url += "other"


def set_query(request: AWSRequest) -> None:
    request.url += "?More=1"


ALTERATIONS = {
    "a signed header of the client's own": header("x-cordon-request-sha256", "cd" * 32),
    "the nonce": header("x-cordon-nonce", "0124"),
    "the content type": header("Content-Type", "application/x-www-form-urlencoded"),
    "the date by a second": header("X-Amz-Date", (datetime.now(timezone.utc)).strftime("%Y%m%dT%H%M00Z")),
    "the body": set_body,
    "the method": set_method,
    "the path": set_path,
    "the query string": set_query,
    "the list of signed headers": part("SignedHeaders", "content-type;host;x-amz-date"),
    "the signature": part("Signature", "0" * 64),
    "the scope's date": scope(r"/\d{8}/", "/20200101/"),
    "the scope's Region": scope("/us-east-1/", "/eu-west-1/"),
    "the scope's service": scope("/sts/", "/iam/"),
}


@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=ALTERATIONS.keys())
def test_whatever_is_altered_after_signing_is_refused(
    account: AccountProcess, operator: dict[str, str], alter: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not on the full minute, which is what the date is altered to.
    at(monkeypatch, datetime.now(timezone.utc).replace(second=30))
    request = identity_request(account, operator)
    alter(request)
    host = urlsplit(account.ready["endpoint"]).netloc
    status, document = send(account, request, host)
    assert (status, code_in(document)) == (403, "SignatureDoesNotMatch")


def test_a_signed_header_that_is_missing_is_refused(account: AccountProcess, operator: dict[str, str]) -> None:
    request = identity_request(account, operator)
    del request.headers["x-cordon-nonce"]
    assert code_in(send(account, request)[1]) == "SignatureDoesNotMatch"


def test_a_header_of_awss_own_must_be_signed(account: AccountProcess, operator: dict[str, str]) -> None:
    request = identity_request(account, operator)
    request.headers["x-amz-added"] = "later"
    status, document = send(account, request)
    assert (status, code_in(document)) == (403, "SignatureDoesNotMatch")
    assert "x-amz-added" in document


def test_a_header_of_a_proxy_need_not_be_signed(account: AccountProcess, operator: dict[str, str]) -> None:
    request = identity_request(account, operator)
    request.headers["x-forwarded-for"] = "192.0.2.1"
    assert send(account, request)[0] == 200


def test_a_claimed_digest_stands_for_the_body_nowhere_but_in_s3(
    account: AccountProcess, operator: dict[str, str]
) -> None:
    url = f"{account.ready['endpoint']}/"
    request = signed("sts", url, BODY, {**CORDON, "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, operator)
    assert code_in(send(account, request)[1]) == "SignatureDoesNotMatch"


def test_a_request_forwarded_with_the_host_it_was_signed_for_is_good(
    account: AccountProcess, operator: dict[str, str]
) -> None:
    assert send(account, identity_request(account, operator, AWS_HOST))[0] == 200


@pytest.mark.parametrize("host", ["sts.eu-west-1.amazonaws.com", "ec2.us-east-1.amazonaws.com", "sts.example.com"])
def test_a_request_signed_for_another_host_is_refused(
    account: AccountProcess, operator: dict[str, str], host: str
) -> None:
    status, document = send(account, identity_request(account, operator, host))
    assert (status, code_in(document)) == (403, "SignatureDoesNotMatch")


def test_a_host_that_a_proxy_rewrote_is_refused(account: AccountProcess, operator: dict[str, str]) -> None:
    request = identity_request(account, operator, AWS_HOST)
    host = urlsplit(account.ready["endpoint"]).netloc
    assert code_in(send(account, request, host)[1]) == "SignatureDoesNotMatch"


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """What botocore signs from now on is signed at `moment`."""
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: moment)


@pytest.mark.parametrize(("minutes", "status"), [(-16, 400), (-14, 200), (14, 200), (16, 400)])
def test_a_date_holds_for_a_quarter_of_an_hour_either_way(
    account: AccountProcess,
    operator: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    status: int,
) -> None:
    at(monkeypatch, datetime.now(timezone.utc) + timedelta(minutes=minutes))
    got, document = send(account, identity_request(account, operator))
    assert got == status
    if status != 200:
        assert code_in(document) == "RequestExpired"


@pytest.mark.parametrize("lacking", ["SignedHeaders", "Signature"])
def test_half_a_signature_is_none(account: AccountProcess, operator: dict[str, str], lacking: str) -> None:
    request = identity_request(account, operator)
    scope(rf",\s*{lacking}=[^,]+", "")(request)
    status, document = send(account, request)
    assert (status, code_in(document)) == (400, "IncompleteSignature")


def test_an_unsigned_request_reaches_no_service(account: AccountProcess) -> None:
    url = f"{account.ready['endpoint']}/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=test%2F20260101"
    assert send(account, AWSRequest("POST", url, {"Content-Type": FORM}, b""))[0] == 403


def test_paths_and_bodies_of_every_kind_are_signed_as_botocore_signs_them(account: AccountProcess) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="signed-bucket")
    key = "evidence/a b+c:d=e/ü(1)~.json"
    s3.put_object(Bucket="signed-bucket", Key=key, Body=b"x" * 70_000, Metadata={"why": "a  b"})
    assert s3.get_object(Bucket="signed-bucket", Key=key)["Body"].read() == b"x" * 70_000
    assert s3.list_objects_v2(Bucket="signed-bucket", Prefix="evidence/a b+c")["KeyCount"] == 1
    name = account.function("signed-path")
    assert account.client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionName"] == "signed-path"
