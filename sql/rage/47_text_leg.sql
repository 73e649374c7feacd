-- The CTEs of the text leg: how a prompt's words find images.

CREATE OR REPLACE FUNCTION rage.text_source(filter text, wide boolean) RETURNS text
LANGUAGE sql IMMUTABLE
-- From the words where the filter is wide, else from the few that pass it. The brands are looked up with the words.
RETURN CASE WHEN wide
    THEN 'rage.image_documents AS d JOIN rage.images AS i USING (image_id) WHERE ' || filter
    ELSE 'matches JOIN rage.image_documents AS d USING (image_id) WHERE true'
END || E'\n      AND (rage.searched_brands($1, $3) IS NULL OR ARRAY[d.brand_id] && rage.searched_brands($1, $3))';
COMMENT ON FUNCTION rage.text_source(text, boolean) IS 'The documents d of the images that pass the filter: FROM and WHERE.';


CREATE OR REPLACE FUNCTION rage.text_stage(stage integer, source text, stages jsonb, wide boolean) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (
    SELECT format($sql$
text_%1$s AS MATERIALIZED (
    SELECT d.image_id, (SELECT sum(t.share) FROM terms AS t WHERE d.words @@ t.words) AS score
    FROM %2$s
      AND d.words @@ ($4 #>> '{stages,%3$s,words}')::tsquery%4$s%5$s%6$s
),
text_%1$s_read AS (
    SELECT %7$scount(*) FILTER (WHERE score > ($4 #>> '{stages,%3$s,score}')::double precision - 1e-6) < $10 AS short
    FROM text_%1$s
),$sql$,
        stage, source, stage - 1,
        CASE WHEN stage > 1 THEN format(E'\n      AND (SELECT short FROM text_%s_read)', stage - 1) END,
        -- Of few matches each document is fetched anyway.
        CASE WHEN NOT wide AND stage < jsonb_array_length(stages) THEN E'\n      AND (SELECT count(*) > 1000 FROM matches)' END,
        -- Documents with all the words tie: of more than these, any will do.
        CASE WHEN (stages -> stage - 1 ->> 'whole')::boolean THEN E'\n    LIMIT greatest(1000, $10)' END,
        CASE WHEN stage > 1 THEN format('(SELECT short FROM text_%s_read) AND ', stage - 1) END)
);
COMMENT ON FUNCTION rage.text_stage(integer, text, jsonb, boolean) IS
    'The CTEs of one stage: its documents with their scores, read where the stages before came short, and whether it did, too.';


CREATE OR REPLACE FUNCTION rage.text_leg(filter text, wide boolean, words jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    stages  jsonb := words -> 'stages';
    source  text := rage.text_source(filter, wide);
    read    text := '';
    found   text[] := '{}';
BEGIN
    FOR stage IN 1 .. jsonb_array_length(stages) LOOP
        read := read || rage.text_stage(stage, source, stages, wide);
        -- A later stage finds what an earlier one found, and more.
        found := found || format('SELECT image_id, score, 0 AS named FROM text_%1$s%2$s', stage,
            CASE WHEN stage < jsonb_array_length(stages) THEN format(' WHERE NOT (SELECT short FROM text_%s_read)', stage) END);
    END LOOP;
    IF words -> 'skus' <> '[]' THEN
        found := found || format($sql$(SELECT d.image_id, 1, 2 AS named FROM %s
      AND d.image_id IN (SELECT p.image_id FROM rage.image_products AS p WHERE p.sku = ANY (rage.texts($4 -> 'skus')))
    LIMIT greatest(1000, $10))$sql$, source);
    END IF;
    IF words -> 'tags' <> '[]' THEN
        found := found || format($sql$(SELECT d.image_id, 1, 1 AS named FROM %s
      AND d.image_id IN (SELECT it.image_id FROM rage.image_tags AS it WHERE it.tag_id = ANY (rage.integers($4 -> 'tags')))
    LIMIT greatest(1000, $10))$sql$, source);
    END IF;
    RETURN format($sql$
terms AS MATERIALIZED (
    SELECT words::tsquery AS words, share
    FROM jsonb_to_recordset($4 -> 'terms') AS t (words text, share double precision)
),%1$s
text_found AS MATERIALIZED (
    SELECT image_id, max(score) AS score, max(named) AS named
    FROM (
    %2$s
    ) AS found
    GROUP BY image_id
),
text_last AS (
    SELECT named, score FROM text_found ORDER BY named DESC, score DESC OFFSET $10 - 1 LIMIT 1
),
text_ranked AS (
    SELECT f.image_id, f.score, f.named,
           row_number() OVER (
               ORDER BY f.named DESC, f.score DESC,
                        ts_rank('{0.1, 0.3, 0.6, 1.0}', d.words, rage.any_word($4), 1) DESC NULLS LAST, f.image_id
           ) AS place
    FROM text_found AS f JOIN rage.image_documents AS d USING (image_id)
    -- How densely the words stand matters only between equals.
    WHERE NOT EXISTS (SELECT FROM text_last AS l WHERE (f.named, f.score) < (l.named, l.score))
),
"text" AS (
    SELECT image_id, score, place,
           -- A product that is named comes before all that other legs find: before the first place in each of them.
           score + CASE WHEN named = 2
                        THEN (60 + place) * (SELECT sum(w.weight::double precision) FROM jsonb_each_text($6) AS w (leg, weight))
                             / (60 * ($6 ->> 'text')::double precision)
                        ELSE 0 END AS strength
    FROM text_ranked
    WHERE place <= $10
)$sql$, read, array_to_string(found, E'\n    UNION ALL\n    '));
END
$function$;
COMMENT ON FUNCTION rage.text_leg(text, boolean, jsonb) IS
    'The CTEs of the text leg: the best $10 matches, first those that the prompt names by SKU or as a tag, then by the share of its words that they have, then by their density.';
