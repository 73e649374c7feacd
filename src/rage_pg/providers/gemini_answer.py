"""Reads the answer of a Gemini image model. Its pictures are paid for: nothing odd beside them may lose them.

It is read by hand, as in `openai_answer`: the SDK fails on what it does not expect. A model that paints
nothing answers with 200 all the same, and a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rage_pg.errors import ProviderError, ProviderRefused
from rage_pg.providers.descriptions import clean, shortened
from rage_pg.providers.openai_answer import Fault, failed, json_of, picture_of
from rage_pg.providers.ports import GeneratedImage, GenerationResult

BROKEN = {
    "MAX_TOKENS",
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
    "CONTINUATION",
}
"""Ends that are no decision on the request. Every other end without a picture is one, also a new one."""
UNSAID = {"", "STOP", "FINISH_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED"}
LONGEST_REMARK = 300


def result_of(content: str, model: str) -> GenerationResult:
    """The pictures that can be used, in their order, without the drafts of a model that thinks aloud.

    Raise ProviderRefused with the reason where the model or a filter said no, ProviderError where there is no
    picture for another reason; both with the number of the answer and the usage.
    """
    answer = json_of(content.encode("utf-8", "replace"))
    if not isinstance(answer, Mapping):
        raise failed(Fault("malformed_answer", "is not the JSON that its API promises"), None, None)
    request_id = _text(answer.get("responseId"))
    usage = usage_of(answer.get("usageMetadata"))
    candidates = [_mapping(one) for one in _list(answer.get("candidates"))]
    parts = list(_parts(candidates))
    found = [picture_of(data) for data in map(_data, parts) if data is not None]
    images = tuple(each for each in found if isinstance(each, GeneratedImage))
    faults = [each for each in found if isinstance(each, Fault)]
    remark = shortened(clean(" ".join(_text(part.get("text")) or "" for part in parts)), LONGEST_REMARK)
    if not images:
        raise _without_picture(answer, candidates, faults, remark, request_id, usage)
    details: dict[str, Any] = {"model_version": _text(answer.get("modelVersion")), "remark": remark}
    if faults:
        details["unusable_images"] = [fault.text for fault in faults]
    said = {name: value for name, value in details.items() if value}
    return GenerationResult(images=images, model=model, request_id=request_id, usage=usage, details=said)


def usage_of(counted: Any) -> Any:
    """What Gemini counted, and beside it the classes that prices are kept for, where it tells them.

    What came from a cache has a price of its own: then the classes are left out, and nobody knows the cost.
    """
    if not isinstance(counted, Mapping):
        return counted
    read = counted.get("promptTokenCount")
    written = counted.get("candidatesTokenCount")
    details = counted.get("candidatesTokensDetails")
    if not isinstance(read, int) or not isinstance(written, int) or counted.get("cachedContentTokenCount"):
        return counted
    if not isinstance(details, list):
        return counted
    pictures_read = _of_pictures(counted.get("promptTokensDetails"))
    painted = _of_pictures(details)
    # Thoughts are charged as what is written.
    thought = counted.get("thoughtsTokenCount") or 0
    if not isinstance(thought, int):
        return counted
    classes = {
        "text_input": read - pictures_read,
        "image_input": pictures_read,
        "text_output": written - painted + thought,
        "image_output": painted,
    }
    return dict(counted) | classes


def _of_pictures(details: Any) -> int:
    counts = [
        one.get("tokenCount") for one in map(_mapping, _list(details)) if one.get("modality") == "IMAGE"
    ]
    return sum(count for count in counts if isinstance(count, int))


def _without_picture(
    answer: Mapping[str, Any],
    candidates: Iterable[Mapping[str, Any]],
    faults: list[Fault],
    remark: str,
    request_id: str | None,
    usage: Any,
) -> ProviderError:
    blocked = _reason(_mapping(answer.get("promptFeedback")).get("blockReason"))
    ends = [reason for one in candidates if (reason := _reason(one.get("finishReason")))]
    broken = next((reason for reason in ends if reason in BROKEN), None)
    if faults:
        return failed(faults[0], request_id, usage)
    if blocked or (ends and not broken):
        reason = blocked or ends[0]
        message = f"Gemini refused: {reason}{_quoted(remark or _message(answer, candidates))}"
        return ProviderRefused(message, code=reason, request_id=request_id, usage=usage)
    if broken:
        fault = Fault(broken, f"ended without an image ({broken}){_quoted(remark)}")
        return failed(fault, request_id, usage)
    if remark:
        message = f"Gemini refused: it answered in words alone{_quoted(remark)}"
        return ProviderRefused(message, code="answered_in_words", request_id=request_id, usage=usage)
    return failed(Fault("no_image", "holds no image, and no reason for it"), request_id, usage)


def _message(answer: Mapping[str, Any], candidates: Iterable[Mapping[str, Any]]) -> str:
    """What a filter says beside its reason."""
    said = [_mapping(answer.get("promptFeedback")).get("blockReasonMessage")]
    said += [one.get("finishMessage") for one in candidates]
    return shortened(clean(next((text for text in map(_text, said) if text), "")), LONGEST_REMARK)


def _quoted(remark: str) -> str:
    return f" ({remark})" if remark else ""


def _parts(candidates: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for candidate in candidates:
        for part in map(_mapping, _list(_mapping(candidate.get("content")).get("parts"))):
            if not part.get("thought"):
                yield part


def _data(part: Mapping[str, Any]) -> str | None:
    """The base64 text of a picture; both alphabets are read, padded or not."""
    text = _text(_mapping(part.get("inlineData")).get("data"))
    if text is None:
        return None
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    return plain + "=" * (-len(plain) % 4)


def _reason(value: Any) -> str | None:
    text = clean(_text(value))[:60].upper()
    return None if text in UNSAID else text


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
