"""People invoke functions by the Invoke API, with nothing but the permission for that function."""

from __future__ import annotations

import json
from typing import Any

import pytest
from account_process import AccountProcess, allow
from botocore.exceptions import ClientError

ROOT_TRUST = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    ]
}


def invoke(
    account: AccountProcess, holder: dict[str, str], function: str, event: Any = None, **more: Any
) -> tuple[Any, dict[str, Any]]:
    """What the function answered to the holder of a credential, and the whole response."""
    answer = account.client("lambda", holder).invoke(FunctionName=function, Payload=json.dumps(event or {}), **more)
    return json.loads(answer["Payload"].read() or "null"), answer


def refused(account: AccountProcess, holder: dict[str, str], function: str, **more: Any) -> ClientError:
    with pytest.raises(ClientError) as error:
        invoke(account, holder, function, **more)
    return error.value


@pytest.fixture(scope="module")
def release(account: AccountProcess) -> str:
    return account.function("operated-release", allow("sqs:ListQueues"))


@pytest.fixture(scope="module", params=["user", "role"])
def operator(account: AccountProcess, release: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """A user, or a session of a role that a user assumed, with the permission to invoke one function."""
    only = allow("lambda:InvokeFunction", resource=release)
    if request.param == "user":
        return account.user("invoking-operator", only)
    role = account.role("invoking-role", only, trust=ROOT_TRUST)
    person = account.client("sts", account.user("person", allow("sts:AssumeRole", resource=role)))
    return dict(person.assume_role(RoleArn=role, RoleSessionName="person")["Credentials"])


def test_an_operator_gets_the_functions_answer(account: AccountProcess, operator: dict[str, str], release: str) -> None:
    answer, response = invoke(account, operator, release, {"return": {"released": True}})
    assert (answer, response["StatusCode"], response["ExecutedVersion"]) == ({"released": True}, 200, "$LATEST")
    assert "FunctionError" not in response


def test_an_operator_gets_the_functions_error(account: AccountProcess, operator: dict[str, str], release: str) -> None:
    answer, response = invoke(account, operator, release, {"fail": "no such incident"})
    assert (response["StatusCode"], response["FunctionError"]) == (200, "Unhandled")
    assert answer == {"errorType": "RuntimeError", "errorMessage": "no such incident"}


def test_a_permission_by_arn_holds_for_the_functions_name(account: AccountProcess, operator: dict[str, str]) -> None:
    assert invoke(account, operator, "operated-release", {"return": 1})[0] == 1


def test_an_operator_of_one_function_invokes_no_other(account: AccountProcess, operator: dict[str, str]) -> None:
    account.function(f"other-{operator['AccessKeyId']}".lower())
    error = refused(account, operator, f"other-{operator['AccessKeyId']}".lower())
    assert error.response["Error"]["Code"] == "AccessDeniedException"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert "is not authorized to perform: lambda:InvokeFunction on resource: " in str(error)


def test_a_qualifier_needs_a_permission_of_its_own(
    account: AccountProcess, operator: dict[str, str], release: str
) -> None:
    by_parameter = refused(account, operator, "operated-release", Qualifier="$LATEST")
    by_name = refused(account, operator, f"{release}:$LATEST")
    for error in (by_parameter, by_name):
        assert error.response["Error"]["Code"] == "AccessDeniedException"
        assert f"{release}:$LATEST" in str(error)


def test_an_operator_can_do_nothing_that_the_function_can(
    account: AccountProcess, operator: dict[str, str], release: str
) -> None:
    answer, _ = invoke(account, operator, release, {"call": ["sqs", "list_queues", {}]})
    assert "refused" not in answer
    for service, call in (("sqs", "list_queues"), ("lambda", "list_functions")):
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(account.client(service, operator), call)()


def test_an_operator_may_ask_who_he_is_and_the_function_is_not_told(
    account: AccountProcess, operator: dict[str, str], release: str
) -> None:
    asked, _ = invoke(account, operator, release, {"call": ["sts", "get_caller_identity", {}]})
    own = account.client("sts", operator).get_caller_identity()["Arn"]
    assert asked["Arn"] == "arn:aws:sts::123456789012:assumed-role/operated-release-role/operated-release"
    assert own != asked["Arn"]
