"""The only door to the network, and what comes and goes through it."""

from hub.kernel.http.door import Door
from hub.kernel.http.limits import FetchLimits
from hub.kernel.http.response import Response, StreamedResponse
from hub.kernel.http.retry_after import retry_after
from hub.kernel.http.sdk_errors import cause_of, door_errors

__all__ = ["Door", "FetchLimits", "Response", "StreamedResponse", "cause_of", "door_errors", "retry_after"]
