"""The test door's `POST deploy`."""

from __future__ import annotations

from typing import Any

from local_account.account import Account
from local_account.deploy.creation import Clients
from local_account.deploy.stack import deploy


def install(account: Account) -> None:
    """Registers `POST deploy {template, parameters, code, stack_name?, account_id?}`.

    `template` is the path of a SAM template, or its text. The answer has `outputs` by name and `resources` by logical
    id, each with `type` and `physical_id`. A stack of another account is made there, and no CloudFormation tells of it.
    """

    @account.route("POST", "deploy")
    def handle(body: dict[str, Any]) -> dict[str, Any]:
        number = body.get("account_id", account.account_id)
        access_key = "test" if number == account.account_id else number
        stack = deploy(
            body["template"],
            body.get("parameters", {}),
            body.get("code", {}),
            Clients(account.endpoint or None, account.region, access_key),
            stack_name=body.get("stack_name", "cordon"),
            account_id=number,
            region=account.region,
        )
        if number == account.account_id:
            account.stacks[stack.name] = stack
        return {
            "outputs": stack.outputs,
            "resources": {
                logical_id: {"type": resource.type, "physical_id": resource.physical_id}
                for logical_id, resource in stack.resources.items()
            },
        }
