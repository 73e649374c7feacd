-- How one statement asks a filter of several tables: of images, of vectors, of documents.
-- What is there, approved and usable is nearly every image as a rule. Then the few that are not stand in the index
-- images_closed, and every other table answers a filter by itself, without a look at each image's row.

CREATE OR REPLACE FUNCTION rage.few_closed() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce((
    -- By their names: REINDEX CONCURRENTLY gives an index another number.
    SELECT closed.reltuples <= 1000 + all_images.reltuples / 100
    FROM pg_class AS closed, pg_class AS all_images
    WHERE closed.oid = to_regclass('rage.images_closed') AND all_images.oid = to_regclass('rage.images')
), false);
COMMENT ON FUNCTION rage.few_closed() IS
    'Whether few images are deleted, not approved, or usable on certain days alone: some thousand, or a hundredth of all.';


CREATE OR REPLACE FUNCTION rage.open_clause(filters jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN format(
    'NOT EXISTS (SELECT FROM rage.images AS closed WHERE closed.image_id = i.image_id'
    ' AND (closed.deleted_at IS NOT NULL OR closed.state <> ''approved'' OR closed.usable_from IS NOT NULL OR closed.usable_until IS NOT NULL)'
    ' AND NOT (%s))',
    rage.standing_clause(filters, 'closed'));
COMMENT ON FUNCTION rage.open_clause(jsonb) IS
    'The condition that an image is there, approved and usable when it is wanted, by the index images_closed alone.';


CREATE OR REPLACE FUNCTION rage.all_of(clauses text[]) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN array_to_string(clauses, E'\n      AND ');
COMMENT ON FUNCTION rage.all_of(text[]) IS 'The condition that all of these hold.';


CREATE OR REPLACE FUNCTION rage.matching(filters jsonb, among bigint[], allowed integer[], plain boolean DEFAULT false) RETURNS rage.matching
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    others  text[] := rage.filter_clauses(filters, among, allowed);
    tags    text[] := CASE WHEN filters ? 'tags' THEN ARRAY['i.image_id IN ' || rage.tagged(filters, 't0.image_id')] ELSE '{}' END;
    apart   boolean := NOT plain AND coalesce(filters -> 'state' = '["approved"]', false)
                       AND NOT filters ?| '{kind,attributes,origin,created_after,created_before,updated_after,min_width,min_height}'
                       AND rage.few_closed();
    open    text;
    found   rage.matching;
BEGIN
    IF cardinality(among) > 1000000 THEN
        RAISE EXCEPTION 'among has % ids, at most 1000000 are possible', cardinality(among)
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'among';
    END IF;
    found.condition := rage.all_of(rage.standing_clause(filters, 'i') || others || tags);
    found.tagged := apart AND filters ? 'tags' AND among IS NULL AND NOT filters ?| '{sku,collection}';
    -- The relation is put in by format().
    IF apart THEN
        open := rage.open_clause(filters);
        found.within := '%s AS i WHERE ' || replace(rage.all_of(open || others || tags), '%', '%%');
        found.scanned := '%s AS i WHERE ' || replace(rage.all_of(open || others || rage.tag_clauses(filters)), '%', '%%');
    ELSE
        found.within := '%s AS own JOIN rage.images AS i USING (image_id) WHERE ' || replace(found.condition, '%', '%%');
        found.scanned := found.within;
    END IF;
    found.listed := CASE
        WHEN found.tagged
        THEN rage.tagged(filters, 'DISTINCT t0.image_id, t0.brand_id') || ' AS i WHERE ' || rage.all_of(open || others)
        WHEN apart THEN format(found.within, 'rage.images')
        ELSE 'rage.images AS i WHERE ' || found.condition
    END;
    RETURN found;
END
$function$;
COMMENT ON FUNCTION rage.matching(jsonb, bigint[], integer[], boolean) IS
    'What a resolved filter stands for, ready for each place of a statement, for who may see the allowed brands. plain: by the columns of the images, whatever the store holds.';
