"""What an instance's console shows: its last 64 KB of output, and a screenshot.

Source: GetConsoleOutput and GetConsoleScreenshot in the EC2 API reference, and "Instance console output" in the EC2
user guide. The codes of the refusals are not documented for these actions; they are EC2's general ones.
"""

from __future__ import annotations

import base64
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2 import ec2_backends
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from .account import Account
from .jpeg import black_image
from .patching import overlay
from .serialisation import COMPUTE

KEPT_BYTES = 64 * 1024
BOOT = b"Linux version 6.1.0\nCommand line: console=ttyS0,115200n8\nlocal-account login: "
# Families of the Xen hypervisor: they post output only at boot and shutdown.
_XEN = ("c1", "c3", "c4", "m1", "m2", "m3", "m4", "r3", "r4", "t1", "t2")


def install(account: Account) -> None:
    @overlay(EC2Response)
    def get_console_output(moto: Any, self: Any) -> ActionResult:
        self.error_on_dryrun()
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        if self._get_bool_param("Latest", False) and instance.instance_type.split(".")[0] in _XEN:
            raise EC2ClientError(
                "UnsupportedOperation", "This instance type does not support retrieving the latest console logs."
            )
        output = instance.__dict__.get("console_output", BOOT)
        shown = {"Output": base64.b64encode(output).decode()} if output else {}
        return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), **shown})

    @overlay(EC2Response)
    def get_console_screenshot(moto: Any, self: Any) -> ActionResult:
        self.error_on_dryrun()
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        if ".metal" in instance.instance_type:
            raise EC2ClientError(
                "UnsupportedOperation", f"The instance type {instance.instance_type} does not support screenshots."
            )
        if instance.state != "running":
            raise EC2ClientError("IncorrectInstanceState", f"The instance '{instance.id}' is not running.")
        image = instance.__dict__.get("console_screenshot") or black_image(720, 400)
        return ActionResult({"InstanceId": instance.id, "ImageData": base64.b64encode(image).decode()})

    @account.route("POST", "instances/console")
    def set_console(body: dict[str, Any]) -> dict[str, Any]:
        """{instance_id, output? | output_base64?, whole? (false), screenshot_base64?, instance_type?} → {instance_id,
        output_bytes}.

        Of the output the last 64 KB are kept, as EC2 does; `whole` keeps all of it, for callers that must survive more.
        An empty output is one that EC2 has not got yet. `instance_type` of a `.metal` kind has no screenshot.
        """
        output = base64.b64decode(body["output_base64"]) if "output_base64" in body else body.get("output", "").encode()
        with COMPUTE:
            instance = ec2_backends[account.account_id][account.region].get_instance(body["instance_id"])
            if "output" in body or "output_base64" in body:
                instance.console_output = output if body.get("whole") else output[-KEPT_BYTES:]
            if "screenshot_base64" in body:
                instance.console_screenshot = base64.b64decode(body["screenshot_base64"])
            instance.instance_type = body.get("instance_type", instance.instance_type)
        return {"instance_id": instance.id, "output_bytes": len(instance.__dict__.get("console_output", BOOT))}
