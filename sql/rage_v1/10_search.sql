-- The public search functions. They run as the owner, whom no policy slows, and put the caller's brands into
-- every filter themselves. Their arguments are the contract; new ones are added at the end, with defaults.

CREATE OR REPLACE FUNCTION rage_v1.search_images(
    prompt          text,
    k               integer DEFAULT 20,
    brands          text[] DEFAULT NULL,
    skus            text[] DEFAULT NULL,
    kinds           text[] DEFAULT NULL,
    states          text[] DEFAULT NULL,
    tags_all        text[] DEFAULT NULL,
    tags_any        text[] DEFAULT NULL,
    tags_none       text[] DEFAULT NULL,
    collections     text[] DEFAULT NULL,
    attributes      jsonb DEFAULT NULL,
    among           bigint[] DEFAULT NULL,
    legs            jsonb DEFAULT NULL,
    vectors         jsonb DEFAULT NULL,
    origins         text[] DEFAULT NULL,
    created_after   timestamptz DEFAULT NULL,
    created_before  timestamptz DEFAULT NULL,
    updated_after   timestamptz DEFAULT NULL,
    min_width       integer DEFAULT NULL,
    min_height      integer DEFAULT NULL,
    min_relevance   real DEFAULT 0
) RETURNS TABLE (
    rank         integer,
    image_id     bigint,
    external_id  text,
    brand        text,
    skus         text[],
    title        text,
    tags         text[],
    score        double precision,
    legs         jsonb,
    strategy     text,
    matched      bigint,
    complete     boolean
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
    SELECT
        found.rank, found.image_id, i.external_id, i.brand, i.skus, i.title, i.tags,
        found.score, found.hits, found.strategy, found.matched, found.complete
    FROM rage.search(
        $1, $2,
        rage.default_filters(rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20)),
        $12, $13, $14, $21) AS found
    JOIN rage_v1.images AS i USING (image_id)
    ORDER BY found.rank
$function$;
COMMENT ON FUNCTION rage_v1.search_images IS
    'The best k images for a prompt under a filter, over all weighted legs fused by reciprocal rank. An array argument of null sets no limit. An empty one matches nothing, except that empty tags_all and tags_none ask for nothing. Prompt vectors are looked up; vectors overrides them by leg.';


CREATE OR REPLACE FUNCTION rage_v1.search_report(
    prompt          text,
    k               integer DEFAULT 20,
    brands          text[] DEFAULT NULL,
    skus            text[] DEFAULT NULL,
    kinds           text[] DEFAULT NULL,
    states          text[] DEFAULT NULL,
    tags_all        text[] DEFAULT NULL,
    tags_any        text[] DEFAULT NULL,
    tags_none       text[] DEFAULT NULL,
    collections     text[] DEFAULT NULL,
    attributes      jsonb DEFAULT NULL,
    among           bigint[] DEFAULT NULL,
    legs            jsonb DEFAULT NULL,
    vectors         jsonb DEFAULT NULL,
    origins         text[] DEFAULT NULL,
    created_after   timestamptz DEFAULT NULL,
    created_before  timestamptz DEFAULT NULL,
    updated_after   timestamptz DEFAULT NULL,
    min_width       integer DEFAULT NULL,
    min_height      integer DEFAULT NULL,
    min_relevance   real DEFAULT 0
) RETURNS TABLE (strategy text, matched bigint, complete boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
DECLARE
    allowed  integer[] := rage.brand_limit();
    asked    text := rage.check_request($1, $2, $21);
    weights  jsonb := rage.leg_weights($13);
    query    jsonb := rage.query_vectors(asked, weights, $14, $13 IS NOT NULL, allowed);
    words    jsonb := CASE WHEN (weights ->> 'text')::real > 0 THEN rage.prompt_words(asked, allowed) END;
    wanted   jsonb := rage.default_filters(
        rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20));
BEGIN
    RETURN QUERY EXECUTE
        'SELECT $4, count(*), true FROM rage.images AS i WHERE ' || rage.filter_clause(wanted, $12, allowed)
    USING wanted, $12, allowed, rage.strategy(query, words, weights);
END
$function$;
COMMENT ON FUNCTION rage_v1.search_report IS
    'How search_images with the same arguments answers: one row, also where nothing is found.';


