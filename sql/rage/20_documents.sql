-- What is known of an image in words, as one text for encoders and one tsvector for the text leg.

CREATE OR REPLACE FUNCTION rage.refresh_documents(ids bigint[]) RETURNS void
LANGUAGE sql
SET search_path FROM CURRENT
AS $function$
    WITH known AS (
        SELECT
            i.image_id,
            i.brand_id,
            b.name AS brand,
            i.title,
            c.text AS caption,
            (SELECT string_agg(replace(t.name, '/', ' '), ', ' ORDER BY t.name)
             FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)
             WHERE it.image_id = i.image_id) AS tags,
            (SELECT string_agg(p.sku, ' ' ORDER BY p.position, p.sku)
             FROM rage.image_products AS p
             WHERE p.image_id = i.image_id AND p.brand_id = i.brand_id) AS skus
        FROM rage.images AS i
        JOIN rage.brands AS b USING (brand_id)
        LEFT JOIN rage.captions AS c ON c.image_id = i.image_id AND c.is_current
        WHERE i.image_id = ANY (ids)
    ),
    texts AS (
        SELECT
            *,
            -- A title that the caption repeats would count twice in the vector.
            concat_ws('. ',
                CASE WHEN starts_with(lower(caption), lower(title)) THEN NULL ELSE title END,
                rtrim(caption, '. '),
                tags) AS input
        FROM known
    ),
    wordless AS (
        -- Without words there is nothing to embed anew, and what was embedded would be found for good.
        DELETE FROM rage.embeddings AS e
        USING texts AS t, rage.embedding_spaces AS s
        WHERE t.input = '' AND e.image_id = t.image_id AND s.space_id = e.space_id AND s.encodes = 'caption'
    )
    INSERT INTO rage.image_documents (image_id, brand_id, input, input_sha256, words)
    SELECT
        image_id,
        brand_id,
        input,
        sha256(convert_to(input, 'UTF8')),
        setweight(to_tsvector('english', coalesce(title, '')), 'A')
            || setweight(to_tsvector('english', coalesce(tags, '')), 'B')
            || setweight(to_tsvector('simple', coalesce(skus, '')), 'B')
            || setweight(to_tsvector('english', coalesce(caption, '')), 'C')
            || setweight(to_tsvector('simple', brand), 'D')
    FROM texts
    ON CONFLICT (image_id) DO UPDATE
    SET input = excluded.input, input_sha256 = excluded.input_sha256, words = excluded.words;
$function$;
COMMENT ON FUNCTION rage.refresh_documents(bigint[]) IS
    'Makes the documents of these images anew; whoever changes a title, caption, tag or product calls it in the same transaction.';


CREATE OR REPLACE FUNCTION rage.prompt_words(prompt text, allowed integer[]) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $function$
    -- Both configurations, because SKUs and brand names are indexed unstemmed.
    WITH every_word AS (
        SELECT lexeme FROM unnest(to_tsvector('english', prompt))
        UNION
        SELECT lexeme FROM unnest(to_tsvector('simple', prompt))
        WHERE lexeme ~ '[0-9]'
           OR lexeme IN (SELECT b.key FROM rage.brands AS b WHERE allowed IS NULL OR b.brand_id = ANY (allowed))
    ),
    words AS (
        -- Each word is counted over the store: a prompt as long as a book stands for its longest words.
        SELECT lexeme FROM every_word ORDER BY length(lexeme) DESC, lexeme LIMIT 64
    ),
    store AS (
        SELECT count(*) AS documents
        FROM rage.image_documents AS d
        WHERE allowed IS NULL OR d.brand_id = ANY (allowed)
    ),
    weighed AS (
        SELECT
            w.lexeme,
            ln(1 + (s.documents + 1) / (0.5 + (
                SELECT count(*)
                FROM rage.image_documents AS d
                WHERE d.words @@ quote_literal(w.lexeme)::tsquery AND (allowed IS NULL OR d.brand_id = ANY (allowed))
            ))) AS idf
        FROM words AS w CROSS JOIN store AS s
    )
    SELECT jsonb_object_agg(lexeme, round(idf::numeric / (SELECT sum(idf)::numeric FROM weighed), 6))
    FROM weighed
$function$;
COMMENT ON FUNCTION rage.prompt_words(text, integer[]) IS
    'The words of a prompt, stemmed, each with its share of what the prompt says: its inverse document frequency over their sum, counted in the allowed brands (null: in all). Null where only stop words are left.';


CREATE OR REPLACE FUNCTION rage.any_word(words jsonb) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg(quote_literal(word)::tsquery::text, ' | ')::tsquery FROM jsonb_object_keys(words) AS word);
COMMENT ON FUNCTION rage.any_word(jsonb) IS 'Finds the documents that have one of a prompt''s words.';
