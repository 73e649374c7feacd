-- Bytes are stored once, whoever brings them: who writes or erases them must not learn who else has them.

CREATE OR REPLACE FUNCTION rage.store_contents(
    hashes bytea[], media_types text[], widths integer[], heights integer[], pictures bytea[], thumbnails bytea[],
    frames integer[], perceptual_hashes bit[]
) RETURNS TABLE (sha256 bytea, content_id bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
#variable_conflict use_column
BEGIN
    -- A hash alone must not give anybody bytes that another brand has. Who has all of them need not prove it: to
    -- hash a large picture here once more takes as long as all else.
    IF NOT rage.is_operator() AND EXISTS (SELECT FROM unnest(hashes, pictures) AS given (hash, picture)
               WHERE hash IS DISTINCT FROM pg_catalog.sha256(picture)) THEN
        RAISE EXCEPTION 'a picture has another hash than is said' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- In one order, so that two imports cannot block each other. What is there already is written again: left
    -- out, it would take less time, and tell that another brand has it.
    RETURN QUERY
    WITH kept AS (
        INSERT INTO rage.contents AS c (sha256, media_type, byte_size, width, height, bytes, thumbnail, frames)
        SELECT hash, media_type, octet_length(picture), width, height, picture, thumbnail, frame_count
        FROM unnest(hashes, media_types, widths, heights, pictures, thumbnails, frames)
            AS given (hash, media_type, width, height, picture, thumbnail, frame_count)
        ORDER BY hash
        ON CONFLICT (sha256) DO UPDATE
        SET bytes = excluded.bytes,
            -- Made from the bytes, and already seen by those who have them.
            thumbnail = coalesce(c.thumbnail, excluded.thumbnail),
            erased_at = NULL
        RETURNING c.sha256, c.content_id
    ),
    hashed AS (
        INSERT INTO rage.picture_hashes AS h (content_id, hash)
        SELECT k.content_id, given.perceptual_hash
        FROM kept AS k
        JOIN unnest(hashes, perceptual_hashes) AS given (hash, perceptual_hash) ON given.hash = k.sha256
        ON CONFLICT (content_id) DO UPDATE SET hash = h.hash
    )
    SELECT k.sha256, k.content_id FROM kept AS k;
END
$function$;
COMMENT ON FUNCTION rage.store_contents(bytea[], text[], integer[], integer[], bytea[], bytea[], integer[], bit[]) IS
    'Keeps bytes, once per hash whichever brand brings them, and says under which number.';


CREATE OR REPLACE FUNCTION rage.erase_contents(erased_image bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    -- Waits for imports of the same bytes, in their order; what they added is seen by the statement after this one.
    PERFORM FROM rage.contents AS o
    WHERE o.content_id IN (SELECT v.content_id FROM rage.image_versions AS v WHERE v.image_id = erased_image)
    ORDER BY o.sha256
    FOR UPDATE;

    WITH erased AS (
        UPDATE rage.contents AS o
        SET bytes = NULL, thumbnail = NULL, erased_at = now()
        WHERE o.erased_at IS NULL
          AND EXISTS (SELECT FROM rage.image_versions AS v WHERE v.image_id = erased_image AND v.content_id = o.content_id)
          AND NOT EXISTS (
              SELECT FROM rage.image_versions AS v
              JOIN rage.images AS i USING (image_id)
              WHERE v.content_id = o.content_id AND i.erased_at IS NULL
          )
        RETURNING o.content_id
    )
    DELETE FROM rage.picture_hashes AS h USING erased WHERE h.content_id = erased.content_id;
END
$function$;
COMMENT ON FUNCTION rage.erase_contents(bigint) IS
    'Removes the bytes of every version of an erased image that no other image of any brand shows or showed; the hash stays.';
