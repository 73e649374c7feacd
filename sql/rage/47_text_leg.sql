-- The CTEs of the text leg: how a prompt's words find images.

CREATE OR REPLACE FUNCTION rage.text_leg(filter text, wide boolean) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN format($sql$
words AS (
    SELECT quote_literal(word)::tsquery AS word, share::double precision AS share
    FROM jsonb_each_text($4) AS w (word, share)
),
"text" AS (
    SELECT image_id, score, row_number() OVER (ORDER BY score DESC, density DESC, image_id) AS place
    FROM (
        SELECT d.image_id,
               (SELECT sum(w.share) FROM words AS w WHERE d.words @@ w.word) AS score,
               ts_rank('{0.1, 0.3, 0.6, 1.0}', d.words, rage.any_word($4), 1) AS density
        FROM %1$s
        ORDER BY score DESC, density DESC, d.image_id
        LIMIT $10
    ) AS scored
)$sql$,
    -- From the words where the filter is wide, else from the few that pass it.
    CASE WHEN wide
    THEN format($sql$rage.image_documents AS d JOIN rage.images AS i USING (image_id)
        WHERE d.words @@ rage.any_word($4)
          AND %s$sql$, filter)
    ELSE $sql$matches JOIN rage.image_documents AS d USING (image_id)
        WHERE d.words @@ rage.any_word($4)$sql$
    END);
COMMENT ON FUNCTION rage.text_leg(text, boolean) IS
    'The CTEs of the text leg: the best $10 matches by the share of the prompt''s words that they have, then by their density.';
