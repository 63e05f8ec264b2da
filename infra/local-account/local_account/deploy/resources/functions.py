"""AWS::Lambda::Function from a compiled binary, who may invoke it, and what becomes of its failures."""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from local_account.deploy.creation import Created, Creation, Maker
from local_account.deploy.parameters import as_text
from local_account.deploy.problems import DeployError

EXECUTABLE = 0o755 << 16


def function(creation: Creation) -> Created:
    client, properties = creation.clients["lambda"], creation.properties
    name = properties.take("FunctionName") or creation.generated_name(64)
    properties.require("Code")  # where `sam deploy` would have put the binary; here it comes from the code map
    variables = properties.nested("Environment").take("Variables", {})
    concurrency = properties.take("ReservedConcurrentExecutions")
    tags = {tag["Key"]: tag["Value"] for tag in properties.take("Tags", [])}
    arn = client.create_function(
        FunctionName=name,
        Code={"ZipFile": package(_binary(creation))},
        Environment={"Variables": {key: as_text(value) for key, value in variables.items()}},
        Tags=tags,
        # CreateFunction's other parameters bear the properties' names.
        **properties.rest(),
    )["FunctionArn"]
    if concurrency is not None:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(concurrency))
    return Created(name, {"Arn": arn})


def _binary(creation: Creation) -> Path:
    binary = creation.code.get(creation.logical_id)
    if binary is None:
        raise DeployError(f"no code is given for {creation.logical_id}")
    if not binary.is_file():
        raise DeployError(f"the code of {creation.logical_id} is not a file: {binary}")
    return binary


def package(binary: Path) -> bytes:
    """The deployment package of a custom runtime: one executable named `bootstrap`."""
    status = binary.stat()
    return _packed(binary, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=32)
def _packed(binary: Path, modified_ns: int, size: int) -> bytes:
    """Packing takes a second or more, and several stacks are made of the same binaries."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = EXECUTABLE
    entry.compress_type = zipfile.ZIP_DEFLATED
    packed = io.BytesIO()
    # The lightest compression: a debug binary is tens of megabytes, and it only crosses the loopback.
    with zipfile.ZipFile(packed, "w", compresslevel=1) as archive:
        archive.writestr(entry, binary.read_bytes(), compresslevel=1)
    return packed.getvalue()


def permission(creation: Creation) -> Created:
    statement_id = creation.generated_name(100)
    # AddPermission's parameters bear the properties' names.
    creation.clients["lambda"].add_permission(StatementId=statement_id, **creation.properties.rest())
    return Created(statement_id)


def event_invoke_config(creation: Creation) -> Created:
    parameters: dict[str, Any] = creation.properties.rest()
    creation.clients["lambda"].put_function_event_invoke_config(**parameters)
    return Created(creation.generated_name())


MAKERS: dict[str, Maker] = {
    "AWS::Lambda::EventInvokeConfig": event_invoke_config,
    "AWS::Lambda::Function": function,
    "AWS::Lambda::Permission": permission,
}
