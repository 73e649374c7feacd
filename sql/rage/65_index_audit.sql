-- What an audit asks: sample queries, filters of every shape that this store has, and the answers to compare.
-- For the operator alone: they read every brand's vectors.

CREATE OR REPLACE FUNCTION rage.check_operator() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
BEGIN
    IF NOT rage.is_operator() THEN
        RAISE EXCEPTION 'this is the operator''s alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$function$;
COMMENT ON FUNCTION rage.check_operator() IS 'Refuses everybody but the operator.';


CREATE OR REPLACE FUNCTION rage.sample_queries(leg text, wanted integer) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM rage.check_operator();
    RETURN QUERY
        WITH searched AS (
            SELECT l.space_id,
                   (SELECT greatest(r.reltuples, 1) FROM pg_class AS r
                    WHERE r.oid = to_regclass(format('rage.embeddings_%s', l.space_id))) AS vectors
            FROM rage.search_legs AS l
            WHERE l.leg = sample_queries.leg
        ),
        prompts AS (
            SELECT v.embedding, 0 AS source
            FROM searched JOIN rage.prompt_vectors AS v USING (space_id)
            ORDER BY random()
            LIMIT wanted
        ),
        -- Who describes an image lies near it.
        images AS (
            SELECT e.embedding, 1 AS source
            -- Drawn within, so that it is drawn for each: outside, Postgres would draw once.
            FROM searched JOIN (SELECT v.space_id, v.embedding, random() AS drawn FROM rage.embeddings AS v) AS e USING (space_id)
            WHERE e.drawn < 20 * wanted / vectors
            ORDER BY e.drawn
            LIMIT wanted
        )
        SELECT q.embedding::text
        FROM (SELECT * FROM prompts UNION ALL SELECT * FROM images) AS q
        WHERE l2_norm(q.embedding) > 0
        ORDER BY q.source
        LIMIT wanted;
END
$function$;
COMMENT ON FUNCTION rage.sample_queries(text, integer) IS
    'So many query vectors of a leg: stored prompts, and where they are too few, vectors of images.';


CREATE OR REPLACE FUNCTION rage.audit_shapes() RETURNS TABLE (shape text, filters jsonb, among bigint[])
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM rage.check_operator();
    RETURN QUERY
        WITH store AS (
            SELECT count(*)::real AS images FROM rage.images AS i WHERE i.deleted_at IS NULL AND i.state = 'approved'
        ),
        tagged AS (
            SELECT t.name, count(*) / s.images AS share
            FROM store AS s, rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)
            GROUP BY t.name, s.images
        ),
        -- The tag whose share is nearest to the one wanted, if it is within a factor of three.
        by_tag AS (
            SELECT DISTINCT ON (w.shape) w.shape, t.name
            FROM (VALUES ('tag, 10 %', 0.1), ('tag, 1 %', 0.01), ('tag, 0.1 %', 0.001)) AS w (shape, share)
            JOIN tagged AS t ON t.share BETWEEN w.share / 3 AND w.share * 3
            ORDER BY w.shape, abs(ln(t.share / w.share)), t.name
        ),
        by_two AS (
            SELECT b.name, t.name AS other
            FROM by_tag AS b
            JOIN rage.tags AS own ON own.name = b.name
            JOIN rage.image_tags AS a ON a.tag_id = own.tag_id
            JOIN rage.image_tags AS it ON it.image_id = a.image_id AND it.tag_id <> a.tag_id
            JOIN rage.tags AS t ON t.tag_id = it.tag_id
            WHERE b.shape = 'tag, 10 %'
            GROUP BY b.name, t.name
            ORDER BY count(*) DESC, t.name
            LIMIT 1
        ),
        by_brand AS (
            SELECT b.name
            FROM store AS s, rage.images AS i JOIN rage.brands AS b USING (brand_id)
            WHERE i.deleted_at IS NULL AND i.state = 'approved'
            GROUP BY b.name, s.images
            HAVING count(*) < s.images
            ORDER BY abs(ln(count(*) / s.images / 0.1)), b.name
            LIMIT 1
        )
        SELECT 'no filter', '{}'::jsonb, NULL::bigint[]
        UNION ALL SELECT 'brand', jsonb_build_object('brand', jsonb_build_array(b.name)), NULL FROM by_brand AS b
        UNION ALL SELECT b.shape, jsonb_build_object('tags_all', jsonb_build_array(b.name)), NULL FROM by_tag AS b
        UNION ALL SELECT 'two tags', jsonb_build_object('tags_all', jsonb_build_array(b.name, b.other)), NULL FROM by_two AS b
        UNION ALL SELECT 'among', '{}', ARRAY(SELECT i.image_id FROM rage.images AS i ORDER BY random() LIMIT 1000);
