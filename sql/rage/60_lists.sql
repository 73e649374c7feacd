-- Lists and facets: the same filter as a search, without a prompt's ranking. They run as the owner, whom no
-- policy slows, and put the caller's brands into the filter themselves.

CREATE OR REPLACE FUNCTION rage.list_images(
    filters jsonb, words tsquery, sort text, after_key text, after_id bigint, page_size integer,
    alike_to bigint DEFAULT NULL
) RETURNS TABLE (image_id bigint, sort_key text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
DECLARE
    descending  boolean := starts_with(sort, '-');
    key         text := CASE ltrim(sort, '-')
                            WHEN 'created_at' THEN 'i.created_at'
                            WHEN 'updated_at' THEN 'i.updated_at'
                            WHEN 'title' THEN 'coalesce(i.title, '''')'
                            WHEN 'id' THEN 'i.image_id'
                        END;
    allowed     integer[] := rage.brand_limit();
    wanted      jsonb := rage.resolved(filters, allowed);
    among       bigint[] := CASE WHEN alike_to IS NOT NULL THEN ARRAY(SELECT l.alike_id FROM rage.alike_to(alike_to) AS l) END;
    clause      text := (rage.matching(wanted, among, allowed, true)).condition;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION 'sort must be created_at, updated_at, title or id, with - before it for the other direction'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'sort';
    END IF;
    IF words IS NOT NULL THEN
        clause := clause || E'\n      AND EXISTS (SELECT FROM rage.image_documents AS d WHERE d.image_id = i.image_id AND d.words @@ $4)';
    END IF;
    IF after_id IS NOT NULL THEN
        clause := clause || format(
            E'\n      AND (%1$s, i.image_id) %2$s ($5::%3$s, $6)',
            key,
            CASE WHEN descending THEN '<' ELSE '>' END,
            CASE WHEN key = 'i.image_id' THEN 'bigint' WHEN key LIKE '%title%' THEN 'text' ELSE 'timestamptz' END);
    END IF;
    RETURN QUERY EXECUTE format($sql$
SELECT i.image_id, (%1$s)::text
FROM rage.images AS i
WHERE %2$s
ORDER BY %1$s %3$s, i.image_id %3$s
LIMIT $7$sql$, key, clause, CASE WHEN descending THEN 'DESC' ELSE 'ASC' END)
    USING wanted, among, allowed, words, after_key, after_id, page_size;
END
$function$;
COMMENT ON FUNCTION rage.list_images(jsonb, tsquery, text, text, bigint, integer, bigint) IS
    'One page of the images that pass a filter, and look like an image if one is given, in a stable order; sort_key and image_id of the last row continue it.';


CREATE OR REPLACE FUNCTION rage.facet_statement(matches text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN format($sql$
WITH matches AS MATERIALIZED (
    SELECT i.image_id, i.brand_id, i.kind, i.attributes
    FROM %s
),
counted AS (
    SELECT 'tags' AS facet, NULL AS name, t.name AS value, count(DISTINCT m.image_id) AS count
    FROM matches AS m
    JOIN rage.image_tags AS it USING (image_id)
    JOIN rage.tags AS t USING (tag_id)
    GROUP BY t.name
    UNION ALL
    SELECT 'brands', NULL, b.name, count(*)
    FROM matches AS m JOIN rage.brands AS b USING (brand_id)
    GROUP BY b.name
    UNION ALL
    SELECT 'kinds', NULL, m.kind, count(*)
    FROM matches AS m
    GROUP BY m.kind
    UNION ALL
    SELECT 'attributes', a.key, v.value, count(DISTINCT m.image_id)
    FROM matches AS m
    CROSS JOIN LATERAL jsonb_each(m.attributes) AS a (key, value)
    CROSS JOIN LATERAL jsonb_array_elements_text(
        CASE jsonb_typeof(a.value) WHEN 'array' THEN a.value ELSE jsonb_build_array(a.value) END) AS v (value)
    WHERE v.value IS NOT NULL
    GROUP BY a.key, v.value
),
ranked AS (
    SELECT c.*, row_number() OVER (PARTITION BY c.facet, c.name ORDER BY c.count DESC, c.value) AS place
    FROM counted AS c
)
SELECT r.facet, r.name, r.value, r.count
FROM ranked AS r
WHERE r.place <= 100
ORDER BY r.facet, r.name, r.place$sql$, matches);
COMMENT ON FUNCTION rage.facet_statement(text) IS
    'The text of a count of tags, brands, kinds and attributes over the images i of a FROM clause: the hundred most frequent values of each.';


CREATE OR REPLACE FUNCTION rage.facets(filters jsonb, words tsquery) RETURNS TABLE (facet text, name text, value text, count bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
DECLARE
    allowed  integer[] := rage.brand_limit();
    wanted   jsonb := rage.resolved(filters, allowed);
BEGIN
    RETURN QUERY EXECUTE rage.facet_statement(
        'rage.images AS i WHERE ' || (rage.matching(wanted, NULL, allowed, true)).condition || $sql$
      AND ($4 IS NULL OR EXISTS (
          SELECT FROM rage.image_documents AS d WHERE d.image_id = i.image_id AND d.words @@ $4))$sql$)
    USING wanted, NULL::bigint[], allowed, words;
END
$function$;
COMMENT ON FUNCTION rage.facets(jsonb, tsquery) IS 'How many images that pass a filter have which tag, brand, kind and attribute.';


CREATE OR REPLACE FUNCTION rage.found_facets(image_ids bigint[]) RETURNS TABLE (facet text, name text, value text, count bigint)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
BEGIN
    RETURN QUERY EXECUTE rage.facet_statement('rage.images AS i WHERE i.image_id = ANY ($1)') USING image_ids;
END
$function$;
COMMENT ON FUNCTION rage.found_facets(bigint[]) IS
    'How many of these images, which a search has found for who asks, have which tag, brand, kind and attribute.';
