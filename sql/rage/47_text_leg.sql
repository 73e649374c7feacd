-- The CTEs of the text leg: how a prompt's words find images.

CREATE OR REPLACE FUNCTION rage.documents_where(condition text, within text, wide boolean) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN format(
    -- From the words where the filter is wide, else from the few that pass it.
    CASE WHEN wide THEN within ELSE '%s AS i WHERE i.image_id IN (SELECT image_id FROM matches)' END,
    -- The brands are looked up with the words.
    '(SELECT d.image_id, d.brand_id, d.words FROM rage.image_documents AS d'
    ' WHERE (rage.searched_brands($1, $3) IS NULL OR ARRAY[d.brand_id] && rage.searched_brands($1, $3))'
    ' AND ' || condition || ')');
COMMENT ON FUNCTION rage.documents_where(text, text, boolean) IS
    'Of the images that match, the documents d for which a condition holds: FROM and WHERE.';


CREATE OR REPLACE FUNCTION rage.text_score(terms integer) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (
    SELECT string_agg(format(
        'CASE WHEN words @@ ($4 #>> ''{terms,%1$s,words}'')::tsquery THEN ($4 #>> ''{terms,%1$s,share}'')::double precision ELSE 0 END',
        n), E'\n           + ')
    FROM generate_series(0, terms - 1) AS n
);
COMMENT ON FUNCTION rage.text_score(integer) IS 'The shares of the terms that a document has, added up.';


CREATE OR REPLACE FUNCTION rage.text_stage(stage integer, within text, wide boolean, words jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (
    SELECT format($sql$
text_%1$s AS MATERIALIZED (
    SELECT image_id,
           %8$s AS score
    FROM %2$s%4$s%5$s%6$s
),
text_%1$s_read AS (
    SELECT %7$scount(*) FILTER (WHERE score > ($4 #>> '{stages,%3$s,score}')::double precision - 1e-6) < $10 AS short
    FROM text_%1$s
),$sql$,
        stage,
        rage.documents_where(format('d.words @@ ($4 #>> ''{stages,%s,words}'')::tsquery', stage - 1), within, wide),
        stage - 1,
        CASE WHEN stage > 1 THEN format(E'\n      AND (SELECT short FROM text_%s_read)', stage - 1) END,
        -- Of few matches each document is fetched anyway.
        CASE WHEN NOT wide AND stage < jsonb_array_length(words -> 'stages') THEN E'\n      AND (SELECT count(*) > 1000 FROM matches)' END,
        -- Documents with all the words tie: of more than these, any will do.
        CASE WHEN (words -> 'stages' -> stage - 1 ->> 'whole')::boolean THEN E'\n    LIMIT greatest(1000, $10)' END,
        CASE WHEN stage > 1 THEN format('(SELECT short FROM text_%s_read) AND ', stage - 1) END,
        rage.text_score(jsonb_array_length(words -> 'terms')))
);
COMMENT ON FUNCTION rage.text_stage(integer, text, boolean, jsonb) IS
    'The CTEs of one stage: its documents with their scores, read where the stages before came short, and whether it did, too.';


CREATE OR REPLACE FUNCTION rage.named_documents(words jsonb, within text, wide boolean) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN ARRAY(
    SELECT format(
        E'(SELECT image_id, 1 AS score, %s AS named FROM %s\n    LIMIT greatest(1000, $10))',
        n.precedence,
        rage.documents_where(format('d.image_id IN (%s)', n.holders), within, wide))
    FROM (VALUES
        ('skus', 2, 'SELECT p.image_id FROM rage.image_products AS p WHERE p.sku = ANY (rage.texts($4 -> ''skus''))'),
        ('tags', 1, 'SELECT it.image_id FROM rage.image_tags AS it WHERE it.tag_id = ANY (rage.integers($4 -> ''tags''))')
    ) AS n (kind, precedence, holders)
    WHERE words -> n.kind <> '[]'
);
COMMENT ON FUNCTION rage.named_documents(jsonb, text, boolean) IS
    'The documents of images that the prompt names by SKU or as a tag, one query for each of the two that it does.';


CREATE OR REPLACE FUNCTION rage.text_leg(within text, wide boolean, words jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    stages  integer := jsonb_array_length(words -> 'stages');
    named   text[] := rage.named_documents(words, within, wide);
    read    text := '';
    found   text[] := '{}';
BEGIN
    FOR stage IN 1 .. stages LOOP
        read := read || rage.text_stage(stage, within, wide, words);
        -- A later stage finds what an earlier one found, and more.
        found := found || format('SELECT image_id, score, 0 AS named FROM text_%1$s%2$s', stage,
            CASE WHEN stage < stages THEN format(' WHERE NOT (SELECT short FROM text_%s_read)', stage) END);
    END LOOP;
    RETURN format($sql$%1$s
text_found AS (
    %2$s
),
text_best AS (
    %3$s
    ORDER BY named DESC, score DESC
    FETCH FIRST ($10) ROWS WITH TIES
),
text_ranked AS (
    SELECT b.image_id, b.score, b.named,
           row_number() OVER (
               -- How densely the words stand matters only between equals.
               ORDER BY b.named DESC, b.score DESC,
                        ts_rank('{0.1, 0.3, 0.6, 1.0}', d.words, rage.any_word($4), 1) DESC NULLS LAST, b.image_id
           ) AS place
    FROM text_best AS b JOIN rage.image_documents AS d USING (image_id)
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
)$sql$,
        read,
        array_to_string(found || named, E'\n    UNION ALL\n    '),
        CASE WHEN named = '{}'
        THEN 'SELECT image_id, score, named FROM text_found'
        ELSE 'SELECT image_id, max(score) AS score, max(named) AS named FROM text_found GROUP BY image_id'
        END);
END
$function$;
COMMENT ON FUNCTION rage.text_leg(text, boolean, jsonb) IS
    'The CTEs of the text leg: the best $10 matches, first those that the prompt names by SKU or as a tag, then by the share of its words that they have, then by their density.';
