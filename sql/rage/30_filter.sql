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


CREATE OR REPLACE FUNCTION rage.resolved(filters jsonb, allowed integer[]) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN filters || (
    -- The planner knows how many images have a brand's or a tag's number; of a name looked up on the way it knows nothing.
    SELECT coalesce(jsonb_object_agg(f.name, CASE f.name
        WHEN 'brand' THEN (
            SELECT coalesce(jsonb_agg(b.brand_id ORDER BY b.brand_id), '[]')
            FROM rage.brands AS b
            WHERE b.key = ANY (rage.names(f.value)) AND (allowed IS NULL OR b.brand_id = ANY (allowed)))
        WHEN 'tags_all' THEN (
            SELECT coalesce(jsonb_agg(rage.tag_ids(ARRAY[t.name], allowed) ORDER BY t.place), '[]')
            FROM jsonb_array_elements_text(f.value) WITH ORDINALITY AS t (name, place))
        ELSE to_jsonb(rage.tag_ids(rage.texts(f.value), allowed))
    END), '{}')
    FROM jsonb_each(filters) AS f (name, value)
    WHERE f.name IN ('brand', 'tags_all', 'tags_any', 'tags_none'));
COMMENT ON FUNCTION rage.resolved(jsonb, integer[]) IS
    'A filter with the numbers of brands and tags in place of their names, of the allowed brands alone; what filter_clause reads.';


CREATE OR REPLACE FUNCTION rage.tags_clause(tags integer) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (
    -- One subquery for all of them: given one for each, Postgres begins with the images rather than with the rarest tag.
    SELECT 'i.image_id IN (SELECT t0.image_id FROM rage.image_tags AS t0'
        || coalesce(string_agg(format(' JOIN rage.image_tags AS t%s USING (image_id)', n), '') FILTER (WHERE n > 0), '')
        || ' WHERE ' || string_agg(format('t%1$s.tag_id = ANY (rage.integers($1 -> ''tags_all'' -> %1$s))', n), ' AND ') || ')'
    FROM generate_series(0, tags - 1) AS n
);
COMMENT ON FUNCTION rage.tags_clause(integer) IS 'The condition that an image has each of so many tags.';


CREATE OR REPLACE FUNCTION rage.check_bounds(filters jsonb, among bigint[]) RETURNS void
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
    ELSIF cardinality(among) > 1000000 THEN
        RAISE EXCEPTION 'among has % ids, at most 1000000 are possible', cardinality(among)
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'among';
    END IF;
END
$function$;
COMMENT ON FUNCTION rage.check_bounds(jsonb, bigint[]) IS 'Refuses a filter that is too large to be planned.';


CREATE OR REPLACE FUNCTION rage.filter_clause(filters jsonb, among bigint[], allowed integer[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $function$
DECLARE
    clauses  text[] := ARRAY['i.deleted_at IS NULL'];
BEGIN
    PERFORM rage.check_bounds(filters, among);
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
    IF filters -> 'state' = '["approved"]' THEN
        -- What nearly every search asks for, in the form that costs least for each image.
        clauses := clauses || 'i.state = ''approved'''::text;
    ELSIF filters ? 'state' THEN
        clauses := clauses || 'i.state = ANY (rage.texts($1 -> ''state''))'::text;
    END IF;
    IF filters ? 'usable_on' THEN
        -- Null by null: of coalesce() the planner knows nothing, and takes half a percent to be usable today.
        clauses := clauses || format(
            '%s((i.usable_from IS NULL OR i.usable_from <= ($1 ->> ''usable_on'')::date) AND (i.usable_until IS NULL OR i.usable_until >= ($1 ->> ''usable_on'')::date))',
            CASE WHEN filters -> 'state' = '["approved"]' THEN '' ELSE 'i.state <> ''approved'' OR ' END);
        clauses[cardinality(clauses)] := '(' || clauses[cardinality(clauses)] || ')';
    END IF;
    IF filters ? 'collection' THEN
        clauses := clauses || 'i.image_id IN (SELECT ci.image_id FROM rage.collection_images AS ci JOIN rage.collections AS c USING (collection_id) WHERE c.key = ANY (rage.names($1 -> ''collection'')) AND ($3 IS NULL OR c.brand_id = ANY ($3)))'::text;
    END IF;
    IF jsonb_array_length(filters -> 'tags_all') > 0 THEN
        clauses := clauses || rage.tags_clause(jsonb_array_length(filters -> 'tags_all'));
    END IF;
    IF filters ? 'tags_any' THEN
        clauses := clauses || 'i.image_id IN (SELECT it.image_id FROM rage.image_tags AS it WHERE it.tag_id = ANY (rage.integers($1 -> ''tags_any'')))'::text;
    END IF;
    IF filters ? 'tags_none' THEN
        clauses := clauses || 'NOT EXISTS (SELECT FROM rage.image_tags AS it WHERE it.image_id = i.image_id AND it.tag_id = ANY (rage.integers($1 -> ''tags_none'')))'::text;
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
    RETURN array_to_string(clauses, E'\n      AND ');
END
$function$;
COMMENT ON FUNCTION rage.filter_clause(jsonb, bigint[], integer[]) IS
    'The condition on rage.images i that a filter stands for, for who may see the allowed brands. Its shape follows from the filter; the values stay in $1 (the filter, resolved), $2 (among) and $3 (the allowed brands; null: every brand).';
