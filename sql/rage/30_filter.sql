-- One definition of which images pass a filter, for searches, lists and facets.

CREATE OR REPLACE FUNCTION rage.filters(
    brands text[], skus text[], kinds text[], states text[], tags_all text[], tags_any text[], tags_none text[],
    collections text[], attributes jsonb, origins text[], created_after timestamptz, created_before timestamptz,
    updated_after timestamptz, min_width integer, min_height integer
) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    -- Only what is not given goes: a null inside attributes is a value that somebody asks for.
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(jsonb_build_object(
    'brand', to_jsonb(brands),
    'sku', to_jsonb(skus),
    'kind', to_jsonb(kinds),
    'state', to_jsonb(states),
    'tags_all', to_jsonb(tags_all),
    'tags_any', to_jsonb(tags_any),
    'tags_none', to_jsonb(tags_none),
    'collection', to_jsonb(collections),
    'attributes', attributes,
    'origin', to_jsonb(origins),
    'created_after', created_after,
    'created_before', created_before,
    'updated_after', updated_after,
    'min_width', min_width,
    'min_height', min_height)) WHERE value <> 'null');
COMMENT ON FUNCTION rage.filters(text[], text[], text[], text[], text[], text[], text[], text[], jsonb, text[],
    timestamptz, timestamptz, timestamptz, integer, integer) IS
    'A filter as one value, with names as they were given.';


