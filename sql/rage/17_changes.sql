-- What has to be embedded of images, and in which transaction that last changed.

CREATE OR REPLACE FUNCTION rage.note_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
BEGIN
    NEW.changed_in := pg_current_xact_id();
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION rage.note_change() IS
    'Row trigger: notes the transaction. What a look for missing vectors could not see yet is what it tells from the rest.';

-- Also over a value that is given: a dump that is restored brings the numbers of another server along.
CREATE OR REPLACE TRIGGER change_of_new BEFORE INSERT ON rage.images
    FOR EACH ROW EXECUTE FUNCTION rage.note_change();
CREATE OR REPLACE TRIGGER change_of_shown BEFORE UPDATE ON rage.images
    FOR EACH ROW
    WHEN (OLD.content_id <> NEW.content_id OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at
          OR OLD.erased_at IS DISTINCT FROM NEW.erased_at)
    EXECUTE FUNCTION rage.note_change();
CREATE OR REPLACE TRIGGER change_of_new BEFORE INSERT ON rage.image_documents
    FOR EACH ROW EXECUTE FUNCTION rage.note_change();
CREATE OR REPLACE TRIGGER change_of_input BEFORE UPDATE ON rage.image_documents
    FOR EACH ROW WHEN (OLD.input_sha256 <> NEW.input_sha256)
    EXECUTE FUNCTION rage.note_change();


CREATE OR REPLACE FUNCTION rage.wanted_inputs(encodes text, images bigint[])
RETURNS TABLE (image_id bigint, brand_id integer, input_sha256 bytea)
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- Of the two ways to want an image, the planner leaves out the one that is not asked for.
    SELECT i.image_id, i.brand_id, d.input_sha256
    FROM rage.images AS i
    JOIN rage.image_documents AS d USING (image_id)
    WHERE wanted_inputs.encodes = 'caption'
      -- Said of both: either table is then read by its index, however many images there are.
      AND i.image_id = ANY (wanted_inputs.images)
      AND d.image_id = ANY (wanted_inputs.images)
      AND i.deleted_at IS NULL
      AND d.input <> ''
    UNION ALL
    SELECT i.image_id, i.brand_id, o.sha256
    FROM rage.images AS i
    JOIN rage.contents AS o USING (content_id)
    WHERE wanted_inputs.encodes <> 'caption'
      AND i.image_id = ANY (wanted_inputs.images)
      AND i.deleted_at IS NULL
      AND o.erased_at IS NULL;
END;
COMMENT ON FUNCTION rage.wanted_inputs(text, bigint[]) IS
    'Those of these images that a space is to have a vector of, by what it encodes, with the hash of what is to be embedded.';


CREATE OR REPLACE FUNCTION rage.store_identity(tables regclass[]) RETURNS text
LANGUAGE sql STABLE
RETURN concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()),
                 -- A database that was made from a copy, under the name of the old one, has the old one's files by number.
                 (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()),
                 (SELECT string_agg(pg_relation_filenode(t.tab)::text, ' ') FROM unnest(tables) AS t (tab)));
COMMENT ON FUNCTION rage.store_identity(regclass[]) IS
    'Another server, as after a failover, another database, and tables that were emptied or made anew: what was known of them is then void.';
