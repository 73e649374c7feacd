"""Every error that rage-pg raises on purpose.

    RageError
    ├── InvalidInput            400  a value that cannot be used, with the field's name
    │   ├── ImageRejected       422  bytes that are not an image we take
    │   ├── NotFetched          422  a URL that gave us no image
    │   └── TooLarge            413  more bytes or pixels than the limits allow
    ├── NotAuthenticated        401  no key, or one that is not good
    ├── Forbidden               403  a key that does not go so far
    ├── TooManyRequests         429
    ├── NotFound                404
    ├── Conflict                409  the request contradicts what is stored
    │   └── CalledOff           409  a person called off what was under way
    ├── BudgetReached           402  a call that a budget does not allow, known before it is made
    │   └── BudgetBusy          402  one under way must end first; it is waited for, never told to a caller
    ├── NotPossible             422  a provider or model cannot do what was asked, known before any call
    ├── SetupError              503  something around us is missing; says how to mend it
    │   ├── NoRoom              507  a disk or a quota here is full
    │   └── DatabaseUnavailable 503
    │       └── DatabaseFull    507  the database's disk is full
    └── ProviderError           502  an encoder or generator did not deliver
        ├── ProviderRefused     422  it answered, and the answer was no
        └── OutcomeUnknown      502  the connection broke after the request was sent

Each class is one problem document (RFC 9457): `slug` makes its `type`, `title` and `status` stand for
the class, the message is the `detail`.
"""

from __future__ import annotations

import errno
from typing import Any, ClassVar, Literal

PROBLEM_TYPE = "urn:rage-pg:problem:{slug}"


class RageError(Exception):
    """The root. The message is one line that a person can act on."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    @property
    def type(self) -> str:
        return PROBLEM_TYPE.format(slug=self.slug)

    @property
    def extra(self) -> dict[str, object]:
        """Members of the problem document beyond the standard ones."""
        return {}


class InvalidInput(RageError):
    """A value that cannot be used; `field` names it as the caller wrote it."""

    status = 400
    slug = "invalid-input"
    title = "Invalid input"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field

    @property
    def extra(self) -> dict[str, object]:
        return {"field": self.field} if self.field else {}


class ImageRejected(InvalidInput):
    status = 422
    slug = "image-rejected"
    title = "Image rejected"


class NotFetched(InvalidInput):
    """Nothing of what a server answered is repeated beyond its status."""

    status = 422
    slug = "not-fetched"
    title = "Not fetched"


class TooLarge(InvalidInput):
    status = 413
    slug = "too-large"
    title = "Too large"


class NotAuthenticated(RageError):
    """Nobody is told what is wrong with a key: unknown, expired and revoked are answered alike."""

    status = 401
    slug = "not-authenticated"
    title = "Not authenticated"


class Forbidden(RageError):
    """Only ever of what the caller may see: anything else is NotFound, whether it is there or not."""

    status = 403
    slug = "forbidden"
    title = "Forbidden"


class TooManyRequests(RageError):
    """Too many requests in too short a time; `retry_after` is in whole seconds."""

    status = 429
    slug = "too-many-requests"
    title = "Too many requests"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotFound(RageError):
    status = 404
    slug = "not-found"
    title = "Not found"


class Conflict(RageError):
    status = 409
    slug = "conflict"
    title = "Conflict"


class CalledOff(Conflict):
    slug = "called-off"
    title = "Called off"


class BudgetReached(RageError):
    """A budget does not allow this call; nothing was sent and nothing was spent.

    402, not 409 or 422: the request is good, and goes through as it is once there is money for it.
    """

    status = 402
    slug = "budget-reached"
    title = "Budget reached"

    def __init__(self, message: str, kept: str | None = None) -> None:
        """`kept`: what may be stored where everybody who sees the paying brand reads it."""
        super().__init__(message)
        self.kept = kept or message


class BudgetBusy(BudgetReached):
    """Another call under the budget must end first, for nobody can tell what it will cost."""


class NotPossible(RageError):
    """The chosen provider or model cannot do this; nothing was sent and nothing was spent.

    `field` names what to change, `allowed` what it may be, where that can be listed.
    """

    status = 422
    slug = "not-possible"
    title = "Not possible"

    def __init__(
        self, message: str, *, field: str | None = None, allowed: tuple[str | int, ...] | None = None
    ) -> None:
        super().__init__(message)
        self.field = field
        self.allowed = allowed

    @property
    def extra(self) -> dict[str, object]:
        said: dict[str, object] = {} if self.field is None else {"field": self.field}
        return said if self.allowed is None else said | {"allowed": list(self.allowed)}


class SetupError(RageError):
    """Something that must stand before rage-pg can work does not; `remedy` mends it."""

    status = 503
    slug = "setup"
    title = "Not ready"

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(f"{message} {remedy}" if remedy else message)
        self.remedy = remedy


class NoRoom(SetupError):
    status = 507
    slug = "no-room"
    title = "No room"

    @classmethod
    def behind(cls, error: BaseException) -> NoRoom | None:
        """What an error of the system means, if it is this."""
        if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return None
        where = f" for {error.filename}" if isinstance(error.filename, str) else ""
        return cls(f"There is no room left on the disk{where}.", "Make room, and try again.")


class DatabaseUnavailable(SetupError):
    slug = "database-unavailable"
    title = "Database unavailable"


class DatabaseFull(DatabaseUnavailable):
    """It still reads; whatever adds to it is rolled back as a whole."""

    status = 507
    slug = "database-full"
    title = "Database full"


class ProviderError(RageError):
    """A provider failed. `retryable`: the same request may succeed later, in `retry_after` seconds.

    `hopeless`: others will fail like it, because of the key, the quota or the model.
    `charged`: False where surely nothing was charged, None where only `usage` may tell. `usage` is what the
    provider says the failed call used, in its own form.
    """

    status = 502
    slug = "provider-failed"
    title = "Provider failed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        request_id: str | None = None,
        charged: Literal[False] | None = None,
        usage: Any = None,
        hopeless: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        self.hopeless = hopeless
        self.request_id = request_id
        self.charged = charged
        self.usage = usage

    @property
    def extra(self) -> dict[str, object]:
        return {"code": self.code, "retryable": self.retryable}


class ProviderRefused(ProviderError):
    status = 422
    slug = "provider-refused"
    title = "Provider refused"


class OutcomeUnknown(ProviderError):
    slug = "outcome-unknown"
    title = "Outcome unknown"
