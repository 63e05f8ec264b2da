"""How people sign in: profiles with keys, a role to assume, a program that prints keys, and IAM Identity Center."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .command import Person
from .laptop import BINARIES, Laptop, Stack

SSO_ROLE = "AWSReservedSSO_Viewer_0123456789abcdef"


@pytest.fixture(scope="module")
def person(stack: Stack) -> Person:
    return Person.session(stack, SSO_ROLE, "vera@example.com", "ViewerPolicyArn")


def lists(laptop: Laptop, home: Path, config: str, region: bool = True, **variables: str) -> str:
    """`cordon incidents` in a home of its own; answers stderr where it failed."""
    folder = home / ".aws"
    folder.mkdir(exist_ok=True)
    (folder / "config").write_text(config)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ENDPOINT_URL": laptop.about["endpoint"],
        "AWS_EC2_METADATA_DISABLED": "true",
        **({"AWS_REGION": laptop.about["region"]} if region else {}),
        **variables,
    }
    command = [str(BINARIES / "cordon"), "incidents", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return "listed" if done.returncode == 0 and "incidents" in json.loads(done.stdout) else done.stderr


def callers(laptop: Laptop, since: int) -> set[str]:
    return {call["caller"] for call in laptop.calls(since) if call["action"] == "Query"}


def profile(keys: dict[str, str]) -> str:
    return "".join(f"{name.lower()} = {value}\n" for name, value in keys.items())


def test_a_profile_names_keys_and_region(laptop: Laptop, person: Person, tmp_path: Path) -> None:
    since = len(laptop.calls())
    config = f"[profile soc]\nregion = {laptop.about['region']}\n{profile(person.keys)}"
    assert lists(laptop, tmp_path, config, region=False, AWS_PROFILE="soc") == "listed"
    assert person.arn in callers(laptop, since)
    unknown = lists(laptop, tmp_path, config, AWS_PROFILE="sock")
    assert "sock" in unknown or "credentials" in unknown


def test_a_profile_assumes_a_role(laptop: Laptop, stack: Stack, person: Person, tmp_path: Path) -> None:
    rolf = Person.user(stack, "rolf")
    role = f"arn:aws:iam::{laptop.about['account_id']}:role/{SSO_ROLE}"
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}]}
    laptop.client("iam").put_user_policy(UserName="rolf", PolicyName="assume", PolicyDocument=json.dumps(policy))
    config = (
        f"[profile base]\n{profile(rolf.keys)}"
        f"[profile soc]\nrole_arn = {role}\nsource_profile = base\nrole_session_name = rolf\n"
    )
    since = len(laptop.calls())
    sts = {"AWS_ENDPOINT_URL_STS": laptop.about["endpoint"]}
    assert lists(laptop, tmp_path, config, AWS_PROFILE="soc", **sts) == "listed"
    assert any(caller.endswith(f"{SSO_ROLE}/rolf") for caller in callers(laptop, since))


def test_a_program_prints_the_keys(laptop: Laptop, person: Person, tmp_path: Path) -> None:
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    printed = {"Version": 1, **dict(zip(names, person.keys.values(), strict=True))}
    (tmp_path / "keys.json").write_text(json.dumps(printed))
    config = f"[profile soc]\ncredential_process = cat {tmp_path / 'keys.json'}\n"
    assert lists(laptop, tmp_path, config, AWS_PROFILE="soc") == "listed"


@pytest.fixture
def portal(person: Person) -> Iterator[Callable[[], tuple[str, list[str]]]]:
    """Identity Center's portal: gives a role's credentials to who shows a token."""
    asked: list[str] = []
    made = {
        "accessKeyId": person.keys["AWS_ACCESS_KEY_ID"],
        "secretAccessKey": person.keys["AWS_SECRET_ACCESS_KEY"],
        "sessionToken": person.keys["AWS_SESSION_TOKEN"],
        "expiration": int(1000 * (time.time() + 3600)),
    }

    class Portal(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps({"roleCredentials": made}).encode()
            self.send_response(200 if self.headers["x-amz-sso_bearer_token"] == "token" else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Portal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield lambda: (f"http://127.0.0.1:{server.server_port}", asked)
        server.shutdown()


def test_identity_center_gives_the_keys(
    laptop: Laptop, person: Person, portal: Callable[[], tuple[str, list[str]]], tmp_path: Path
) -> None:
    address, asked = portal()
    config = (
        "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://example.com/start\n"
        "[profile soc]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Viewer\n"
    )
    needs_sign_in = lists(laptop, tmp_path, config, AWS_PROFILE="soc", AWS_ENDPOINT_URL_SSO=address)
    assert "credentials" in needs_sign_in and asked == []
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    token = {"accessToken": "token", "expiresAt": until, "region": "us-east-1", "startUrl": "https://example.com/start"}
    (cache / f"{hashlib.sha1(b'corp').hexdigest()}.json").write_text(json.dumps(token))
    assert lists(laptop, tmp_path, config, AWS_PROFILE="soc", AWS_ENDPOINT_URL_SSO=address) == "listed"
    assert len(asked) == 1 and "role_name=Viewer" in asked[0]
