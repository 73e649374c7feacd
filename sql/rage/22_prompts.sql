-- How a prompt is read: its words, its "quoted phrases", and what it -excludes. What a person typed becomes values of
-- tsquery, made by the parser of Postgres or from quoted lexemes; none of it becomes a part of a statement.

CREATE OR REPLACE FUNCTION rage.prompt_elements(prompt text)
RETURNS TABLE (place bigint, content text, negated boolean, quoted boolean, alternative boolean)
LANGUAGE sql IMMUTABLE
AS $function$
    WITH tokens AS (
        -- A phrase stands between white space, but for what closes a sentence behind it: 24" and 27" are inches.
        SELECT t.token[1] AS token, t.place
        FROM regexp_matches(
            translate(prompt, '“”„', '"""'), '-?"[^"]+"[^"\s[:alnum:]]*(?!\S)|\S+', 'g') WITH ORDINALITY AS t (token, place)
    )
    SELECT
        place,
        translate(token, '"', ' '),
        token ~ '^-["[:alnum:]]',
        -- A longer one is a text that somebody quotes: its words count one by one.
        token ~ '^-?"[^"]+"[^"[:alnum:]]*$' AND length(token) <= 300,
        token ~* '^or$'
    FROM tokens
$function$;
COMMENT ON FUNCTION rage.prompt_elements(text) IS
    'A prompt taken apart at its white space and quotation marks. negated: a minus stands directly before it; quoted: its words must stand side by side; alternative: it is the word or.';


CREATE OR REPLACE FUNCTION rage.prompt_configurations(allowed integer[]) RETURNS text[]
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN coalesce((
    SELECT array_agg(DISTINCT c.configuration)
    FROM rage.text_configurations AS c
    WHERE c.documents > 0
      AND (prompt_configurations.allowed IS NULL OR c.brand_id = ANY (prompt_configurations.allowed))
), '{english}');
COMMENT ON FUNCTION rage.prompt_configurations(integer[]) IS
    'The text search configurations that documents of the allowed brands (null: all) are stemmed in: a prompt does not tell its language.';