CREATE OR REPLACE FUNCTION rage_v1.search_statement(
    prompt          text,
    k               integer DEFAULT 20,
    brands          text[] DEFAULT NULL,
    skus            text[] DEFAULT NULL,
    kinds           text[] DEFAULT NULL,
    states          text[] DEFAULT NULL,
    tags_all        text[] DEFAULT NULL,
    tags_any        text[] DEFAULT NULL,
    tags_none       text[] DEFAULT NULL,
    collections     text[] DEFAULT NULL,
    attributes      jsonb DEFAULT NULL,
    among           bigint[] DEFAULT NULL,
    legs            jsonb DEFAULT NULL,
    vectors         jsonb DEFAULT NULL,
    origins         text[] DEFAULT NULL,
    created_after   timestamptz DEFAULT NULL,
    created_before  timestamptz DEFAULT NULL,
    updated_after   timestamptz DEFAULT NULL,
    min_width       integer DEFAULT NULL,
    min_height      integer DEFAULT NULL,
    min_relevance   real DEFAULT 0
) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
DECLARE
    allowed    integer[] := rage.brand_limit();
    asked      text := rage.check_request($1, $2, $21);
    weights    jsonb := rage.leg_weights($13);
    query      jsonb := rage.query_vectors(asked, weights, $14, $13 IS NOT NULL, allowed);
    words      jsonb := CASE WHEN (weights ->> 'text')::real > 0 THEN rage.prompt_words(asked, allowed) END;
    wanted     jsonb := rage.default_filters(
        rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20));
    literals   text[] := ARRAY[
        quote_nullable(wanted) || '::jsonb',
        quote_nullable($12) || '::bigint[]',
        quote_nullable(allowed) || '::integer[]',
        quote_nullable(words) || '::jsonb',
        quote_nullable(query) || '::jsonb',
        quote_nullable(weights) || '::jsonb',
        quote_nullable($2) || '::integer',
        quote_nullable($21) || '::real'];
    statement  text := '';
    piece      text;
BEGIN
    -- Split at the parameters rather than replace them, and keep what is quoted whole: a value, or the name of an
    -- attribute, may itself contain "$3".
    FOR piece IN SELECT p.part[1] FROM regexp_matches(
        rage.search_statement(wanted, $12, allowed, words, query), '(''(?:[^'']|'''')*''|"(?:[^"]|"")*"|\$[1-8]|[^$''"]+|.)', 'g') AS p (part)
    LOOP
        statement := statement || CASE WHEN piece ~ '^\$[1-8]$'
            THEN literals[substr(piece, 2)::integer] ELSE piece END;
    END LOOP;
    RETURN statement;
END
$function$;
COMMENT ON FUNCTION rage_v1.search_statement IS
    'The SQL that search_images with the same arguments runs, with its values written in, for EXPLAIN; it runs under any search_path.';


CREATE OR REPLACE FUNCTION rage_v1.prompt_vector(prompt text, space text) RETURNS real[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
RETURN (
    SELECT rage.stored_prompt_vector(btrim(prompt_vector.prompt, E' \t\r\n'), s.space_id)::text::vector::real[]
    FROM rage.embedding_spaces AS s
    WHERE s.name = prompt_vector.space
);
COMMENT ON FUNCTION rage_v1.prompt_vector(text, text) IS
    'The vector of a prompt in a space, or null where neither you nor the operator have had it embedded yet.';


CREATE OR REPLACE FUNCTION rage_v1.request_prompt_vector(prompt text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    -- A login stays a member of its role when its grants have expired or were taken back.
    IF NOT rage.has_scope('write') AND NOT rage.has_scope('generate') THEN
        RAISE EXCEPTION 'asking for a prompt''s vector takes the scope write or generate'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN (procrastinate_defer_jobs_v1(ARRAY[ROW(
        'default', 'embed_prompt', 0, NULL, NULL,
        jsonb_build_object('prompt', rage.check_request(request_prompt_vector.prompt, 1, 0), 'caller_id', rage.caller_id()), NULL
    )::procrastinate_job_to_defer_v1]))[1];
END
$function$;
COMMENT ON FUNCTION rage_v1.request_prompt_vector(text) IS
    'Asks a worker to embed a prompt in every active space; returns the number of the job.';


CREATE OR REPLACE FUNCTION rage_v1.contract_version() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '1.0';
COMMENT ON FUNCTION rage_v1.contract_version() IS
    'Version of this schema''s views and functions: the second number grows with additions, the first would break users.';
