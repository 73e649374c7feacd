"""The domain's values: frozen structs that go unchanged from SQL rows to HTTP and the command line.

A *distance* is lower-is-better, a *score* higher-is-better. A *candidate* was found by a search, a
*reference* was chosen and goes into the model's context.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

Kind = Literal["product", "style", "logo", "scene", "person", "sketch", "other"]
State = Literal["draft", "approved", "retired"]
Origin = Literal["imported", "uploaded", "generated"]
Role = Literal["product", "style", "subject", "background", "layout", "logo", "edit_target"]
Purpose = Literal["compose", "edit", "enhance", "style", "prototype"]
CallPurpose = Literal["generation", "caption", "embedding", "planner", "judge", "draft"]
"""What a paid call was for."""
Status = Literal["queued", "running", "succeeded", "refused", "failed", "cancelled", "unknown"]
ImportStatus = Literal["imported", "duplicate", "updated", "rejected"]
Encodes = Literal["image", "caption", "style"]
AlikeKind = Literal["duplicate", "look-alike"]
Reader = Literal["model", "ocr"]
"""What reads a picture: a vision model, or text recognition."""
CaptionSource = Literal["import", "person", "model", "generation"]
Reason = Literal["wrong label", "off-brand", "artefact", "wrong product", "other"]
"""What is wrong with an output."""

ROLES: Mapping[Kind, Role] = {
    "product": "product",
    "style": "style",
    "logo": "logo",
    "scene": "background",
    "person": "subject",
    "sketch": "layout",
    "other": "product",
}
"""The role that an image has by its kind, where the caller names none."""

SHOWS_PRODUCTS: frozenset[Kind] = frozenset({"scene", "person"})
"""Kinds whose images are of a product all the same where they carry an SKU."""


def proposed_role(kind: Kind, *, has_sku: bool) -> Role:
    """What an image that nobody chose by hand is there for as a reference."""
    return "product" if has_sku and kind in SHOWS_PRODUCTS else ROLES[kind]


MAX_PROMPT = 32_000
"""Characters; the longest prompt that any supported image model takes."""

LONGEST_NOTE = 2_000
"""Characters of what is said of a reference, far more than are sent of it."""

MAX_MASK_BYTES = 4_000_000
"""Of a PNG that says what may change in a picture. OpenAI's specification takes less than 4 MB."""

LIKENESS = 7
"""Bits of 64 in which the perceptual hashes of look-alikes differ at most, unless told otherwise."""

MOST_UNLIKE = 11
"""The most bits that can be asked for: beyond, pictures that have nothing in common are found."""

MOST_FOUND = 200
"""Images that one search gives at most."""

MOST_AMONG = 1_000_000
"""Ids that a search can be confined to."""

MOST_COLOURS = 16
"""In the palette of a brand."""

LONGEST_COLOUR_NAME = 40
"""Characters of the name that a colour of a palette may have."""

MOST_WORDS_TO_AVOID = 100
"""That a brand may name."""

LONGEST_WORD_TO_AVOID = 60
"""Characters of one of them, which may be several words."""

MOST_DIMENSIONS = 4_000
"""Numbers in a vector; more cannot be indexed at 16 bits each."""