CREATE OR REPLACE FUNCTION rage.lexeme_query(forms text[]) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT string_agg('''' || replace(replace(form, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery FROM unnest(forms) AS form
);
COMMENT ON FUNCTION rage.lexeme_query(text[]) IS 'Finds the documents that have one of these lexemes.';


CREATE OR REPLACE FUNCTION rage.phrase_query(phrase text, configurations text[]) RETURNS tsquery
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN (
    WITH readings AS (
        SELECT DISTINCT phraseto_tsquery(rage.as_configuration(c), phrase) AS reading
        -- As it stands, for SKUs and the names of brands.
        FROM unnest(configurations || 'simple'::text) AS c
    )
    SELECT string_agg('(' || reading::text || ')', ' | ')::tsquery FROM readings WHERE numnode(reading) > 0
);
COMMENT ON FUNCTION rage.phrase_query(text, text[]) IS
    'Finds the documents in which these words stand side by side, read in any of the configurations; null where there are no words.';


CREATE OR REPLACE FUNCTION rage.word_terms(words text[], configurations text[], allowed integer[])
RETURNS TABLE (term tsquery, forms text[], stopped text[])
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $function$
    WITH stems AS (
        SELECT w.word, c.configuration, s.stem
        FROM unnest(words) AS w (word)
        CROSS JOIN unnest(configurations) AS c (configuration)
        LEFT JOIN LATERAL unnest(tsvector_to_array(to_tsvector(rage.as_configuration(c.configuration), w.word))) AS s (stem) ON true
    ),
    as_they_stand AS (
        SELECT w.word, s.stem
        FROM unnest(words) AS w (word)
        CROSS JOIN LATERAL unnest(tsvector_to_array(to_tsvector('simple', w.word))) AS s (stem)
        -- What only fills a sentence says something where it is the name of a brand.
        WHERE EXISTS (SELECT FROM stems AS k WHERE k.word = w.word AND k.stem IS NOT NULL)
           OR s.stem IN (SELECT b.key FROM rage.brands AS b WHERE allowed IS NULL OR b.brand_id = ANY (allowed))
    ),
    words_with_forms AS (
        SELECT word, array_agg(DISTINCT stem ORDER BY stem) AS forms
        FROM (SELECT word, stem FROM stems WHERE stem IS NOT NULL UNION ALL SELECT word, stem FROM as_they_stand) AS f
        GROUP BY word
    ),
    -- lamp, lamps and Lampen are one word, told by the form that is stemmed furthest.
    once AS (
        SELECT DISTINCT ON (shortest.form) word, forms
        FROM words_with_forms
        CROSS JOIN LATERAL (SELECT form FROM unnest(forms) AS form ORDER BY length(form), form LIMIT 1) AS shortest
        ORDER BY shortest.form, cardinality(forms) DESC, word
    )
    SELECT
        rage.lexeme_query(forms),
        forms,
        ARRAY(SELECT s.configuration FROM stems AS s WHERE s.word = o.word AND s.stem IS NULL)
    FROM once AS o
$function$;
COMMENT ON FUNCTION rage.word_terms(text[], text[], integer[]) IS
    'The terms that words stand for: each once, in every form that documents may have it in. stopped: the configurations that drop it, being everywhere in their language.';


CREATE OR REPLACE FUNCTION rage.prompt_terms(prompt text, configurations text[], allowed integer[])
RETURNS TABLE (term tsquery, forms text[], stopped text[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    -- Each is looked up: a prompt as long as a book stands for its longest words.
    most_words    constant integer := 64;
    most_phrases  constant integer := 16;
    words         text[];
BEGIN
    words := ARRAY(
        SELECT lower(t.token) AS word
        FROM rage.prompt_elements(prompt) AS e CROSS JOIN LATERAL ts_parse('default', e.content) AS t
        WHERE NOT e.negated AND NOT e.quoted AND NOT e.alternative
          -- Of URLs and words-with-hyphens the parser gives the parts as well. Blanks, tags and entities are no words.
          AND t.tokid <> ALL ('{5,12,13,14,15,16,17,23}')
        GROUP BY word
        ORDER BY length(lower(t.token)) DESC, word
        LIMIT most_words);
    RETURN QUERY
    SELECT * FROM rage.word_terms(words, configurations, allowed)
    UNION ALL
    SELECT p.phrase, '{}', '{}'
    FROM (
        SELECT rage.phrase_query(e.content, configurations) AS phrase
        FROM rage.prompt_elements(prompt) AS e
        WHERE e.quoted AND NOT e.negated
        GROUP BY e.content
        ORDER BY length(e.content) DESC, e.content
        LIMIT most_phrases
    ) AS p
    WHERE p.phrase IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION rage.prompt_terms(text, text[], integer[]) IS
    'What a prompt asks for: a term for each word and each phrase, with the lexemes that it is found by where they are few.';


CREATE OR REPLACE FUNCTION rage.excluded_words(prompt text, allowed integer[]) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    most            constant integer := 64;
    longest         constant integer := 300;
    negated         text[];
    says            boolean;
    configurations  text[];
BEGIN
    SELECT array_agg(DISTINCT e.content) FILTER (WHERE e.negated), bool_or(NOT e.negated AND e.content ~ '[[:alnum:]]')
    INTO negated, says
    FROM rage.prompt_elements(prompt) AS e;
    IF negated IS NULL THEN
        RETURN '{}';
    ELSIF NOT says THEN
        RAISE EXCEPTION 'the prompt only says what to leave out: add what to look for'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'prompt';
    ELSIF cardinality(negated) > most OR EXISTS (SELECT FROM unnest(negated) AS n (phrase) WHERE length(n.phrase) > longest) THEN
        RAISE EXCEPTION 'the prompt leaves out too much: at most % words or phrases after a minus, of % characters each', most, longest
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'prompt';
    END IF;
    configurations := rage.prompt_configurations(allowed);
    RETURN coalesce((
        SELECT jsonb_build_object('words_none', string_agg('(' || p.phrase::text || ')', ' | '))
        FROM (SELECT rage.phrase_query(n.content, configurations) AS phrase FROM unnest(negated) AS n (content)) AS p
        WHERE p.phrase IS NOT NULL
        HAVING count(*) > 0
    ), '{}');
END
$function$;
COMMENT ON FUNCTION rage.excluded_words(text, integer[]) IS
    'The filter that a prompt''s words after a minus stand for, or a clear error where it has no others.';


CREATE OR REPLACE FUNCTION rage.required_words(words text) RETURNS tsquery
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
DECLARE
    configurations  text[] := rage.prompt_configurations(rage.brand_limit());
    wanted          tsquery;
BEGIN
    WITH elements AS (
        SELECT e.*, count(*) FILTER (WHERE e.alternative) OVER (ORDER BY e.place) AS choice
        FROM rage.prompt_elements(words) AS e
    ),
    conditions AS (
        SELECT e.choice, CASE WHEN e.negated THEN '!(' ELSE '(' END || r.reading::text || ')' AS condition
        FROM elements AS e
        CROSS JOIN LATERAL (SELECT rage.phrase_query(e.content, configurations) AS reading) AS r
        WHERE NOT e.alternative AND r.reading IS NOT NULL
          -- What only fills a sentence in one of the languages sets no condition: documents in that language lack it.
          AND (e.negated OR NOT EXISTS (
              SELECT FROM unnest(configurations) AS c WHERE numnode(phraseto_tsquery(rage.as_configuration(c), e.content)) = 0))
    ),
    choices AS (
        SELECT '(' || string_agg(condition, ' & ') || ')' AS choice FROM conditions GROUP BY choice
    )
    SELECT string_agg(choice, ' | ')::tsquery INTO wanted FROM choices;
    RETURN coalesce(wanted, CASE WHEN words IS NOT NULL THEN ''::tsquery END);
END
$function$;
COMMENT ON FUNCTION rage.required_words(text) IS
    'What a list''s words ask for: all of them, in any language of the brands that are seen; "phrases", -excluded words and or as in a prompt.';
