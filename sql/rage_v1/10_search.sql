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
    min_relevance   real DEFAULT 0,
    without         bigint[] DEFAULT NULL
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
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20
SET search_path FROM CURRENT
AS $function$
    SELECT *
    FROM rage.described_search(
        $1, $2, rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20), $12, $13, $14, $21, $22)
$function$;
COMMENT ON FUNCTION rage_v1.search_images IS
    'The best k images for a prompt under a filter, over all weighted legs fused by reciprocal rank. An array argument of null sets no limit. An empty one matches nothing, except that empty tags_all and tags_none ask for nothing. Prompt vectors are looked up; vectors overrides them by leg. What without names, such as what was shown already, is left out after the ranking.';


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
    min_relevance   real DEFAULT 0,
    without         bigint[] DEFAULT NULL
) RETURNS TABLE (strategy text, matched bigint, complete boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
    SELECT strategy, matched, complete
    FROM rage.report(
        $1, $2, rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20), $12, $13, $14, $21, $22)
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
    min_relevance   real DEFAULT 0,
    without         bigint[] DEFAULT NULL
) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
    SELECT rage.printed_search(
        $1, $2, rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20), $12, $13, $14, $21, $22)
$function$;
COMMENT ON FUNCTION rage_v1.search_statement IS
    'The SQL that search_images with the same arguments runs, with its values written in, for EXPLAIN; it runs under any search_path. Who sees some brands alone gets one that compares every match, which tells nothing of the others.';


CREATE OR REPLACE FUNCTION rage_v1.search_facets(
    prompt          text,
    k               integer DEFAULT 200,
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
    min_relevance   real DEFAULT 0,
    without         bigint[] DEFAULT NULL
) RETURNS TABLE (facet text, name text, value text, count bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
    SELECT facet, name, value, count
    FROM rage.found_facets(ARRAY(
        SELECT image_id
        FROM rage.search(
            $1, $2, rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20), $12, $13, $14, $21, $22)))
$function$;
COMMENT ON FUNCTION rage_v1.search_facets IS
    'How many of the images that search_images with the same arguments finds have which tag, brand, kind and attribute (facet: tags, brands, kinds or attributes; name: that of the attribute), the hundred most frequent values of each. Each image has one kind: the counts of the kinds add up to the images counted.';


CREATE OR REPLACE FUNCTION rage_v1.prompt_vector(prompt text, space text) RETURNS real[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
RETURN (
    SELECT (rage.stored_prompt_vector(btrim(prompt_vector.prompt, E' \t\r\n'), s.space_id) #>> '{}')::vector::real[]
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
