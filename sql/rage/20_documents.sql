-- What is known of an image in words, as one text for encoders and one tsvector for the text leg.

CREATE OR REPLACE FUNCTION rage.text_configuration(language text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN language IS NULL THEN 'english'
    ELSE coalesce((
        SELECT c.cfgname::text
        FROM (VALUES
            ('ar', 'arabic'), ('hy', 'armenian'), ('eu', 'basque'), ('ca', 'catalan'), ('da', 'danish'), ('nl', 'dutch'),
            ('en', 'english'), ('et', 'estonian'), ('fi', 'finnish'), ('fr', 'french'), ('de', 'german'), ('el', 'greek'),
            ('hi', 'hindi'), ('hu', 'hungarian'), ('id', 'indonesian'), ('ga', 'irish'), ('it', 'italian'),
            ('lt', 'lithuanian'), ('ne', 'nepali'), ('no', 'norwegian'), ('nb', 'norwegian'), ('nn', 'norwegian'),
            ('pl', 'polish'), ('pt', 'portuguese'), ('ro', 'romanian'), ('ru', 'russian'), ('sr', 'serbian'), ('es', 'spanish'),
            ('sv', 'swedish'), ('ta', 'tamil'), ('tr', 'turkish'), ('yi', 'yiddish')
        ) AS known (subtag, configuration)
        -- Each version of Postgres knows some more.
        JOIN pg_catalog.pg_ts_config AS c
          ON c.cfgname = known.configuration AND c.cfgnamespace = 'pg_catalog'::regnamespace
        WHERE known.subtag = lower(split_part(language, '-', 1))
    ), 'simple')
END;
COMMENT ON FUNCTION rage.text_configuration(text) IS
    'The text search configuration for a BCP 47 tag: english where no language is named, simple where Postgres knows none for it.';


CREATE OR REPLACE FUNCTION rage.as_configuration(configuration text) RETURNS regconfig
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN format('pg_catalog.%I', configuration)::regconfig;
COMMENT ON FUNCTION rage.as_configuration(text) IS
    'A stored configuration for use. It is stored by its name: pg_upgrade refuses columns that hold regconfig.';


CREATE OR REPLACE FUNCTION rage.document_words(
    language regconfig, title text, tags text, skus text, caption text, seen text, visible_text text, brand text
) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    -- A gap lies between the fields, where no word is next to the other field's: a phrase stands within one.
    SELECT ts_delete(
        setweight(to_tsvector(language, coalesce(title, '')), 'A')
            || gap || setweight(to_tsvector(language, coalesce(tags, '')), 'B')
            || gap || setweight(to_tsvector('simple', coalesce(skus, '')), 'B')
            || gap || setweight(to_tsvector(language, coalesce(caption, '')), 'C')
            || gap || setweight(to_tsvector(language, coalesce(seen, '')), 'D')
            || gap || setweight(to_tsvector(language, coalesce(visible_text, '')), 'D')
            || gap || setweight(to_tsvector('simple', brand), 'D'),
        '|')
    FROM (VALUES ('''|'':100'::tsvector)) AS g (gap)
);
COMMENT ON FUNCTION rage.document_words(regconfig, text, text, text, text, text, text, text) IS
    'The words of an image, in its language; SKUs and the brand''s name as they stand.';


CREATE OR REPLACE FUNCTION rage.is_name_of_file(image bigint, title text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN EXISTS (
    SELECT FROM rage.image_identifiers AS n
    WHERE n.image_id = image AND n.root <> ''
      AND left(btrim(regexp_replace(regexp_replace(n.identifier, '^.*/|(?<=[^/])\.[^./]*$', '', 'g'), '[\s_-]+', ' ', 'g')), 1000) = title
);
COMMENT ON FUNCTION rage.is_name_of_file(bigint, text) IS
    'Whether a title is what an import made of the name of the image''s file.';


CREATE OR REPLACE FUNCTION rage.refresh_documents(ids bigint[]) RETURNS void
LANGUAGE sql
SET search_path FROM CURRENT
AS $function$
    -- Whoever changes a brand's language meanwhile waits, and then finds these documents too.
    SELECT FROM rage.brands AS b
    WHERE b.brand_id IN (SELECT i.brand_id FROM rage.images AS i WHERE i.image_id = ANY (ids))
    ORDER BY b.brand_id
    FOR SHARE;

    WITH known AS (
        SELECT
            i.image_id,
            i.brand_id,
            b.name AS brand,
            i.title,
            c.text AS caption,
            d.seen,
            d.visible_text,
            rage.text_configuration(coalesce(c.language, b.language)) AS configuration,
            (SELECT string_agg(replace(t.name, '/', ' '), ', ' ORDER BY t.name)
             FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)
             WHERE it.image_id = i.image_id) AS tags,
            (SELECT string_agg(p.sku, ' ' ORDER BY p.position, p.sku)
             FROM rage.image_products AS p
             WHERE p.image_id = i.image_id AND p.brand_id = i.brand_id) AS skus
        FROM rage.images AS i
        JOIN rage.brands AS b USING (brand_id)
        LEFT JOIN rage.captions AS c ON c.image_id = i.image_id AND c.is_current
        CROSS JOIN LATERAL (
            -- What was seen in a picture that the image no longer shows is left out.
            SELECT string_agg(nullif(array_to_string(s.objects || s.styles || s.colours, ', '), ''), ', ') AS seen,
                   string_agg(nullif(s.visible_text, ''), ' ') AS visible_text
            FROM rage.descriptions AS s
            WHERE s.image_id = i.image_id AND s.content_id = i.content_id
        ) AS d
        WHERE i.image_id = ANY (ids)
    ),
    texts AS (
        SELECT
            *,
            concat_ws('. ',
                CASE
                    -- A title that the caption repeats would count twice in the vector.
                    WHEN starts_with(lower(caption), lower(title)) THEN NULL
                    -- Where a caption says what there is, "img 0012 final" only takes the vector away from it.
                    WHEN caption IS NOT NULL AND rage.is_name_of_file(image_id, title) THEN NULL
                    ELSE title
                END,
                rtrim(caption, '. '),
                tags,
                seen,
                -- A page of small print would drown the rest in the vector; the text leg has all of it.
                left(visible_text, 300)) AS input
        FROM known
    ),
    wordless AS (
        -- Without words there is nothing to embed anew, and what was embedded would be found for good.
        DELETE FROM rage.embeddings AS e
        USING texts AS t, rage.embedding_spaces AS s
        WHERE t.input = '' AND e.image_id = t.image_id AND s.space_id = e.space_id AND s.encodes = 'caption'
    ),
    read_in AS (
        INSERT INTO rage.text_configurations AS c (brand_id, configuration, documents, changed)
        SELECT t.brand_id, t.configuration, count(*) FILTER (WHERE d.configuration IS DISTINCT FROM t.configuration), count(*)
        FROM texts AS t LEFT JOIN rage.image_documents AS d USING (image_id)
        GROUP BY t.brand_id, t.configuration
        ORDER BY t.brand_id, t.configuration
        ON CONFLICT (brand_id, configuration) DO UPDATE
        SET documents = c.documents + excluded.documents, changed = c.changed + excluded.changed
    )
    INSERT INTO rage.image_documents (image_id, brand_id, input, input_sha256, configuration, words)
    SELECT
        image_id,
        brand_id,
        input,
        sha256(convert_to(input, 'UTF8')),
        configuration,
        rage.document_words(rage.as_configuration(configuration), title, tags, skus, caption,
                            seen, visible_text, brand)
    FROM texts
    ON CONFLICT (image_id) DO UPDATE
    SET input = excluded.input, input_sha256 = excluded.input_sha256, configuration = excluded.configuration,
        words = excluded.words;
$function$;
COMMENT ON FUNCTION rage.refresh_documents(bigint[]) IS
    'Makes the documents of these images anew; whoever changes a title, caption, description, tag or product calls it in the same transaction.';


CREATE OR REPLACE FUNCTION rage.refresh_brand(brand text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    -- An admin of a brand, who sets its language, need not have the right to write to its images.
    PERFORM rage.refresh_documents(ARRAY(
        SELECT d.image_id
        FROM rage.brands AS b
        JOIN rage.image_documents AS d USING (brand_id)
        LEFT JOIN rage.captions AS c ON c.image_id = d.image_id AND c.is_current
        WHERE b.key = rage.normal_form(refresh_brand.brand)
          AND b.brand_id = ANY (rage.allowed_brands('admin'))
          AND d.configuration <> rage.text_configuration(coalesce(c.language, b.language))));
END
$function$;
COMMENT ON FUNCTION rage.refresh_brand(text) IS
    'Makes the documents of a brand anew that its language changes; whoever changes that calls it in the same transaction.';
