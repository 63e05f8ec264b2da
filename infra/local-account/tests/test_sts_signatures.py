"""Who signed a request to STS is who STS says, and a signature over anything else does not count."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

import pytest
from account_process import AccountProcess
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

BODY = "Action=GetCallerIdentity&Version=2011-06-15"
Change = Callable[[dict[str, str]], None]


def user(account: AccountProcess, name: str) -> Credentials:
    account.client("iam").create_user(UserName=name)
    key = account.client("iam").create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def ask(account: AccountProcess, credentials: Credentials, change: Change = lambda _: None, body: str = BODY) -> str:
    """STS's answer to a request that is changed after it was signed."""
    url = account.ready["endpoint"] + "/"
    headers = {"X-Cordon-Nonce": "00", "Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", url, headers=headers, data=BODY)
    SigV4Auth(credentials, "sts", "us-east-1").add_auth(request)
    sent = dict(request.headers.items())
    change(sent)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body.encode(), sent)) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"


def test_a_user_and_a_session_are_named_as_they_are(account: AccountProcess) -> None:
    assert ":user/signer</Arn>" in ask(account, user(account, "signer"))
    session = account.session("signing-role", session_name="night-shift")
    keys = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    assert ":assumed-role/signing-role/night-shift</Arn>" in ask(account, keys)


@pytest.mark.parametrize(
    "change",
    [
        lambda headers: headers.update({"X-Cordon-Nonce": "01"}),
        lambda headers: headers.update({"X-Amz-Date": headers["X-Amz-Date"][:-3] + "00Z"}),
        lambda headers: headers.update({"Host": "sts.us-east-1.amazonaws.com"}),
        lambda headers: headers.update({"Authorization": headers["Authorization"].replace("x-cordon-nonce;", "")}),
        lambda headers: headers.update({"Authorization": headers["Authorization"].replace("host;", "")}),
        lambda headers: headers.update({"Authorization": headers["Authorization"].replace("/us-east-1/", "/eu-west-1/")}),
    ],
    ids=["header", "date", "host", "header not covered", "host not covered", "region"],
)
def test_what_was_signed_cannot_be_changed(account: AccountProcess, change: Change) -> None:
    name = f"signer-{abs(hash(change))}"
    signer = user(account, name)

    def altered(headers: dict[str, str]) -> None:
        before = dict(headers)
        change(headers)
        if headers == before:
            # A second that ends in 00 by chance.
            headers["X-Amz-Date"] = headers["X-Amz-Date"][:-3] + "01Z"

    assert ask(account, signer, altered).startswith("403 ")


def test_another_body_or_secret_does_not_count(account: AccountProcess) -> None:
    signer = user(account, "body-signer")
    assert "SignatureDoesNotMatch" in ask(account, signer, body=BODY + "&X=1")
    assert "SignatureDoesNotMatch" in ask(account, Credentials(signer.access_key, "guessed"))
    assert "InvalidClientTokenId" in ask(account, Credentials("AKIANOBODYNOBODYNOBO", "x"))


def test_an_old_signature_has_expired(account: AccountProcess) -> None:
    signer = user(account, "late-signer")
    long_ago = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(minutes=16)
    with patch("botocore.auth.get_current_datetime", return_value=long_ago):
        assert "RequestExpired" in ask(account, signer)
