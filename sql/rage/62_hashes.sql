-- Pictures that look alike have perceptual hashes of which few of the 64 bits differ. A hash lies in four parts of
-- 16 bits: of two hashes with at most d differing bits, one part differs by at most d / 4. So the parts are looked
-- up with all that are so near to them, and no two hashes are missed that a comparison of all with all would find.

CREATE OR REPLACE FUNCTION rage.near_masks(threshold integer) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT 0
    UNION ALL
    SELECT (1 << a.bit) | (1 << b.bit)
    FROM generate_series(0, 15) AS a (bit), generate_series(0, 15) AS b (bit)
    WHERE (threshold >= 4 AND a.bit = b.bit) OR (threshold >= 8 AND a.bit < b.bit)
);
COMMENT ON FUNCTION rage.near_masks(integer) IS
    'Which bits of a part of 16 may differ in one of the four at least, where so many of all 64 may; up to 11.';


CREATE OR REPLACE FUNCTION rage.near_bands(bands integer[], threshold integer) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT band # mask FROM unnest(bands) AS own (band), unnest(rage.near_masks(threshold)) AS near (mask)
);
COMMENT ON FUNCTION rage.near_bands(integer[], integer) IS
    'The parts of which a hash has one at least, if so few bits differ from the hash with these parts.';


CREATE OR REPLACE FUNCTION rage.near_contents(own rage.picture_hashes, threshold integer)
RETURNS TABLE (content_id bigint, distance integer)
LANGUAGE plpgsql STABLE ROWS 10
SET search_path FROM CURRENT
-- The planner takes each of the parts looked up for a common one, and would rather read all hashes.
SET enable_seqscan = off
AS $function$
BEGIN
    RETURN QUERY
    SELECT h.content_id, bit_count(h.hash # own.hash)::integer
    FROM rage.picture_hashes AS h
    WHERE h.hash IS NOT NULL
      AND h.bands && rage.near_bands(own.bands, near_contents.threshold)
      AND bit_count(h.hash # own.hash) <= near_contents.threshold
      AND h.content_id <> own.content_id;
END
$function$;
COMMENT ON FUNCTION rage.near_contents(rage.picture_hashes, integer) IS
    'The pictures of whose hash at most so many bits differ from a picture''s own, of every brand; none for a flat one.';


CREATE OR REPLACE FUNCTION rage.check_likeness(threshold integer, style_within double precision) RETURNS void
LANGUAGE plpgsql IMMUTABLE
AS $function$
BEGIN
    IF threshold IS NULL OR threshold NOT BETWEEN 0 AND 11 THEN
        RAISE EXCEPTION 'threshold must be from 0 to 11 bits, not %', coalesce(threshold::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'threshold';
    ELSIF style_within < 0 OR style_within = 'NaN' THEN
        RAISE EXCEPTION 'style_within must be a distance from 0, or null for any'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'style_within';
    END IF;
END
$function$;
COMMENT ON FUNCTION rage.check_likeness(integer, double precision) IS 'A clear error for bounds that are none.';


CREATE OR REPLACE FUNCTION rage.style_distance(space integer, one bigint, other bigint) RETURNS double precision
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $function$
BEGIN
    -- A vector of an earlier version says nothing of the picture that is shown.
    RETURN (
        SELECT a.embedding <=> b.embedding
        FROM rage.embeddings AS a
        JOIN rage.images AS ai ON ai.image_id = a.image_id
        JOIN rage.contents AS ac ON ac.content_id = ai.content_id AND ac.sha256 = a.input_sha256,
             rage.embeddings AS b
        JOIN rage.images AS bi ON bi.image_id = b.image_id
        JOIN rage.contents AS bc ON bc.content_id = bi.content_id AND bc.sha256 = b.input_sha256
        WHERE a.space_id = space AND a.image_id = one AND b.space_id = space AND b.image_id = other);
END
$function$;
COMMENT ON FUNCTION rage.style_distance(integer, bigint, bigint) IS
    'How far the look of two images is apart in a space; null while one of them has no vector there.';
