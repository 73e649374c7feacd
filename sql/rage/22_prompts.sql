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
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
BEGIN
    RETURN coalesce((
    SELECT array_agg(DISTINCT c.configuration)
    FROM rage.text_configurations AS c
    WHERE c.documents > 0
      AND (prompt_configurations.allowed IS NULL OR c.brand_id = ANY (prompt_configurations.allowed))
), '{english}');
END
$function$;
COMMENT ON FUNCTION rage.prompt_configurations(integer[]) IS
    'The text search configurations that documents of the allowed brands (null: all) are stemmed in: a prompt does not tell its language.';


CREATE OR REPLACE FUNCTION rage.lexeme_query(forms text[]) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT string_agg('''' || replace(replace(form, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery FROM unnest(forms) AS form
);
COMMENT ON FUNCTION rage.lexeme_query(text[]) IS 'Finds the documents that have one of these lexemes.';


CREATE OR REPLACE FUNCTION rage.phrase_query(phrase text, configurations text[]) RETURNS tsquery
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
BEGIN
    RETURN (
    WITH readings AS (
        SELECT DISTINCT phraseto_tsquery(rage.as_configuration(c), phrase) AS reading
        -- As it stands, for SKUs and the names of brands.
        FROM unnest(configurations || 'simple'::text) AS c
    )
    SELECT string_agg('(' || reading::text || ')', ' | ')::tsquery FROM readings WHERE numnode(reading) > 0);
END
$function$;
COMMENT ON FUNCTION rage.phrase_query(text, text[]) IS
    'Finds the documents in which these words stand side by side, read in any of the configurations; null where there are no words.';


CREATE OR REPLACE FUNCTION rage.word_forms(
    word text, configurations text[], allowed integer[], OUT forms text[], OUT stopped text[]
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    as_it_stands   text[] := tsvector_to_array(to_tsvector('simple', word));
    configuration  text;
    stems          text[];
BEGIN
    forms := '{}';
    stopped := '{}';
    FOREACH configuration IN ARRAY configurations LOOP
        stems := tsvector_to_array(to_tsvector(rage.as_configuration(configuration), word));
        IF stems = '{}' THEN
            stopped := stopped || configuration;
        END IF;
        forms := forms || stems;
    END LOOP;
    -- What only fills a sentence says something where it is the name of a brand.
    IF forms <> '{}' OR EXISTS (
        SELECT FROM rage.brands AS b
        WHERE b.key = ANY (as_it_stands) AND (allowed IS NULL OR b.brand_id = ANY (allowed))
    ) THEN
        forms := ARRAY(SELECT DISTINCT form FROM unnest(forms || as_it_stands) AS form ORDER BY form);
    END IF;
END
$function$;
COMMENT ON FUNCTION rage.word_forms(text, text[], integer[]) IS
    'Every form that documents may have a word in: its stem in each configuration, and as it stands. stopped: the configurations that drop it, being everywhere in their language.';


CREATE OR REPLACE FUNCTION rage.prompt_terms(prompt text, configurations text[], allowed integer[])
RETURNS TABLE (term tsquery, forms text[], stopped text[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
#variable_conflict use_column
DECLARE
    -- Each is looked up: a prompt as long as a book stands for its longest words.
    most_words    constant integer := 64;
    most_phrases  constant integer := 16;
BEGIN
    RETURN QUERY
    WITH elements AS MATERIALIZED (
        SELECT e.content, e.quoted FROM rage.prompt_elements(prompt) AS e WHERE NOT e.negated AND NOT e.alternative
    ),
    words AS MATERIALIZED (
        SELECT lower(t.token) AS word
        FROM elements AS e CROSS JOIN LATERAL ts_parse('default', e.content) AS t
        WHERE NOT e.quoted
          -- Of URLs and words-with-hyphens the parser gives the parts as well. Blanks, tags and entities are no words.
          AND t.tokid <> ALL ('{5,12,13,14,15,16,17,23}')
        GROUP BY word
        ORDER BY length(lower(t.token)) DESC, word
        LIMIT most_words
    ),
    -- lamp, lamps and Lampen are one word, told by the form that is stemmed furthest.
    once AS (
        SELECT DISTINCT ON (shortest.form) f.forms, f.stopped
        FROM words AS w
        CROSS JOIN LATERAL rage.word_forms(w.word, configurations, allowed) AS f
        CROSS JOIN LATERAL (SELECT form FROM unnest(f.forms) AS form ORDER BY length(form), form LIMIT 1) AS shortest
        ORDER BY shortest.form, cardinality(f.forms) DESC, w.word
    ),
    phrases AS MATERIALIZED (
        SELECT rage.phrase_query(e.content, configurations) AS phrase
        FROM elements AS e
        WHERE e.quoted
        GROUP BY e.content
        ORDER BY length(e.content) DESC, e.content
        LIMIT most_phrases
    )
    SELECT rage.lexeme_query(o.forms), o.forms, o.stopped FROM once AS o
    UNION ALL
    SELECT p.phrase, '{}'::text[], '{}'::text[] FROM phrases AS p WHERE p.phrase IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION rage.prompt_terms(text, text[], integer[]) IS
    'What a prompt asks for: a term for each word, with the lexemes that it is found by, and for each phrase. stopped: the configurations to which a word says nothing.';


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
