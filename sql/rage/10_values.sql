-- Small functions that read the JSON values of filters.

CREATE OR REPLACE FUNCTION rage.texts(value jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT jsonb_array_elements_text(value));
COMMENT ON FUNCTION rage.texts(jsonb) IS 'A JSON array of strings as an SQL array.';


CREATE OR REPLACE FUNCTION rage.integers(value jsonb) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT element::integer FROM jsonb_array_elements_text(value) AS element);
COMMENT ON FUNCTION rage.integers(jsonb) IS 'A JSON array of numbers as an SQL array.';


CREATE OR REPLACE FUNCTION rage.names(value jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT rage.normal_form(name) FROM jsonb_array_elements_text(value) AS name);
COMMENT ON FUNCTION rage.names(jsonb) IS 'A JSON array of brands or collections in the form in which they are compared.';


CREATE OR REPLACE FUNCTION rage.tag_form(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(rage.normal_form(name), ' ?/ ?', '/', 'g');
COMMENT ON FUNCTION rage.tag_form(text) IS 'How a tag is stored: its normal form, without blanks beside slashes.';


CREATE OR REPLACE FUNCTION rage.tag_ids(names text[], allowed integer[] DEFAULT NULL) RETURNS integer[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $function$
DECLARE
    wanted  text[] := ARRAY(SELECT rage.tag_form(given.name) FROM unnest(names) AS given (name));
BEGIN
    RETURN ARRAY(
        SELECT t.tag_id
        FROM unnest(wanted) AS w (name)
        CROSS JOIN LATERAL (
            SELECT own.tag_id, own.brand_id FROM rage.tags AS own WHERE own.name = w.name
            UNION ALL
            -- The children are what lies from "a/" to before "a0", the next character: a range of the index by name.
            SELECT child.tag_id, child.brand_id FROM rage.tags AS child
            WHERE child.name ~>=~ (w.name || '/') AND child.name ~<~ (w.name || '0')
        ) AS t
        WHERE allowed IS NULL OR t.brand_id = ANY (allowed));
END
$function$;
COMMENT ON FUNCTION rage.tag_ids(text[], integer[]) IS 'The tags of these names and their children, of the allowed brands; null: of every brand.';


CREATE OR REPLACE FUNCTION rage.attribute_forms(name text, value jsonb) RETURNS jsonb[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    -- A manifest in CSV and a query string know only text: "5" and 5 are the same value to a filter.
    WITH spellings AS (
        SELECT value AS spelling
        UNION
        SELECT CASE
                   WHEN jsonb_typeof(value) IN ('number', 'boolean') THEN to_jsonb(value #>> '{}')
                   WHEN jsonb_typeof(value) <> 'string' THEN value
                   WHEN value #>> '{}' ~ '^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?$' THEN to_jsonb((value #>> '{}')::numeric)
                   WHEN value #>> '{}' IN ('true', 'false') THEN to_jsonb((value #>> '{}')::boolean)
                   ELSE value
               END
    )
    SELECT array_agg(form)
    FROM spellings,
         LATERAL (VALUES (jsonb_build_object(name, spelling)),
                         (jsonb_build_object(name, jsonb_build_array(spelling)))) AS forms (form)
);
COMMENT ON FUNCTION rage.attribute_forms(text, jsonb) IS
    'The objects of which an image''s attributes must contain one to have this value, alone or in a list.';


CREATE OR REPLACE FUNCTION rage.attribute_choices(name text, choices jsonb) RETURNS jsonb[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT form FROM jsonb_array_elements(choices) AS c (value), unnest(rage.attribute_forms(name, c.value)) AS f (form)
);
COMMENT ON FUNCTION rage.attribute_choices(text, jsonb) IS
    'The objects of which an image''s attributes must contain one to have one of these values.';
