"""Images over HTTP: list, upload, read, edit, hide or erase, and their pictures."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

import msgspec
from litestar import Request, Response, delete, get, patch, post, route
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from msgspec import Struct

from rage_pg import ingest, jobs, search
from rage_pg.api.parameters import PREFIX, Cursor, Limit, Words, filters_of_query
from rage_pg.api.pictures import (
    FOREVER,
    READING,
    REVALIDATE,
    not_modified,
    picture,
    plain_picture,
    plain_tag,
)
from rage_pg.api.problems import problems
from rage_pg.api.received import (
    FromUrl,
    UploadOperation,
    decoded,
    upload_or_url,
)
from rage_pg.api.scopes import needs
from rage_pg.api.wire import ApiResponse
from rage_pg.callers import Caller
from rage_pg.catalogue import alike, captions, images
from rage_pg.database import Database
from rage_pg.ingest import Fetcher
from rage_pg.runtime import Runtime
from rage_pg.types import (
    LIKENESS,
    MOST_UNLIKE,
    Caption,
    Filters,
    Image,
    ImageMetadata,
    LookAlikes,
    Page,
    SimilarAnswer,
)

ImageId = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class ImagesPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same change to several images: all of them or none."""

    ids: Annotated[tuple[ImageId, ...], msgspec.Meta(min_length=1, max_length=1000)]
    metadata: ImageMetadata


class Captions(Struct, frozen=True, kw_only=True):
    items: tuple[Caption, ...]


class Images(Struct, frozen=True, kw_only=True):
    items: tuple[Image, ...]


@get(
    "/images",
    tags=["images"],
    summary="List images",
    dependencies={"filters": Provide(filters_of_query, sync_to_thread=False)},
    opt={PREFIX: "attribute."},
    responses=problems(),
)
async def list_images(
    database: NamedDependency[Database],
    filters: NamedDependency[Filters],
    q: Words = None,
    sort: Annotated[
        str,
        QueryParameter(description="created_at, updated_at, title or id; - before it turns the order round."),
    ] = "-created_at",
    cursor: Cursor = None,
    limit: Limit = 50,
    look_alike: Annotated[
        int | None, QueryParameter(description="Looks like the image of this id, or shows the same bytes.")
    ] = None,
) -> Page:
    """Images that pass every filter given, drafts and retired ones included unless `state` is.

    Attributes filter as `attribute.NAME=VALUE`; repeated, one of the values must be met.
    """
    return await images.listing(
        database, filters, q=q, sort=sort, cursor=cursor, limit=limit, look_alike=look_alike
    )


@post(
    "/images",
    tags=["images"],
    summary="Upload an image, or have one fetched",
    opt=needs("write"),
    operation_class=UploadOperation,
    responses={
        HTTP_200_OK: ResponseSpec(
            data_container=Image,
            description="The brand had these bytes or this URL already; what was said was merged or applied.",
            generate_examples=False,
        ),
        **problems(409, 413, 422, 507),
    },
)
async def add_image(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    runtime: NamedDependency[Runtime],
    fetcher: NamedDependency[Fetcher],
) -> Response[Image]:
    """201 with the new image, 200 where the brand has these bytes already: then what is said is merged.

    A form with a file, or JSON with a URL. The same URL is the same image: 200, and other bytes are a new
    version of it. Vectors are made by a job soon after.
    """
    given = await upload_or_url(request)
    limits = runtime.settings.limits
    if isinstance(given, FromUrl):
        item = await ingest.fetch_image(
            database, fetcher, given.url, given.metadata, limits=limits, author=caller.name
        )
    else:
        item = await ingest.add_image(
            database,
            await given.file.read(),
            decoded(given.metadata, ImageMetadata, "metadata"),
            limits=limits,
            filename=given.file.filename,
            author=caller.name,
        )
    await jobs.defer_fill_index(database)
    image = await images.get(database, cast("int", item.image_id))
    return ApiResponse(
        image,
        status_code=HTTP_201_CREATED if item.status == "imported" else HTTP_200_OK,
        headers={"Location": f"/api/images/{image.id}"},
    )


@patch(
    "/images",
    tags=["images"],
    summary="Edit several images",
    opt=needs("write"),
    responses=problems(404, 409),
)
async def edit_images(
    database: NamedDependency[Database], caller: NamedDependency[Caller], data: JSONBody[ImagesPatch]
) -> Images:
    """The same change to all of these images, or to none. A field left out stays, null clears it."""
    await ingest.edit_images(database, data.ids, data.metadata, author=caller.name)
    await jobs.defer_fill_index(database)
    return Images(items=tuple(await images.get_many(database, data.ids)))


@get("/images/{image_id:int}", tags=["images"], summary="One image", responses=problems(404))
async def get_image(database: NamedDependency[Database], image_id: FromPath[int]) -> Image:
    """What is known of an image."""
    return await images.get(database, image_id)


