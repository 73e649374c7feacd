-- Images like an image: one space, its own vector in place of a prompt's.

CREATE OR REPLACE FUNCTION rage.similar_statement(matching rage.matching, vectors jsonb, indexed text[], brand integer, wide boolean) RETURNS text
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN (
    SELECT format($sql$
WITH matches AS MATERIALIZED (
    SELECT i.image_id
    FROM %1$s
),%2$s
SELECT place::integer AS rank, image_id, distance,
       %5$s AS matched,
       %4$s AS short
FROM %3$I
ORDER BY place$sql$,
        (matching).listed, v.ctes, v.leg, CASE WHEN v.short IS NULL THEN 'true' ELSE format('(SELECT short FROM %I)', v.leg || '_scanned') END,
        rage.counted((matching).condition, wide, v.leg))
    FROM rage.vector_legs(matching, vectors, indexed, brand, wide) AS v
);
COMMENT ON FUNCTION rage.similar_statement(rage.matching, jsonb, text[], integer, boolean) IS
    'The text of a search for similar images, by the one leg that has a vector. The parameters are those of a search.';


CREATE OR REPLACE FUNCTION rage.compared_by(leg text) RETURNS rage.embedding_spaces
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    space  rage.embedding_spaces;
BEGIN
    SELECT s.* INTO space
    FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
    WHERE l.leg = compared_by.leg;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'images cannot be compared by "%": there are %', coalesce(compared_by.leg, 'null'),
            (SELECT string_agg(l.leg, ', ' ORDER BY l.leg) FROM rage.search_legs AS l WHERE l.space_id IS NOT NULL)
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'by';
    END IF;
    RETURN space;
END
$function$;
COMMENT ON FUNCTION rage.compared_by(text) IS 'The active space of a leg, or a clear error.';


CREATE OR REPLACE FUNCTION rage.nearest(image_id bigint, by text, k integer, filters jsonb, among bigint[])
RETURNS TABLE (rank integer, similar_id bigint, distance double precision, strategy text, matched bigint, complete boolean)
LANGUAGE plpgsql STABLE ROWS 20
SET search_path FROM CURRENT
SET random_page_cost = 1.1
SET jit = off
AS $function$
DECLARE
    allowed     integer[] := rage.brand_limit();
    wanted      jsonb := rage.resolved(rage.default_filters(nearest.filters), allowed);
    space       rage.embedding_spaces := rage.compared_by(nearest.by);
    same        jsonb;
    matching    rage.matching;
    vectors     jsonb;
    ready       record;
    settings    text[] := rage.scan_settings();
BEGIN
    PERFORM rage.check_k(nearest.k);
    SELECT
        (SELECT jsonb_agg(s.image_id) FROM rage.images AS s WHERE s.content_id = i.content_id),
        jsonb_build_object(nearest.by, e.embedding::text)
    INTO same, vectors
    FROM rage.images AS i
    LEFT JOIN rage.embeddings AS e ON e.space_id = space.space_id AND e.image_id = i.image_id
    WHERE i.image_id = nearest.image_id AND i.deleted_at IS NULL AND (allowed IS NULL OR i.brand_id = ANY (allowed));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no image %', coalesce(nearest.image_id::text, 'null')
            USING ERRCODE = 'no_data_found', COLUMN = 'image_id';
    ELSIF vectors ->> nearest.by IS NULL THEN
        RAISE EXCEPTION 'image % has no vector yet to compare by "%"', nearest.image_id, nearest.by
            USING ERRCODE = 'no_data_found', COLUMN = 'by', HINT = 'See `rage index status`.';
    END IF;
    wanted := wanted || jsonb_build_object('images_none', same);
    matching := rage.matching(wanted, nearest.among, allowed);
    SELECT * INTO ready FROM rage.route(matching.condition, wanted, nearest.among, allowed, ARRAY[nearest.by], nearest.k, 1);
    PERFORM rage.scan_for(ready.candidates) WHERE ready.indexed <> '{}';
    RETURN QUERY EXECUTE
        'SELECT found.rank, found.image_id, found.distance, CASE WHEN found.short THEN $13 ELSE $14 END, found.matched, true'
        ' FROM (' || rage.similar_statement(matching, vectors, ready.indexed, ready.brand, ready.wide) || ') AS found'
    USING wanted, nearest.among, allowed, NULL::jsonb, vectors, NULL::jsonb, nearest.k, NULL::real, NULL::bigint[],
          nearest.k, ready.candidates, ready.estimate,
          rage.strategy(
              vectors, NULL, jsonb_build_object(nearest.by, 1), CASE WHEN allowed IS NULL THEN '{}' ELSE ready.indexed END,
              ready.brand, ready.wide, ready.estimate),
          rage.strategy(
              vectors, NULL, jsonb_build_object(nearest.by, 1), ready.indexed, ready.brand, ready.wide, ready.estimate);
    PERFORM rage.set_scan(settings) WHERE ready.indexed <> '{}';
END
$function$;
COMMENT ON FUNCTION rage.nearest(bigint, text, integer, jsonb, bigint[]) IS
    'The images nearest to an image in the active space of a leg, by cosine distance; whatever shows the same bytes is left out.';
