-- What a prompt's words weigh, and which documents may have so many of them that they are among the best.

CREATE OR REPLACE FUNCTION rage.named_skus(prompt text, allowed integer[]) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    most_words  constant integer := 200;
    longest     constant integer := 4;
    around      constant text := '.,;:!?()[]{}<>"''“”„’';
    words       text[] := regexp_split_to_array(prompt, '\s+');
BEGIN
    RETURN ARRAY(
        WITH runs AS (
            SELECT DISTINCT rage.normal_form(btrim(array_to_string(words[n:n + more], ' '), around)) AS run
            FROM generate_series(1, least(cardinality(words), most_words)) AS n, generate_series(0, longest - 1) AS more
            WHERE n + more <= cardinality(words)
        ),
        -- Within a sentence 2 and red are words, whatever product is called so. A prompt that is nothing else is its number.
        numbers AS (
            SELECT run FROM runs WHERE length(run) >= 4 AND run ~ '[^[:alpha:]]'
            UNION
            SELECT rage.normal_form(prompt)
        )
        SELECT DISTINCT named.sku
        FROM numbers AS n
        -- One by one: the planner would rather read all products of a brand.
        CROSS JOIN LATERAL (
            SELECT p.sku, p.brand_id FROM rage.image_products AS p WHERE rage.normal_form(p.sku) = n.run OFFSET 0
        ) AS named
        WHERE allowed IS NULL OR named.brand_id = ANY (allowed));
END
$function$;
COMMENT ON FUNCTION rage.named_skus(text, integer[]) IS
    'The products of the allowed brands (null: of all) whose numbers a prompt names, as they are stored.';


CREATE OR REPLACE FUNCTION rage.enough_words(terms text[], shares double precision[], score double precision) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    in_pairs  boolean := cardinality(terms) <= 32;
    left_of   double precision[] := '{}';
    sum_left  double precision := 0;
    choices   text := '';
    another   text;
BEGIN
    FOR place IN REVERSE cardinality(terms) .. 1 LOOP
        sum_left := sum_left + shares[place];
        left_of := sum_left || left_of;
    END LOOP;
    -- Of a document that reaches the score: its heaviest word, and one of those that it needs beside it.
    FOR place IN 1 .. cardinality(terms) LOOP
        EXIT WHEN left_of[place] < score;
        another := '';
        IF in_pairs AND shares[place] < score THEN
            FOR beside IN place + 1 .. cardinality(terms) LOOP
                EXIT WHEN shares[place] + left_of[beside] < score;
                another := another || ' | ' || terms[beside];
            END LOOP;
            CONTINUE WHEN another = '';
            another := ' & (' || substr(another, 4) || ')';
        END IF;
        choices := choices || ' | ' || terms[place] || another;
    END LOOP;
    RETURN substr(choices, 4)::tsquery;
END
$function$;
COMMENT ON FUNCTION rage.enough_words(text[], double precision[], double precision) IS
    'Finds every document whose words'' shares add up to a score, and some that fall short: of many words it looks for no pairs. The terms are ordered by share, the heaviest first.';