END
$function$;
COMMENT ON FUNCTION rage.audit_shapes() IS
    'A filter of each shape for which this store has tags and brands: none, a brand, tags of different frequency, two tags, a list of ids.';


CREATE OR REPLACE FUNCTION rage.far_filter(leg text, vector text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM rage.check_operator();
    RETURN (
        WITH near AS (
            SELECT c.image_id FROM rage.compared(leg, vector, 1000) AS c
        ),
        counted AS (
            SELECT t.name, count(*) AS images, count(n.image_id) AS nearby
            FROM rage.image_tags AS it
            JOIN rage.tags AS t USING (tag_id)
            LEFT JOIN near AS n USING (image_id)
            GROUP BY t.name
            HAVING count(*) >= (SELECT count(*) FROM rage.images AS i WHERE i.deleted_at IS NULL) / 100.0
        )
        SELECT jsonb_build_object('tags_all', jsonb_build_array(c.name))
        FROM counted AS c
        ORDER BY c.nearby::real / c.images, c.images DESC, c.name
        LIMIT 1
    );
END
$function$;
COMMENT ON FUNCTION rage.far_filter(text, text) IS
    'For a query vector the tag, of those that a hundredth of the images have, whose images are rarest near to it; null where there is none.';


CREATE OR REPLACE FUNCTION rage.compared(leg text, vector text, k integer) RETURNS TABLE (image_id bigint, distance double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET jit = off
AS $function$
DECLARE
    space  rage.embedding_spaces := rage.compared_by(compared.leg);
BEGIN
    PERFORM rage.check_operator();
    RETURN QUERY EXECUTE format(
        -- Not cast as the index casts them: every vector is read.
        'SELECT e.image_id, e.embedding <=> $1::halfvec(%s) AS distance FROM rage.%I AS e ORDER BY distance, e.image_id LIMIT $2',
        space.dimensions, 'embeddings_' || space.space_id)
    USING compared.vector, compared.k;
END
$function$;
COMMENT ON FUNCTION rage.compared(text, text, integer) IS 'The k nearest images of a leg''s space, every vector compared.';


CREATE OR REPLACE FUNCTION rage.scanned(leg text, vector text, candidates integer)
RETURNS TABLE (image_id bigint, distance double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
SET jit = off
SET enable_seqscan = off
AS $function$
DECLARE
    space     rage.embedding_spaces := rage.compared_by(scanned.leg);
    settings  text[] := rage.scan_settings();
BEGIN
    PERFORM rage.check_operator(), rage.scan_for(candidates);
    RETURN QUERY EXECUTE format(
        'SELECT e.image_id, e.embedding::halfvec(%1$s) <=> $1::halfvec(%1$s) AS distance FROM rage.%2$I AS e ORDER BY distance LIMIT $2',
        space.dimensions, 'embeddings_' || space.space_id)
    USING scanned.vector, scanned.candidates;
    PERFORM rage.set_scan(settings);
END
$function$;
COMMENT ON FUNCTION rage.scanned(text, text, integer) IS 'So many candidates from the HNSW index of a leg''s space, as a search reads them.';


CREATE OR REPLACE FUNCTION rage.audited(
    leg text, vector text, k integer, filters jsonb, among bigint[], exact boolean,
    OUT distances double precision[], OUT strategy text, OUT matched bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM rage.check_operator();
    SELECT array_agg((s.hits -> audited.leg ->> 'distance')::double precision ORDER BY s.rank), min(s.strategy), min(s.matched)
    INTO distances, strategy, matched
    FROM rage.search(
        'audit', audited.k, audited.filters, audited.among, jsonb_build_object(audited.leg, 1),
        jsonb_build_object(audited.leg, audited.vector::jsonb), 0, NULL, audited.exact) AS s;
END
$function$;
COMMENT ON FUNCTION rage.audited(text, text, integer, jsonb, bigint[], boolean) IS
    'One search of one leg, by the route that it takes or exactly: the distances of what it found, in order.';