@get(
    "/images/{image_id:int}/captions",
    tags=["images"],
    summary="The captions of an image",
    responses=problems(404),
)
async def list_captions(database: NamedDependency[Database], image_id: FromPath[int]) -> Captions:
    """Every caption that the image had, the newest first; at most one is current."""
    await images.get(database, image_id)
    return Captions(items=tuple(await captions.revisions(database, image_id)))


@get(
    "/images/{image_id:int}/similar",
    tags=["images"],
    summary="Images like an image",
    dependencies={"filters": Provide(filters_of_query, sync_to_thread=False)},
    opt={PREFIX: "attribute."},
    responses=problems(404, 409),
)
async def similar_images(
    database: NamedDependency[Database],
    filters: NamedDependency[Filters],
    image_id: FromPath[int],
    by: Annotated[
        Literal["caption", "image", "style"],
        QueryParameter(description="What is compared: what is said of it, the picture, or its look."),
    ] = "caption",
    k: Limit = 20,
) -> SimilarAnswer:
    """The nearest first, by cosine distance. The image itself and whatever shows the same bytes are left out.

    Finds what is approved and usable today unless `state` is given. 409 while the image has no vector.
    """
    await images.get(database, image_id)
    return await search.similar(database, image_id, by, k, filters)


@get(
    "/images/{image_id:int}/look-alikes",
    tags=["images"],
    summary="Images that look like an image",
    dependencies={"filters": Provide(filters_of_query, sync_to_thread=False)},
    opt={PREFIX: "attribute."},
    responses=problems(404),
)
async def look_alikes(
    database: NamedDependency[Database],
    filters: NamedDependency[Filters],
    image_id: FromPath[int],
    threshold: Annotated[
        int,
        QueryParameter(ge=0, le=MOST_UNLIKE, description="Bits of 64 in which the hashes may differ."),
    ] = LIKENESS,
    k: Limit = 20,
) -> LookAlikes:
    """What shows the same bytes (`duplicate`), then what looks like it (`look-alike`), the nearest first.

    Drafts and retired images are among them unless `state` is given. Pictures that are flat have none.
    """
    return await alike.look_alikes(database, image_id, filters, threshold=threshold, k=k)


@patch(
    "/images/{image_id:int}",
    tags=["images"],
    summary="Edit an image",
    opt=needs("write"),
    responses=problems(404, 409),
)
async def edit_image(
    database: NamedDependency[Database],
    caller: NamedDependency[Caller],
    image_id: FromPath[int],
    data: JSONBody[ImageMetadata],
) -> Image:
    """A field left out stays as it is, null clears it; lists and attributes are replaced whole."""
    await ingest.edit_images(database, [image_id], data, author=caller.name)
    await jobs.defer_fill_index(database)
    return await images.get(database, image_id)


@delete(
    "/images/{image_id:int}",
    tags=["images"],
    summary="Delete an image",
    opt=needs("write"),
    responses=problems(404),
)
async def delete_image(
    database: NamedDependency[Database],
    image_id: FromPath[int],
    erase: Annotated[
        bool,
        QueryParameter(description="Remove bytes, words and vectors for good; the hash stays for history."),
    ] = False,
) -> None:
    """Hides an image from searches and lists; what was generated from it keeps its history."""
    await images.delete(database, image_id, erase=erase)


@route(
    "/images/{image_id:int}/content",
    http_method=READING,
    tags=["images"],
    summary="The picture in full size",
    responses=problems(404),
    media_type="image/*",
)
async def get_content(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    image_id: FromPath[int],
    version: Annotated[
        int | None,
        QueryParameter(ge=1, le=2**31 - 1, description="An older version; the current one if left out."),
    ] = None,
) -> Response[bytes]:
    """The picture in its own format and size, without metadata: place, author, dates, thumbnail, comments.

    Pixels, colour profile, orientation, transparency and animation are the original's, whose bytes stay in
    the database.
    """
    if version is None:
        image = await images.get(database, image_id)
        if unchanged := not_modified(request, plain_tag(image.sha256)):
            return unchanged
    found = await images.content(database, image_id, version=version)
    return not_modified(request, plain_tag(found.sha256)) or await plain_picture(found)


@route(
    "/images/{image_id:int}/thumbnail",
    http_method=READING,
    tags=["images"],
    summary="A small picture",
    responses=problems(404),
    media_type="image/webp",
)
async def get_thumbnail(
    request: Request[Any, Any, Any],
    database: NamedDependency[Database],
    image_id: FromPath[int],
    v: Annotated[
        int | None, QueryParameter(description="The current version: the answer may then be kept for good.")
    ] = None,
) -> Response[bytes]:
    """A WebP of at most 512 pixels a side, upright."""
    image = await images.get(database, image_id)
    tag = f"{image.sha256}-thumbnail"
    if unchanged := not_modified(request, tag):
        return unchanged
    found = await images.thumbnail(database, image_id)
    return picture(found.data, found.media_type, tag, FOREVER if v == image.version else REVALIDATE)


HANDLERS = (
    list_images,
    add_image,
    edit_images,
    get_image,
    list_captions,
    similar_images,
    look_alikes,
    edit_image,
    delete_image,
    get_content,
    get_thumbnail,
)