CREATE OR REPLACE FUNCTION rage.range_clauses(name text, bounds jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN ARRAY(
    -- Written out rather than called per row: a hundred thousand calls take seconds. A bound that is a number
    -- compares numbers, texts that read as one among them; a text compares texts, dates in ISO form.
    SELECT format(
        CASE jsonb_typeof(bound)
            WHEN 'number' THEN
                'CASE WHEN i.attributes ->> %1$L ~ ''^-?[0-9]{1,30}(\.[0-9]{1,30})?$'''
                ' THEN (i.attributes ->> %1$L)::numeric %2$s ($1 #>> ARRAY[''attributes'', %1$L, %3$L])::numeric ELSE false END'
            ELSE
                'jsonb_typeof(i.attributes -> %1$L) IN (''string'', ''number'')'
                ' AND i.attributes ->> %1$L COLLATE "C" %2$s ($1 #>> ARRAY[''attributes'', %1$L, %3$L])'
        END,
        name,
        CASE operator WHEN 'gt' THEN '>' WHEN 'gte' THEN '>=' WHEN 'lt' THEN '<' WHEN 'lte' THEN '<=' END,
        operator)
    FROM jsonb_each(bounds) AS b (operator, bound)
);
COMMENT ON FUNCTION rage.range_clauses(text, jsonb) IS
    'Conditions on one attribute for {"gt"|"gte"|"lt"|"lte": bound}, each bound left in the parameter $1.';


CREATE OR REPLACE FUNCTION rage.attribute_clauses(attributes jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $function$
DECLARE
    clauses  text[] := '{}';
    name     text;
    wanted   jsonb;
BEGIN
    IF jsonb_typeof(attributes) <> 'object' THEN
        RAISE EXCEPTION 'attributes must be an object of names and values'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'attributes';
    END IF;
    FOR name, wanted IN SELECT * FROM jsonb_each(attributes) LOOP
        IF jsonb_typeof(wanted) = 'object' THEN
            IF wanted = '{}' OR EXISTS (
                SELECT FROM jsonb_each(wanted) AS b (operator, bound)
                WHERE operator NOT IN ('gt', 'gte', 'lt', 'lte') OR jsonb_typeof(bound) NOT IN ('number', 'string')
            ) THEN
                RAISE EXCEPTION 'the range of attribute "%" takes gt, gte, lt and lte with a number or a text, not %', name, wanted
                    USING ERRCODE = 'invalid_parameter_value', COLUMN = 'attributes.' || name;
            END IF;
            clauses := clauses || rage.range_clauses(name, wanted);
        ELSIF jsonb_typeof(wanted) = 'array' THEN
            clauses := clauses || format(
                'i.attributes @> ANY (rage.attribute_choices(%1$L, $1 -> ''attributes'' -> %1$L))', name);
        ELSIF wanted = 'null' THEN
            clauses := clauses || format('coalesce(i.attributes -> %1$L, ''null'') = ''null''', name);
        ELSE
            clauses := clauses || format(
                'i.attributes @> ANY (rage.attribute_forms(%1$L, $1 -> ''attributes'' -> %1$L))', name);
        END IF;
    END LOOP;
    RETURN clauses;
END
$function$;
COMMENT ON FUNCTION rage.attribute_clauses(jsonb) IS
    'Conditions on i.attributes. Values stay in the parameter $1; only names are written in, quoted.';


CREATE OR REPLACE FUNCTION rage.check_bounds(filters jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE
AS $function$
DECLARE
    tags   integer := CASE WHEN filters ? 'tags_all' THEN jsonb_array_length(filters -> 'tags_all') END;
    names  bigint := CASE WHEN jsonb_typeof(filters -> 'attributes') = 'object'
                          THEN (SELECT count(*) FROM jsonb_object_keys(filters -> 'attributes')) END;
BEGIN
    -- Each is a condition of its own: planning hundreds of them takes minutes.
    IF tags > 64 THEN
        RAISE EXCEPTION 'tags_all has % tags, at most 64 are possible', tags
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'tags_all';
    ELSIF names > 64 THEN
        RAISE EXCEPTION 'attributes has % names, at most 64 are possible', names
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'attributes';
    END IF;
END
$function$;
COMMENT ON FUNCTION rage.check_bounds(jsonb) IS 'Refuses a filter that is too large to be planned.';


CREATE OR REPLACE FUNCTION rage.resolved(filters jsonb, allowed integer[]) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    resolved  jsonb := filters - '{brand,tags_all,tags_any,tags_none}'::text[];
    sets      jsonb[] := '{}';
    name      text;
BEGIN
    PERFORM rage.check_bounds(filters);
    -- The planner knows how many images have a brand's or a tag's number; of a name looked up on the way it knows nothing.
    IF filters ? 'brand' THEN
        resolved := resolved || jsonb_build_object('brand', ARRAY(
            SELECT b.brand_id
            FROM rage.brands AS b
            WHERE b.key = ANY (rage.names(filters -> 'brand')) AND (allowed IS NULL OR b.brand_id = ANY (allowed))
            ORDER BY b.brand_id));
    END IF;
    FOR name IN SELECT jsonb_array_elements_text(filters -> 'tags_all') LOOP
        sets := sets || to_jsonb(rage.tag_ids(ARRAY[name], allowed));
    END LOOP;
    IF filters ? 'tags_any' THEN
        sets := sets || to_jsonb(rage.tag_ids(rage.texts(filters -> 'tags_any'), allowed));
    END IF;
    IF sets <> '{}' THEN
        resolved := resolved || jsonb_build_object('tags', ARRAY(SELECT DISTINCT s.tags FROM unnest(sets) AS s (tags)));
    END IF;
    IF filters ? 'tags_none' THEN
        resolved := resolved || jsonb_build_object('tags_none', rage.tag_ids(rage.texts(filters -> 'tags_none'), allowed));
    END IF;
    RETURN resolved;
END
$function$;
COMMENT ON FUNCTION rage.resolved(jsonb, integer[]) IS
    'A filter with the numbers of brands and tags in place of their names, of the allowed brands alone; what rage.matching reads. tags: sets of which an image has a tag of each.';


CREATE OR REPLACE FUNCTION rage.tagged(filters jsonb, columns text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (
    -- One subquery for all sets: given one for each, Postgres begins with the images rather than with the rarest tag.
    SELECT format('(SELECT %s FROM rage.image_tags AS t0 WHERE %s)', columns, string_agg(
        format(
            CASE WHEN n = 0 THEN '%s' ELSE 't0.image_id IN (SELECT t%2$s.image_id FROM rage.image_tags AS t%2$s WHERE %1$s)' END,
            format('t%1$s.tag_id = ANY (rage.integers($1 -> ''tags'' -> %1$s))', n), n),
        ' AND ' ORDER BY n))
    FROM generate_series(0, jsonb_array_length(filters -> 'tags') - 1) AS n
);
COMMENT ON FUNCTION rage.tagged(jsonb, text) IS
    'The images that have a tag of each set of a resolved filter, as a subquery with these columns of the first tag''s rows, t0.';


CREATE OR REPLACE FUNCTION rage.tag_clauses(filters jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN ARRAY(
    -- OFFSET 0 keeps it a look for each row: joined, all images with a common tag would be read for the sake of few.
    -- + 0 keeps it to the index by image: in that by tag, each tag of the set is a look of its own.
    SELECT format(
        'EXISTS (SELECT FROM rage.image_tags AS it WHERE it.image_id = i.image_id AND it.tag_id + 0 = ANY (rage.integers($1 -> ''tags'' -> %s)) OFFSET 0)',
        n)
    FROM generate_series(0, jsonb_array_length(filters -> 'tags') - 1) AS n
);
COMMENT ON FUNCTION rage.tag_clauses(jsonb) IS 'The conditions that an image i has a tag of each set of a resolved filter, looked up by the image.';


CREATE OR REPLACE FUNCTION rage.standing_clause(filters jsonb, image text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN concat_ws(' AND ',
    image || '.deleted_at IS NULL',
    CASE
        -- What nearly every search asks for, in the form that costs least for each image.
        WHEN filters -> 'state' = '["approved"]' THEN image || '.state = ''approved'''
        WHEN filters ? 'state' THEN image || '.state = ANY (rage.texts($1 -> ''state''))'
    END,
    CASE WHEN filters ? 'usable_on' THEN format(
        -- Null by null: of coalesce() the planner knows nothing, and takes half a percent to be usable today.
        '(%2$s(%1$s.usable_from IS NULL OR %1$s.usable_from <= ($1 ->> ''usable_on'')::date)'
        ' AND (%1$s.usable_until IS NULL OR %1$s.usable_until >= ($1 ->> ''usable_on'')::date))',
        image,
        CASE WHEN filters -> 'state' = '["approved"]' THEN '' ELSE image || '.state <> ''approved'' OR ' END)
    END);
COMMENT ON FUNCTION rage.standing_clause(jsonb, text) IS
    'The condition on the columns of an image that it is there, in a wanted state, and usable when it is wanted.';


CREATE OR REPLACE FUNCTION rage.filter_clauses(filters jsonb, among bigint[], allowed integer[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $function$
DECLARE
    clauses  text[] := '{}';
BEGIN
    IF allowed IS NOT NULL THEN
        clauses := clauses || 'i.brand_id = ANY ($3)'::text;
    END IF;
    IF filters ? 'brand' THEN
        clauses := clauses || 'i.brand_id = ANY (rage.integers($1 -> ''brand''))'::text;
    END IF;
    IF filters ? 'sku' THEN
        clauses := clauses || 'EXISTS (SELECT FROM rage.image_products AS p WHERE p.brand_id = i.brand_id AND p.image_id = i.image_id AND p.sku = ANY (rage.texts($1 -> ''sku'')))'::text;
    END IF;
    IF filters ? 'kind' THEN
        clauses := clauses || 'i.kind = ANY (rage.texts($1 -> ''kind''))'::text;
    END IF;
    IF filters ? 'collection' THEN
        clauses := clauses || 'i.image_id IN (SELECT ci.image_id FROM rage.collection_images AS ci JOIN rage.collections AS c USING (collection_id) WHERE c.key = ANY (rage.names($1 -> ''collection'')) AND ($3 IS NULL OR c.brand_id = ANY ($3)))'::text;
    END IF;
    IF filters ? 'tags_none' THEN
        clauses := clauses || 'NOT EXISTS (SELECT FROM rage.image_tags AS it WHERE it.image_id = i.image_id AND it.tag_id = ANY (rage.integers($1 -> ''tags_none'')))'::text;
    END IF;
    IF filters ? 'images_none' THEN
        clauses := clauses || 'i.image_id <> ALL (ARRAY(SELECT jsonb_array_elements_text($1 -> ''images_none'')::bigint))'::text;
    END IF;
    IF filters ? 'words_none' THEN
        clauses := clauses || 'NOT EXISTS (SELECT FROM rage.image_documents AS d WHERE d.image_id = i.image_id AND d.words @@ ($1 ->> ''words_none'')::tsquery)'::text;
    END IF;
    IF filters ? 'attributes' THEN
        clauses := clauses || rage.attribute_clauses(filters -> 'attributes');
    END IF;
    IF filters ? 'origin' THEN
        clauses := clauses || 'i.origin = ANY (rage.texts($1 -> ''origin''))'::text;
    END IF;
    IF filters ? 'created_after' THEN
        clauses := clauses || 'i.created_at > ($1 ->> ''created_after'')::timestamptz'::text;
    END IF;
    IF filters ? 'created_before' THEN
        clauses := clauses || 'i.created_at < ($1 ->> ''created_before'')::timestamptz'::text;
    END IF;
    IF filters ? 'updated_after' THEN
        clauses := clauses || 'i.updated_at > ($1 ->> ''updated_after'')::timestamptz'::text;
    END IF;
    IF filters ? 'min_width' OR filters ? 'min_height' THEN
        clauses := clauses || 'EXISTS (SELECT FROM rage.contents AS c WHERE c.content_id = i.content_id AND c.width >= coalesce(($1 ->> ''min_width'')::integer, 0) AND c.height >= coalesce(($1 ->> ''min_height'')::integer, 0))'::text;
    END IF;
    IF among IS NOT NULL THEN
        clauses := clauses || 'i.image_id = ANY ($2)'::text;
    END IF;
    RETURN clauses;
END
$function$;
COMMENT ON FUNCTION rage.filter_clauses(jsonb, bigint[], integer[]) IS
    'The conditions on rage.images i that a resolved filter stands for, but for the state and the tags, for who may see the allowed brands. Their shape follows from the filter; the values stay in $1 (the filter), $2 (among) and $3 (the allowed brands; null: every brand).';
