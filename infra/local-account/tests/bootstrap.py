"""A `provided.*` bootstrap that does what its event says, to see what the account makes of it.

{"return": VALUE}, {"fail": MESSAGE}, {"exit": STATUS}, {"sleep": SECONDS, ...}, {"log": TEXT, ...},
{"call": [SERVICE, OPERATION, PARAMETERS]} (returns the answer, or the error code as {"refused": CODE}).
"""

import http.client
import json
import os
import sys
import time

RUNTIME = "/2018-06-01/runtime/invocation/"


def call(service: str, operation: str, parameters: dict) -> object:
    import boto3
    from botocore.exceptions import ClientError

    try:
        answer = getattr(boto3.client(service), operation)(**parameters)
    except ClientError as error:
        return {"refused": error.response["Error"]["Code"]}
    answer.pop("ResponseMetadata")
    return json.loads(json.dumps(answer, default=str))


def handle(event: dict, request_id: str) -> object:
    if "log" in event:
        print(event["log"], flush=True)
    if "exit" in event:
        sys.exit(event["exit"])
    time.sleep(event.get("sleep", 0))
    if "fail" in event:
        raise RuntimeError(event["fail"])
    if "call" in event:
        return call(*event["call"])
    if event.get("return") == "who":
        return {"pid": os.getpid(), "request_id": request_id, "table": os.environ.get("TABLE")}
    return event.get("return")


connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    connection.request("GET", f"{RUNTIME}next")
    response = connection.getresponse()
    request_id, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(response.read())
    try:
        kind, content = "response", handle(event, request_id)
    except RuntimeError as error:
        kind, content = "error", {"errorType": "RuntimeError", "errorMessage": str(error)}
    connection.request("POST", f"{RUNTIME}{request_id}/{kind}", json.dumps(content))
    connection.getresponse().read()
