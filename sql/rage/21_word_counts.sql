-- How common words are: counted ahead where they are common, on demand where they are not, always in the brands that
-- who asks may see.

CREATE OR REPLACE FUNCTION rage.count_brand_words(brand integer) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    -- A search counts by itself what no more documents have: some tenths of a millisecond.
    few  constant integer := 100;
BEGIN
    DELETE FROM rage.common_words AS w WHERE w.brand_id = brand;
    INSERT INTO rage.common_words (brand_id, lexeme, documents)
    SELECT brand, s.word, s.ndoc
    FROM ts_stat(format('SELECT words FROM rage.image_documents WHERE ARRAY[brand_id] && ARRAY[%s]', brand)) AS s
    WHERE s.ndoc > few;

    INSERT INTO rage.text_configurations AS c (brand_id, configuration, documents, changed, counted_at)
    SELECT brand, configuration, count(d.image_id), 0, now()
    FROM (SELECT image_id, configuration FROM rage.image_documents WHERE ARRAY[brand_id] && ARRAY[brand]) AS d
    FULL JOIN (SELECT configuration FROM rage.text_configurations WHERE brand_id = brand) AS known USING (configuration)
    GROUP BY configuration
    ON CONFLICT (brand_id, configuration) DO UPDATE
    SET documents = excluded.documents, changed = 0, counted_at = excluded.counted_at;
END
$function$;
COMMENT ON FUNCTION rage.count_brand_words(integer) IS 'Counts the words and languages of one brand''s documents anew.';


CREATE OR REPLACE FUNCTION rage.count_words() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
DECLARE
    stale  integer;
BEGIN
    IF NOT rage.is_operator() THEN
        RAISE EXCEPTION 'only the operator has words counted' USING ERRCODE = 'insufficient_privilege';
    END IF;
    FOR stale IN
        SELECT c.brand_id
        FROM rage.text_configurations AS c
        GROUP BY c.brand_id
        -- A tenth, so that counting stays a small part of importing.
        HAVING sum(c.changed) > 0.1 * sum(c.documents) + 100
            OR (sum(c.changed) > 0 AND min(c.counted_at) < now() - interval '1 day')
        ORDER BY c.brand_id
    LOOP
        -- Two workers do not count the same brand.
        IF pg_try_advisory_xact_lock('rage.common_words'::regclass::integer, stale) THEN
            PERFORM rage.count_brand_words(stale);
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$function$;
COMMENT ON FUNCTION rage.count_words() IS
    'Counts the words of one brand, of whose documents many were written since they were counted, or some and that was a day ago; whether there was one.';


CREATE OR REPLACE FUNCTION rage.documents_of(allowed integer[]) RETURNS bigint
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN (
    SELECT coalesce(sum(c.documents), 0)
    FROM rage.text_configurations AS c
    WHERE documents_of.allowed IS NULL OR c.brand_id = ANY (documents_of.allowed)
);
COMMENT ON FUNCTION rage.documents_of(integer[]) IS 'About how many documents the allowed brands have; null: all brands.';


CREATE OR REPLACE FUNCTION rage.documents_with(term tsquery, forms text[], allowed integer[]) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    -- Weights are logarithms: a word that a thousand documents have is common enough.
    bound      constant integer := 1000;
    counted    bigint;
    in_which   integer[];
    found_now  bigint;
BEGIN
    SELECT coalesce(sum(w.documents), 0), array_agg(w.brand_id) INTO counted, in_which
    FROM rage.common_words AS w
    WHERE w.lexeme = ANY (forms) AND (allowed IS NULL OR w.brand_id = ANY (allowed));
    IF counted >= bound THEN
        RETURN counted;
    ELSIF counted > 0 THEN
        allowed := ARRAY(
            SELECT b.brand_id FROM rage.brands AS b
            WHERE (allowed IS NULL OR b.brand_id = ANY (allowed)) AND b.brand_id <> ALL (in_which));
    END IF;
    -- Planned with its values, like a search. A GIN index is read to its end before the first row comes: without
    -- the brand in it, what another brand has often would be read through.
    EXECUTE 'SELECT count(*) FROM (
                 SELECT FROM rage.image_documents AS d
                 WHERE d.words @@ $1' || CASE WHEN allowed IS NULL THEN '' ELSE ' AND ARRAY[d.brand_id] && $2' END || '
                 LIMIT $3
             ) AS found'
    INTO found_now USING term, allowed, bound;
    RETURN counted + found_now;
END
$function$;
COMMENT ON FUNCTION rage.documents_with(tsquery, text[], integer[]) IS
    'About how many documents of the allowed brands (null: all) have a term, in one of these forms: counted ahead, the rest now, up to a thousand.';