CREATE OR REPLACE FUNCTION rage.word_stages(terms tsquery[], shares double precision[], counts bigint[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    grouped    text[] := ARRAY(SELECT '(' || t.term::text || ')' FROM unnest(terms) AS t (term));
    all_words  tsquery := array_to_string(grouped, ' & ');
    any_word   tsquery := array_to_string(grouped, ' | ');
    few_words  boolean := cardinality(terms) <= 8;
    scores     double precision[] := CASE WHEN few_words THEN '{0.6, 0.35}' ELSE '{}' END;
    so_far     bigint := 0;
    score      double precision;
    words      tsquery;
    reached    double precision := (SELECT sum(share) FROM unnest(shares) AS share);
    read       tsquery := CASE WHEN few_words THEN all_words END;
    stages     jsonb := '[]';
BEGIN
    IF (SELECT sum(c) FROM unnest(counts) AS c) > 500 THEN
        -- The share of a word is reached by as many documents as have it, or one that is rarer. 200 of them are enough
        -- without a filter, 4,000 under one that lets a fiftieth pass.
        FOR place IN 1 .. cardinality(terms) LOOP
            IF so_far < 200 AND so_far + counts[place] >= 200 OR so_far < 4000 AND so_far + counts[place] >= 4000 THEN
                scores := scores || shares[place];
            END IF;
            so_far := so_far + counts[place];
        END LOOP;
        -- From few documents to all: the first stage with enough of them is the last one that is read. Where two would
        -- read the same, the one that needs less of it.
        FOREACH score IN ARRAY ARRAY(SELECT DISTINCT s FROM unnest(scores || 0::double precision) AS s ORDER BY s DESC) LOOP
            words := CASE WHEN score = 0 THEN any_word ELSE rage.enough_words(grouped, shares, score) END;
            IF words <> read THEN
                stages := stages || jsonb_build_object('score', reached, 'words', read::text, 'whole', read = all_words);
            END IF;
            read := words;
            reached := score;
        END LOOP;
    END IF;
    RETURN stages || jsonb_build_object('score', 0, 'words', any_word::text, 'whole', any_word = all_words);
END
$function$;
COMMENT ON FUNCTION rage.word_stages(tsquery[], double precision[], bigint[]) IS
    'Which documents to rank, in stages: at each, the words by which every document is found that reaches its score. counts: about how many documents have each term; where these are few, there is one stage.';


CREATE OR REPLACE FUNCTION rage.prompt_words(prompt text, allowed integer[]) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    configurations  text[] := rage.prompt_configurations(allowed);
    documents       bigint := rage.documents_of(allowed);
    skus            text[] := rage.named_skus(prompt, allowed);
    tags            integer[] := CASE WHEN length(prompt) <= 200 THEN rage.tag_ids(ARRAY[prompt], allowed) ELSE '{}' END;
    terms           tsquery[];
    shares          double precision[];
    counts          bigint[];
BEGIN
    WITH counted AS MATERIALIZED (
        -- A word that one language drops as a filler is in every document of that language.
        SELECT t.term, least(documents, rage.documents_with(t.term, t.forms, allowed) + (
            SELECT coalesce(sum(c.documents), 0)
            FROM rage.text_configurations AS c
            WHERE c.configuration = ANY (t.stopped) AND (allowed IS NULL OR c.brand_id = ANY (allowed))
        )) AS found
        FROM rage.prompt_terms(prompt, configurations, allowed) AS t
    ),
    weighed AS (
        SELECT c.term, c.found, ln(1 + (documents + 1) / (0.5 + c.found)) AS idf FROM counted AS c
    ),
    shared AS (
        SELECT w.term, w.found, round(idf / sum(idf) OVER (), 6) AS share FROM weighed AS w
    )
    SELECT array_agg(s.term ORDER BY share DESC, s.term::text), array_agg(share ORDER BY share DESC, s.term::text),
           array_agg(s.found ORDER BY share DESC, s.term::text)
    INTO terms, shares, counts
    FROM shared AS s;
    IF terms IS NULL AND skus = '{}' AND tags = '{}' THEN
        RETURN NULL;
    END IF;
    RETURN jsonb_build_object(
        'terms', (SELECT coalesce(jsonb_agg(jsonb_build_object('words', t.term::text, 'share', t.share)), '[]')
                  FROM unnest(terms, shares) AS t (term, share)),
        'stages', CASE WHEN terms IS NULL THEN '[]' ELSE rage.word_stages(terms, shares, counts) END,
        'skus', skus,
        'tags', tags);
END
$function$;
COMMENT ON FUNCTION rage.prompt_words(text, integer[]) IS
    'What the text leg looks for. terms: each with its share of what the prompt says, its inverse document frequency over their sum, counted in the allowed brands (null: in all); stages: which documents are worth ranking; skus, tags: what the prompt names exactly. Null where only stop words are left.';


CREATE OR REPLACE FUNCTION rage.any_word(words jsonb) RETURNS tsquery
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (words #>> '{stages,-1,words}')::tsquery;
COMMENT ON FUNCTION rage.any_word(jsonb) IS 'Finds the documents that have one of a prompt''s words.';


CREATE OR REPLACE FUNCTION rage.searched_brands(filters jsonb, allowed integer[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN NOT filters ? 'brand' THEN allowed
    WHEN allowed IS NULL THEN rage.integers(filters -> 'brand')
    ELSE ARRAY(SELECT unnest(rage.integers(filters -> 'brand')) INTERSECT SELECT unnest(allowed))
END;
COMMENT ON FUNCTION rage.searched_brands(jsonb, integer[]) IS
    'The brands in which a search with a resolved filter can find anything; null: in all.';