Prompt = Annotated[str, Meta(min_length=1, max_length=MAX_PROMPT)]
Palette = Annotated[tuple[str, ...], Meta(extra_json_schema={"maxItems": MOST_COLOURS})]
WordsToAvoid = Annotated[tuple[str, ...], Meta(extra_json_schema={"maxItems": MOST_WORDS_TO_AVOID})]
"""Both checked by the catalogue, which says of each entry what is wrong with it."""
K = Annotated[int, Meta(ge=1, le=MOST_FOUND)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": 1_000_000})]
"""Checked by the search itself, which names the leg; a decoder would not."""
Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""As far as Postgres counts; what is below 1 names nothing."""


class Brand(Struct, frozen=True, kw_only=True):
    """Who an image belongs to, and who pays for a generation.

    `palette`: colours as `#rrggbb`, each with its name behind it where it has one.
    """

    name: str
    title: str | None = None
    guidelines: str | None = None
    palette: tuple[str, ...] = ()
    words_to_avoid: tuple[str, ...] = ()
    language: str | None = None
    reserved: bool = False
    images: int = 0
    created_at: datetime


class Collection(Struct, frozen=True, kw_only=True):
    """An ordered set of images that filters a search and can be handed over whole as references."""

    name: str
    brand: str
    title: str | None = None
    image_ids: tuple[int, ...] = ()
    created_at: datetime


class Image(Struct, frozen=True, kw_only=True):
    """One picture in the store, with what people said about it.

    `searched_by`, of a single image: the legs of a search that can find it now, by words at once, by its
    vectors as soon as it is embedded.
    """

    id: int
    external_id: str | None
    brand: str
    skus: tuple[str, ...]
    kind: Kind
    state: State
    title: str | None
    caption: str | None
    caption_language: str | None
    tags: tuple[str, ...]
    attributes: dict[str, Any]
    rights: str | None
    usable_from: date | None
    usable_until: date | None
    origin: Origin
    version: int
    width: int
    height: int
    media_type: str
    frames: int
    sha256: str
    content_url: str
    thumbnail_url: str
    created_at: datetime
    updated_at: datetime
    searched_by: tuple[str, ...] | UnsetType = UNSET


class ImageMetadata(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller says of an image. UNSET leaves what is stored alone, None clears it."""

    external_id: str | UnsetType = UNSET
    brand: str | UnsetType = UNSET
    sku: tuple[str, ...] | UnsetType = UNSET
    title: str | None | UnsetType = UNSET
    caption: str | None | UnsetType = UNSET
    caption_language: str | None | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    state: State | UnsetType = UNSET
    rights: str | None | UnsetType = UNSET
    usable_from: date | None | UnsetType = UNSET
    usable_until: date | None | UnsetType = UNSET
    attributes: dict[str, Any] | UnsetType = UNSET


class ImageRecord(Struct, frozen=True, kw_only=True):
    """A decoded and checked picture on its way into the store."""

    metadata: ImageMetadata
    sha256: bytes
    media_type: str
    width: int
    height: int
    content: bytes
    thumbnail: bytes
    frames: int = 1
    perceptual_hash: str | None = None
    root: str | None = None
    path: str | None = None
    origin: Origin = "imported"


class ImportItem(Struct, frozen=True, kw_only=True):
    path: str
    external_id: str | None = None
    image_id: int | None = None
    status: ImportStatus


class Rejection(Struct, frozen=True):
    path: str
    reason: str


class ImportReport(Struct, kw_only=True):
    """What became of every file of one import. `waiting`: images still to be embedded, by searched space."""

    imported: int = 0
    duplicates: int = 0
    updated: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    items: list[ImportItem] = field(default_factory=list)
    waiting: dict[str, int] | UnsetType = UNSET


Names = Annotated[tuple[str, ...], Meta(max_length=64)]
"""Alternatives or requirements of one filter: each costs a look-up."""


class TagFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A tag `a` also matches its children `a/b`."""

    all: Names = ()
    any: Names = ()
    none: Names = ()


class Filters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which images may be found. Values of one field are alternatives, fields are all required.

    `attributes` maps a name to a value (equal), a list (one of) or `{"gt"|"gte"|"lt"|"lte": bound}`.
    """

    brand: Names = ()
    sku: Names = ()
    kind: tuple[Kind, ...] = ()
    state: tuple[State, ...] = ()
    collection: Names = ()
    tags: TagFilter = field(default_factory=TagFilter)
    attributes: dict[str, Any] = field(default_factory=dict)
    origin: tuple[Origin, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    min_width: int | None = None
    min_height: int | None = None


class SearchRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    prompt: Prompt
    filters: Filters = field(default_factory=Filters)
    among: Annotated[tuple[Id, ...], Meta(max_length=MOST_AMONG)] | None = None
    k: K = 20
    min_relevance: Share = 0.0
    legs: dict[str, Weight] | None = None
    imagine: bool = False
    """Whether a draft of the prompt is made first, for the image leg to search by; it is paid for."""


class LegHit(Struct, frozen=True, kw_only=True):
    """Where one leg of a search ranked an image: a vector leg by distance, the text leg by score."""

    rank: int
    distance: float | UnsetType = UNSET
    score: float | UnsetType = UNSET


class Candidate(Struct, frozen=True, kw_only=True):
    image: Image
    score: float
    legs: dict[str, LegHit]


class SearchAnswer(Struct, frozen=True, kw_only=True):
    """`matched`: images that pass the filter. `complete`: no stated bound cut the answer.

    `cursor` fetches the next rows; None where these are the last. `imagined_id`: the draft searched by,
    where there was one.
    """

    search_id: UUID
    items: tuple[Candidate, ...]
    strategy: str
    matched: int
    complete: bool
    took_ms: float
    cursor: str | None = None
    imagined_id: UUID | UnsetType = UNSET


class SimilarImage(Struct, frozen=True, kw_only=True):
    image: Image
    distance: float


def is_counted(strategy: str) -> bool:
    """Whether `matched` of an answer is neither an estimate nor a bound, which its strategy ends with."""
    return "; matched " not in strategy


class SimilarAnswer(Struct, frozen=True, kw_only=True):
    """The nearest first. `matched`: images that pass the filter. `complete`: no bound cut the answer."""

    items: tuple[SimilarImage, ...] = ()
    strategy: str
    matched: int
    complete: bool


class AlikeImage(Struct, frozen=True, kw_only=True):
    """`duplicate`: the same bytes, look-alike: a hash that differs in `distance` bits of 64.

    `style_distance` is that of the style vectors, None where one of the two has none.
    """

    image: Image
    kind: AlikeKind
    distance: int
    style_distance: float | None = None


class LookAlikes(Struct, frozen=True, kw_only=True):
    """What looks like an image: the same bytes first, then the nearest first."""

    items: tuple[AlikeImage, ...] = ()


class GroupedImage(Struct, frozen=True, kw_only=True):
    """An image of a group. `largest`: no other of the group has more pixels, or as many in more bytes."""

    id: int
    external_id: str | None
    brand: str
    title: str | None
    state: State
    width: int
    height: int
    byte_size: int
    sha256: str
    largest: bool = False


class AlikeGroup(Struct, frozen=True, kw_only=True):
    """Images that are joined by pairs, the largest first. `distance`: of the pair that is furthest apart.

    duplicate: all show the same bytes; look-alike: at least two differ in them, as `sha256` tells.
    """

    kind: AlikeKind
    distance: int
    images: tuple[GroupedImage, ...]


class AlikeGroups(Struct, frozen=True, kw_only=True):
    """Groups, those with the most images first; `found`: how many there are.

    `complete`: all pairs were looked at.
    """

    groups: tuple[AlikeGroup, ...]
    found: int
    complete: bool


class Page(Struct, frozen=True, kw_only=True):
    """One page of a list; `cursor` continues it, None ends it."""

    items: tuple[Image, ...]
    cursor: str | None = None


class Content(Struct, frozen=True, kw_only=True):
    """The bytes of a picture as they are stored, with their media type and hash."""

    data: bytes
    media_type: str
    sha256: str


class FacetValue(Struct, frozen=True):
    value: str
    count: int


class Facets(Struct, frozen=True, kw_only=True):
    """How many of `counted` images have which tag, brand, kind and attribute; frequent values first."""

    counted: int
    tags: tuple[FacetValue, ...]
    brands: tuple[FacetValue, ...]
    kinds: tuple[FacetValue, ...]
    attributes: dict[str, tuple[FacetValue, ...]]


class ReferenceRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image that the caller chose; without a role, its kind decides.

    Of a note 200 characters are sent.
    """

    image_id: int
    role: Role | None = None
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] | None = None


class Reference(Struct, frozen=True, kw_only=True):
    """An image in the order sent to the model; `position` counts from 1.

    Of an image of a brand that the caller may not see, title and thumbnail are left out; of one that was
    deleted since, the thumbnail.
    """

    position: int
    image_id: int
    role: Role
    note: str | None = None
    sha256: str
    version: int
    title: str | None = None
    thumbnail_url: str | None = None
    search_rank: int | None = None
    search_score: float | None = None


class ProposalRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which references go with a prompt. `chosen` come first and keep their slots, whatever they serve.

    `slots`: how many references there may be in all; what the default generator takes unless told otherwise.
    `diversity`: 0 takes the best for each concept, 1, of those about as good, the least like the others.
    """

    prompt: Prompt
    filters: Filters = field(default_factory=Filters)
    slots: Annotated[int, Meta(ge=1, le=16)] | None = None
    chosen: Annotated[tuple[Id, ...], Meta(max_length=16)] = ()
    planner: str | None = None
    diversity: Share = 0.0


class Concept(Struct, frozen=True, kw_only=True):
    """Something that a prompt names, in its letters `start` to `end`; None where it is said otherwise there.

    `served_by`: the references that serve it. `alternatives`: candidates that would too, best first.
    """

    text: str
    served_by: tuple[int, ...] = ()
    alternatives: tuple[int, ...] = ()
    start: int | None = None
    end: int | None = None


class ProposedReference(Struct, frozen=True, kw_only=True):
    """An image as a reference. `score`: how well it serves its concepts, 0 to 1; None where it serves none.

    `note` tells the model what to take of it, where it goes with a generation.
    """

    image: Image
    role: Role
    serves: tuple[str, ...] = ()
    reason: str
    note: str | None = None
    score: float | None = None
    chosen: bool = False


class PassedOverImage(Struct, frozen=True, kw_only=True):
    """A candidate that is not proposed, and why; `lost_to`: the reference that was preferred."""

    image_id: int
    title: str | None
    code: Literal["served_by", "looks_like", "no_slot", "serves_nothing"]
    lost_to: int | None = None
    reason: str


class Proposal(Struct, frozen=True, kw_only=True):
    """References for a prompt, and how they were found.

    `unserved`: concepts that nothing in the store serves. `without_slot`: those that something does, but no
    reference. `passed_over`: the best of the candidates that are not proposed.
    """

    proposal_id: UUID
    concepts: tuple[Concept, ...]
    references: tuple[ProposedReference, ...]
    unserved: tuple[str, ...]
    without_slot: tuple[str, ...] = ()
    passed_over: tuple[PassedOverImage, ...] = ()
    planner: str
    slots: int
    strategy: str
    notes: tuple[str, ...] = ()
    took_ms: float


class Auto(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let the store choose at most `k` references: those that are proposed for the prompt.

    Where the prompt names nothing that is there, the best `k` images of a search.
    """

    k: Annotated[int, Meta(ge=1, le=16)] = 3
    filters: Filters = field(default_factory=Filters)


MOST_DOLLARS = 99_999_999

Dollars = Annotated[Decimal, Meta(extra_json_schema={"minimum": 0, "maximum": MOST_DOLLARS})]
"""US dollars. Checked where it is used: a decoder bounds no decimals."""

EndedBy = Literal[
    "matched",
    "rounds",
    "max_cost",
    "unknown_cost",
    "budget",
    "nothing_found",
    "no_slot",
    "refused",
    "failed",
    "unknown",
    "cancelled",
]
"""Why a refinement ended; the last four: how a step of it did."""

Verdict = Literal[
    "pending", "match", "mismatch", "named", "unable", "turned_away", "failed", "unknown", "cancelled"
]
"""What a judge said. named: without a draft; unable: it refused, or answered what is no answer."""


class Refine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Have the picture judged against the prompt, what it lacks looked up, and made again from that.

    At most `rounds` times, each adding at most `references`, for `max_cost` US dollars in all. Without a
    `draft` what the prompt names is looked up before the one picture. `filters`: else those of `auto`.
    """

    rounds: Annotated[int, Meta(ge=1, le=3)] = 1
    draft: bool = True
    references: Annotated[int, Meta(ge=1, le=16)] = 3
    max_cost: Dollars | None = None
    filters: Filters | None = None


class JudgedConcept(Struct, frozen=True, kw_only=True):
    """What a picture lacks, or a prompt names; None: unknown, and the prompt itself was looked up.

    `score`: how well the image serves, 0 to 1. `outcome`: None where it was not looked up.
    """

    concept: str | None
    caption: str
    outcome: Literal["found", "nothing_found", "no_slot"] | None = None
    image_id: int | None = None
    score: float | None = None
    proposal_id: UUID | None = None


class Judgement(Struct, frozen=True, kw_only=True):
    """One call of a judge. `round`: the step whose picture it was shown; without a draft, the one to come."""

    round: int
    attempt: int
    verdict: Verdict
    detail: str | None = None
    cost_usd: Decimal | None = None
    concepts: tuple[JudgedConcept, ...] = ()


class RefinementStep(Struct, frozen=True, kw_only=True):
    """A picture of a refinement: 0 the first, then one for each round."""

    round: int
    generation_id: UUID
    status: Status


class Refinement(Struct, frozen=True, kw_only=True):
    """A loop of judging and making again, as each generation of it tells: `round` is that one's own.

    `result_id`: the last generation that succeeded, once it has ended. `cost_usd`: of all calls, pictures and
    judgements, without `calls_without_cost`.
    """

    root_id: UUID
    round: int
    draft: bool
    rounds: int
    references: int
    max_cost: Decimal | None = None
    judge: str
    state: Literal["open", "ended"]
    ended_by: EndedBy | None = None
    detail: str | None = None
    result_id: UUID | None = None
    cancel_requested_at: datetime | None = None
    steps: tuple[RefinementStep, ...]
    judgements: tuple[Judgement, ...] = ()
    cost_usd: Decimal
    calls_without_cost: int


class Caption(Struct, frozen=True, kw_only=True):
    """One revision of an image's caption; at most one is current."""

    image_id: int
    revision: int
    current: bool
    text: str
    language: str | None
    source: CaptionSource
    author: str | None
    model: str | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    created_at: datetime


class GenerationRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to make, and from what.

    With a `parent_id`, output `parent_output` of that generation is the picture to change; the references
    that it was made from go along, unless `parent_references` is false. `partial_images`: how many pictures
    that are not finished yet its events may tell of; a provider may charge for each.
    """

    prompt: Prompt
    brand: str = "default"
    references: tuple[ReferenceRequest, ...] = ()
    auto: Auto | None = None
    collection: str | None = None
    search_id: UUID | None = None
    proposal_id: UUID | None = None
    purpose: Purpose = "compose"
    provider: str | None = None
    model: str | None = None
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    input_fidelity: str | None = None
    output_format: Literal["png", "webp", "jpeg"] | None = None
    mask: str | None = None
    partial_images: Annotated[int, Meta(ge=0, le=3)] = 0
    count: Annotated[int, Meta(ge=1, le=10)] = 1
    parent_id: UUID | None = None
    parent_output: Annotated[int, Meta(ge=1, le=10)] = 1
    parent_references: bool = True
    labels: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False
    refine: Refine | None = None


class Output(Struct, frozen=True, kw_only=True):
    """One picture that a generation made; `position` counts from 1."""

    position: int
    image_id: int | None
    url: str
    sha256: str
    kept: bool = False
    width: int | None = None
    height: int | None = None


class Generation(Struct, frozen=True, kw_only=True):
    """One row of the ledger: what was asked, sent, answered and paid."""

    id: UUID
    status: Status
    brand: str
    prompt: str
    prompt_sent: str | None
    purpose: Purpose
    provider: str
    model: str | None
    parameters: dict[str, Any]
    references: tuple[Reference, ...]
    outputs: tuple[Output, ...]
    cost_usd: Decimal | None
    usage: dict[str, Any] | None
    timings_ms: dict[str, float]
    error: dict[str, Any] | None
    parent_id: UUID | None
    search_id: UUID | None
    proposal_id: UUID | None
    labels: dict[str, str]
    batch_id: UUID | None = None
    asked_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    retry_of: UUID | None = None
    """The generation whose request this one makes once more."""
    cancel_requested_at: datetime | None = None
    """When it was called off while it ran: its worker ends it within a moment."""
    refinement: Refinement | None = None
    """The loop of judging and making again that it is of."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended; one that others follow, by what is judged of it, with the last of them."""
        if self.status in ("queued", "running"):
            return False
        loop = self.refinement
        return loop is None or loop.root_id != self.id or loop.state == "ended"


class Budget(Struct, frozen=True, kw_only=True):
    """US dollars that may be spent in a calendar month (UTC), and how far they are.

    Without a brand whoever pays counts, without a label every paid call, without a month it is for each that
    has none of its own. `reserved_usd`: what calls under way may cost. `calls_without_cost` of the `calls`
    are in no sum.
    """

    brand: str | None
    label_name: str | None
    label_value: str | None
    month: date | None
    limit_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal
    left_usd: Decimal
    calls: int
    calls_without_cost: int
    is_in_force: bool


class Rating(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verdict on one output: -1, 0 or 1."""

    rating: Annotated[int, Meta(ge=-1, le=1)]
    reasons: tuple[Reason, ...] = ()
    comment: str | None = None


class KeptWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What whoever keeps an output says of it, in place of what would be drafted. None: nothing at all."""

    title: str | None | UnsetType = UNSET
    caption: str | None | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET


class Space(Struct, frozen=True, kw_only=True):
    """An embedding space: vectors of one model that may be compared with one another.

    `held`: of the failed, those that are not tried again by themselves. `fillers`: who embeds at this moment,
    `per_second` together. `trouble`: why that does not go on.
    """

    id: int
    name: str
    encodes: Encodes
    encoder: str
    model: str
    weights_sha256: str | None
    dimensions: int
    state: Literal["idle", "filling", "ready", "retired"]
    legs: tuple[str, ...] = ()
    embedded: int = 0
    missing: int = 0
    failed: int = 0
    held: int = 0
    fillers: int = 0
    per_second: float | None = None
    seconds_left: int | None = None
    trouble: str | None = None
    trouble_at: datetime | None = None
    index_valid: bool | None = None
    index_bytes: int | None = None
    recall: float | None = None
    audited_at: datetime | None = None
    invalid_indexes: tuple[str, ...] = ()
