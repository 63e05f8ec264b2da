"""S3 Object Lock: what is kept is kept, and a delete marker hides it without taking it away.

Source: "Locking objects with Object Lock" and "Working with delete markers" in the Amazon S3 user guide; DeleteObject,
GetObjectRetention, PutObjectRetention and PutBucketVersioning in its API reference. moto lets retention be shortened
and versioning be suspended, takes any bypass header for a yes, and answers nothing about retention.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from dateutil.parser import isoparse
from moto.core.responses import ActionResult
from moto.s3.exceptions import AccessDeniedByLock, MethodNotAllowed, MissingKey, MissingVersion, S3ClientError
from moto.s3.models import FakeDeleteMarker, S3Backend
from moto.s3.responses import S3Response

from .account import Account
from .patching import overlay

_BYPASS = "x-amz-bypass-governance-retention"


def install(account: Account) -> None:
    _answer_for_retention()
    _bypass_only_when_told()
    _keep_versioning()
    _tell_of_delete_markers()


def _answer_for_retention() -> None:
    @overlay(S3Response)
    def _key_response_get(moto: Any, self: Any, query: dict[str, Any], key_name: str) -> Any:
        if "retention" not in query:
            return moto(self, query, key_name)
        key, _ = self._get_key(validate_storage_class=False)
        if not key.lock_mode:
            raise S3ClientError(
                "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration"
            )
        self.data["Action"] = "GetObjectRetention"
        retention = {"Mode": key.lock_mode, "RetainUntilDate": isoparse(key.lock_until)}
        return self.serialized(ActionResult({"Retention": retention}))

    @overlay(S3Response)
    def get_bucket_versioning(moto: Any, self: Any) -> Any:
        # moto names the document after the operation, which an SDK that checks the name can't read.
        status, headers, body = moto(self)
        return status, headers, body.replace("GetBucketVersioningResponse", "VersioningConfiguration")

    @overlay(S3Response)
    def put_object_retention(moto: Any, self: Any) -> Any:
        key = self.backend.get_object(self.bucket_name, self.parse_key_name(), self._get_param("versionId"))
        if key is None:
            raise MissingVersion() if self._get_param("versionId") else MissingKey()
        mode, until = self._mode_until_from_body()
        if _weakens(key, mode, until) and not (key.lock_mode == "GOVERNANCE" and _bypasses(self)):
            raise AccessDeniedByLock
        return moto(self)


def _weakens(key: Any, mode: str | None, until: str | None) -> bool:
    """Whether a lock that still holds would hold for less, or less firmly."""
    if not key.lock_mode or _moment(key.lock_until) <= datetime.now(timezone.utc):
        return False
    if mode is None or until is None or _moment(until) < _moment(key.lock_until):
        return True
    return bool(mode != key.lock_mode and key.lock_mode == "COMPLIANCE")


def _moment(text: str) -> datetime:
    moment = isoparse(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _bypasses(response: Any) -> bool:
    return bool(response.headers.get(_BYPASS, "").lower() == "true")


def _bypass_only_when_told() -> None:
    @overlay(S3Backend)
    def delete_object(
        moto: Any, self: Any, bucket_name: str, key_name: str, version_id: str | None = None, bypass: Any = False
    ) -> Any:
        return moto(self, bucket_name, key_name, version_id, bypass in (True, "true", "True", "TRUE"))


def _keep_versioning() -> None:
    @overlay(S3Backend)
    def put_bucket_versioning(moto: Any, self: Any, bucket_name: str, status: str) -> None:
        if status == "Suspended" and self.get_bucket(bucket_name).object_lock_enabled:
            raise S3ClientError(
                "InvalidBucketState",
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
            )
        moto(self, bucket_name, status)


def _tell_of_delete_markers() -> None:
    @overlay(S3Response)
    def get_object(moto: Any, self: Any) -> Any:
        version = self.querystring.get("versionId", [None])[0]
        found = self.backend.get_object(self.bucket_name, self.parse_key_name(), version, return_delete_marker=True)
        if not isinstance(found, FakeDeleteMarker):
            return moto(self)
        status, headers, body = self.serialized(ActionResult(MethodNotAllowed() if version else MissingKey()))
        return status, {**headers, "x-amz-delete-marker": "true", "x-amz-version-id": found.version_id}, body
