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
        SELECT DISTINCT p.sku
        FROM numbers AS n JOIN rage.image_products AS p ON rage.normal_form(p.sku) = n.run
        WHERE allowed IS NULL OR p.brand_id = ANY (allowed));
END
$function$;
COMMENT ON FUNCTION rage.named_skus(text, integer[]) IS
    'The products of the allowed brands (null: of all) whose numbers a prompt names, as they are stored.';


CREATE OR REPLACE FUNCTION rage.enough_words(terms tsquery[], shares double precision[], score double precision) RETURNS tsquery
LANGUAGE sql IMMUTABLE
SET search_path FROM CURRENT
AS $function$
    WITH term AS (
        SELECT place, terms[place]::text AS term, shares[place] AS share,
               sum(shares[place]) OVER (ORDER BY place DESC) AS share_from_here
        FROM generate_subscripts(terms, 1) AS place
    ),
    -- A document's heaviest word, and the words of which it needs another. Of many words the pairs are too many.
    choices AS (
        SELECT a.place, a.term, string_agg(b.term, ' | ' ORDER BY b.place) AS another
        FROM term AS a
        LEFT JOIN term AS b
          ON cardinality(terms) <= 16 AND a.share < score AND b.place > a.place AND a.share + b.share_from_here >= score
        WHERE a.share_from_here >= score
        GROUP BY a.place, a.term, a.share
        HAVING a.share >= score OR count(b.place) > 0 OR cardinality(terms) > 16
    )
    SELECT string_agg('(' || term || ')' || coalesce(' & (' || another || ')', ''), ' | ' ORDER BY place)::tsquery
    FROM choices
$function$;
COMMENT ON FUNCTION rage.enough_words(tsquery[], double precision[], double precision) IS
    'Finds every document whose words'' shares add up to a score, and some that fall short. The terms are ordered by share, the heaviest first.';


CREATE OR REPLACE FUNCTION rage.word_stages(terms tsquery[], shares double precision[], documents bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path FROM CURRENT
AS $function$
    -- From few documents to all: the first stage with enough of them is the last one that is read.
    WITH every AS (
        SELECT string_agg('(' || t.term::text || ')', ' & ')::tsquery AS all_words,
               string_agg('(' || t.term::text || ')', ' | ')::tsquery AS any_word
        FROM unnest(terms) AS t (term)
    ),
    stages AS (
        SELECT 0 AS score, any_word AS words FROM every
        UNION ALL
        SELECT (SELECT sum(share) FROM unnest(shares) AS share), all_words FROM every
        WHERE documents > 2000 AND cardinality(terms) <= 8
        UNION ALL
        SELECT score, rage.enough_words(terms, shares, score)
        FROM unnest('{0.6, 0.4, 0.25, 0.15}'::double precision[]) AS score
        WHERE documents > 2000
    ),
    -- Where two stages read the same, the one that needs less of it.
    told_apart AS (
        SELECT DISTINCT ON (words) score, words FROM stages WHERE words IS NOT NULL ORDER BY words, score
    )
    SELECT jsonb_agg(
        jsonb_build_object('score', t.score, 'words', t.words::text, 'whole', t.words = e.all_words) ORDER BY t.score DESC)
    FROM told_apart AS t CROSS JOIN every AS e
$function$;
COMMENT ON FUNCTION rage.word_stages(tsquery[], double precision[], bigint) IS
    'Which documents to rank, in stages: at each, the words by which every document is found that reaches its score. One stage where about so many documents have one of the words, and these are few.';


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
    found           bigint;
BEGIN
    WITH counted AS (
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
    SELECT array_agg(s.term ORDER BY share DESC, s.term::text), array_agg(share ORDER BY share DESC, s.term::text), sum(s.found)
    INTO terms, shares, found
    FROM shared AS s;
    IF terms IS NULL AND skus = '{}' AND tags = '{}' THEN
        RETURN NULL;
    END IF;
    RETURN jsonb_build_object(
        'terms', (SELECT coalesce(jsonb_agg(jsonb_build_object('words', t.term::text, 'share', t.share)), '[]')
                  FROM unnest(terms, shares) AS t (term, share)),
        'stages', coalesce(rage.word_stages(terms, shares, found), '[]'),
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
